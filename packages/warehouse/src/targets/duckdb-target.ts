import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { RecordBatch } from '@deltaworks/columnar'
import { isDeltaworksError, type Value } from '@deltaworks/schema'
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api'
import { duckDbDialect } from '../dialects/duckdb-dialect.js'
import { cannotOpen, loadFailed } from '../errors.js'
import type { LoadRecord, WarehouseTarget } from '../target.js'
import type { Batches, ColumnTotals, TableTotals, WarehouseTable } from '../warehouse-table.js'
import { duckDbDriver } from './duckdb-driver.js'
import { definitionStatements, insertFromParquet } from './duckdb-load-sql.js'
import { columnValues, converterTo, duckDbType, fromDuckDb } from './duckdb-values.js'

export const controlTable = 'deltaworks_loads'

/** Rows that DuckDB takes in one chunk. */
const chunkRows = 2048

/**
 * A DuckDB file. Everything of an export happens in one transaction of one connection, which readers of the file (there can
 * be none from other processes while it is open for writing) and a crash see as a whole or not at all.
 */
export class DuckDbTarget implements WarehouseTarget {
  readonly kind = 'duckdb'
  readonly location: string
  readonly dialect = duckDbDialect
  #instance: DuckDBInstance | null = null
  #connection: DuckDBConnection | null = null

  constructor(path: string) {
    this.location = path === ':memory:' ? path : resolve(path)
  }

  async loaded(): Promise<ReadonlyMap<string, LoadRecord>> {
    // Asking must not make the file: a dry run changes nothing.
    if (this.#connection === null && this.location !== ':memory:' && !existsSync(this.location)) return new Map()
    const tables = await this.#rows(`SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'`)
    const present = new Set(tables.map(([name]) => name as string))
    if (!present.has(controlTable)) return new Map()
    const rows = await this.#rows(
      `SELECT table_name, identity, delta_version, layout, load_id, row_count, epoch_ms(loaded_at) FROM ${controlTable} ` +
        'QUALIFY row_number() OVER (PARTITION BY table_name ORDER BY load_number DESC) = 1',
    )
    return new Map(
      rows
        .filter(([table]) => present.has(table as string))
        .map(([table, identity, deltaVersion, layout, loadId, rowCount, loadedAtMs]) => [
          table as string,
          {
            table: table as string,
            identity: identity as string,
            deltaVersion: Number(deltaVersion),
            layout: layout as string,
            loadId: loadId as string,
            rowCount: Number(rowCount),
            loadedAtMs: Number(loadedAtMs),
          },
        ]),
    )
  }

  statements(table: WarehouseTable): readonly string[] {
    const insert =
      table.source.kind === 'parquet'
        ? insertFromParquet(table, table.source)
        : `-- ${table.name}: rows are appended by data chunks`
    return insert === null ? definitionStatements(table) : [...definitionStatements(table), insert]
  }

