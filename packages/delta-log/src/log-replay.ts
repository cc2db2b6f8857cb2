import { fileKey, type AddFile } from './actions/add-file.js'
import type { LogAction } from './actions/action.js'
import type { AppTransaction } from './actions/app-transaction.js'
import type { CommitInfo } from './actions/commit-info.js'
import type { DomainMetadata } from './actions/domain-metadata.js'
import type { Metadata } from './actions/metadata.js'
import type { Protocol } from './actions/protocol.js'
import type { RemoveFile } from './actions/remove-file.js'

/** The state of a table, as reconciliation of its actions leaves it. */
export interface LogState {
  readonly protocol: Protocol | null
  readonly metadata: Metadata | null
  /** By `fileKey`, in order of their addition. */
  readonly files: ReadonlyMap<string, AddFile>
  /** Removed files, by `fileKey`. */
  readonly tombstones: ReadonlyMap<string, RemoveFile>
  readonly appTransactions: ReadonlyMap<string, AppTransaction>
  readonly domains: ReadonlyMap<string, DomainMetadata>
  /** Of the last commit that was applied; null if it has none, or was read from a checkpoint. */
  readonly commitInfo: CommitInfo | null
}

/** Applies actions in ascending order of versions: the newest action of a key wins (PROTOCOL.md, "Action Reconciliation"). */
export class LogReplay {
  #protocol: Protocol | null
  #metadata: Metadata | null
  readonly #files: Map<string, AddFile>
  readonly #tombstones: Map<string, RemoveFile>
  readonly #appTransactions: Map<string, AppTransaction>
  readonly #domains: Map<string, DomainMetadata>
  #commitInfo: CommitInfo | null

  constructor(from: LogState | null = null) {
    this.#protocol = from?.protocol ?? null
    this.#metadata = from?.metadata ?? null
    this.#files = new Map(from?.files)
    this.#tombstones = new Map(from?.tombstones)
    this.#appTransactions = new Map(from?.appTransactions)
    this.#domains = new Map(from?.domains)
    this.#commitInfo = from?.commitInfo ?? null
  }

  /**
   * All actions of one commit. Their order in the file has no meaning: a commit may not add and remove one logical file
   * (same path, same deletion vector).
   */
  applyCommit(actions: Iterable<LogAction>): void {
    this.#commitInfo = null
    const added: AddFile[] = []
    for (const action of actions) {
      if (action.kind === 'add') added.push(action)
      else this.apply(action)
    }
    for (const action of added) this.apply(action)
  }

  /**
   * Actions of a log compaction. There should be one of a key; some writers only put their commits together, the newest first, so the
   * first one counts.
   */
  applyCompacted(actions: readonly LogAction[]): void {
    this.#commitInfo = null
    for (let i = actions.length - 1; i >= 0; i--) this.apply(actions[i]!)
  }

  /** One action of a checkpoint or commit. */
  apply(action: LogAction): void {
    switch (action.kind) {
      case 'add': {
        const key = fileKey(action)
        this.#files.set(key, action)
        this.#tombstones.delete(key)
        return
      }
      case 'remove': {
        const key = fileKey(action)
        this.#files.delete(key)
        this.#tombstones.set(key, action)
        return
      }
      case 'protocol':
        this.#protocol = action
        return
      case 'metaData':
        this.#metadata = action
        return
      case 'txn':
        this.#appTransactions.set(action.appId, action)
        return
      case 'domainMetadata':
        if (action.removed) this.#domains.delete(action.domain)
        else this.#domains.set(action.domain, action)
        return
      case 'commitInfo':
        this.#commitInfo = action
        return
      case 'cdc':
      case 'sidecar':
        return
    }
  }

  state(): LogState {
    return {
      protocol: this.#protocol,
      metadata: this.#metadata,
      files: this.#files,
      tombstones: this.#tombstones,
      appTransactions: this.#appTransactions,
      domains: this.#domains,
      commitInfo: this.#commitInfo,
    }
  }
}
