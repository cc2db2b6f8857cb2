export { duckDbDialect } from './dialects/duckdb-dialect.js'
export type { SqlDialect } from './dialects/sql-dialect.js'
export { WarehouseError } from './errors.js'
export { exportTables, formatPlan, planExport } from './export-tables.js'
export type { ExportedTable, ExportOptions, ExportResult, LoadPlan } from './export-tables.js'
export { firstDifference, reconcile } from './reconcile.js'
export type { Comparison, Reconciliation } from './reconcile.js'
export type { LoadRecord, WarehouseTarget } from './target.js'
export { controlTable, duckDbTarget } from './targets/duckdb-target.js'
export type { DuckDbTarget } from './targets/duckdb-target.js'
export { wantedTotals } from './totals.js'
export type { WantedTotals } from './totals.js'
export type {
  Batches,
  ColumnTotals,
  ForeignKey,
  ParquetFiles,
  ParquetSource,
  TableSource,
  TableTotals,
  WarehouseTable,
} from './warehouse-table.js'
