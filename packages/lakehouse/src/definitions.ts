/*
 * `@deltaworks/lakehouse/definitions`: what a module that defines tables and a lakehouse needs, without the engine that runs one.
 * Such modules are loaded at the start of every process.
 */
export { anyFrame } from './any-frame.js'
export type { AnyFrame } from './any-frame.js'
export {
  bigint,
  boolean,
  Column,
  date,
  decimal,
  double,
  integer,
  smallint,
  string,
  timestamp,
} from './column-definition.js'
export type { ColumnAddress, Columns, PiiKind, Row } from './column-definition.js'
export { auditFields, defineTable } from './table-definition.js'
export type {
  BuildContext,
  Layer,
  Maintenance,
  TableDefinition,
  TableSpecification,
  WarehouseLayout,
} from './table-definition.js'
export type { TableFrame, TableRow } from './table-frame.js'
export { csvFiles, jsonFiles, parquetFiles } from './source-definition.js'
export type { SourceDefinition } from './source-definition.js'
export { append, merge, overwrite } from './write-mode.js'
export type { Append, Merge, Overwrite, WriteMode } from './write-mode.js'
export { defineLakehouse, tableOf } from './lakehouse-definition.js'
export type { LakehouseDefinition } from './lakehouse-definition.js'
export { sqlMetric } from './metrics/sql-metric.js'
export type { SqlMetric } from './metrics/sql-metric.js'
export { onAnomaly, onFailure, onQuality, onResources, onSlow, onStale, onThreshold } from './alerts/alert-rule.js'
export type { AlertMeasure, AlertRule, AlertSeverity } from './alerts/alert-rule.js'
