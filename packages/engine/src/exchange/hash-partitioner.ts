import {
  Arena,
  createEvaluator,
  hashColumns,
  plainColumn,
  recordBatch,
  sliceBatch,
  takeColumn,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { BoundExpression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { isOverShare, type ExecutionContext } from '../execution-context.js'
import type { SpillableAccount } from '../memory-pool.js'
import type { SegmentSplit } from '../scheduler/stage.js'
import type { SegmentWriter } from './segment-writer.js'
import { SegmentBuffer } from './segment-buffer.js'

const segmentRows = 32_768
/** Of the share: routing rows takes as much again. */
const bufferedPart = 0.5

/** Routes rows to partitions by the hash of their keys: equal keys go to one partition, on every thread. */
export class HashPartitioner {
  readonly #context: ExecutionContext
  readonly #schema: Schema
  readonly #partitions: number
  readonly #buffers: readonly SegmentBuffer[]
  readonly #evaluator
  readonly #account: SpillableAccount
  readonly #arena: Arena
  readonly #slice: Arena

  /** @param partitions a power of two */
  constructor(
    context: ExecutionContext,
    schema: Schema,
    keys: readonly BoundExpression[],
    partitions: number,
    writer: SegmentWriter,
    emit: (partition: number, segment: SegmentSplit) => void,
  ) {
    this.#context = context
    this.#schema = schema
    this.#partitions = partitions
    this.#account = context.pool.spillable('Exchange')
    this.#arena = new Arena(context.columnar.heap, this.#account)
    this.#slice = new Arena(context.columnar.heap, this.#account)
    this.#evaluator = createEvaluator(context.columnar, keys, schema, { evaluation: context.evaluation })
    this.#buffers = Array.from(
      { length: partitions },
      (_, partition) =>
        new SegmentBuffer(context, schema, writer, segmentRows, (segment) => emit(partition, segment), this.#account),
    )
  }

  add(batch: RecordBatch): void {
    const { columnar } = this.#context
    const { rowCount } = batch
    const keys = this.#evaluator.project(this.#arena, batch)
    const hashes = hashColumns(columnar, this.#arena, keys, rowCount)
    const order = this.#arena.allocate(rowCount * 4)
    const starts = partitionOrder(columnar.heap.i32, hashes, order, rowCount, this.#partitions)
    const columns = batch.columns.map((column) =>
      plainColumn(this.#arena, takeColumn(columnar, this.#arena, column, order, rowCount)),
    )
    const routed = recordBatch(this.#schema, rowCount, columns)
    for (let partition = 0; partition < this.#partitions; partition++) {
      const [start, end] = [starts[partition]!, starts[partition + 1]!]
      if (start === end) continue
      this.#slice.reset()
      this.#buffers[partition]!.add(sliceBatch(this.#slice, routed, start, end))
    }
    this.#arena.reset()
    this.#slice.reset()
    if (isOverShare(this.#context, this.#account, bufferedPart)) this.flush()
  }

  flush(): void {
    for (const buffer of this.#buffers) buffer.flush()
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.close()
    this.#arena.close()
    this.#slice.close()
    this.#account.close()
  }
}

/**
 * Row numbers by partition, a counting sort. The hash is mixed again: a hash table inside a partition uses the same hash,
 * and its rows must not all fall into one part of it.
 */
function partitionOrder(
  i32: Int32Array,
  hashes: number,
  order: number,
  rowCount: number,
  partitions: number,
): Int32Array {
  const shift = 32 - Math.log2(partitions)
  const partitionOf = new Uint8Array(rowCount)
  const starts = new Int32Array(partitions + 1)
  for (let row = 0; row < rowCount; row++) {
    const partition = partitions === 1 ? 0 : Math.imul(i32[(hashes >>> 2) + row]!, 0x9e3779b1) >>> shift
    partitionOf[row] = partition
    starts[partition + 1]!++
  }
  for (let partition = 0; partition < partitions; partition++) starts[partition + 1]! += starts[partition]!
  const next = starts.slice()
  for (let row = 0; row < rowCount; row++) i32[(order >>> 2) + next[partitionOf[row]!]!++] = row
  return starts
}
