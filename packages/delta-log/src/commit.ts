import { randomUUID } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import type { Action, LogAction } from './actions/action.js'
import type { CommitInfo } from './actions/commit-info.js'
import { isAllowed, requireCatalog } from './catalog/managed-table.js'
import { writeCheckpoint } from './checkpoint-write.js'
import { writeChecksum } from './checksum.js'
import { cleanLog } from './clean-log.js'
import { commitPath, formatActions, readCommit } from './commit-file.js'
import { findConflict, type Conflict, type IsolationLevel, type ReadSet } from './conflict.js'
import { appendOnly, tooManyAttempts } from './errors.js'
import { checkDefinition } from './features/definition-check.js'
import { checkWritable } from './features/protocol-check.js'
import type { LogParquet } from './log-parquet.js'
import { reconcileRows } from './row-level.js'
import { hasStableRowIds, rowIdMark, rowTrackingDomainIn, tracksRows, withRowIds } from './row-tracking.js'
import { parseSchema } from './schema-json.js'
import { advanceSnapshot, type Snapshot } from './snapshot.js'
import type { TableLocation } from './table-location.js'
import { checkpointInterval, cleansLog, isAppendOnly, usesInCommitTimestamps } from './table-properties.js'

/*
 *   actions + base version N
 *        |
 *        v
 *   put N+1 if absent --written--> advance the snapshot --> checkpoint, if one is due --> committed
 *        | taken                                       ^
 *        v                                             |
 *   is it ours (an answer was lost)? ------yes---------+
 *        | no
 *   read the winner, find a conflict --found--> conflicted
 *        | none: rebase on it, N := N+1
 *        +--> put again
 */

export const engineInfo = 'Deltaworks/0.1.0'

/** What a commit was, in Spark's words: `WRITE`, `MERGE`, `OPTIMIZE` … */
export interface CommitOperation {
  readonly name: string
  /** Values are text, with JSON inside for what is no text. */
  readonly parameters: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number | string>>
}

export interface CommitRequest {
  readonly location: TableLocation
  /** The snapshot that the actions were made for; null creates the table. */
  readonly base: Snapshot | null
  readonly actions: readonly Action[]
  readonly operation: CommitOperation
  readonly reads: ReadSet
  readonly isolation: IsolationLevel
  /** The result depends on nothing of a file but the rows that are marked in it: see `reconcileRows`. Default false. */
  readonly rowLevel?: boolean
  /** Whether rows inside of files change (delete, update, merge): some table features do not allow that to us. */
  readonly rewritesRows?: boolean
  /** false: rows were copied or updated without their ids (row tracking). */
  readonly preservesRowIds?: boolean
  readonly userMetadata?: string | null
  readonly nowMs: () => number
  /** For the checkpoint that may be due. */
  readonly parquet: LogParquet
  readonly maxAttempts?: number
}

export type CommitResult =
  | { readonly kind: 'committed'; readonly version: number; readonly snapshot: Snapshot; readonly attempts: number }
  | { readonly kind: 'conflicted'; readonly conflict: Conflict; readonly attempts: number }

const committed = channel('deltaworks:commit:finish')
const conflicted = channel('deltaworks:commit:conflict')
const checkpointFailed = channel('deltaworks:checkpoint:failed')

/**
 * Puts the actions into the log exactly once, behind whatever other writers have committed since `base` if that does not
 * conflict (see `findConflict`). Nothing is ever half-written: a commit is one put-if-absent.
 * @throws DeltaError DW-DELTA-0007, 0008, 0017, 0018, 0022; StorageError if it is not known whether the commit happened
 */
