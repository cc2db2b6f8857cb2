export { duckDbDialect } from './dialects/duckdb-dialect.js'
export { postgresDialect } from './dialects/postgres-dialect.js'
export { redshiftDialect } from './dialects/redshift-dialect.js'
export { adviseEncoding } from './dialects/redshift-encoding.js'
export { snowflakeDialect } from './dialects/snowflake-dialect.js'
export type { ColumnDefinition, SqlDialect, TableDefinition } from './dialects/sql-dialect.js'
export { defineIn } from './definition.js'
export type { Drift, DriftPolicy } from './drift.js'
export { invalidUnload, notUnloaded, WarehouseError } from './errors.js'
export { exportTables } from './export-tables.js'
export type { ExportGuard } from './open-ticket.js'
export type { ExportedTable, ExportEvent, ExportOptions, ExportResult } from './export-tables.js'
export { formatPlan } from './format-plan.js'
export { planExport } from './plan-export.js'
export type { LoadPlan, PlanOptions } from './plan-export.js'
export type { LoadScript, LoadStep } from './load-script.js'
export { hasChecksum } from './checksum.js'
export type { ProbeDialect } from './checksum.js'
export { firstDifference, reconcile, totalNames } from './reconcile.js'
export type { Comparison, Reconciliation } from './reconcile.js'
export type { SqlConnection } from './sql-connection.js'
export { controlTable, SqlTarget } from './sql-target.js'
export { StageArea } from './stage-area.js'
export type { Manifest, ParquetSink, StageAreaOptions, StagedFile } from './stage-area.js'
export type { Distribution, Grant, RedshiftEncoding, SortOrder, TableLayout } from './table-layout.js'
export { allTotals, noTotals, SqlProbe, totalsLike } from './table-probe.js'
export type { Grouping, TableProbe, TextRows, TotalsRequest, WantedSums } from './table-probe.js'
export type { ExportTicket, KeptTicket, LoadMode, LoadRecord, TableLoad, WarehouseTarget } from './target.js'
export { duckDbTarget } from './targets/duckdb-target.js'
export type { DuckDbTarget } from './targets/duckdb-target.js'
export type { DuckDbOptions } from './targets/duckdb-connection.js'
export { postgresTarget, postgresTargetOver } from './targets/postgres-target.js'
export type { PostgresOptions } from './targets/postgres-target.js'
export { RedshiftDataConnection } from './targets/redshift-connection.js'
export type { RedshiftCopyOptions } from './targets/redshift-copy.js'
export type { RedshiftConnectionOptions } from './targets/redshift-options.js'
export { redshiftTarget, redshiftTargetOver } from './targets/redshift-target.js'
export type { RedshiftOptions } from './targets/redshift-target.js'
export { SnowflakeConnection } from './targets/snowflake-connection.js'
export type { SnowflakeStage } from './targets/snowflake-copy.js'
export type { SnowflakeConnectionOptions, SnowflakeLogin } from './targets/snowflake-options.js'
export { snowflakeTarget } from './targets/snowflake-target.js'
export type { SnowflakeOptions } from './targets/snowflake-target.js'
export type { UnloadedFiles, UseUnloaded } from './unload.js'
export { wantedTotals } from './totals.js'
export type { WantedTotals } from './totals.js'
export type {
  Batches,
  ColumnProfile,
  ColumnTotals,
  ForeignKey,
  ParquetFiles,
  ParquetSource,
  TableChanges,
  TableProfile,
  TableSource,
  TableTotals,
  WarehouseTable,
} from './warehouse-table.js'
