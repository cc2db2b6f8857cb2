import type { CommitInfo } from './actions/commit-info.js'
import { parseActions } from './commit-file.js'
import { timestampNotAvailable } from './errors.js'
import { listLog, type CommitFile, type LogListing } from './log-segment.js'
import type { TableLocation } from './table-location.js'
import { usesInCommitTimestamps } from './table-properties.js'

/** A commit and when it happened. */
export interface CommitTimestamp {
  readonly version: number
  readonly timestampMs: number
}

/**
 * The last version that was committed at or before a time; a time after the last commit means the latest version.
 * @param configuration the properties of the table's latest version
 * @throws DeltaError DW-DELTA-0006 if the time is before the first version that can still be read
 */
export async function versionAtTimestamp(
  location: TableLocation,
  configuration: Readonly<Record<string, string>>,
  timestampMs: number,
): Promise<number> {
  const listing = await listLog(location)
  const readable = readableFrom(listing)
  const all = (await timestampsOf(location, listing, configuration)).filter((c) => c.version >= readable)
  const commits = candidatesAt(all, configuration, timestampMs)
  const found = commits.findLast((commit) => commit.timestampMs <= timestampMs)
  if (found !== undefined) return found.version
  // A log that was cleaned up to its last checkpoint tells nothing of time.
  if (commits.length === 0) return listing.checkpoints.at(-1)?.version ?? 0
  throw timestampNotAvailable(location.uri, isoOf(timestampMs), isoOf(commits[0]!.timestampMs))
}

/**
 * Times of files and in-commit timestamps are not compared with one another: a time from the enablement on means a version from there
 * on, an earlier one a version before (PROTOCOL.md, "Recommendations for Readers of Tables with In-Commit Timestamps").
 */
function candidatesAt(
  commits: readonly CommitTimestamp[],
  configuration: Readonly<Record<string, string>>,
  timestampMs: number,
): readonly CommitTimestamp[] {
  const version = Number(configuration['delta.inCommitTimestampEnablementVersion'])
  const enabledMs = Number(configuration['delta.inCommitTimestampEnablementTimestamp'])
  if (!usesInCommitTimestamps(configuration) || !Number.isFinite(version) || !Number.isFinite(enabledMs)) return commits
  const kept = commits.filter((c) => (timestampMs >= enabledMs ? c.version >= version : c.version < version))
  return kept.length > 0 ? kept : commits
}

/** The first version that can be rebuilt: 0, or the first checkpoint if the log has been cleaned up. */
const readableFrom = ({ commits, checkpoints }: LogListing): number =>
  commits[0]?.version === 0 ? 0 : (checkpoints[0]?.version ?? 0)

/**
 * Time of every commit that is still in the log, strictly ascending: in-commit timestamps from where the table has them, else
 * the files' times, which are moved up where a clock went back (by 1 ms, as Spark does).
 */
export const commitTimestamps = async (
  location: TableLocation,
  configuration: Readonly<Record<string, string>>,
): Promise<readonly CommitTimestamp[]> => timestampsOf(location, await listLog(location), configuration)

async function timestampsOf(
  location: TableLocation,
  { commits }: LogListing,
  configuration: Readonly<Record<string, string>>,
): Promise<readonly CommitTimestamp[]> {
  const from = usesInCommitTimestamps(configuration)
    ? Number(configuration['delta.inCommitTimestampEnablementVersion'] ?? 0)
    : Infinity
  const result: CommitTimestamp[] = []
  let previousMs = -Infinity
  for (const commit of commits) {
    const isInCommit = commit.version >= from
    // In-commit timestamps do not give way to the times of older files, which a copy of the log makes anew.
    if (commit.version === from) previousMs = -Infinity
    const inCommitMs = isInCommit ? (await readCommitInfo(location, commit))?.inCommitTimestampMs : null
    const timestampMs = Math.max(inCommitMs ?? commit.modifiedMs, previousMs + 1)
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