export async function commit(request: CommitRequest): Promise<CommitResult> {
  const { location, base } = request
  checkAllowed(request)
  const txnId = randomUUID()
  const winners: (readonly LogAction[])[] = []
  const maxAttempts = request.maxAttempts ?? 10_000
  let snapshot = base
  // What it takes to follow the winners: row-level changes are joined with theirs.
  let ours = request
  for (let attempts = 1; attempts <= maxAttempts; attempts++) {
    const version = (base?.version ?? -1) + winners.length + 1
    const info = commitInfo(request, version, snapshot, winners, txnId)
    const actions: readonly Action[] = [info, ...atVersion(ours, version, winners, info)]
    const winner = await putCommit(location, version, actions, txnId)
    if (winner === null) {
      snapshot = advanceSnapshot(location, base, [...winners, actions], info.inCommitTimestampMs ?? info.timestampMs)
      committed.publish({ table: location.uri, version, operation: info.operation, attempts })
      await describeVersion(snapshot, request, txnId)
      return { kind: 'committed', version, snapshot, attempts }
    }
    const followed = await follow(ours, version, winner)
    const { conflict } = followed
    ours = followed.ours
    if (conflict !== null) {
      conflicted.publish({ table: location.uri, conflict, operation: request.operation.name })
      return { kind: 'conflicted', conflict, attempts }
    }
    winners.push(winner)
  }
  throw tooManyAttempts(location.uri, maxAttempts, (base?.version ?? -1) + winners.length)
}

/** What becomes of a request behind a winner. */
async function follow(
  ours: CommitRequest,
  version: number,
  winner: readonly LogAction[],
): Promise<{ readonly conflict: Conflict | null; readonly ours: CommitRequest }> {
  const { location, base, actions, reads, isolation } = ours
  if (base === null) return { conflict: tableCreated(version, winner), ours }
  if (ours.rowLevel !== true) return { conflict: findConflict(actions, reads, isolation, version, winner), ours }
  const joined = await reconcileRows(location, actions, reads, winner)
  const conflict = findConflict(joined.ours, joined.reads, isolation, version, joined.winner)
  if (conflict !== null && joined.path !== null) await location.store.delete([joined.path]).catch(() => undefined)
  return { conflict, ours: { ...ours, actions: joined.ours, reads: joined.reads } }
}

/** The actions as they stand at a version: row ids, and from when in-commit timestamps hold, depend on it. */
function atVersion(
  { location, base, actions }: CommitRequest,
  version: number,
  winners: readonly (readonly LogAction[])[],
  info: CommitInfo,
): readonly Action[] {
  const metadata = actions.find((action) => action.kind === 'metaData') ?? base?.metadata
  const protocol = actions.find((action) => action.kind === 'protocol') ?? base?.protocol
  const enabling =
    base !== null &&
    !usesInCommitTimestamps(base.metadata.configuration) &&
    usesInCommitTimestamps(metadata?.configuration ?? {})
  const dated = enabling ? actions.map((action) => withEnablement(action, version, info)) : actions
  if (metadata === undefined || protocol === undefined || !tracksRows(protocol, metadata)) return dated
  const domain = rowTrackingDomainIn(winners.flat()) ?? base?.domains.get('delta.rowTracking')
  return withRowIds(location.uri, dated, rowIdMark(domain), version)
}

/** From which version on in-commit timestamps hold (PROTOCOL.md, "Writer Requirements for In-Commit Timestamps"). */
const withEnablement = (action: Action, version: number, { inCommitTimestampMs }: CommitInfo): Action =>
  action.kind !== 'metaData'
    ? action
    : {
        ...action,
        configuration: {
          ...action.configuration,
          'delta.inCommitTimestampEnablementVersion': String(version),
          'delta.inCommitTimestampEnablementTimestamp': String(inCommitTimestampMs),
        },
      }

/** Features, and append-only tables. Metadata and protocol that the commit itself brings count. */
function checkAllowed(request: CommitRequest): void {
  const { location, base, actions } = request
  const metadata = actions.find((action) => action.kind === 'metaData') ?? base?.metadata
  const protocol = actions.find((action) => action.kind === 'protocol') ?? base?.protocol
  if (base !== null) {
    checkWritable(
      location.uri,
      base.protocol,
      base.metadata,
      base.schema,
      request.rewritesRows === true ? 'rewrite' : 'write',
    )
    if (isAppendOnly(base.metadata.configuration) && actions.some((a) => a.kind === 'remove' && a.dataChange)) {
      throw appendOnly(location.uri, request.operation.name)
    }
  }
  if (metadata === undefined || protocol === undefined) {
    throw new TypeError('a commit that creates a table needs a protocol and a metaData action')
  }
  requireCatalog(location, protocol)
  const known = base !== null && metadata.schemaString === base.metadata.schemaString
  const schema = known ? base.schema : parseSchema(metadata.schemaString, location.uri)
  checkDefinition(location.uri, { protocol, metadata, schema, before: base?.metadata ?? null }, actions)
}

