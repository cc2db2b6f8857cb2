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
export { csvFiles, jsonFiles, parquetFiles } from './source-definition.js'
export type { SourceDefinition } from './source-definition.js'
export { append, merge, overwrite } from './write-mode.js'
export type { Append, Merge, Overwrite, WriteMode } from './write-mode.js'
export { defineLakehouse, tableOf } from './lakehouse-definition.js'
export type { LakehouseDefinition } from './lakehouse-definition.js'
export { layeredConfiguration, loadConfiguration } from './configuration/load-configuration.js'
export type { ConfigurationOverrides, ConfigurationSchema } from './configuration/load-configuration.js'
export type { LayeredValue } from './configuration/configuration-layer.js'
export { lakehouseNotFound, LakehouseError, tableNotBuilt } from './errors.js'
export { Lake } from './lake.js'
export { runLakehouse } from './run.js'
export type { RunOptions } from './run.js'
export { rawVersionsAt } from './raw-versions.js'
export type { LandingSelection } from './landing.js'
export { watchLakehouse } from './watch.js'
export type { WatchOptions, WatchSummary } from './watch.js'
export type { IngestedFile, QualityResult, RunResult, StepResult, TableState } from './run-result.js'
export { planRun } from './plan-run.js'
export type { PlannedStep } from './plan-run.js'
export { validateData } from './validate-data.js'
export type { ValidateDataOptions } from './validate-data.js'
export { validateLakehouse } from './validate.js'
export { DeltaMetrics, metricsPath } from './delta-metrics.js'
export { quarantinePath, quarantineSchema } from './quarantine.js'
export { writeChecked } from './write-pass/checked-write.js'
export type { CheckedWrite, CheckedWriteOptions, JudgedWrite } from './write-pass/checked-write.js'
export { exportLakehouse, planLakehouseExport } from './export.js'
export type { ExportOptions } from './export.js'
export { lakeTables } from './export-tables/lake-tables.js'
export type { LakeTablesOptions, Layouts } from './export-tables/lake-tables.js'
export { checkpointLakehouse, optimizeLakehouse, vacuumLakehouse } from './maintain.js'
export type { MaintenanceOptions, MaintenanceResult } from './maintain.js'
export { parseUntil, windowEnd } from './maintenance/maintenance-window.js'
export type { MaintenanceOperation, Savings } from './maintenance/plan-maintenance.js'
export { runMaintenance } from './maintenance/run-maintenance.js'
export type { MaintenanceRunOptions, MaintenanceStepResult } from './maintenance/run-maintenance.js'
export { quantileShares } from './profile/batch-profile.js'
export type { BatchColumnProfile, BatchProfile, Drift, DriftKind, Histogram } from './profile/batch-profile.js'
export { profilesPath, profilesSchema } from './profile/profile-history.js'
export { runContext } from './run.js'
export type { RunContext } from './run-context.js'
export { decisionsPath, decisionsSchema } from './review/decisions.js'
export { correctionLine, releaseQuarantined } from './review/release.js'
export type { ReleaseResult } from './review/release.js'
export { discardQuarantined, quarantineGroups, quarantineRecords, recordsById } from './review/review.js'
export type { QuarantinedRow, QuarantineGroup, ReviewFilter } from './review/review.js'
export { inferDefinition } from './infer/infer-definition.js'
export type { ColumnFit, InferOptions, InferredDefinition } from './infer/infer-definition.js'
export { runRecorded, publishLake } from './runs/recorded-run.js'
export type { RecordedRun, RecordedRunOptions } from './runs/recorded-run.js'
export { resumeRun } from './runs/resume-run.js'
export { replayRun } from './runs/replay-run.js'
export type { ReplayedTable, ReplayOptions } from './runs/replay-run.js'
export { latestPublication, publishedLake, republish } from './runs/publication.js'
export type { Publication } from './runs/publication.js'
export { readJournal, runsSchema, stepDurations } from './runs/run-journal.js'
export type { JournalEntry } from './runs/run-journal.js'
export { runsPath } from './runs/operations-path.js'
export { RunLease } from './runs/run-lease.js'
export type { LeaseHolder, LeaseOutcome } from './runs/run-lease.js'
export { requireManifest, runIds, unfinishedRun } from './runs/run-manifest.js'
export type { RunManifest } from './runs/run-manifest.js'
export type { RunBudget } from './runs/run-budget.js'
export type { RetryPolicy } from './runs/retry-step.js'
export { stepGraph } from './runs/step-graph.js'
export type { GraphStep, StepSelection } from './runs/step-graph.js'
export { logicalHash } from './runs/table-hash.js'
export type { StepFailure } from './run-result.js'
