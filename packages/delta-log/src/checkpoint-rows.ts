import {
  boolean,
  field,
  int32,
  int64,
  list,
  map,
  string,
  struct,
  type DataType,
  type Field,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import type { AddFile } from './actions/add-file.js'
import type { DeletionVectorDescriptor } from './actions/deletion-vector-descriptor.js'
import type { RemoveFile } from './actions/remove-file.js'
import type { Sidecar } from './actions/sidecar.js'
import { physicalName } from './column-mapping.js'
import { parsedStatistics } from './parsed-statistics.js'
import { parsePartitionValue } from './partition-value.js'
import type { Snapshot } from './snapshot.js'
import { deletedFileRetentionMs, transactionRetentionMs, writesStatisticsAs } from './table-properties.js'

/*
 * Rows of checkpoints and sidecars: one action each, in the column of its kind (PROTOCOL.md, "Checkpoint Schema").
 */

const textMap = map(string, string, true)
const deletionVector = struct([
  field('storageType', string),
  field('pathOrInlineDv', string),
  field('offset', int32),
  field('sizeInBytes', int32),
  field('cardinality', int64),
])

const remove = field(
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
)

const otherColumns: readonly Field[] = [
  field('txn', struct([field('appId', string), field('version', int64), field('lastUpdated', int64)])),
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
  field('domainMetadata', struct([field('domain', string), field('configuration', string), field('removed', boolean)])),
]

const v2Columns: readonly Field[] = [
  field('checkpointMetadata', struct([field('version', int64), field('tags', textMap)])),
  field(
    'sidecar',
    struct([
      field('path', string),
      field('sizeInBytes', int64),
      field('modificationTime', int64),
      field('tags', textMap),
    ]),
  ),
]

/** An action: the column that it is in, and its members. */
export type CheckpointRow = readonly [column: string, value: readonly Value[]]

/** How a table's `add` actions stand in a checkpoint: which forms of statistics its properties ask for. */
export interface AddColumn {
  readonly field: Field
  value(file: AddFile): readonly Value[]
}

export function addColumn(snapshot: Snapshot): AddColumn {
  const { json, struct: parsed } = writesStatisticsAs(snapshot.metadata.configuration)
  const members: (readonly [Field, (file: AddFile) => Value])[] = [
    [field('path', string), (f) => f.path],
    [field('partitionValues', textMap), (f) => mapValue(f.partitionValues)],
    [field('size', int64), (f) => BigInt(f.sizeBytes)],
    [field('modificationTime', int64), (f) => BigInt(f.modificationTimeMs)],
    // What is in a checkpoint changes nothing (protocol, "Action Reconciliation").
    [field('dataChange', boolean), () => false],
    [field('tags', textMap), (f) => (f.tags === null ? null : mapValue(f.tags))],
    [field('deletionVector', deletionVector), (f) => vectorValue(f.deletionVector)],
    [field('baseRowId', int64), (f) => long(f.baseRowId)],
    [field('defaultRowCommitVersion', int64), (f) => long(f.defaultRowCommitVersion)],
    [field('clusteringProvider', string), (f) => f.clusteringProvider],
    ...(json ? [[field('stats', string), (f: AddFile): Value => f.stats] as const] : []),
    ...(parsed ? parsedMembers(snapshot) : []),
  ]
  return {
    field: field('add', struct(members.map(([member]) => member))),
    value: (file) => members.map(([, value]) => value(file)),
  }
}

function parsedMembers(snapshot: Snapshot): (readonly [Field, (file: AddFile) => Value])[] {
  const { mode } = snapshot.columnMapping
  const statistics = parsedStatistics(snapshot.schema, snapshot.partitionColumns, mode)
  const members: (readonly [Field, (file: AddFile) => Value])[] = [
    [field('stats_parsed', statistics.type), (file) => statistics.value(file.stats)],
  ]
  const partitions = snapshot.partitionColumns.flatMap((name): readonly [string, DataType, string][] => {
    const column = snapshot.schema.fields.find((f) => f.name === name)
    return column === undefined ? [] : [[physicalName(column, mode), column.type, name]]
  })
  if (partitions.length > 0) {
    members.push([
      field('partitionValues_parsed', struct(partitions.map(([name, type]) => field(name, type)))),
      (file) =>
        partitions.map(([physical, type, name]) => parsePartitionValue(type, file.partitionValues[physical], name)),
    ])
  }
  return members
}

/** Columns of a checkpoint in one file, and of a V2 checkpoint's top level. */
export const checkpointSchema = (add: AddColumn, isV2: boolean): Schema => ({
  fields: [...otherColumns, add.field, remove, ...(isV2 ? v2Columns : [])],
})

export const sidecarSchema = (add: AddColumn): Schema => ({ fields: [add.field, remove] })

/** Rows as the columns of a schema have them. */
export function* rowsOf(of: Schema, rows: Iterable<CheckpointRow>): Generator<readonly Value[]> {
  const positions = new Map(of.fields.map((f, i) => [f.name, i]))
  for (const [column, value] of rows) {
    const row: Value[] = new Array<Value>(of.fields.length).fill(null)
    row[positions.get(column)!] = value
    yield row
  }
}

/** Everything but files. */
export function* otherRows(snapshot: Snapshot, nowMs: number): Generator<CheckpointRow> {
  const { protocol, metadata } = snapshot
  yield [
    'protocol',
    [protocol.minReaderVersion, protocol.minWriterVersion, protocol.readerFeatures, protocol.writerFeatures],
  ]
  yield [
    'metaData',
    [
      metadata.id,
      metadata.name,
      metadata.description,
      [metadata.formatProvider, mapValue(metadata.formatOptions)],
      metadata.schemaString,
      metadata.partitionColumns,
      mapValue(metadata.configuration),
      long(metadata.createdTimeMs),
    ],
  ]
  for (const { appId, version, lastUpdatedMs } of liveTransactions(snapshot, nowMs)) {
    yield ['txn', [appId, long(version), long(lastUpdatedMs)]]
  }
  for (const { domain, configuration } of snapshot.domains.values()) {
    yield ['domainMetadata', [domain, configuration, false]]
  }
}

export function liveTransactions(snapshot: Snapshot, nowMs: number) {
  const expiry = transactionRetentionMs(snapshot.metadata.configuration)
  return [...snapshot.appTransactions.values()].filter(
    ({ lastUpdatedMs }) => expiry === null || lastUpdatedMs === null || lastUpdatedMs >= nowMs - expiry,
  )
}

/** Tombstones that have not expired, and the files of the version. */
export function* fileRows(snapshot: Snapshot, add: AddColumn, nowMs: number): Generator<CheckpointRow> {
  const keepAfterMs = nowMs - deletedFileRetentionMs(snapshot.metadata.configuration)
  for (const tombstone of snapshot.tombstones.values()) {
    if ((tombstone.deletionTimeMs ?? 0) > keepAfterMs) yield ['remove', removeValue(tombstone)]
  }
  for (const file of snapshot.files.values()) yield ['add', add.value(file)]
}

export const checkpointMetadataRow = (version: number, tags: Readonly<Record<string, string>>): CheckpointRow => [
  'checkpointMetadata',
  [long(version), mapValue(tags)],
]

export const sidecarRow = (of: Sidecar): CheckpointRow => [
  'sidecar',
  [of.path, long(of.sizeBytes), long(of.modificationTimeMs), mapValue({})],
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
