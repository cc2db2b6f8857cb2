import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
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

/** A connection with a DuckDB file, which is opened (and made, with its folder) when it is first needed. */
export class DuckDbConnection implements SqlConnection {
  readonly location: string
  #instance: DuckDBInstance | null = null
  #connection: DuckDBConnection | null = null

  constructor(path: string) {
    this.location = path === ':memory:' ? path : resolve(path)
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

  async #open(): Promise<DuckDBConnection> {
    if (this.#connection !== null) return this.#connection
    const { DuckDBInstance } = duckDbDriver()
    try {
      if (this.location !== ':memory:') mkdirSync(dirname(this.location), { recursive: true })
      this.#instance = await DuckDBInstance.create(this.location)
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
