import {
  addFile,
  commitTimestamps,
  fileKey,
  pathKey,
  readCommit,
  readDeletedRows,
  readSnapshot,
  versionAtTimestamp,
  writerFeaturesOf,
  type AddFile,
  type CdcFile,
  type LogAction,
  type Metadata,
  type RemoveFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { field, int64, string, timestamp, type Field } from '@deltaworks/schema'
import { DeltaTableProvider } from './delta-table-provider.js'
import { badChangeRange, changesNotRecorded } from './errors.js'
import { statisticsOf } from './file-statistics-source.js'
import type { OperationContext } from './operation-context.js'
import { columnsOfSchema, literalOf, projectionTo, scanOf, unionOf } from './plan-nodes.js'

/** Both ends count. A time means the versions committed from it on, and the last one committed at or before it. */
export interface ChangesRange {
  readonly from: { readonly version: number } | { readonly timestampMs: number }
  /** Default: the version of the table. */
  readonly to?: { readonly version: number } | { readonly timestampMs: number }
}

const changeType = field('_change_type', string)
const changeColumns: readonly Field[] = [
  changeType,
  field('_commit_version', int64, false),
  field('_commit_timestamp', timestamp, false),
]

/**
 * The change data feed (PROTOCOL.md, "Add CDC File"): a plan for the table's columns as they are at the end of the range, then
 * `_change_type` (insert, delete, update_preimage, update_postimage), `_commit_version` and `_commit_timestamp`. A version's
 * change files are read if it has any; otherwise its added rows are inserted and its removed rows deleted, where of a file whose
 * deletion vector has changed only the difference counts.
 * @throws DeltaTableError DW-TABLE-0014, 0015; DeltaError DW-DELTA-0005 if a version is no longer there
 */
export async function changesOf(
  context: OperationContext,
  latest: Snapshot,
  range: ChangesRange,
): Promise<LogicalPlan> {
  const { location, parquet } = context
  const { from, to } = await versionsOf(context, latest, range)
  const end = to === latest.version ? latest : await readSnapshot(location, parquet, { version: to })
  const start = from === to ? end : await readSnapshot(location, parquet, { version: from })
  requireRecorded(start, start.metadata, from)
  const times = new Map(
    (await commitTimestamps(location, latest.metadata.configuration)).map((c) => [c.version, c.timestampMs]),
  )
  const schema = { fields: [...end.schema.fields, ...changeColumns] }
  const plans: LogicalPlan[] = []
  for (let version = from; version <= to; version++) {
    const actions = await readCommit(location, version)
    for (const action of actions) if (action.kind === 'metaData') requireRecorded(start, action, version)
    const place = [literalOf(BigInt(version), int64), literalOf(BigInt(times.get(version) ?? 0) * 1000n, timestamp)]
    for (const { rows, type } of await changesOfVersion(context, end, actions, version)) {
      const columns = columnsOfSchema(rows.schema)
      const literals = type === null ? place : [literalOf(type, string), ...place]
      plans.push(projectionTo(rows, [...columns, ...literals], schema.fields))
    }
  }
  return plans.length === 0 ? { kind: 'values', rows: [], schema } : unionOf(plans, schema)
}

async function versionsOf(
  context: OperationContext,
  latest: Snapshot,
  { from, to }: ChangesRange,
): Promise<{ readonly from: number; readonly to: number }> {
  const { location } = context
  const { configuration } = latest.metadata
  const last =
    to === undefined
      ? latest.version
      : 'version' in to
        ? to.version
        : await versionAtTimestamp(location, configuration, to.timestampMs)
  const first = 'version' in from ? from.version : await firstSince(context, latest, from.timestampMs)
  const valid = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 0
  if (!valid || first > last || last > latest.version) throw badChangeRange(location.uri, first, last, latest.version)
  return { from: first, to: last }
}

/** The first version that is not older than a time; one behind the latest if there is none. */
async function firstSince(context: OperationContext, latest: Snapshot, timestampMs: number): Promise<number> {
  const times = await commitTimestamps(context.location, latest.metadata.configuration)
  return times.find((commit) => commit.timestampMs >= timestampMs)?.version ?? latest.version + 1
}

/** Without the property, writers may have left out change files, and what is read would be wrong. */
function requireRecorded(snapshot: Snapshot, metadata: Metadata, version: number): void {
  if (!recordsChanges(metadata)) throw changesNotRecorded(snapshot.location.uri, version)
}

const recordsChanges = (metadata: Metadata): boolean =>
  metadata.configuration['delta.enableChangeDataFeed']?.toLowerCase() === 'true'

/** Whether writers must keep the changes of rows inside of files. */
export const writesChanges = (snapshot: Snapshot): boolean =>
  recordsChanges(snapshot.metadata) && writerFeaturesOf(snapshot.protocol).includes('changeDataFeed')

interface ChangedRows {
  readonly rows: LogicalPlan
  /** null: the rows say it themselves. */
  readonly type: 'insert' | 'delete' | null
}

async function changesOfVersion(
  context: OperationContext,
  end: Snapshot,
  actions: readonly LogAction[],
  version: number,
): Promise<readonly ChangedRows[]> {
  const recorded = actions.filter((action): action is CdcFile => action.kind === 'cdc')
  if (recorded.length > 0) return [{ rows: scanOf(changeFiles(end, recorded)), type: null }]
  const added = actions.filter((action): action is AddFile => action.kind === 'add' && action.dataChange)
  const removed = await removedFiles(context, actions, version)
  const inserts = new FileRows()
  const deletes = new FileRows()
  const before = new Map(removed.map((file) => [pathKey(file.path), file]))
  for (const file of added) {
    const old = before.get(pathKey(file.path))
    if (old === undefined) inserts.add(file)
    else if (await addDifference(context, old, file, inserts, deletes)) before.delete(pathKey(file.path))
    else inserts.add(file)
  }
  for (const file of before.values()) deletes.add(file)
  return [...deletes.plans(end, 'delete'), ...inserts.plans(end, 'insert')]
}

/** Files, some of which only in part. */
class FileRows {
  readonly #files: AddFile[] = []
  readonly #deletedRows = new Map<AddFile, Uint32Array>()

  add(file: AddFile): void {
    this.#files.push(file)
  }

  /** Only these rows of a file with so many. */
  addRows(file: AddFile, rows: Uint32Array, rowCount: number): void {
    if (rows.length === 0) return
    const others = without(rowCount, rows)
    const deletionVector = { storageType: 'i', pathOrInlineDv: '', offset: null, sizeBytes: 0 }
    const part = { ...file, deletionVector: { ...deletionVector, cardinality: others.length } }
    this.#files.push(part)
    this.#deletedRows.set(part, others)
  }

  plans(end: Snapshot, type: 'insert' | 'delete'): readonly ChangedRows[] {
    if (this.#files.length === 0) return []
    const provider = new DeltaTableProvider(end, { files: this.#files, deletedRows: this.#deletedRows })
    return [{ rows: scanOf(provider), type }]
  }
}

/** @returns false if the log does not say how many rows the file has: then all of them count as deleted and inserted */
async function addDifference(
  { location }: OperationContext,
  old: AddFile,
  file: AddFile,
  inserts: FileRows,
  deletes: FileRows,
): Promise<boolean> {
  const rowCount = statisticsOf(file)?.rowCount ?? null
  if (rowCount === null) return false
  const oldRows = (await readDeletedRows(location, old)) ?? new Uint32Array()
  const newRows = (await readDeletedRows(location, file)) ?? new Uint32Array()
  deletes.addRows(file, difference(newRows, oldRows), rowCount)
  inserts.addRows(file, difference(oldRows, newRows), rowCount)
  return true
}

function difference(a: Uint32Array, b: Uint32Array): Uint32Array {
  const other = new Set(b)
  return a.filter((row) => !other.has(row))
}

function without(rowCount: number, rows: Uint32Array): Uint32Array {
  const result = new Uint32Array(rowCount - rows.length)
  let next = 0
  let count = 0
  for (let row = 0; row < rowCount; row++) {
    if (next < rows.length && rows[next] === row) next++
    else result[count++] = row
  }
  return result
}

/** Removed files as they were; what a remove does not say of them stands in the version before. */
async function removedFiles(
  { location, parquet }: OperationContext,
  actions: readonly LogAction[],
  version: number,
): Promise<readonly AddFile[]> {
  const removes = actions.filter((action): action is RemoveFile => action.kind === 'remove' && action.dataChange)
  const isPlain = (file: RemoveFile): boolean => file.partitionValues === null || file.sizeBytes === null
  const before = removes.some(isPlain) ? await readSnapshot(location, parquet, { version: version - 1 }) : null
  return removes.map((file) => {
    const known = before?.files.get(fileKey(file))
    if (known !== undefined) return known
    const { path, partitionValues, sizeBytes, stats, deletionVector } = file
    return addFile({
      path,
      partitionValues: partitionValues ?? {},
      sizeBytes: sizeBytes ?? 0,
      modificationTimeMs: 0,
      stats,
      deletionVector,
    })
  })
}

/** Change files hold the table's columns and `_change_type`. */
function changeFiles(end: Snapshot, files: readonly CdcFile[]): DeltaTableProvider {
  const snapshot = { ...end, schema: { fields: [...end.schema.fields, changeType] } }
  const asAdds = files.map(({ path, partitionValues, sizeBytes }) =>
    addFile({ path, partitionValues, sizeBytes, modificationTimeMs: 0 }),
  )
  return new DeltaTableProvider(snapshot, { files: asAdds })
}
