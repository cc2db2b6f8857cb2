import { joinPath } from '@deltaworks/storage'
import { requireAllowed } from './catalog/managed-table.js'
import type { Snapshot } from './snapshot.js'
import { sidecarsOf } from './checkpoint-read.js'
import { writerFeaturesOf } from './features/protocol-check.js'
import { checksumVersion, parseLogFileName } from './log-file.js'
import type { LogParquet } from './log-parquet.js'
import { listLog, type CheckpointFiles, type CommitFile } from './log-segment.js'
import { logFolder, type TableLocation } from './table-location.js'
import { logRetentionMs } from './table-properties.js'

const dayMs = 86_400_000
const midnight = (ms: number): number => Math.floor(ms / dayMs) * dayMs

/** What a clean-up of a log took away. */
export interface LogCleanUp {
  /** The first version that can still be read; null: there was nothing to take away. */
  readonly firstVersion: number | null
  readonly paths: readonly string[]
}

export interface CleanUpOptions {
  /** Overrides `delta.logRetentionDuration`. */
  readonly retentionMs?: number
  /** Keeps no part of today: the cut is at `nowMs` less the retention, not at the midnight before. Default false. */
  readonly exactly?: boolean
}

/**
 * Deletes what a log no longer needs (PROTOCOL.md, "Metadata Cleanup"): commits, checkpoints, checksums and compactions before the
 * newest checkpoint that is not newer than the newest commit beyond the retention, and sidecars that no checkpoint refers to.
 */
export async function cleanLog(
  snapshot: Snapshot,
  parquet: LogParquet,
  nowMs: number,
  options: CleanUpOptions = {},
): Promise<LogCleanUp> {
  requireAllowed(snapshot, 'log clean-up')
  const { location, metadata, protocol } = snapshot
  const cutMs = nowMs - (options.retentionMs ?? logRetentionMs(metadata.configuration))
  const { commits, checkpoints } = await listLog(location)
  const cutOff = cutOffCheckpoint(commits, checkpoints, options.exactly === true ? cutMs : midnight(cutMs))
  if (cutOff === null) return { firstVersion: null, paths: [] }
  const protectedBefore = writerFeaturesOf(protocol).includes('checkpointProtection')
    ? Number(metadata.configuration['delta.requireCheckpointProtectionBeforeVersion'] ?? 0)
    : 0
  // Versions on that side of a dropped feature go together or not at all (RFC "Checkpoint Protection").
  if (cutOff < protectedBefore) return { firstVersion: null, paths: [] }
  const expired = await expiredFiles(location, cutOff)
  // Commits first: what is left of an interrupted clean-up can be read.
  const isCommit = (path: string): boolean => path.endsWith('.json') && !path.includes('.checkpoint.')
  const ordered = [...expired.filter(isCommit), ...expired.filter((path) => !isCommit(path))]
  const sidecars = await expiredSidecars(location, parquet, cutOff, nowMs)
  const paths = [...ordered, ...sidecars]
  if (paths.length > 0) await location.store.delete(paths)
  return { firstVersion: paths.length === 0 ? null : cutOff, paths }
}

/** Version of the checkpoint from which on everything stays. */
function cutOffCheckpoint(
  commits: readonly CommitFile[],
  checkpoints: readonly CheckpointFiles[],
  cutMs: number,
): number | null {
  // A commit's time is at least that of the one before it, whatever a clock said.
  let latestMs = -Infinity
  let cutOffCommit: number | null = null
  for (const { version, modifiedMs } of commits) {
    latestMs = Math.max(latestMs, modifiedMs)
    if (latestMs > cutMs) break
    cutOffCommit = version
  }
  if (cutOffCommit === null) return null
  return checkpoints.findLast(({ version }) => version <= cutOffCommit)?.version ?? null
}

async function expiredFiles(location: TableLocation, cutOff: number): Promise<readonly string[]> {
  const found = await location.store.list(logFolder(location), { recursive: false })
  return found
    .map(({ path }) => path)
    .filter((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const file = parseLogFileName(name)
      if (file?.kind === 'compacted') return file.first <= cutOff
      const version = file?.version ?? checksumVersion(name)
      return version !== null && version < cutOff
    })
}

async function expiredSidecars(
  location: TableLocation,
  parquet: LogParquet,
  cutOff: number,
  nowMs: number,
): Promise<readonly string[]> {
  const folder = joinPath(logFolder(location), '_sidecars')
  const found = await location.store.list(folder, { recursive: false })
  const old = found.filter(({ modifiedMs }) => modifiedMs < midnight(nowMs) - dayMs)
  if (old.length === 0) return []
  const needed = new Set<string>()
  for (const checkpoint of (await listLog(location)).checkpoints) {
    if (checkpoint.version < cutOff) continue
    for (const name of await sidecarsOf(location, checkpoint, parquet)) needed.add(name)
  }
  return old.map(({ path }) => path).filter((path) => !needed.has(path.slice(path.lastIndexOf('/') + 1)))
}
