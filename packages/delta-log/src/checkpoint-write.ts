import { boolean, field, int32, int64, list, map, string, struct, type Schema, type Value } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import type { AddFile } from './actions/add-file.js'
import type { DeletionVectorDescriptor } from './actions/deletion-vector-descriptor.js'
import type { RemoveFile } from './actions/remove-file.js'
import { checkpointFileName, lastCheckpointFileName } from './log-file.js'
import type { LogParquet } from './log-parquet.js'
import type { Snapshot } from './snapshot.js'
import { logFolder } from './table-location.js'
import { deletedFileRetentionMs, transactionRetentionMs } from './table-properties.js'

const textMap = map(string, string, true)
const deletionVector = struct([
  field('storageType', string),
  field('pathOrInlineDv', string),
  field('offset', int32),
  field('sizeInBytes', int32),
  field('cardinality', int64),
])

/** Spark's classic checkpoint, all of it nullable (PROTOCOL.md, "Checkpoint Schema"). */
const checkpointSchema: Schema = {
  fields: [
    field('txn', struct([field('appId', string), field('version', int64), field('lastUpdated', int64)])),
    field(
      'add',
      struct([
        field('path', string),
        field('partitionValues', textMap),
        field('size', int64),
        field('modificationTime', int64),
        field('dataChange', boolean),
        field('tags', textMap),
        field('deletionVector', deletionVector),
        field('baseRowId', int64),
        field('defaultRowCommitVersion', int64),
        field('clusteringProvider', string),
        field('stats', string),
      ]),
    ),
    field(
      'remove',
      struct([
        field('path', string),
        field('deletionTimestamp', int64),
        field('dataChange', boolean),
        field('extendedFileMetadata', boolean),
        field('partitionValues', textMap),
        field('size', int64),
        field('deletionVector', deletionVector),
        field('baseRowId', int64),
        field('defaultRowCommitVersion', int64),
      ]),
    ),
    field(
      'metaData',
      struct([
        field('id', string),
        field('name', string),
        field('description', string),
        field('format', struct([field('provider', string), field('options', textMap)])),
        field('schemaString', string),
        field('partitionColumns', list(string)),
        field('configuration', textMap),
        field('createdTime', int64),
      ]),
    ),
    field(
      'protocol',
      struct([
        field('minReaderVersion', int32),
        field('minWriterVersion', int32),
        field('readerFeatures', list(string)),
        field('writerFeatures', list(string)),
      ]),
    ),
    field(
      'domainMetadata',
      struct([field('domain', string), field('configuration', string), field('removed', boolean)]),
    ),
  ],
}

const positions = new Map(checkpointSchema.fields.map((f, i) => [f.name, i]))
const width = checkpointSchema.fields.length

/** Where a checkpoint was written. */
export interface CheckpointResult {
  readonly version: number
  readonly path: string
  readonly sizeBytes: number
  readonly actionCount: number
}

/**
 * Writes the snapshot as a classic checkpoint, and `_last_checkpoint` (which another writer may have moved on already; it is
 * only a hint). Writing the same version twice is harmless: both files say the same.
 */
export async function writeCheckpoint(
  snapshot: Snapshot,
  parquet: LogParquet,
  nowMs: number,
): Promise<CheckpointResult> {
  const { location, version } = snapshot
  const rows = [...checkpointRows(snapshot, nowMs)]
  const file = await parquet.file(checkpointSchema, rows)
  const path = joinPath(logFolder(location), checkpointFileName(version))
  await location.store.put(path, file.parts, 'overwrite')
  const hint = { version, size: rows.length, sizeInBytes: file.sizeBytes, numOfAddFiles: snapshot.files.size }
  const hintPath = joinPath(logFolder(location), lastCheckpointFileName)
  await location.store.put(hintPath, Buffer.from(JSON.stringify(hint)), 'overwrite')
  return { version, path, sizeBytes: file.sizeBytes, actionCount: rows.length }
}

function* checkpointRows(snapshot: Snapshot, nowMs: number): Generator<readonly Value[]> {
  const { protocol, metadata } = snapshot
  yield row('protocol', [
    protocol.minReaderVersion,
    protocol.minWriterVersion,
    protocol.readerFeatures,
    protocol.writerFeatures,
  ])
  yield row('metaData', [
    metadata.id,
    metadata.name,
    metadata.description,
    [metadata.formatProvider, mapValue(metadata.formatOptions)],
    metadata.schemaString,
    metadata.partitionColumns,
    mapValue(metadata.configuration),
    long(metadata.createdTimeMs),
  ])
  const expiry = transactionRetentionMs(metadata.configuration)
  for (const txn of snapshot.appTransactions.values()) {
    if (expiry !== null && txn.lastUpdatedMs !== null && txn.lastUpdatedMs < nowMs - expiry) continue
    yield row('txn', [txn.appId, long(txn.version), long(txn.lastUpdatedMs)])
  }
  for (const domain of snapshot.domains.values()) {
    yield row('domainMetadata', [domain.domain, domain.configuration, false])
  }
  const keepAfterMs = nowMs - deletedFileRetentionMs(metadata.configuration)
  for (const tombstone of snapshot.tombstones.values()) {
    if ((tombstone.deletionTimeMs ?? 0) > keepAfterMs) yield row('remove', removeValue(tombstone))
  }
  for (const file of snapshot.files.values()) yield row('add', addValue(file))
}

function row(name: string, value: readonly Value[]): readonly Value[] {
  const result: Value[] = new Array<Value>(width).fill(null)
  result[positions.get(name)!] = value
  return result
}

const addValue = (file: AddFile): readonly Value[] => [
  file.path,
  mapValue(file.partitionValues),
  BigInt(file.sizeBytes),
  BigInt(file.modificationTimeMs),
  // What is in a checkpoint changes nothing (protocol, "Action Reconciliation").
  false,
  file.tags === null ? null : mapValue(file.tags),
  vectorValue(file.deletionVector),
  long(file.baseRowId),
  long(file.defaultRowCommitVersion),
  file.clusteringProvider,
  file.stats,
]

const removeValue = (file: RemoveFile): readonly Value[] => [
  file.path,
  long(file.deletionTimeMs),
  false,
  file.extendedFileMetadata,
  file.partitionValues === null ? null : mapValue(file.partitionValues),
  long(file.sizeBytes),
  vectorValue(file.deletionVector),
  long(file.baseRowId),
  long(file.defaultRowCommitVersion),
]

const vectorValue = (of: DeletionVectorDescriptor | null): Value =>
  of === null ? null : [of.storageType, of.pathOrInlineDv, of.offset, of.sizeBytes, BigInt(of.cardinality)]

const mapValue = (of: Readonly<Record<string, string | null>>): Value => Object.entries(of)

const long = (value: number | null): Value => (value === null ? null : BigInt(value))

/** For tests: what the file's columns are. */
export const classicCheckpointSchema = checkpointSchema
