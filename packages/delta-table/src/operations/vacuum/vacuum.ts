import {
  checkWritable,
  commit,
  deletedFileRetentionMs,
  readNothing,
  requireAllowed,
  type Snapshot,
} from '@deltaworks/delta-log'
import { retentionTooShort } from '../../errors.js'
import type { OperationContext } from '../../operation-context.js'
import type { Rows } from '../../table-session.js'
import { deleteInParallel } from './delete-in-parallel.js'
import { inventoryObjects } from './inventory.js'
import { objectsRemovedByLog, writeLastVacuum } from './lite.js'
import { neededPaths } from './needed-paths.js'
import { isKeptByName, relativeTo, type VacuumObject } from './vacuum-object.js'

export interface VacuumOptions {
  /** Files that were removed (or written) later than this are kept; default the table's retention, 7 days. */
  readonly retentionMs?: number
  /** Lists what would go, and deletes nothing. */
  readonly dryRun?: boolean
  /** Allows a retention below the table's: only if no other reader or writer is at work. Default false. */
  readonly allowShortRetention?: boolean
  /**
   * `full` (default) lists the table's folder and finds whatever is there without being needed. `lite` takes the files that
   * commits have removed from the log, and lists nothing; what failed writers left behind stays.
   */
  readonly mode?: 'full' | 'lite'
  /** Rows of (path, length, isDir, modificationTime) that stand in for a listing: a bucket's inventory. Times in milliseconds. */
  readonly inventory?: Rows
  /** Versions that stay readable, however old they are. */
  readonly keepVersions?: readonly number[]
  readonly nowMs?: number
  readonly signal?: AbortSignal
}

export interface VacuumResult {
  /** Paths in the table's folder, ascending. */
  readonly paths: readonly string[]
  /** As far as the sizes are known: the log does not tell all. */
  readonly sizeBytes: number
  readonly dryRun: boolean
}

/** @throws DeltaTableError DW-TABLE-0009 if it is shorter than the table's own */
export function checkRetention(uri: string, { metadata }: Snapshot, retentionMs: number): void {
  const limitMs = deletedFileRetentionMs(metadata.configuration)
  if (retentionMs < limitMs) throw retentionTooShort(uri, retentionMs, limitMs)
}

/**
 * Deletes files that no version younger than the retention needs: not in the snapshot, not removed within the retention, not
 * written within it (a running writer has not committed its files yet). Paths that begin with `_` or `.` are kept, but for
 * change data.
 * @throws DeltaTableError DW-TABLE-0009, 0030, 0031
 */
export async function vacuumTable(
  context: OperationContext,
  snapshot: Snapshot,
  options: VacuumOptions,
): Promise<VacuumResult> {
  const { location } = context
  if (options.dryRun !== true) requireAllowed(snapshot, 'VACUUM')
  checkWritable(location.uri, snapshot.protocol, snapshot.metadata, snapshot.schema, 'write')
  const retentionMs = options.retentionMs ?? deletedFileRetentionMs(snapshot.metadata.configuration)
  if (options.allowShortRetention !== true) checkRetention(location.uri, snapshot, retentionMs)
  const cutoffMs = (options.nowMs ?? Date.now()) - retentionMs
  const isNeeded = await neededPaths(context, snapshot, cutoffMs, options.keepVersions ?? [])
  const mayGo = (path: string): boolean => !isKeptByName(path, location.path) && !isNeeded(path)
  const { objects, latestExpired } = await candidates(context, snapshot, cutoffMs, mayGo, options)
  const doomed = objects.filter(({ modifiedMs }) => modifiedMs < cutoffMs)
  const sizeBytes = doomed.reduce((sum, object) => sum + object.sizeBytes, 0)
  const dryRun = options.dryRun === true
  if (!dryRun && doomed.length > 0) {
    const started = await logVacuum(context, snapshot, 'VACUUM START', options, {
      numFilesToDelete: doomed.length,
      sizeOfDataToDelete: sizeBytes,
    })
    const paths = doomed.map(({ path }) => path)
    await deleteInParallel(location.store, paths, options.signal)
    await location.store.sweep?.(location.path, Math.max(retentionMs, 3_600_000))
    await logVacuum(context, started, 'VACUUM END', options, { numDeletedFiles: doomed.length })
  }
  // Files of versions that are kept must be found again when they no longer are.
  const isComplete = (options.keepVersions ?? []).length === 0
  if (!dryRun && isComplete && latestExpired !== null) await writeLastVacuum(location, latestExpired)
  return { paths: doomed.map(({ path }) => relativeTo(path, location.path)), sizeBytes, dryRun }
}

/** What the retention lets go, whatever its age. */
async function candidates(
  context: OperationContext,
  snapshot: Snapshot,
  cutoffMs: number,
  mayGo: (path: string) => boolean,
  options: VacuumOptions,
): Promise<{ readonly objects: readonly VacuumObject[]; readonly latestExpired: number | null }> {
  const { location } = context
  const allowed = (objects: readonly VacuumObject[]): readonly VacuumObject[] => objects.filter((o) => mayGo(o.path))
  if (options.inventory !== undefined) {
    return { objects: allowed(await inventoryObjects(context, options.inventory, options)), latestExpired: null }
  }
  if (options.mode === 'lite') {
    const { objects, latestExpired } = await objectsRemovedByLog(snapshot, cutoffMs)
    return { objects: allowed(objects), latestExpired }
  }
  const objects: VacuumObject[] = []
  const visit = (path: string, sizeBytes: number, modifiedMs: number): void => {
    if (modifiedMs < cutoffMs) objects.push({ path, sizeBytes, modifiedMs })
  }
  await location.store.walk(location.path, visit, mayGo)
  return { objects: objects.sort((a, b) => (a.path < b.path ? -1 : 1)), latestExpired: null }
}

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
          ...(options.mode === 'lite' && { type: 'LITE' }),
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
