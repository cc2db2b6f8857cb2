import { formatTimestamp, type Schema } from '@deltaworks/schema'
import { objectNotFoundCode } from '@deltaworks/storage'
import type { LogAction } from './actions/action.js'
import type { AddFile } from './actions/add-file.js'
import { commitInfoFromJson } from './actions/commit-info.js'
import type { Metadata } from './actions/metadata.js'
import type { Protocol } from './actions/protocol.js'
import { requireCatalog } from './catalog/managed-table.js'
import { readCheckpoint } from './checkpoint-read.js'
import { columnMapping, noColumnMapping, type ColumnMapping } from './column-mapping.js'
import { parseActions, readCommit } from './commit-file.js'
import { versionAtTimestamp } from './commit-timestamp.js'
import { AddLineReader } from './files/add-lines.js'
import type { FileChunk } from './files/file-chunk.js'
import { invalidCheckpoint, logGap, missingMetadata, missingProtocol, unsupportedFormat } from './errors.js'
import { readChecksum } from './checksum.js'
import { checkReadable, readerFeaturesOf } from './features/protocol-check.js'
import { isCompacted, withCompactions } from './log-compaction.js'
import { checkTypeChanges } from './type-changes.js'
import type { LogParquet } from './log-parquet.js'
import { LogReplay, type LogState } from './log-replay.js'
import { listLog, logSegments, type CommitFile, type LogSegment } from './log-segment.js'
import { parseSchema } from './schema-json.js'
import type { TableLocation } from './table-location.js'
import { usesInCommitTimestamps } from './table-properties.js'

/** A table at one version. Immutable; kept in memory it makes the next version cheap. */
export interface Snapshot extends Omit<LogState, 'protocol' | 'metadata'> {
  readonly location: TableLocation
  readonly version: number
  readonly protocol: Protocol
  readonly metadata: Metadata
  readonly schema: Schema
  readonly columnMapping: ColumnMapping
  readonly partitionColumns: readonly string[]
  /** When the version was committed: the in-commit timestamp, or the time of the commit's file. */
  readonly timestampMs: number
}

export interface SnapshotOptions {
  readonly version?: number
  readonly timestampMs?: number
  /** A snapshot of the same table from which only later commits need to be read. */
  readonly previous?: Snapshot
}

/**
 * The table at its latest version, or the one that `options` name.
 * @throws DeltaError DW-DELTA-0001 … 0009, 0011, 0012, 0015
 */
export async function readSnapshot(
  location: TableLocation,
  parquet: LogParquet,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  try {
    return await readListed(location, parquet, options)
  } catch (error) {
    if ((error as { code?: string }).code !== logGap('', 0, 0).code) throw error
    // A commit that was listed may have been cleaned up before it was read: then there is a checkpoint behind it now.
    return readListed(location, parquet, options)
  }
}

async function readListed(location: TableLocation, parquet: LogParquet, options: SnapshotOptions): Promise<Snapshot> {
  const { previous } = options
  if (options.timestampMs !== undefined) {
    const latest = await readSnapshot(location, parquet, previous === undefined ? {} : { previous })
    const version = await versionAtTimestamp(location, latest.metadata.configuration, options.timestampMs)
    return version === latest.version ? latest : readSnapshot(location, parquet, { version })
  }
  const wanted = options.version ?? null
  if (previous !== undefined && (wanted === null || wanted >= previous.version)) {
    const advanced = await readNewer(previous, wanted)
    if (advanced !== null) return advanced
  }
  try {
    return await readSegments(location, await logSegments(location, wanted), parquet)
  } catch (error) {
    if ((error as { code?: string }).code !== invalidCheckpoint('', '', '').code) throw error
    // The hint spared us the log's beginning, in which an older checkpoint may be.
    return readSegments(location, await logSegments(location, wanted, false), parquet)
  }
}

/** Reads the commits behind a snapshot. @returns null if the log does not continue it in single steps up to `wanted` */
async function readNewer(previous: Snapshot, wanted: number | null): Promise<Snapshot | null> {
  const { location } = previous
  if (wanted === previous.version) return previous
  const listing = await listLog(location, previous.version + 1)
  const commits = listing.commits.filter((c) => wanted === null || c.version <= wanted)
  const latest = Math.max(commits.at(-1)?.version ?? -1, listing.checkpoints.at(-1)?.version ?? -1)
  if (commits.length === 0) return wanted === null && latest <= previous.version ? previous : null
  if (commits.length !== commits.at(-1)!.version - previous.version) {
    if (listing.checkpoints.length > 0) return null
    throw logGap(location.uri, previous.version + 1, latest)
  }
  if (wanted !== null && commits.at(-1)!.version !== wanted) return null
  const replay = new LogReplay(previous)
  await applyCommits(location, withCompactions(commits, listing.compactions), replay)
  return snapshotOf(location, commits.at(-1)!.version, replay.state(), commits.at(-1)!.modifiedMs)
}

async function readSegments(
  location: TableLocation,
  segments: readonly LogSegment[],
  parquet: LogParquet,
): Promise<Snapshot> {
  let failure: unknown
  for (const segment of segments) {
    const replay = new LogReplay()
    if (segment.checkpoint !== null) {
      try {
        const onFiles = (files: FileChunk): void => replay.applyFiles(files, 'checkpoint')
        for await (const actions of readCheckpoint(location, segment.checkpoint, parquet, onFiles)) {
          for (const action of actions) replay.apply(action)
        }
      } catch (error) {
        // A checkpoint is only a summary: an older one, or the commits themselves, give the same state.
        failure ??= checkpointFailure(location, segment, error)
        continue
      }
    }
    await applyCommits(location, segment.commits, replay)
    const state = segment.commits.length > 0 ? replay.state() : await withProvenance(location, segment, replay.state())
    const modifiedMs = segment.commits.at(-1)?.modifiedMs ?? segment.checkpoint?.files[0]?.modifiedMs ?? 0
    return snapshotOf(location, segment.version, state, modifiedMs)
  }
  throw failure
}

