import {
  Arena,
  concatBatches,
  copyBatch,
  copyColumn,
  plainColumn,
  recordBatch,
  takeColumn,
  type RecordBatch,
  type SelectionVector,
} from '@deltaworks/columnar'
import { isNested, type Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import { isOverShare } from '../execution-context.js'
import { exchangeUnits, type SpillableAccount } from '../memory-pool.js'
import type { SegmentSplit } from '../scheduler/stage.js'
import type { SegmentWriter } from './segment-writer.js'

const mostBytes = 8 * 1024 * 1024
/** Of the share: rows are joined before they are written. */
const bufferedPart = 0.5
/** Batches smaller than this are joined before they are written: each costs a header. */
const smallBatchRows = 2048

/** Gathers batches until they are worth a segment. */
export class SegmentBuffer {
  readonly #schema: Schema
  readonly #targetRows: number
  readonly #segmentBytes: number
  readonly #emit: (segment: SegmentSplit) => void
  readonly #context: ExecutionContext
  readonly #writer: SegmentWriter
  readonly #arena: Arena
  readonly #account: SpillableAccount
  #batches: RecordBatch[] = []
  #rows = 0

  constructor(
    context: ExecutionContext,
    schema: Schema,
    writer: SegmentWriter,
    targetRows: number,
    emit: (segment: SegmentSplit) => void,
    account: SpillableAccount = context.pool.spillable('Exchange', exchangeUnits),
    segmentBytes: number = mostBytes,
  ) {
    this.#segmentBytes = Math.min(segmentBytes, context.pool.batchBytes)
    this.#context = context
    this.#writer = writer
    this.#account = account
    this.#arena = new Arena(context.columnar.heap, this.#account)
    this.#schema = schema
    this.#targetRows = targetRows
    this.#emit = emit
  }

  get sizeBytes(): number {
    return this.#arena.sizeBytes
  }

  add(batch: RecordBatch): void {
    if (batch.rowCount === 0) return
    this.#keep(copyBatch(this.#arena, this.#withoutLargeDictionaries(batch)))
  }

  /** Some rows of a batch, without dictionaries. */
  addRows(batch: RecordBatch, { address, count }: SelectionVector): void {
    const { columnar } = this.#context
    const columns = batch.columns.map((column) => {
      const taken = takeColumn(columnar, this.#arena, column, address, count)
      // A dictionary inside of a nested value is the batch's still.
      return isNested(column.type) ? copyColumn(this.#arena, taken) : plainColumn(this.#arena, taken)
    })
    this.#keep(recordBatch(this.#schema, count, columns))
  }

  #keep(batch: RecordBatch): void {
    this.#batches.push(batch)
    this.#rows += batch.rowCount
    if (this.#rows >= this.#targetRows || this.#arena.sizeBytes >= this.#segmentBytes || this.#isOver()) this.flush()
  }

  #isOver(): boolean {
    return isOverShare(this.#context, this.#account, bufferedPart)
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
    const segment = this.#writer.write(batches)
    this.#batches = []
    this.#rows = 0
    this.#arena.reset()
    this.#emit(segment)
  }

  close(): void {
    this.#arena.close()
    this.#account.close()
  }
}