/**
 * @returns null if the version is ours, else what its winner wrote
 * @throws StorageError if the answer was lost and the log does not show the commit
 */
async function putCommit(
  location: TableLocation,
  version: number,
  actions: readonly Action[],
  txnId: string,
): Promise<readonly LogAction[] | null> {
  let failure: unknown = null
  try {
    const outcome = await location.store.put(commitPath(location, version), formatActions(actions), 'create')
    if (outcome === 'written') return null
  } catch (error) {
    failure = error
  }
  // The put may have happened although its answer was lost (or a retry inside the store found its own first attempt): only
  // the log can tell.
  let winner: readonly LogAction[]
  try {
    winner = await readCommit(location, version)
  } catch (error) {
    throw failure ?? error
  }
  if (winner.some((action) => action.kind === 'commitInfo' && action.txnId === txnId)) return null
  if (failure !== null) throw failure
  return winner
}

function tableCreated(version: number, winner: readonly LogAction[]): Conflict {
  const info = winner.find((action): action is CommitInfo => action.kind === 'commitInfo')
  return { kind: 'TableAlreadyExists', version, winnerOperation: info?.operation ?? null, subject: null }
}

function commitInfo(
  request: CommitRequest,
  version: number,
  base: Snapshot | null,
  winners: readonly (readonly LogAction[])[],
  txnId: string,
): CommitInfo {
  const timestampMs = request.nowMs()
  const metadata = request.actions.find((action) => action.kind === 'metaData') ?? base?.metadata
  const inCommit = usesInCommitTimestamps(metadata?.configuration ?? {})
    ? Math.max(timestampMs, previousTimestamp(base, winners) + 1)
    : null
  const metrics: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.operation.metrics)) metrics[name] = String(value)
  return {
    kind: 'commitInfo',
    timestampMs: inCommit ?? timestampMs,
    inCommitTimestampMs: inCommit,
    operation: request.operation.name,
    operationParameters: request.operation.parameters,
    readVersion: version === 0 ? null : (request.base?.version ?? null),
    isolationLevel: request.isolation,
    isBlindAppend: isBlindAppend(request),
    operationMetrics: metrics,
    userName: null,
    userMetadata: request.userMetadata ?? null,
    engineInfo,
    txnId,
    tags:
      metadata !== undefined && hasStableRowIds(metadata)
        ? { 'delta.rowTracking.preserved': String(request.preservesRowIds !== false) }
        : null,
  }
}

function previousTimestamp(base: Snapshot | null, winners: readonly (readonly LogAction[])[]): number {
  const info = winners.at(-1)?.find((action): action is CommitInfo => action.kind === 'commitInfo')
  return info?.inCommitTimestampMs ?? info?.timestampMs ?? base?.timestampMs ?? 0
}

const isBlindAppend = (request: CommitRequest): boolean =>
  !request.reads.wholeTable &&
  request.reads.predicates.length === 0 &&
  request.reads.files.size === 0 &&
  request.actions.every((action) => action.kind !== 'remove')

/** Checksum and checkpoint: the commit stands whether or not they could be written; the next one tries again. */
async function describeVersion(snapshot: Snapshot, request: CommitRequest, txnId: string): Promise<void> {
  const { version, metadata } = snapshot
  const isDue = version > 0 && version % checkpointInterval(metadata.configuration) === 0
  const failed = (error: unknown): void => {
    checkpointFailed.publish({ table: request.location.uri, version, error })
  }
  const checksum = writeChecksum(snapshot, txnId).catch(failed)
  if (isDue) await checkpointAndClean(snapshot, request).catch(failed)
  await checksum
}

async function checkpointAndClean(snapshot: Snapshot, { parquet, nowMs }: CommitRequest): Promise<void> {
  await writeCheckpoint(snapshot, parquet, nowMs())
  if (cleansLog(snapshot.metadata.configuration) && isAllowed(snapshot, 'log clean-up'))
    await cleanLog(snapshot, parquet, nowMs())
}
