import type { CommitInfo } from './actions/commit-info.js'
import { readCommitInfo } from './commit-timestamp.js'
import { listLog } from './log-segment.js'
import type { TableLocation } from './table-location.js'
import { notADeltaTable } from './errors.js'

/** One commit, as DESCRIBE HISTORY shows it. */
export interface HistoryEntry {
  readonly version: number
  readonly timestampMs: number
  /** null: its writer left no provenance. */
  readonly info: CommitInfo | null
}

/**
 * The commits that are still in the log, newest first.
 * @throws DeltaError DW-DELTA-0001
 */
export async function readHistory(location: TableLocation, limit = Infinity): Promise<readonly HistoryEntry[]> {
  const { commits, checkpoints } = await listLog(location)
  if (commits.length === 0 && checkpoints.length === 0) throw notADeltaTable(location.uri)
  const wanted = commits.slice(Math.max(0, commits.length - limit)).reverse()
  return Promise.all(
    wanted.map(async (commit) => {
      const info = await readCommitInfo(location, commit)
      const timestampMs = info?.inCommitTimestampMs ?? commit.modifiedMs
      return { version: commit.version, timestampMs, info }
    }),
  )
}
