import { isDeltaworksError, type Schema } from '@deltaworks/schema'
import { field, int64, schema, string, timestampNtz } from '@deltaworks/schema'
import { nameList, quote } from './dialects/sql-text.js'
import type { SqlDialect } from './dialects/sql-dialect.js'
import {
  invalidUnload,
  isTransient,
  loadFailed,
  nothingToReadRows,
  outcomeUnknown,
  WarehouseError,
  withLoadErrors,
} from './errors.js'
import { ExportTickets, ticketSchema, ticketTable } from './export-tickets.js'
import { loadScript, type LoadScript, type LoadStep, type RowsPart, type ScriptOptions } from './load-script.js'
import type { SqlConnection } from './sql-connection.js'
import type { StageArea } from './stage-area.js'
import { SqlProbe, type TableProbe, type TextRows } from './table-probe.js'
import type { ExportTicket, KeptTicket, LoadRecord, TableLoad, WarehouseTarget } from './target.js'
import type { Unloader, UseUnloaded } from './unload.js'
import type { Batches, WarehouseTable } from './warehouse-table.js'

export const controlTable = 'deltaworks_loads'

export interface SqlTargetOptions {
  readonly kind: string
  readonly connection: SqlConnection
  readonly script: ScriptOptions
  readonly schemaName: string | null
  readonly begin: string
  /** Statements of the transaction that make other exports wait; `{control}` stands for the control table. */
  readonly lock: readonly string[]
  /** What is made once, before any transaction; repeatable. */
  readonly setUp?: (controlRelation: string) => readonly string[]
  readonly stage?: StageArea
  /** Absent: the warehouse writes no Parquet files. */
  readonly unloader?: Unloader
  /** The first line of what the driver says. */
  readonly reasonOf: (error: unknown) => string
}

const text = (name: string, maxlength: number) => field(name, string, false, { maxlength })
const controlSchema: Schema = schema([
  field('load_number', int64, false),
  text('table_name', 255),
  text('identity', 4096),
  field('delta_version', int64, false),
  text('layout', 65_535),
  text('load_id', 255),
  field('row_count', int64, false),
  field('loaded_at', timestampNtz, false),
])
const recordColumns = nameList(['table_name', 'identity', 'delta_version', 'layout', 'load_id', 'row_count'])

/** A warehouse that speaks SQL: scripts are the dialect's, execution is the connection's. */
export class SqlTarget implements WarehouseTarget {
  readonly kind: string
  readonly location: string
  readonly dialect: SqlDialect
  readonly schemaName: string | null
  readonly #options: SqlTargetOptions
  readonly #connection: SqlConnection
  readonly #control: string
  readonly #tickets: ExportTickets
  #hasControl = false

  constructor(options: SqlTargetOptions) {
    this.#options = options
    this.#connection = options.connection
    this.kind = options.kind
    this.location = options.connection.location
    this.dialect = options.script.dialect
    this.schemaName = options.schemaName
    this.#control = `${this.#prefix}${quote(controlTable)}`
    const tickets = `${this.#prefix}${quote(ticketTable)}`
    this.#tickets = new ExportTickets(this.#connection, this.dialect, tickets, this.#control)
  }

