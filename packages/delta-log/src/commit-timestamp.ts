import type { CommitInfo } from './actions/commit-info.js'
import { parseActions } from './commit-file.js'
import { notADeltaTable, timestampNotAvailable } from './errors.js'
import type { LogParquet } from './log-parquet.js'
import { listLog, type CommitFile } from './log-segment.js'
import { readSnapshot } from './snapshot.js'
import type { TableLocation } from './table-location.js'
import { usesInCommitTimestamps } from './table-properties.js'

/** A commit and when it happened. */
export interface CommitTimestamp {
  readonly version: number
  readonly timestampMs: number
}

/**
 * The last version that was committed at or before a time; a time after the last commit means the latest version.
 * @throws DeltaError DW-DELTA-0006 if the time is before the first version that can still be read
 */
export async function versionAtTimestamp(
  location: TableLocation,
  timestampMs: number,
  parquet: LogParquet,
): Promise<number> {
  const [commits, latest] = [await commitTimestamps(location, parquet), await readSnapshot(location, parquet)]
  const readable = await readableFrom(location, commits)
  let found: number | null = null
  for (const commit of commits) {
    if (commit.version < readable) continue
    if (commit.timestampMs > timestampMs) break
    found = commit.version
  }
  if (found !== null) return found
  const earliest = commits.find((commit) => commit.version >= readable)
  if (earliest === undefined) return latest.version
  throw timestampNotAvailable(location.uri, isoOf(timestampMs), isoOf(earliest.timestampMs))
}

/** The first version that can be rebuilt: 0, or the first checkpoint if the log has been cleaned up. */
async function readableFrom(location: TableLocation, commits: readonly CommitTimestamp[]): Promise<number> {
  if (commits[0]?.version === 0) return 0
  return (await listLog(location)).checkpoints[0]?.version ?? 0
}

/**
 * Time of every commit that is still in the log, strictly ascending: in-commit timestamps from where the table has them, else
 * the files' times, which are moved up where a clock went back (by 1 ms, as Spark does).
 */
export async function commitTimestamps(
  location: TableLocation,
  parquet: LogParquet,
): Promise<readonly CommitTimestamp[]> {
  const { commits } = await listLog(location)
  const latest = await readSnapshot(location, parquet)
  if (commits.length === 0 && latest.version < 0) throw notADeltaTable(location.uri)
  const { configuration } = latest.metadata
  const enabled = usesInCommitTimestamps(configuration)
  const from = enabled ? Number(configuration['delta.inCommitTimestampEnablementVersion'] ?? 0) : Infinity
  const result: CommitTimestamp[] = []
  let previousMs = -Infinity
  for (const commit of commits) {
    let timestampMs = commit.modifiedMs
    if (commit.version >= from) {
      timestampMs = (await readCommitInfo(location, commit))?.inCommitTimestampMs ?? commit.modifiedMs
    }
    if (timestampMs <= previousMs) timestampMs = previousMs + 1
    previousMs = timestampMs
    result.push({ version: commit.version, timestampMs })
  }
  return result
}

/** The commit's provenance, or null if its writer gave none. */
export async function readCommitInfo(location: TableLocation, commit: CommitFile): Promise<CommitInfo | null> {
  const actions = parseActions(location, commit.path, await location.store.get(commit.path))
  return actions.find((action): action is CommitInfo => action.kind === 'commitInfo') ?? null
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
