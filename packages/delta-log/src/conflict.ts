import type { Action, LogAction } from './actions/action.js'
import { fileKey, type AddFile } from './actions/add-file.js'
import type { CommitInfo } from './actions/commit-info.js'
import { conflictError, type DeltaError } from './errors.js'

/** Delta's classes of conflict, under the names of its exceptions. */
export type ConflictKind =
  | 'ConcurrentAppend'
  | 'ConcurrentDeleteRead'
  | 'ConcurrentDeleteDelete'
  | 'MetadataChanged'
  | 'ProtocolChanged'
  | 'ConcurrentTransaction'
  | 'ConcurrentDomainMetadata'
  | 'TableAlreadyExists'

/** Why a commit cannot follow the one that came first. */
export interface Conflict {
  readonly kind: ConflictKind
  /** The version that was taken by the winner. */
  readonly version: number
  /** The winner's operation, as its commitInfo says it; null if it says nothing. */
  readonly winnerOperation: string | null
  /** File, application or domain that both touch, if it is one. */
  readonly subject: string | null
}

/** What a transaction has looked at: a commit that changes any of it came too late for us to ignore. */
export interface ReadSet {
  /** Rows of the whole table were read. */
  readonly wholeTable: boolean
  /** Predicates of what was read: whether a file could hold rows of it. */
  readonly predicates: readonly ((file: AddFile) => boolean)[]
  /** Keys (`fileKey`) of the files that were read. */
  readonly files: ReadonlySet<string>
}

export const readNothing: ReadSet = { wholeTable: false, predicates: [], files: new Set() }
export const readEverything: ReadSet = { wholeTable: true, predicates: [], files: new Set() }

/**
 * `Serializable`: as if one after the other in the order of versions. `WriteSerializable`: blind appends may slip in.
 * `SnapshotIsolation`: for commits that do not change data.
 */
export type IsolationLevel = 'Serializable' | 'WriteSerializable' | 'SnapshotIsolation'

/**
 * Whether our actions may still be committed behind a winner's commit (delta.io, "Concurrency control").
 * @returns the first conflict, or null: rebase and try the next version
 */
export function findConflict(
  ours: readonly Action[],
  reads: ReadSet,
  isolation: IsolationLevel,
  version: number,
  winner: readonly LogAction[],
): Conflict | null {
  const info = winner.find((action): action is CommitInfo => action.kind === 'commitInfo')
  const conflict = (kind: ConflictKind, subject: string | null = null): Conflict => ({
    kind,
    version,
    winnerOperation: info?.operation ?? null,
    subject,
  })
  const blindAppend = isBlindAppend(winner, info)
  const removed = new Set(ours.filter((action) => action.kind === 'remove').map((action) => fileKey(action)))
  const applications = new Set(ours.filter((action) => action.kind === 'txn').map((action) => action.appId))
  const domains = new Set(ours.filter((action) => action.kind === 'domainMetadata').map((action) => action.domain))
  const appendsMatter = isolation === 'Serializable' || (isolation === 'WriteSerializable' && !blindAppend)
  // Protocol and metadata first: what else the winner did may mean something new under them.
  for (const action of winner) {
    if (action.kind === 'protocol') return conflict('ProtocolChanged')
    if (action.kind === 'metaData') return conflict('MetadataChanged')
  }
  for (const action of winner) {
    switch (action.kind) {
      case 'add':
        if (appendsMatter && mayHaveRead(reads, action)) return conflict('ConcurrentAppend', action.path)
        break
      case 'remove': {
        const key = fileKey(action)
        if (removed.has(key)) return conflict('ConcurrentDeleteDelete', action.path)
        if (reads.files.has(key) || (reads.wholeTable && action.dataChange)) {
          return conflict('ConcurrentDeleteRead', action.path)
        }
        break
      }
      case 'txn':
        if (applications.has(action.appId)) return conflict('ConcurrentTransaction', action.appId)
        break
      case 'domainMetadata':
        if (domains.has(action.domain)) return conflict('ConcurrentDomainMetadata', action.domain)
        break
      default:
        break
    }
  }
  return null
}

const mayHaveRead = (reads: ReadSet, file: AddFile): boolean =>
  file.dataChange && (reads.wholeTable || reads.predicates.some((mayMatch) => mayMatch(file)))

/** As the winner says; a writer that says nothing may have read anything. */
const isBlindAppend = (winner: readonly LogAction[], info: CommitInfo | undefined): boolean =>
  info?.isBlindAppend === true && !winner.some((action) => action.kind === 'remove')

const remedies: Readonly<Record<ConflictKind, string>> = {
  ConcurrentAppend:
    'it added files that this operation should have seen. Run the operation again, or give it a narrower predicate',
  ConcurrentDeleteRead: 'it removed files that this operation has read. Run the operation again',
  ConcurrentDeleteDelete: 'it removed a file that this operation removes as well. Run the operation again',
  MetadataChanged: 'it changed the schema, partitioning or properties of the table. Run the operation again',
  ProtocolChanged: 'it changed the protocol of the table. Run the operation again',
  ConcurrentTransaction:
    'it wrote for the same application (txn.appId). Only one writer of an application may run at a time',
  ConcurrentDomainMetadata: 'it changed the same metadata domain. Run the operation again',
  TableAlreadyExists: 'it created the table first. Open the table and write to it',
}

/** A conflict as an error, for callers that do not retry. */
export function conflictFailure(table: string, operation: string, conflict: Conflict): DeltaError {
  const winner = conflict.winnerOperation === null ? 'another commit' : `a concurrent ${conflict.winnerOperation}`
  return conflictError(
    `${conflict.kind}: the ${operation} on ${table} lost to ${winner} (version ${conflict.version})${conflict.subject === null ? '' : ` over ${conflict.subject}`}: ${remedies[conflict.kind]}. Nothing of it is in the table.`,
    {
      table,
      operation,
      conflict: conflict.kind,
      version: conflict.version,
      winnerOperation: conflict.winnerOperation,
      subject: conflict.subject,
    },
  )
}
