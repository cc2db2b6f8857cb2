import type { SqlDialect } from './dialects/sql-dialect.js'
import type { TableTotals, WarehouseTable } from './warehouse-table.js'

/**
 * A warehouse that tables of the lake are loaded into. Nothing that `load` does is seen by readers before `publish`; then
 * all of it is, at once. Between `begin` and `publish` or `rollback` a target is used by one export only.
 */
export interface WarehouseTarget {
  readonly kind: string
  /** Where it is, for messages. */
  readonly location: string
  readonly dialect: SqlDialect
  /** What was loaded last, by table name. */
  loaded(): Promise<ReadonlyMap<string, LoadRecord>>
  /** The statements that `load` runs, as text: what a dry run prints. */
  statements(table: WarehouseTable): readonly string[]
  begin(): Promise<void>
  /** Replaces the table's rows. @returns how many there are now */
  load(table: WarehouseTable): Promise<number>
  /** Totals of the table as it is loaded: those that `wanted` has. */
  totals(table: WarehouseTable, wanted: TableTotals): Promise<TableTotals>
  /** Makes everything since `begin` visible, together with the records of it. */
  publish(records: readonly LoadRecord[]): Promise<void>
  rollback(): Promise<void>
  close(): Promise<void>
}

/** A row of the control table: what was loaded, from which version of which table. */
export interface LoadRecord {
  readonly table: string
  readonly identity: string
  readonly deltaVersion: number
  /** Digest of the columns' names and types and of the aliases: a changed definition is loaded again. */
  readonly layout: string
  readonly loadId: string
  readonly rowCount: number
  readonly loadedAtMs: number
}