  async begin(): Promise<void> {
    await this.#run(
      'BEGIN TRANSACTION; ' +
        `CREATE TABLE IF NOT EXISTS ${controlTable} (load_number BIGINT NOT NULL, table_name VARCHAR NOT NULL, identity VARCHAR NOT NULL, ` +
        'delta_version BIGINT NOT NULL, layout VARCHAR NOT NULL, load_id VARCHAR NOT NULL, row_count BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL)',
    )
  }

  async load(table: WarehouseTable): Promise<number> {
    try {
      const { source } = table
      const definition = definitionStatements(table).join(';\n')
      if (source.kind === 'batches') {
        await this.#run(definition)
        return await this.#append(table, source)
      }
      const insert = insertFromParquet(table, source)
      return await this.#run(insert === null ? definition : `${definition};\n${insert}`)
    } catch (error) {
      if (isDeltaworksError(error)) throw error
      throw loadFailed(table.name, this.location, reasonOf(error), error)
    }
  }

  async totals(table: WarehouseTable, wanted: TableTotals): Promise<TableTotals> {
    const asked: { readonly column: string; readonly total: keyof ColumnTotals; readonly sql: string }[] = []
    for (const { name } of table.schema.fields) {
      const totals = wanted.columns[name]
      if (totals === undefined) continue
      const column = duckDbDialect.quote(name)
      if (typeof totals.nullCount === 'number')
        asked.push({ column: name, total: 'nullCount', sql: `count(*) - count(${column})` })
      for (const total of ['sum', 'min', 'max'] as const) {
        if (totals[total] !== undefined && totals[total] !== null)
          asked.push({ column: name, total, sql: `${total}(${column})` })
      }
    }
    const select = ['count(*)', ...asked.map(({ sql }) => sql)].join(', ')
    const [row] = await this.#rows(`SELECT ${select} FROM ${duckDbDialect.quote(table.name)}`)
    const types = new Map(table.schema.fields.map((field) => [field.name, field.type]))
    const columns: Record<string, { nullCount?: number; sum?: Value; min?: Value; max?: Value }> = {}
    asked.forEach(({ column, total }, i) => {
      const value = row![i + 1]!
      const totals = (columns[column] ??= {})
      if (total === 'nullCount') totals.nullCount = Number(value)
      else totals[total] = fromDuckDb(value, types.get(column)!)
    })
    return { rowCount: Number(row![0]), columns }
  }

  async publish(records: readonly LoadRecord[]): Promise<void> {
    const { literal } = duckDbDialect
    const text = (value: string) => literal(value, { kind: 'string' })
    const rows = records.map(
      (record, i) =>
        `((SELECT coalesce(max(load_number), 0) FROM ${controlTable}) + ${i + 1}, ${text(record.table)}, ${text(record.identity)}, ` +
        `${record.deltaVersion}, ${text(record.layout)}, ${text(record.loadId)}, ${record.rowCount}, make_timestamp(${Math.round(record.loadedAtMs * 1000)}))`,
    )
    await this.#run(`INSERT INTO ${controlTable} VALUES ${rows.join(', ')}; COMMIT`)
  }

  async rollback(): Promise<void> {
    await this.#run('ROLLBACK')
  }

  close(): Promise<void> {
    this.#connection?.closeSync()
    this.#instance?.closeSync()
    this.#connection = null
    this.#instance = null
    return Promise.resolve()
  }

  async #append(table: WarehouseTable, source: Batches): Promise<number> {
    const { DuckDBDataChunk } = duckDbDriver()
    const appender = await (await this.#open()).createAppender(table.name)
    const types = table.schema.fields.map((field) => duckDbType(field.type))
    const converters = table.schema.fields.map((field) => converterTo(field.type))
    let rowCount = 0
    const appendBatch = (batch: RecordBatch) => {
      for (let start = 0; start < batch.rowCount; start += chunkRows) {
        const end = Math.min(start + chunkRows, batch.rowCount)
        const chunk = DuckDBDataChunk.create(types, end - start)
        batch.columns.forEach((column, i) => {
          chunk.setColumnValues(i, columnValues(source.heap, column, start, end, converters[i]!))
        })
        appender.appendDataChunk(chunk)
      }
      rowCount += batch.rowCount
    }
    try {
      for await (const batch of source.batches()) appendBatch(batch)
      appender.flushSync()
    } finally {
      appender.closeSync()
    }
    return rowCount
  }

  /** Runs statements; the last one's number of changed rows. */
  async #run(sql: string): Promise<number> {
    return (await (await this.#open()).run(sql)).rowsChanged
  }

  async #rows(sql: string): Promise<DuckDBValue[][]> {
    const connection = await this.#open()
    return (await connection.runAndReadAll(sql)).getRows()
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
      throw cannotOpen(this.location, reasonOf(error), error)
    }
  }
}

/** The first line of DuckDB's message, without its kind and full stop. */
const reasonOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error)
  return message
    .split('\n')[0]!
    .replace(/^[A-Za-z ]+ Error: /, '')
    .replace(/\.$/, '')
}

/** A target in a DuckDB file, which is opened (and made, with its folder) when it is first needed. `:memory:` is not kept. */
export const duckDbTarget = (path: string): DuckDbTarget => new DuckDbTarget(path)
