import {
  Arena,
  copyBatch,
  concatBatches,
  plainColumn,
  recordBatch,
  writeSegment,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import type { PoolAccount } from '../memory-pool.js'

const segmentBytes = 8 * 1024 * 1024
/** Batches smaller than this are joined before they are written: each costs a header. */
const smallBatchRows = 2048

/** Gathers batches until they are worth a segment. */
export class SegmentBuffer {
  readonly #schema: Schema
  readonly #targetRows: number
  readonly #emit: (segment: SharedArrayBuffer, rowCount: number) => void
  readonly #arena: Arena
  readonly #account: PoolAccount
  #batches: RecordBatch[] = []
  #rows = 0

  constructor(
    context: ExecutionContext,
    schema: Schema,
    targetRows: number,
    emit: (segment: SharedArrayBuffer, rowCount: number) => void,
  ) {
    this.#account = context.pool.account('Exchange')
    this.#arena = new Arena(context.columnar.heap, this.#account)
    this.#schema = schema
    this.#targetRows = targetRows
    this.#emit = emit
  }

  add(batch: RecordBatch): void {
    if (batch.rowCount === 0) return
    this.#batches.push(copyBatch(this.#arena, this.#withoutLargeDictionaries(batch)))
    this.#rows += batch.rowCount
    if (this.#rows >= this.#targetRows || this.#arena.sizeBytes >= segmentBytes) this.flush()
  }

  /** A dictionary is copied with every batch: one larger than what it saves is dissolved. */
  #withoutLargeDictionaries(batch: RecordBatch): RecordBatch {
    if (batch.columns.every((c) => c.dictionary === null || c.dictionary.length * 4 <= batch.rowCount)) return batch
    const columns = batch.columns.map((column) =>
      column.dictionary === null || column.dictionary.length * 4 <= batch.rowCount
        ? column
        : plainColumn(this.#arena, column),
    )
    return recordBatch(batch.schema, batch.rowCount, columns)
  }

  flush(): void {
    if (this.#rows === 0) return
    const many = this.#batches.length > 1 && this.#rows / this.#batches.length < smallBatchRows
    const batches = many ? [concatBatches(this.#arena, this.#schema, this.#batches)] : this.#batches
    const segment = writeSegment(this.#arena.heap, this.#schema, batches)
    const rows = this.#rows
    this.#batches = []
    this.#rows = 0
    this.#arena.reset()
    this.#emit(segment, rows)
  }

  close(): void {
    this.#arena.close()
    this.#account.close()
  }
}
