import {
  commitTimestamps,
  readCommit,
  readSnapshot,
  type AddFile,
  type LogAction,
  type Metadata,
  type RemoveFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { DeltaTableProvider } from '../delta-table-provider.js'
import { streamStopped } from '../errors.js'
import type { OperationContext } from '../operation-context.js'
import { scanOf, unionOf } from '../plan-nodes.js'
import { isCompatibleSchema } from './schema-compatibility.js'

/*
 * A table as a source of micro-batches: first (unless a start is named) the files of the version that is current, then the files that
 * each later version adds. An offset says how far a reader has come; from one offset and the log the next batch always is the same.
 */

/** How far a stream has been read. Plain data, to be kept between runs. */
export interface StreamOffset {
  readonly tableId: string
  readonly version: number
  /** Files of the version that were read; -1: all of them. */
  readonly index: number
  /** The version is read as a snapshot: all its files, not those that it added. */
  readonly isSnapshot: boolean
}

export interface StreamSourceOptions {
  /**
   * Where a stream without an offset begins. `snapshot` (the default): with all rows of the current version; `latest`: with what comes
   * after it; a version or time: with what that version added.
   */
  readonly from?: 'snapshot' | 'latest' | { readonly version: number } | { readonly timestampMs: number }
  /** Files of a batch at most; default 1000. */
  readonly maxFiles?: number
  /** Bytes after which a batch takes no further file; default no limit. A batch has one file at least. */
  readonly maxBytes?: number
  /** Versions that change or delete rows: `fail` (default), `skip` them, or take only the rows that they add (`ignore-deletes`). */
  readonly changes?: 'fail' | 'skip' | 'ignore-deletes'
  /**
   * What happens where the schema changes so that rows of old and new batches do not fit one another: `fail` (default) stops the stream
   * with the version in the error; `follow` goes on with batches of the new schema. Columns that are added always stop or are followed
   * in the same way; changes that no reader sees (comments, properties) never stop it.
   */
  readonly schemaChanges?: 'fail' | 'follow'
}

export interface StreamBatch {
  /** The offset behind this batch: where the next one begins. */
  readonly offset: StreamOffset
  /** The rows; its schema is that of the table at the batch's last version. */
  readonly plan: LogicalPlan
  readonly fileCount: number
  readonly sizeBytes: number
}

interface Position {
  readonly version: number
  readonly index: number
  readonly isSnapshot: boolean
}

/**
 * The next batch behind an offset.
 * @param offset null: the stream begins
 * @param until where the batch ends, if that has been decided already; limits do not count then
 * @returns null if there is nothing new
 * @throws DeltaTableError DW-TABLE-0022 where the stream cannot go on
 */
export async function nextBatch(
  context: OperationContext,
  latest: Snapshot,
  offset: StreamOffset | null,
  options: StreamSourceOptions,
  until: StreamOffset | null = null,
): Promise<StreamBatch | null> {
  if (offset !== null && offset.tableId !== latest.metadata.id) {
    throw streamStopped(latest.location.uri, offset.version, 'the table is another one than the offset is of')
  }
  const start = offset ?? (await firstPosition(context, latest, options.from ?? 'snapshot'))
  const reader = new BatchReader(context, latest, options, until)
  return reader.read(start)
}

async function firstPosition(
  { location }: OperationContext,
  latest: Snapshot,
  from: NonNullable<StreamSourceOptions['from']>,
): Promise<Position> {
  if (from === 'snapshot') return { version: latest.version, index: 0, isSnapshot: true }
  if (from === 'latest') return { version: latest.version, index: -1, isSnapshot: false }
  if ('version' in from) return { version: from.version, index: 0, isSnapshot: false }
  const times = await commitTimestamps(location, latest.metadata.configuration)
  const first = times.find(({ timestampMs }) => timestampMs >= from.timestampMs)
  return first === undefined
    ? { version: latest.version, index: -1, isSnapshot: false }
    : { version: first.version, index: 0, isSnapshot: false }
}

/** Collects the files of one batch, version by version, until a limit, a change of the schema or the latest version. */
class BatchReader {
  readonly #context: OperationContext
  readonly #latest: Snapshot
  readonly #options: StreamSourceOptions
  readonly #until: StreamOffset | null
  readonly #files: AddFile[] = []
  #sizeBytes = 0
  /** The table as it is read in this batch. */
  #shape: Snapshot | null = null

  constructor(context: OperationContext, latest: Snapshot, options: StreamSourceOptions, until: StreamOffset | null) {
    this.#until = until
    this.#context = context
    this.#latest = latest
    this.#options = options
  }

  async read(start: Position): Promise<StreamBatch | null> {
    let position = start
    for (;;) {
      if (position.index < 0) {
        if (position.version >= this.#latest.version) break
        position = { version: position.version + 1, index: 0, isSnapshot: false }
      }
      const next = await this.#readVersion(position)
      if (next === null) break
      position = next
      if (next.index >= 0) break
    }
    const moved = position.version !== start.version || position.index !== start.index
    if (!moved || this.#shape === null) return null
    const { version, index, isSnapshot } = position
    const offset = { tableId: this.#latest.metadata.id, version, index, isSnapshot }
    const provider = new DeltaTableProvider(this.#shape, { files: this.#files })
    const plan = this.#files.length === 0 ? emptyPlan(this.#shape) : unionOf([scanOf(provider)], provider.schema)
    return { offset, plan, fileCount: this.#files.length, sizeBytes: this.#sizeBytes }
  }

  /** @returns the position behind what was taken; null: the version must wait for a batch of its own */
  async #readVersion({ version, index, isSnapshot }: Position): Promise<Position | null> {
    const added = isSnapshot ? await this.#snapshotFiles(version) : await this.#addedFiles(version)
    if (added === null) return null
    for (let at = index; at < added.length; at++) {
      const file = added[at]!
      if (this.#isFull(file, version, at)) return { version, index: at, isSnapshot }
      this.#files.push(file)
      this.#sizeBytes += file.sizeBytes
    }
    return { version, index: -1, isSnapshot }
  }

  #isFull(next: AddFile, version: number, index: number): boolean {
    if (this.#until !== null) return this.#until.version === version && this.#until.index === index
    if (this.#files.length === 0) return false
    if (this.#files.length >= (this.#options.maxFiles ?? 1000)) return true
    return this.#sizeBytes + next.sizeBytes > (this.#options.maxBytes ?? Infinity)
  }

  async #snapshotFiles(version: number): Promise<readonly AddFile[]> {
    const snapshot = await this.#at(version)
    this.#shape = snapshot
    return [...snapshot.files.values()].sort(
      (a, b) => a.modificationTimeMs - b.modificationTimeMs || (a.path < b.path ? -1 : 1),
    )
  }

  async #addedFiles(version: number): Promise<readonly AddFile[] | null> {
    const actions = await readCommit(this.#context.location, version)
    const metadata = actions.find((action): action is Metadata => action.kind === 'metaData')
    if (this.#shape === null) this.#shape = await this.#at(metadata === undefined ? version : Math.max(0, version - 1))
    if (metadata !== undefined && version > 0) {
      const next = await this.#at(version)
      if (!isCompatibleSchema(this.#shape, next)) {
        // What was read before the change is a batch of its own.
        if (this.#files.length > 0) return null
        if (this.#options.schemaChanges !== 'follow') {
          const advice = 'start it anew from that version, or have it follow changes of the schema'
          throw streamStopped(this.#latest.location.uri, version, `the schema changes there; ${advice}`)
        }
      }
      this.#shape = next
    }
    return this.#withoutChanges(version, actions)
  }

  #withoutChanges(version: number, actions: readonly LogAction[]): readonly AddFile[] {
    const added = actions.filter((action): action is AddFile => action.kind === 'add' && action.dataChange)
    const removed = actions.some((action): action is RemoveFile => action.kind === 'remove' && action.dataChange)
    if (!removed) return added
    switch (this.#options.changes ?? 'fail') {
      case 'skip':
        return []
      case 'ignore-deletes':
        if (added.length === 0) return []
        throw streamStopped(
          this.#latest.location.uri,
          version,
          'rows are updated there, not only deleted; skip changes, or read the change data feed',
        )
      case 'fail':
        throw streamStopped(
          this.#latest.location.uri,
          version,
          'rows are deleted or updated there; skip such changes, or read the change data feed',
        )
    }
  }

  #at(version: number): Promise<Snapshot> {
    if (version === this.#latest.version) return Promise.resolve(this.#latest)
    return readSnapshot(this.#context.location, this.#context.parquet, { version })
  }
}

const emptyPlan = (of: Snapshot): LogicalPlan => ({ kind: 'values', rows: [], schema: of.schema })
