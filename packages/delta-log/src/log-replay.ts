import { fileKey, type AddFile } from './actions/add-file.js'
import type { LogAction } from './actions/action.js'
import type { AppTransaction } from './actions/app-transaction.js'
import type { CommitInfo } from './actions/commit-info.js'
import type { DomainMetadata } from './actions/domain-metadata.js'
import type { Metadata } from './actions/metadata.js'
import type { Protocol } from './actions/protocol.js'
import type { RemoveFile } from './actions/remove-file.js'
import type { FileChunk } from './files/file-chunk.js'
import { FileMap } from './files/file-map.js'
import { FileTable } from './files/file-table.js'

/** The state of a table, as reconciliation of its actions leaves it. */
export interface LogState {
  readonly protocol: Protocol | null
  readonly metadata: Metadata | null
  /** By `fileKey`, in no particular order. */
  readonly files: FileMap
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
  readonly #table: FileTable
  readonly #objects: Map<string, AddFile>
  readonly #tombstones: Map<string, RemoveFile>
  readonly #appTransactions: Map<string, AppTransaction>
  readonly #domains: Map<string, DomainMetadata>
  #commitInfo: CommitInfo | null

  constructor(from: LogState | null = null) {
    this.#protocol = from?.protocol ?? null
    this.#metadata = from?.metadata ?? null
    const files = from?.files.fork() ?? { table: new FileTable(), objects: new Map<string, AddFile>() }
    this.#table = files.table
    this.#objects = files.objects
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

  /** Files of a checkpoint, which names none twice, or of a commit, behind its other actions. */
  applyFiles(chunk: FileChunk, from: 'checkpoint' | 'commit'): void {
    if (from === 'commit' && this.#objects.size + this.#tombstones.size > 0) {
      for (let row = 0; row < chunk.rowCount; row++) {
        const key = chunk.columns.text(chunk.pathColumn, row)
        this.#objects.delete(key)
        this.#tombstones.delete(key)
      }
    }
    this.#table.append(chunk, from === 'commit')
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
        this.#table.remove(Buffer.from(key, 'utf8'))
        this.#objects.set(key, action)
        this.#tombstones.delete(key)
        return
      }
      case 'remove': {
        const key = fileKey(action)
        if (!this.#objects.delete(key)) this.#table.remove(Buffer.from(key, 'utf8'))
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
      files: new FileMap(this.#table, this.#objects),
      tombstones: this.#tombstones,
      appTransactions: this.#appTransactions,
      domains: this.#domains,
      commitInfo: this.#commitInfo,
    }
  }
}
