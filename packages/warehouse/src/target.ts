import type { SqlDialect, TableDefinition } from './dialects/sql-dialect.js'
import type { Drift, DriftPolicy } from './drift.js'
import type { RecordedLayout } from './layout.js'
import type { LoadScript } from './load-script.js'
import type { TableProbe } from './table-probe.js'
import type { UseUnloaded } from './unload.js'
import type { ForeignKey, TableChanges, WarehouseTable } from './warehouse-table.js'

/**
 * A warehouse that tables of the lake are loaded into. An export calls `loaded`, makes its plan (`script`, pure), then
 * `stage`s, `begin`s, `load`s and asks the `probe` for each table, and `publish`es or rolls back; `finish` is house-keeping.
 * Nothing that `load` does is seen by readers before `publish`; then all of it is, at once. Between `begin` and `publish`
 * or `rollback` no other export publishes.
 */
export interface WarehouseTarget {
  readonly kind: string
  /** Where it is, for messages. */
  readonly location: string
  readonly dialect: SqlDialect
  /** Schema of the warehouse that tables are put into; null: the connection's own. */
  readonly schemaName: string | null
  /** What was loaded last, by table name. Writes nothing. */
  loaded(): Promise<ReadonlyMap<string, LoadRecord>>
  /** What `stage`, `load` and `finish` do with a table: a dry run prints it, they execute it. */
  script(load: TableLoad): LoadScript
  /** Exports that began and were not published, the newest first. Writes nothing. */
  unfinished(): Promise<readonly ExportTicket[]>
  /** All exports that began and are not forgotten, published ones too, the newest first. Writes nothing. */
  tickets(): Promise<readonly KeptTicket[]>
  /** Writes down, at once, what an export is to do. */
  begun(ticket: ExportTicket): Promise<void>
  /** Removes what exports that are published, or overtaken, left staged, and forgets them. */
  ended(loadIds: readonly string[]): Promise<void>
  /**
   * Brings rows to where the warehouse reads them; seen by nobody.
   * @param resumed whether an earlier try of this load may have left staged files, which are used if they are whole
   */
  stage(load: TableLoad, script: LoadScript, resumed: boolean): Promise<void>
  /** Starts the transaction, and waits for other exports to end theirs. */
  begin(): Promise<void>
  load(load: TableLoad, script: LoadScript): Promise<void>
  probe(table: WarehouseTable): TableProbe
  /** Makes everything since `begin` visible, together with the records of it. */
  publish(records: readonly LoadRecord[], loads: readonly TableLoad[]): Promise<void>
  rollback(): Promise<void>
  /** After `rollback`: the error, with what the warehouse has written down of it. */
  explain?(error: unknown, loadId: string): Promise<unknown>
  /**
   * Writes the rows of a query as Parquet files and lets them be used; then they are removed. It only reads.
   * @throws WarehouseError DW-WAREHOUSE-0020 for a query, or a warehouse, that cannot do it
   */
  unload?<T>(query: string, id: string, use: UseUnloaded<T>): Promise<T>
  /** After `publish` or `rollback`: statistics, and the removal of staged files. */
  finish(loads: readonly { readonly load: TableLoad; readonly script: LoadScript }[], published: boolean): Promise<void>
  close(): Promise<void>
}

/** What an export is to do: kept in the warehouse until it has been done, so that it can be gone on with. */
export interface ExportTicket {
  readonly loadId: string
  readonly beganMs: number
  /** Version by table. */
  readonly versions: Readonly<Record<string, number>>
  readonly mode: LoadMode
  readonly drift: DriftPolicy
  /** Name of the guard that tells whether it is still going on; null: it has none. */
  readonly guard: string | null
}

export interface KeptTicket extends ExportTicket {
  /** Whether the control table has it: then it was killed, if at all, after its end. */
  readonly isPublished: boolean
}

/** `auto`: by changes where there are any to be had and the table is made as before, else whole. */
export type LoadMode = 'auto' | 'full' | 'append' | 'merge' | 'incremental'

/** One table's part of an export, decided. */
export interface TableLoad {
  readonly table: WarehouseTable
  readonly definition: TableDefinition
  readonly loadId: string
  readonly mode: Exclude<LoadMode, 'auto'>
  /** Version that the warehouse has; null: it has no such table. */
  readonly fromVersion: number | null
  readonly recorded: RecordedLayout | null
  readonly drifts: readonly Drift[]
  /** Foreign keys, as the warehouse has them, of tables that refer to this one. */
  readonly referencing: readonly { readonly table: string; readonly key: ForeignKey }[]
  /** Of `append` and `incremental`. */
  readonly changes: TableChanges | null
}

/** A row of the control table: what was loaded, from which version of which table. */
export interface LoadRecord {
  readonly table: string
  readonly identity: string
  readonly deltaVersion: number
  /** How the table was made (`layoutOf`): a changed definition is loaded again. */
  readonly layout: string
  readonly loadId: string
  readonly rowCount: number
  readonly loadedAtMs: number
}