  get #prefix(): string {
    return this.schemaName === null ? '' : `${quote(this.schemaName)}.`
  }

  async #tableNames(): Promise<ReadonlySet<string>> {
    if (this.#connection.exists?.() === false) return new Set()
    const inSchema = this.schemaName === null ? 'current_schema()' : this.dialect.text(this.schemaName)
    const tables = await this.#connection.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = ${inSchema}`,
    )
    return new Set(tables.map(([name]) => name!))
  }

  async unfinished(): Promise<readonly ExportTicket[]> {
    return (await this.tickets()).filter(({ isPublished }) => !isPublished)
  }

  async tickets(): Promise<readonly KeptTicket[]> {
    return (await this.#tableNames()).has(ticketTable) ? this.#tickets.kept() : []
  }

  async begun(ticket: ExportTicket): Promise<void> {
    await this.#setUp()
    await this.#tickets.add(ticket)
  }

  async ended(loadIds: readonly string[]): Promise<void> {
    // Files go first: as long as the ticket is there, the next export finds what is left of them.
    for (const loadId of loadIds) await this.#options.stage?.removeLoad(loadId)
    await this.#tickets.remove(loadIds)
  }

  async loaded(): Promise<ReadonlyMap<string, LoadRecord>> {
    const present = await this.#tableNames()
    if (!present.has(controlTable)) return new Map()
    const micros = this.dialect.epochMicros(quote('loaded_at'), timestampNtz)
    const rows = await this.#connection.query(
      `SELECT ${recordColumns}, loaded_micros FROM (SELECT ${recordColumns}, ${micros} AS loaded_micros, ` +
        `ROW_NUMBER() OVER (PARTITION BY ${quote('table_name')} ORDER BY ${quote('load_number')} DESC) AS place FROM ${this.#control}) AS numbered WHERE place = 1`,
    )
    return new Map(rows.filter(([table]) => present.has(table!)).map((row) => [row[0]!, recordOfRow(row)]))
  }

  script(load: TableLoad): LoadScript {
    return loadScript(load, this.#options.script)
  }

  async stage(load: TableLoad, script: LoadScript, resumed: boolean): Promise<void> {
    if (script.stage.some(({ kind }) => kind === 'sql')) await this.#setUp()
    await this.#execute(load, script.stage, resumed)
  }

  async begin(): Promise<void> {
    await this.#setUp()
    await this.#connection.run(this.#options.begin)
    for (const sql of this.#options.lock) await this.#connection.run(sql.replaceAll('{control}', this.#control))
  }

  async load(load: TableLoad, script: LoadScript): Promise<void> {
    await this.#execute(load, script.load)
  }

  probe({ name }: WarehouseTable): TableProbe {
    return new SqlProbe(this.dialect, `${this.#prefix}${quote(name)}`, (sql) => this.#connection.query(sql))
  }

  async publish(records: readonly LoadRecord[]): Promise<void> {
    const { literal } = this.dialect
    const names = nameList(controlSchema.fields.map(({ name }) => name))
    // One statement a record: the length of a statement is limited.
    for (const record of records) {
      const texts = [record.table, record.identity, record.deltaVersion, record.layout, record.loadId, record.rowCount]
      const values = texts.map((value) => (typeof value === 'number' ? String(value) : literal(value, string)))
      const loadedAt = literal(BigInt(Math.round(record.loadedAtMs)) * 1000n, timestampNtz)
      await this.#connection.run(
        `INSERT INTO ${this.#control} (${names}) SELECT COALESCE(MAX(${quote('load_number')}), 0) + 1, ${[...values, loadedAt].join(', ')} FROM ${this.#control}`,
      )
    }
    await this.#commit(records)
  }

  /** A connection that is lost at the commit may have been lost before it or after it: the control table tells. */
  async #commit(records: readonly LoadRecord[]): Promise<void> {
    try {
      await this.#connection.run('COMMIT')
    } catch (error) {
      const loadId = records[0]?.loadId ?? ''
      let after: ReadonlyMap<string, LoadRecord>
      try {
        await this.#connection.reset()
        after = await this.loaded()
      } catch {
        throw outcomeUnknown(this.location, loadId, error)
      }
      if (!records.every((record) => after.get(record.table)?.loadId === record.loadId)) throw error
    }
  }

  async rollback(): Promise<void> {
    await this.#connection.run('ROLLBACK')
  }

  async unload<T>(query: string, id: string, use: UseUnloaded<T>): Promise<T> {
    const { unloader, begin, reasonOf } = this.#options
    if (unloader === undefined) throw invalidUnload(this.location, 'it writes no Parquet files')
    const connection = this.#connection
    if (connection.exists?.() === false) throw invalidUnload(this.location, 'there is no such warehouse')
    try {
      try {
        for (const sql of [...(unloader.setUp ?? []), begin, ...unloader.statements(query, id)])
          await connection.run(sql)
      } catch (error) {
        throw isDeltaworksError(error) ? error : invalidUnload(this.location, reasonOf(error))
      }
      const probe = new SqlProbe(this.dialect, `(${query}) AS unloaded`, (sql) => connection.query(sql))
      return await use(await unloader.files(id), probe)
    } finally {
      // It has only read.
      await connection.run('ROLLBACK').catch(() => undefined)
      await unloader.remove(id, connection).catch(() => undefined)
    }
  }

  async explain(error: unknown, loadId: string): Promise<unknown> {
    const { stage } = this.#options
    if (stage === undefined || !(error instanceof WarehouseError) || isTransient(error)) return error
    // The error is what matters; that more of it cannot be found out is not.
    const found = await this.#connection.loadErrors?.(`${stage.uri}/${loadId}/`).catch(() => [])
    return found === undefined || found.length === 0 ? error : withLoadErrors(error, found)
  }

  async finish(
    loads: readonly { readonly load: TableLoad; readonly script: LoadScript }[],
    published: boolean,
  ): Promise<void> {
    for (const { load, script } of loads) {
      if (published) await this.#execute(load, script.maintain).catch(() => undefined)
      // Files go even if a table that is to be dropped does not.
      for (const step of script.cleanUp) await this.#execute(load, [step]).catch(() => undefined)
    }
    await this.#options.stage?.removeOrphans()
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async #setUp(): Promise<void> {
    if (this.#hasControl) return
    const columnsOf = ({ fields }: Schema): string =>
      fields.map((f) => `${quote(f.name)} ${this.dialect.columnType(f, undefined)!.sql} NOT NULL`).join(', ')
    const statements = [
      ...(this.schemaName === null ? [] : [`CREATE SCHEMA IF NOT EXISTS ${quote(this.schemaName)}`]),
      `CREATE TABLE IF NOT EXISTS ${this.#control} (${columnsOf(controlSchema)})`,
      `CREATE TABLE IF NOT EXISTS ${this.#prefix}${quote(ticketTable)} (${columnsOf(ticketSchema)})`,
      ...(this.#options.setUp?.(this.#control) ?? []),
    ]
    for (const sql of statements) {
      // Two exports that make it at once: "IF NOT EXISTS" of some warehouses lets one of them fail.
      await this.#connection.run(sql).catch(() => this.#connection.run(sql))
    }
    this.#hasControl = true
  }

  async #execute(load: TableLoad, steps: readonly LoadStep[], resumed = false): Promise<void> {
    try {
      for (const step of steps) await this.#step(load, step, resumed)
    } catch (error) {
      if (isDeltaworksError(error)) throw error
      throw loadFailed(load.table.name, this.location, this.#options.reasonOf(error), error)
    }
  }

  async #step(load: TableLoad, step: LoadStep, resumed: boolean): Promise<void> {
    switch (step.kind) {
      case 'sql':
        return this.#connection.run(step.sql)
      case 'rows':
        return this.#connection.copyRows!(step, rowsOf(load, step.part))
      case 'stage':
        return this.#options.stage!.write(
          step.uri,
          step.columns,
          rowsOf(load, step.part),
          contentOf(load, step),
          resumed,
        )
      case 'unstage':
        return this.#options.stage!.remove(step.uri)
    }
  }
}

