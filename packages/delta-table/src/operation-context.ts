import {
  advanceSnapshot,
  commit,
  conflictFailure,
  DeltaError,
  isolationLevel,
  logParquet,
  readSnapshot,
  type Action,
  type CommitOperation,
  type IsolationLevel,
  type LogParquet,
  type Metadata,
  type ReadSet,
  type Snapshot,
  type TableLocation,
  targetFileBytes,
} from '@deltaworks/delta-log'
import { DeltaTableProvider } from './delta-table-provider.js'
import type { TableSession } from './table-session.js'
import type { WriteReport } from './write-report.js'
import { applicationVersions, defaultTargetFileBytes, type WriteOptions } from './write/write-options.js'
import { discard, discardOnFailure, type WrittenRows } from './write/write-rows.js'

/** What an operation works with: who computes, and the table as it was last seen. */
export interface OperationContext {
  readonly session: TableSession
  readonly location: TableLocation
  readonly parquet: LogParquet
}

export interface OperationResult {
  readonly snapshot: Snapshot
  readonly report: WriteReport
}

/** What an operation wants committed; null: there is nothing to do. */
export interface Intent {
  readonly base: Snapshot | null
  readonly actions: readonly Action[]
  readonly written: WrittenRows
  readonly operation: CommitOperation
  readonly reads: ReadSet
  /** Default: the table's, or SnapshotIsolation if no action changes data. */
  readonly isolation?: IsolationLevel
  readonly rewritesRows?: boolean
  /** The result depends on nothing of a file but the rows that are marked in it. */
  readonly rowLevel?: boolean
  /** false: rows are copied or updated without their row ids. Default true. */
  readonly preservesRowIds?: boolean
  /** The metadata that the commit brings follows from the base, so it can be made again (identity marks). */
  readonly remakesMetadata?: boolean
  readonly report: WriteReport
}

const retried: ReadonlySet<string> = new Set(['ConcurrentAppend', 'ConcurrentDeleteRead', 'ConcurrentDeleteDelete'])

/**
 * Runs an operation on a snapshot and commits what it intends. If another writer was first with something that the operation
 * should have seen, its files are deleted and it runs again on the new snapshot, a bounded number of times.
 * @throws DeltaError DW-DELTA-0016 if it loses for good
 */
export async function runOperation(
  context: OperationContext,
  snapshot: Snapshot,
  options: WriteOptions,
  operate: (snapshot: Snapshot, nowMs: number) => Promise<Intent | null>,
): Promise<OperationResult | null> {
  const maxRetries = options.maxRetries ?? 10
  let base = snapshot
  for (let attempt = 0; ; attempt++) {
    const intent = await operate(base, options.nowMs ?? Date.now())
    if (intent === null) return null
    const result = await commitIntent(context, intent, options)
    if (result.kind === 'committed') return { snapshot: result.snapshot, report: intent.report }
    await discard(context.location, intent.written)
    const { kind } = result.conflict
    const canRetry = retried.has(kind) || (kind === 'MetadataChanged' && intent.remakesMetadata === true)
    if (attempt >= maxRetries || !canRetry) {
      throw conflictFailure(context.location.uri, intent.operation.name, result.conflict)
    }
    base = await readSnapshot(context.location, context.parquet, { previous: base })
    checkApplications(context, snapshot, base, intent.operation.name, options)
  }
}

/**
 * What an application wrote meanwhile is in the new snapshot, where the commit's own check does not look: the write that is
 * tried again may be the same one.
 */
function checkApplications(
  context: OperationContext,
  first: Snapshot,
  latest: Snapshot,
  operation: string,
  options: WriteOptions,
): void {
  const taken = applicationVersions(options).find(
    ({ appId }) => first.appTransactions.get(appId)?.version !== latest.appTransactions.get(appId)?.version,
  )
  if (taken === undefined) return
  throw conflictFailure(context.location.uri, operation, {
    kind: 'ConcurrentTransaction',
    version: latest.version,
    winnerOperation: null,
    subject: taken.appId,
  })
}

export async function commitIntent(context: OperationContext, intent: Intent, options: WriteOptions) {
  const { base } = intent
  const changesData = intent.actions.some((a) => (a.kind === 'add' || a.kind === 'remove') && a.dataChange)
  const isolation =
    intent.isolation ?? (changesData ? isolationLevel(base?.metadata.configuration ?? {}) : 'SnapshotIsolation')
  const { nowMs, userMetadata = null } = options
  await discardOnFailure(context.location, intent.written, () => auditRows(context, intent, options))
  try {
    return await commit({
      location: context.location,
      base,
      actions: [...transactionActions(options), ...intent.actions],
      operation: {
        ...intent.operation,
        parameters: { ...intent.operation.parameters, ...options.operationParameters },
      },
      reads: intent.reads,
      isolation,
      rewritesRows: intent.rewritesRows ?? false,
      rowLevel: intent.rowLevel ?? false,
      preservesRowIds: intent.preservesRowIds ?? true,
      userMetadata: typeof userMetadata === 'function' ? userMetadata() : userMetadata,
      nowMs: nowMs === undefined ? Date.now : () => nowMs,
      parquet: context.parquet,
    })
  } catch (error) {
    // A refusal of the log means that there is no commit. After any other failure the commit may be there: then the files
    // must stay, and VACUUM will find them if it is not.
    if (error instanceof DeltaError) await discard(context.location, intent.written)
    throw error
  }
}

async function auditRows(
  { location }: OperationContext,
  { base, actions, written }: Intent,
  { audit, nowMs }: WriteOptions,
): Promise<void> {
  if (audit === undefined) return
  const staged = advanceSnapshot(location, base, [actions], nowMs ?? Date.now())
  await audit(new DeltaTableProvider(staged, { files: written.adds }))
}

const transactionActions = (options: WriteOptions): readonly Action[] =>
  applicationVersions(options).map(({ appId, version }) => ({
    kind: 'txn',
    appId,
    version,
    lastUpdatedMs: options.nowMs ?? Date.now(),
  }))

export const operationContext = (session: TableSession, location: TableLocation): OperationContext => ({
  session,
  location,
  parquet: logParquet(() => session.context, {
    reserve: (bytes) => accountOf(session).reserve(bytes),
    release: (bytes) => accountOf(session).release(bytes),
  }),
})

const accounts = new WeakMap<TableSession, ReturnType<TableSession['pool']['account']>>()

function accountOf(session: TableSession): ReturnType<TableSession['pool']['account']> {
  let account = accounts.get(session)
  if (account === undefined) {
    account = session.pool.account('delta log')
    accounts.set(session, account)
  }
  return account
}

export const fileBytesOf = (metadata: Metadata, options: WriteOptions): number =>
  options.targetFileBytes ?? targetFileBytes(metadata.configuration) ?? defaultTargetFileBytes

export const targetOf = (context: OperationContext, snapshot: Snapshot) => ({
  session: context.session,
  location: context.location,
  protocol: snapshot.protocol,
  metadata: snapshot.metadata,
  schema: snapshot.schema,
})

export const reportOf = (
  written: WrittenRows,
  filesRemoved: number,
  metrics: Readonly<Record<string, number>>,
): WriteReport => ({
  rowsWritten: written.rowCount,
  filesWritten: written.adds.length,
  bytesWritten: written.sizeBytes,
  filesRemoved,
  committed: true,
  metrics,
})
