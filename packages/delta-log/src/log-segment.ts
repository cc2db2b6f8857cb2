import { joinPath, objectNotFoundCode, type ObjectMeta } from '@deltaworks/storage'
import { logGap, notADeltaTable, versionNotAvailable } from './errors.js'
import { withCompactions } from './log-compaction.js'
import { readLastCheckpoint } from './last-checkpoint.js'
import { commitFileName, parseLogFileName, versionDigits } from './log-file.js'
import { logFolder, type TableLocation } from './table-location.js'

export interface CommitFile {
  readonly version: number
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

/** The actions of commits `first` to `version`, in one file. */
export interface CompactedFile extends CommitFile {
  readonly first: number
}

export interface CheckpointFiles {
  readonly version: number
  readonly form: 'classic' | 'multi-part' | 'v2'
  readonly format: 'parquet' | 'json'
  /** In the order of the parts. */
  readonly files: readonly ObjectMeta[]
}

/** The files that make a version: a checkpoint (or none) and every commit after it, without a gap. */
export interface LogSegment {
  readonly version: number
  readonly checkpoint: CheckpointFiles | null
  readonly commits: readonly CommitFile[]
}

/** What a listing of the log holds, ascending by version. */
export interface LogListing {
  readonly commits: readonly CommitFile[]
  /** Complete ones. */
  readonly checkpoints: readonly CheckpointFiles[]
  readonly compactions: readonly CompactedFile[]
}

/**
 * Lists the log from a version on (its checkpoint included). A listing is no picture of one moment: beside writers it can show a
 * version and not the one before it, which was there first; so what it lacks is asked for by name.
 */
export async function listLog(location: TableLocation, fromVersion = 0): Promise<LogListing> {
  const folder = logFolder(location)
  const found = await location.store.list(
    folder,
    fromVersion === 0
      ? { recursive: false }
      : { recursive: false, startAfter: joinPath(folder, versionDigits(fromVersion - 1) + '~') },
  )
  const commits: CommitFile[] = []
  const parts = new Map<string, ObjectMeta[]>()
  const checkpoints: CheckpointFiles[] = []
  const compactions: CompactedFile[] = []
  for (const object of found) {
    const name = object.path.slice(object.path.lastIndexOf('/') + 1)
    const file = parseLogFileName(name)
    if (file === null) continue
    const { path, sizeBytes, modifiedMs } = object
    if (file.kind === 'commit') commits.push({ version: file.version, path, sizeBytes, modifiedMs })
    else if (file.kind === 'compacted') {
      compactions.push({ first: file.first, version: file.version, path, sizeBytes, modifiedMs })
    } else if (file.form !== 'multi-part') {
      checkpoints.push({ version: file.version, form: file.form, format: file.format, files: [object] })
    } else {
      const key = `${file.version}/${file.parts}`
      const known = parts.get(key) ?? []
      known.push(object)
      parts.set(key, known)
      if (known.length === file.parts) {
        checkpoints.push({ version: file.version, form: 'multi-part', format: 'parquet', files: known })
      }
    }
  }
  checkpoints.sort((a, b) => a.version - b.version)
  const overlooked = await overlookedCommits(
    location,
    Math.max(fromVersion, (checkpoints.at(-1)?.version ?? -1) + 1),
    commits,
  )
  return { commits: inOrder([...commits, ...overlooked]), checkpoints, compactions }
}

const inOrder = (commits: readonly CommitFile[]): readonly CommitFile[] =>
  commits.toSorted((a, b) => a.version - b.version)

/** A log with more holes than this is broken. */
const mostOverlooked = 1000

/** Commits from a version to the last one of a listing that are not in it, but there. */
async function overlookedCommits(
  location: TableLocation,
  from: number,
  listed: readonly CommitFile[],
): Promise<readonly CommitFile[]> {
  const known = new Set(listed.map(({ version }) => version))
  const last = listed.at(-1)?.version ?? -1
  const missing: number[] = []
  for (let version = from; version < last && missing.length < mostOverlooked; version++) {
    if (!known.has(version)) missing.push(version)
  }
  const found = await Promise.all(missing.map((version) => commitFile(location, version)))
  return found.filter((commit) => commit !== null)
}

async function commitFile(location: TableLocation, version: number): Promise<CommitFile | null> {
  try {
    const path = joinPath(logFolder(location), commitFileName(version))
    const { sizeBytes, modifiedMs } = await location.store.head(path)
    return { version, path, sizeBytes, modifiedMs }
  } catch (error) {
    if ((error as { code?: string }).code === objectNotFoundCode) return null
    throw error
  }
}

/**
 * The segments that can make a version, the best first: later ones stand in if a checkpoint turns out to be damaged.
 * @param wanted null: the latest version
 * @param useHint list from `_last_checkpoint` on only
 * @throws DeltaError DW-DELTA-0001, DW-DELTA-0002, DW-DELTA-0005
 */
export async function logSegments(
  location: TableLocation,
  wanted: number | null,
  useHint = true,
): Promise<readonly LogSegment[]> {
  const hint = useHint ? await readLastCheckpoint(location) : null
  if (hint !== null && (wanted === null || wanted >= hint)) {
    const listing = await listLog(location, hint)
    const usable = listing.checkpoints.some((c) => c.version >= hint && (wanted === null || c.version <= wanted))
    const segments = usable ? segmentsOf(location, listing, wanted, false) : []
    if (segments.length > 0) return segments
  }
  return segmentsOf(location, await listLog(location), wanted, true)
}

/** @param complete the listing begins at the log's start, so what is not in it is not there */
function segmentsOf(
  location: TableLocation,
  listing: LogListing,
  wanted: number | null,
  complete: boolean,
): readonly LogSegment[] {
  const { commits, checkpoints, compactions } = listing
  if (commits.length === 0 && checkpoints.length === 0) {
    if (!complete) return []
    throw notADeltaTable(location.uri)
  }
  const latest = Math.max(commits.at(-1)?.version ?? -1, checkpoints.at(-1)?.version ?? -1)
  const version = wanted ?? latest
  const candidates = checkpoints.filter((c) => c.version <= version)
  const segments: LogSegment[] = []
  if (version <= latest) {
    for (const checkpoint of [...candidates.reverse(), ...(complete ? [null] : [])]) {
      const first = checkpoint === null ? 0 : checkpoint.version + 1
      const needed = commits.filter((c) => c.version >= first && c.version <= version)
      if (needed.length === version - first + 1) {
        segments.push({ version, checkpoint, commits: withCompactions(needed, compactions) })
      }
    }
  }
  if (segments.length > 0 || !complete) return segments
  throw explain(location, listing, version, latest)
}

function explain(location: TableLocation, listing: LogListing, version: number, latest: number): Error {
  const present = new Set(listing.commits.map((c) => c.version))
  const from = listing.checkpoints.filter((c) => c.version <= version).at(-1)?.version
  const first = from === undefined ? 0 : from + 1
  const earliest = listing.checkpoints[0]?.version ?? listing.commits[0]?.version ?? 0
  if (version > latest) return versionNotAvailable(location.uri, version, present.has(0) ? 0 : earliest, latest)
  for (let v = first; v <= version; v++) {
    // Commits before the first checkpoint may have been cleaned up: then the version is gone, the log is not broken.
    if (present.has(v)) continue
    const cleaned = v === 0 && listing.checkpoints.length > 0
    return cleaned ? versionNotAvailable(location.uri, version, earliest, latest) : logGap(location.uri, v, latest)
  }
  return logGap(location.uri, first, latest)
}
