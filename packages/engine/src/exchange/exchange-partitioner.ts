import { Arena, createEvaluator, hashColumns, type ColumnarContext, type RecordBatch } from '@deltaworks/columnar'
import type { BoundExpression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { isOverShare, type ExecutionContext } from '../execution-context.js'
import { exchangeUnits, type SpillableAccount } from '../memory-pool.js'
import type { SegmentSplit } from '../scheduler/stage.js'
import type { SegmentWriter } from './segment-writer.js'
import { SegmentBuffer } from './segment-buffer.js'

const segmentRows = 32_768
/** Of the share: routing rows takes as much again. */
const bufferedPart = 0.5

/** Rows to partitions: by the hash of keys, or by a number that is computed of them. */
export type PartitionBy =
  | { readonly kind: 'hash'; readonly keys: readonly BoundExpression[] }
  /** An int32 from 0 on, less than the number of partitions, never null. */
  | { readonly kind: 'number'; readonly number: BoundExpression }

/** Routes rows to partitions: equal keys go to one partition, on every thread. */
export class ExchangePartitioner {
  readonly #context: ExecutionContext
  readonly #by: PartitionBy
  readonly #partitions: number
  readonly #buffers: readonly SegmentBuffer[]
  readonly #evaluator
  readonly #account: SpillableAccount
  readonly #arena: Arena

  /** @param partitions a power of two */
  constructor(
    context: ExecutionContext,
    schema: Schema,
    by: PartitionBy,
    partitions: number,
    writer: SegmentWriter,
    emit: (partition: number, segment: SegmentSplit) => void,
  ) {
    this.#context = context
    this.#by = by
    this.#partitions = partitions
    this.#account = context.pool.spillable('Exchange', exchangeUnits)
    this.#arena = new Arena(context.columnar.heap, this.#account)
    const expressions = by.kind === 'hash' ? by.keys : [by.number]
    this.#evaluator = createEvaluator(context.columnar, expressions, schema, { evaluation: context.evaluation })
    this.#buffers = Array.from(
      { length: partitions },
      (_, partition) =>
        new SegmentBuffer(context, schema, writer, segmentRows, (segment) => emit(partition, segment), this.#account),
    )
  }

  add(batch: RecordBatch): void {
    const { columnar } = this.#context
    const { rowCount } = batch
    const hashes = this.#hashes(columnar, batch)
    const order = this.#arena.allocate(rowCount * 4)
    const starts = this.#arena.allocateZeroed((this.#partitions + 1) * 4)
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

  /** 32 bits a row whose upper bits are the partition. */
  #hashes(columnar: ColumnarContext, batch: RecordBatch): number {
    const { rowCount } = batch
    const keys = this.#evaluator.project(this.#arena, batch)
    if (this.#by.kind === 'hash') {
      const hashes = hashColumns(columnar, this.#arena, keys, rowCount)
      // Mixed again: a hash table inside a partition uses the same hash, and its rows must not all fall into one part of it.
      columnar.kernels['partitionRemix']!(hashes, rowCount)
      return hashes
    }
    const hashes = this.#arena.allocate(rowCount * 4)
    const shift = 32 - Math.log2(this.#partitions)
    columnar.kernels['partitionHashes']!(keys[0]!.values, rowCount, shift, hashes)
    return hashes
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
