import { Arena, createEvaluator, hashColumns, type RecordBatch } from '@deltaworks/columnar'
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
  readonly #partitions: number
  readonly #buffers: readonly SegmentBuffer[]
  readonly #evaluator
  readonly #account: SpillableAccount
  readonly #arena: Arena

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
    this.#partitions = partitions
    this.#account = context.pool.spillable('Exchange')
    this.#arena = new Arena(context.columnar.heap, this.#account)
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
    const starts = this.#arena.allocateZeroed((this.#partitions + 1) * 4)
    // Mixed again: a hash table inside a partition uses the same hash, and its rows must not all fall into one part of it.
    columnar.kernels['partitionRemix']!(hashes, rowCount)
    columnar.kernels['partitionRows']!(hashes, rowCount, this.#partitions, starts, order)
    const { u32 } = columnar.heap
    for (let partition = 0; partition < this.#partitions; partition++) {
      const start = u32[(starts >>> 2) + partition]!
      const count = u32[(starts >>> 2) + partition + 1]! - start
      if (count > 0) this.#buffers[partition]!.addRows(batch, { address: order + start * 4, count })
    }
    this.#arena.reset()
    if (isOverShare(this.#context, this.#account, bufferedPart)) this.flush()
  }

  flush(): void {
    for (const buffer of this.#buffers) buffer.flush()
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.close()
    this.#arena.close()
    this.#account.close()
  }
}
