export type { ChangesRange } from './changes.js'
export { DeltaTable } from './delta-table.js'
export type { OpenOptions, PlaceOptions } from './delta-table.js'
export { DeltaTableProvider } from './delta-table-provider.js'
export type { ProviderOptions } from './delta-table-provider.js'
export { DeltaTableError } from './errors.js'
export type { CreateOptions } from './operations/create.js'
export type {
  ChangeClause,
  DeleteClause,
  InsertClause,
  MergeOptions,
  MergeValues,
  OneOrMore,
  UpdateClause,
} from './operations/merge/merge-options.js'
export type { OptimizeOptions, PurgeOptions } from './operations/optimize.js'
export type { OptimizeEstimate } from './operations/optimize-estimate.js'
export type { OverwriteOptions } from './operations/overwrite.js'
export type { RestoreTarget } from './operations/restore.js'
export type { Assignments } from './operations/update.js'
export type { VacuumOptions, VacuumResult } from './operations/vacuum/vacuum.js'
export type { Condition } from './predicates.js'
export type { TableDetail } from './table-detail.js'
export { planOf } from './table-session.js'
export type { Rows, TableSession } from './table-session.js'
export type { WriteReport } from './write-report.js'
export type { AppendOptions, ApplicationVersion, TableDefinitionOptions, WriteOptions } from './write/write-options.js'
export { defaultsTo, generatedAs, identityColumn } from './write/column-rules.js'
export type { IdentityOptions } from './write/column-rules.js'
export type { DropConstraintOptions } from './operations/alter/constraints.js'
export type { AddColumnOptions, ColumnChange, ColumnPlace, PlacedColumn } from './operations/alter/columns.js'
export type { DropFeatureOptions } from './operations/alter/drop-feature.js'
export type { CloneOptions } from './operations/clone.js'
export type { ConvertOptions } from './operations/convert.js'
export type { FileFault, FileFinding, FsckOptions, FsckResult } from './operations/fsck.js'
export type { ManifestResult } from './operations/manifest.js'
export type { StreamBatch, StreamOffset, StreamSourceOptions } from './streaming/stream-source.js'
export { pipeStream } from './streaming/stream-pipe.js'
export type { StreamPipeOptions, StreamPipeResult } from './streaming/stream-pipe.js'
export { profileFromLog } from './log-profile.js'
export type { LogColumnProfile, LogProfile } from './log-profile.js'
