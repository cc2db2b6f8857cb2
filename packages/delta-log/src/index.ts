export { actionFromJson, actionToJson } from './actions/action.js'
export type { Action, LogAction } from './actions/action.js'
export { addFile, fileKey } from './actions/add-file.js'
export type { AddFile } from './actions/add-file.js'
export type { AppTransaction } from './actions/app-transaction.js'
export type { CdcFile } from './actions/cdc-file.js'
export type { CommitInfo } from './actions/commit-info.js'
export type { DeletionVectorDescriptor } from './actions/deletion-vector-descriptor.js'
export type { DomainMetadata } from './actions/domain-metadata.js'
export type { Metadata } from './actions/metadata.js'
export { protocol } from './actions/protocol.js'
export type { Protocol } from './actions/protocol.js'
export { removeOf } from './actions/remove-file.js'
export type { RemoveFile } from './actions/remove-file.js'
export type {
  CatalogOperation,
  CommitCatalog,
  Ratified,
  RatifiedCommit,
  StagedCommit,
} from './catalog/commit-catalog.js'
export { isAllowed, managedLocation, requireAllowed } from './catalog/managed-table.js'
export { StoreCatalog } from './catalog/store-catalog.js'
export { writeCheckpoint } from './checkpoint-write.js'
export type { CheckpointResult } from './checkpoint-write.js'
export type { CheckpointOptions } from './checkpoint-write.js'
export { readChecksum, verifyChecksum, writeChecksum } from './checksum.js'
export type { VersionChecksum } from './checksum.js'
export { cleanLog } from './clean-log.js'
export type { CleanUpOptions, LogCleanUp } from './clean-log.js'
export { compactLog } from './compact-log.js'
export { columnMapping, columnMappingMode, fieldIdsOf, physicalName, withSchema } from './column-mapping.js'
export type { ColumnMapping, ColumnMappingMode } from './column-mapping.js'
export { readCommit } from './commit-file.js'
export { commitTimestamps, versionAtTimestamp } from './commit-timestamp.js'
export type { CommitTimestamp } from './commit-timestamp.js'
export { commit, engineInfo } from './commit.js'
export type { CommitOperation, CommitRequest, CommitResult } from './commit.js'
export { conflictFailure, findConflict, readEverything, readNothing } from './conflict.js'
export type { Conflict, ConflictKind, IsolationLevel, ReadSet } from './conflict.js'
export { deletionVectorFile, readDeletedRows } from './deletion-vector/deletion-vector.js'
export { storeDeletionVectors } from './deletion-vector/deletion-vector-write.js'
export type { DeletionVectorRequest, StoredDeletionVectors } from './deletion-vector/deletion-vector-write.js'
export { withDeletionVector } from './deletion-vector/with-deletion-vector.js'
export { appendOnly, DeltaError, invalidProperty, missingDataFile, notADeltaTable } from './errors.js'
export { materializesPartitions } from './features/iceberg-compat.js'
export { checkReadable, checkWritable, readerFeaturesOf, writerFeaturesOf } from './features/protocol-check.js'
export { requiredFeatures, requiredProtocol, withFeatures, withoutFeature } from './features/required-protocol.js'
export { tableFeature, tableFeatures } from './features/table-feature.js'
export type { Operation, TableFeature } from './features/table-feature.js'
export { factsOf, statisticsOf } from './files/file-facts.js'
export type { FileFacts } from './files/file-facts.js'
export type { FileMap } from './files/file-map.js'
export { decodePath, encodePath, hiveEscape, partitionFolder, pathKey, resolveFile } from './file-path.js'
export type { ResolvedFile } from './file-path.js'
export { reconcileRows } from './row-level.js'
export type { Reconciled } from './row-level.js'
export { readHistory } from './history.js'
export type { HistoryEntry } from './history.js'
export { logParquet } from './log-parquet.js'
export type { LogParquet, LogParquetFile } from './log-parquet.js'
export { listLog } from './log-segment.js'
export type { CheckpointFiles, CommitFile, LogListing } from './log-segment.js'
export { formatPartitionValue, parsePartitionValue } from './partition-value.js'
export { materializedColumns, rowIdBackfill, rowTrackingColumns, tracksRows } from './row-tracking.js'
export type { RowTrackingColumns } from './row-tracking.js'
export { formatSchema, parseSchema, parseType, schemaToJson, typeToJson, withoutFieldMetadata } from './schema-json.js'
export { isIcebergTypeChange, isTypeChangeAllowed, typeChangesKey, typeChangesOf } from './type-changes.js'
export { advanceSnapshot, filesOf, formatMs, readSnapshot } from './snapshot.js'
export type { Snapshot, SnapshotOptions } from './snapshot.js'
export { FileStatistics, parseStatistics, stringPrefixLength } from './statistics.js'
export type { ColumnBounds } from './statistics.js'
export { formatStatistics } from './statistics-json.js'
export type { LeafStatistics } from './statistics-json.js'
export { locationIn, logFolder, tableLocation } from './table-location.js'
export type { TableLocation } from './table-location.js'
export {
  checkProperties,
  checkpointInterval,
  deletedFileRetentionMs,
  indexedColumnCount,
  indexedColumns,
  isAppendOnly,
  isolationLevel,
  knownProperties,
  parquetPageVersion,
  randomPrefixLength,
  targetFileBytes,
  usesDeletionVectors,
  usesV2Checkpoints,
} from './table-properties.js'