/** Checkpoints keep no provenance; where commits carry their time in it, it is read from the commit, or its checksum. */
async function withProvenance(location: TableLocation, { version }: LogSegment, state: LogState): Promise<LogState> {
  if (!usesInCommitTimestamps(state.metadata?.configuration ?? {})) return state
  try {
    const actions = await readCommit(location, version)
    return { ...state, commitInfo: actions.find((action) => action.kind === 'commitInfo') ?? null }
  } catch (error) {
    if ((error as { code?: string }).code !== objectNotFoundCode) throw error
  }
  const recorded = (await readChecksum(location, version))?.inCommitTimestampMs ?? null
  return recorded === null ? state : { ...state, commitInfo: commitInfoFromJson({ inCommitTimestamp: recorded }) }
}

const checkpointFailure = (location: TableLocation, segment: LogSegment, error: unknown): unknown =>
  invalidCheckpoint(
    location.uri,
    segment.checkpoint!.files.map((file) => file.path).join(', '),
    (error instanceof Error ? error.message : String(error)).replace(/\.$/, ''),
    error,
  )

async function applyCommits(location: TableLocation, commits: readonly CommitFile[], replay: LogReplay): Promise<void> {
  const lines = new AddLineReader()
  for (const group of readTogether(commits)) {
    const files = await Promise.all(group.map((commit) => getCommit(location, commit)))
    files.forEach((data, at) => {
      const commit = group[at]!
      if (isCompacted(commit)) replay.applyCompacted(parseActions(location, commit.path, data))
      else applyCommit(location, commit.path, data, lines, replay)
    })
  }
}

const readAhead = { commits: 16, bytes: 8_388_608 }

/** Neighbours that are asked for at once: some small commits, or one large one. */
function* readTogether(commits: readonly CommitFile[]): Generator<readonly CommitFile[]> {
  for (let start = 0, end = 0; start < commits.length; start = end) {
    for (let bytes = 0; end < commits.length && end - start < readAhead.commits; end++) {
      bytes += commits[end]!.sizeBytes
      if (bytes > readAhead.bytes && end > start) break
    }
    yield commits.slice(start, end)
  }
}

/** From this size on the files of a commit are kept as columns. */
const largeCommitBytes = 65_536

function applyCommit(
  location: TableLocation,
  path: string,
  data: Uint8Array,
  lines: AddLineReader,
  replay: LogReplay,
): void {
  if (data.length < largeCommitBytes) return replay.applyCommit(parseActions(location, path, data))
  const { chunks, others } = lines.read(data)
  const actions: LogAction[] = []
  for (const { start, end, line } of others) {
    actions.push(...parseActions(location, path, data.subarray(start, end), line))
  }
  replay.applyCommit(actions)
  for (const chunk of chunks) replay.applyFiles(chunk, 'commit')
}

async function getCommit(location: TableLocation, commit: CommitFile): Promise<Uint8Array> {
  try {
    return await location.store.get(commit.path)
  } catch (error) {
    if ((error as { code?: string }).code === objectNotFoundCode)
      throw logGap(location.uri, commit.version, commit.version)
    throw error
  }
}

/** @throws DeltaError DW-DELTA-0003, 0004, 0007, 0008, 0009, 0012 */
function snapshotOf(location: TableLocation, version: number, state: LogState, modifiedMs: number): Snapshot {
  const { protocol, metadata } = state
  if (protocol !== null) {
    requireCatalog(location, protocol)
    checkReadable(location.uri, protocol)
  }
  if (metadata === null) throw missingMetadata(location.uri, version)
  if (protocol === null) throw missingProtocol(location.uri, version)
  if (metadata.formatProvider !== 'parquet') throw unsupportedFormat(location.uri, metadata.formatProvider)
  const schema = parseSchema(metadata.schemaString, location.uri)
  checkTypeChanges(schema, location.uri)
  const isMapped = readerFeaturesOf(protocol).includes('columnMapping')
  const inCommit = usesInCommitTimestamps(metadata.configuration)
    ? (state.commitInfo?.inCommitTimestampMs ?? null)
    : null
  return {
    ...state,
    location,
    version,
    protocol,
    metadata,
    schema,
    // The property means nothing to readers of a protocol without the feature.
    columnMapping: isMapped ? columnMapping(metadata, schema) : noColumnMapping,
    partitionColumns: metadata.partitionColumns,
    timestampMs: inCommit ?? modifiedMs,
  }
}

/** The snapshot after commits that are known already (our own, and those that we had to read to make it). */
export function advanceSnapshot(
  location: TableLocation,
  base: Snapshot | null,
  commits: readonly (readonly LogAction[])[],
  timestampMs: number,
): Snapshot {
  const replay = new LogReplay(base)
  for (const actions of commits) replay.applyCommit(actions)
  return snapshotOf(location, (base?.version ?? -1) + commits.length, replay.state(), timestampMs)
}

/** The version's files, in no particular order. */
export const filesOf = (snapshot: Snapshot): readonly AddFile[] => [...snapshot.files.values()]

/** `2026-01-31T12:00:00.000Z` of milliseconds, for messages. */
export const formatMs = (ms: number): string =>
  `${formatTimestamp(BigInt(Math.trunc(ms)) * 1000n, 'T', 6).slice(0, -3)}Z`
