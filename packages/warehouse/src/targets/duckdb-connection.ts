import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism, tmpdir, totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { RecordBatch } from '@deltaworks/columnar'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { cannotOpen, memoryTooLow, statementAborted } from '../errors.js'
import type { RowsStep, SqlConnection } from '../sql-connection.js'
import type { TextRows } from '../table-probe.js'
import type { Batches } from '../warehouse-table.js'
import { duckDbDriver } from './duckdb-driver.js'
import { columnValues, converterTo, duckDbType } from './duckdb-values.js'

/** Rows that DuckDB takes in one chunk. */
const chunkRows = 2048

export interface DuckDbOptions {
  /**
   * Memory that DuckDB keeps pages and intermediate results in; beyond it they go to disk beside the file. What it is reading,
   * and its own heap, come on top of it. Default 64 MiB a thread, and more for a load that cannot be done with it.
   */
  readonly memoryBytes?: number
  /** Default: as many as the machine has, if there is memory for them. */
  readonly threads?: number
}

/** What a thread needs for the rows that it is writing, unless a table has very many columns. */
const threadBytes = 64 * 1024 * 1024
const leastMemoryBytes = 96 * 1024 * 1024
/** How much more is tried when there was too little. */
const raise = 4

/** A connection with a DuckDB file, which is opened (and made, with its folder) when it is first needed. */
export class DuckDbConnection implements SqlConnection {
  readonly location: string
  #instance: DuckDBInstance | null = null
  #connection: DuckDBConnection | null = null

  readonly #options: DuckDbOptions
  #memoryBytes: number
  /** The limit is to be raised, once the transaction that failed is over. */
  #isTooLow = false

  constructor(path: string, options: DuckDbOptions = {}) {
    this.location = path === ':memory:' ? path : resolve(path)
    this.#options = options
    this.#memoryBytes = Math.max(options.memoryBytes ?? threadBytes * availableParallelism(), leastMemoryBytes)
  }

  /** Asking must not make the file: a dry run changes nothing. */
  exists(): boolean {
    return this.#connection !== null || this.location === ':memory:' || existsSync(this.location)
  }

  async run(sql: string): Promise<void> {
    const connection = await this.#open()
    if (this.#isTooLow && sql !== 'ROLLBACK') {
      await connection.run(`SET memory_limit = '${limitText(this.#memoryBytes)}'`)
      this.#isTooLow = false
    }
    try {
      await connection.run(sql)
    } catch (error) {
      throw this.#withMore(sql, error)
    }
  }

  /** An export that memory was too low for begins anew with more, up to half of the machine's, unless its share was given. */
  #withMore(sql: string, error: unknown): unknown {
    const most = Math.floor(totalmem() / 2)
    if (!isOutOfMemory(error)) return error
    if (this.#options.memoryBytes !== undefined || this.#memoryBytes >= most)
      return memoryTooLow(this.location, this.#memoryBytes, duckDbReason(error), error)
    this.#memoryBytes = Math.min(this.#memoryBytes * raise, most)
    this.#isTooLow = true
    return statementAborted(this.location, sql, duckDbReason(error))
  }

  async query(sql: string): Promise<TextRows> {
    const connection = await this.#open()
    const rows = (await connection.runAndReadAll(sql)).getRows()
    return rows.map((row) => row.map((value) => (value === null ? null : String(value))))
  }

  async copyRows({ relation, columns }: RowsStep, { heap, batches }: Batches): Promise<void> {
    const { DuckDBDataChunk } = duckDbDriver()
    const appender = await (await this.#open()).createAppender(tableName(relation))
    const types = columns.fields.map((field) => duckDbType(field.type))
    const converters = columns.fields.map((field) => converterTo(field.type))
    const appendBatch = (batch: RecordBatch) => {
      for (let start = 0; start < batch.rowCount; start += chunkRows) {
        const end = Math.min(start + chunkRows, batch.rowCount)
        const chunk = DuckDBDataChunk.create(types, end - start)
        batch.columns.forEach((column, i) => {
          chunk.setColumnValues(i, columnValues(heap, column, start, end, converters[i]!))
        })
        appender.appendDataChunk(chunk)
      }
    }
    try {
      for await (const batch of batches()) appendBatch(batch)
      appender.flushSync()
    } finally {
      appender.closeSync()
    }
  }

  reset(): Promise<void> {
    return this.close()
  }

  close(): Promise<void> {
    this.#connection?.closeSync()
    this.#instance?.closeSync()
    this.#connection = null
    this.#instance = null
    return Promise.resolve()
  }

  #settings(): Record<string, string> {
    const { threads = Math.max(1, Math.min(availableParallelism(), Math.floor(this.#memoryBytes / threadBytes))) } =
      this.#options
    return {
      memory_limit: limitText(this.#memoryBytes),
      threads: String(threads),
      // Rows of a table have no order; keeping that of the files makes each thread wait with its rows for the others.
      preserve_insertion_order: 'false',
      ...(this.location === ':memory:' ? { temp_directory: join(tmpdir(), `deltaworks-duckdb-${process.pid}`) } : {}),
    }
  }

  async #open(): Promise<DuckDBConnection> {
    if (this.#connection !== null) return this.#connection
    const { DuckDBInstance } = duckDbDriver()
    try {
      if (this.location !== ':memory:') mkdirSync(dirname(this.location), { recursive: true })
      this.#instance = await DuckDBInstance.create(this.location, this.#settings())
      this.#connection = await this.#instance.connect()
      return this.#connection
    } catch (error) {
      throw cannotOpen(this.location, duckDbReason(error), error)
    }
  }
}

const limitText = (bytes: number): string => `${Math.floor(bytes / 1024)}KiB`

const isOutOfMemory = (error: unknown): boolean => /^(Error: )?Out of Memory Error/.test(String(error))

/** The first line of DuckDB's message, without its kind and full stop. */
export const duckDbReason = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  return message
    .split('\n')[0]!
    .replace(/^[A-Za-z ]+ Error: /, '')
    .replace(/\.$/, '')
}

/** `"a""b"` → `a"b` */
const tableName = (relation: string): string => relation.slice(1, -1).replaceAll('""', '"')
