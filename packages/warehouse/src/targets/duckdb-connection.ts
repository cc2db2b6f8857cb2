import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { RecordBatch } from '@deltaworks/columnar'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { cannotOpen } from '../errors.js'
import type { RowsStep, SqlConnection } from '../sql-connection.js'
import type { TextRows } from '../table-probe.js'
import type { Batches } from '../warehouse-table.js'
import { duckDbDriver } from './duckdb-driver.js'
import { columnValues, converterTo, duckDbType } from './duckdb-values.js'

/** Rows that DuckDB takes in one chunk. */
const chunkRows = 2048

export interface DuckDbOptions {
  /**
   * Memory that DuckDB keeps pages and intermediate results in; beyond it they go to disk beside the file. Default 64 MiB a
   * thread. Files that it is reading, and its own heap, come on top of it.
   */
  readonly memoryBytes?: number
  /** Default: as many as the machine has, if there is memory for them. */
  readonly threads?: number
}

/** What a thread needs for the rows that it is writing. */
const threadBytes = 64 * 1024 * 1024
const leastMemoryBytes = 96 * 1024 * 1024

/** A connection with a DuckDB file, which is opened (and made, with its folder) when it is first needed. */
export class DuckDbConnection implements SqlConnection {
  readonly location: string
  #instance: DuckDBInstance | null = null
  #connection: DuckDBConnection | null = null

  readonly #options: DuckDbOptions

  constructor(path: string, options: DuckDbOptions = {}) {
    this.location = path === ':memory:' ? path : resolve(path)
    this.#options = options
  }

  /** Asking must not make the file: a dry run changes nothing. */
  exists(): boolean {
    return this.#connection !== null || this.location === ':memory:' || existsSync(this.location)
  }

  async run(sql: string): Promise<void> {
    await (await this.#open()).run(sql)
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
    const cores = availableParallelism()
    const { memoryBytes = threadBytes * cores } = this.#options
    const memory = Math.max(memoryBytes, leastMemoryBytes)
    const { threads = Math.max(1, Math.min(cores, Math.floor(memory / threadBytes))) } = this.#options
    return {
      memory_limit: `${Math.floor(memory / 1024)}KiB`,
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
