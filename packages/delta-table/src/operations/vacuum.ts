import {
  checkWritable,
  commit,
  deletedFileRetentionMs,
  deletionVectorFile,
  readNothing,
  resolveFile,
  type AddFile,
  type RemoveFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { ObjectMeta } from '@deltaworks/storage'
import { retentionTooShort } from '../errors.js'
import type { OperationContext } from '../operation-context.js'

export interface VacuumOptions {
  /** Files that were removed (or written) later than this are kept; default the table's retention, 7 days. */
  readonly retentionMs?: number
  /** Lists what would go, and deletes nothing. */
  readonly dryRun?: boolean
  /** Allows a retention below the table's: only if no other reader or writer is at work. Default false. */
  readonly allowShortRetention?: boolean
  readonly nowMs?: number
}

export interface VacuumResult {
  /** Paths in the table's folder, ascending. */
  readonly paths: readonly string[]
  readonly sizeBytes: number
  readonly dryRun: boolean
}

/**
 * Deletes files that no version younger than the retention needs: not in the snapshot, not removed within the retention, not
 * written within it (a running writer has not committed its files yet). Paths that begin with `_` or `.` are kept, but for
 * change data.
 * @throws DeltaTableError DW-TABLE-0009
 */
export async function vacuumTable(
  context: OperationContext,
  snapshot: Snapshot,
  options: VacuumOptions,
): Promise<VacuumResult> {
  const { location } = context
  checkWritable(location.uri, snapshot.protocol, snapshot.metadata, snapshot.schema, 'write')
  const limitMs = deletedFileRetentionMs(snapshot.metadata.configuration)
  const retentionMs = options.retentionMs ?? limitMs
  if (retentionMs < limitMs && options.allowShortRetention !== true) {
    throw retentionTooShort(location.uri, retentionMs, limitMs)
  }
  const cutoffMs = (options.nowMs ?? Date.now()) - retentionMs
  const needed = neededPaths(snapshot, cutoffMs)
  const listed = await location.store.list(location.path)
  const doomed = listed.filter((object) => isDoomed(object, location.path, needed, cutoffMs))
  const sizeBytes = doomed.reduce((sum, object) => sum + object.sizeBytes, 0)
  const dryRun = options.dryRun === true
  if (!dryRun && doomed.length > 0) {
    const started = await logVacuum(context, snapshot, 'VACUUM START', options, {
      numFilesToDelete: doomed.length,
      sizeOfDataToDelete: sizeBytes,
    })
    await location.store.delete(doomed.map((object) => object.path))
    await location.store.sweep?.(location.path, Math.max(retentionMs, 3_600_000))
    await logVacuum(context, started, 'VACUUM END', options, { numDeletedFiles: doomed.length })
  }
  return { paths: doomed.map((object) => relative(object.path, location.path)), sizeBytes, dryRun }
}

/** Store paths that must stay: files and deletion vectors of the snapshot, and of tombstones that are still young. */
function neededPaths(snapshot: Snapshot, cutoffMs: number): ReadonlySet<string> {
  const { location } = snapshot
  const needed = new Set<string>()
  const keep = (file: AddFile | RemoveFile): void => {
    const data = resolveFile(location, file.path)
    if (data.store === location.store) needed.add(data.path)
    const vector = deletionVectorFile(location, file)
    if (vector !== null && vector.store === location.store) needed.add(vector.path)
  }
  for (const file of snapshot.files.values()) keep(file)
  for (const tombstone of snapshot.tombstones.values()) {
    if ((tombstone.deletionTimeMs ?? 0) >= cutoffMs) keep(tombstone)
  }
  return needed
}

function isDoomed(object: ObjectMeta, table: string, needed: ReadonlySet<string>, cutoffMs: number): boolean {
  if (object.modifiedMs >= cutoffMs || needed.has(object.path)) return false
  const segments = relative(object.path, table).split('/')
  // `_delta_log`, `_SUCCESS`, `.crc`; a folder `_x=1` is a partition, `_change_data` is ours to clean.
  return !segments.some(
    (segment) =>
      (segment.startsWith('_') || segment.startsWith('.')) && !segment.includes('=') && segment !== '_change_data',
  )
}

const relative = (path: string, table: string): string => (table === '' ? path : path.slice(table.length + 1))

async function logVacuum(
  context: OperationContext,
  snapshot: Snapshot,
  name: string,
  options: VacuumOptions,
  metrics: Readonly<Record<string, number>>,
): Promise<Snapshot> {
  const nowMs = options.nowMs
  const limitMs = deletedFileRetentionMs(snapshot.metadata.configuration)
  const parameters: Record<string, string> =
    name === 'VACUUM START'
      ? {
          retentionCheckEnabled: String(options.allowShortRetention !== true),
          defaultRetentionMillis: String(limitMs),
          ...(options.retentionMs !== undefined && { specifiedRetentionMillis: String(options.retentionMs) }),
        }
      : { status: 'COMPLETED' }
  const result = await commit({
    location: context.location,
    base: snapshot,
    actions: [],
    operation: { name, parameters, metrics },
    reads: readNothing,
    isolation: 'SnapshotIsolation',
    nowMs: nowMs === undefined ? Date.now : () => nowMs,
    parquet: context.parquet,
  })
  return result.kind === 'committed' ? result.snapshot : snapshot
}