/** Says which rows are staged: files with another content are not those that are wanted. */
const contentOf = ({ table, fromVersion, mode }: TableLoad, step: Extract<LoadStep, { kind: 'stage' }>): string =>
  JSON.stringify({
    identity: table.identity,
    version: table.deltaVersion,
    ...(mode === 'incremental' || mode === 'append' ? { since: fromVersion } : {}),
    part: step.part,
    columns: step.columns.fields.map(({ name, type }) => [name, type]),
  })

/** @throws WarehouseError DW-WAREHOUSE-0014 */
function rowsOf({ table, changes }: TableLoad, part: RowsPart): Batches {
  switch (part) {
    case 'all': {
      const rows = table.source.kind === 'batches' ? table.source : table.rows?.()
      if (rows === undefined) throw nothingToReadRows(table.name)
      return rows
    }
    case 'upserts':
      return changes!.upserts
    case 'deletes':
      return changes!.deletes!
  }
}

const recordOfRow = (row: TextRows[number]): LoadRecord => ({
  table: row[0]!,
  identity: row[1]!,
  deltaVersion: Number(row[2]),
  layout: row[3]!,
  loadId: row[4]!,
  rowCount: Number(row[5]),
  loadedAtMs: Number(BigInt(row[6]!.replace(/\.0*$/, '')) / 1000n),
})
