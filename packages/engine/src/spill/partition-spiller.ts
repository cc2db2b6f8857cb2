import {
  Arena,
  concatBatches,
  hashColumns,
  plainColumn,
  recordBatch,
  sliceBatch,
  takeColumn,
  type Column,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import type { PoolAccount } from '../memory-pool.js'
import { compactCopy, type SpilledRun } from './runs.js'
import type { SpilledSegment, SpillFile } from './spill-store.js'

export const spillPartitions = 32
const segmentRows = 32_768
/** A partition of a partition is divided again, but not for ever: rows of one key stay together. */
export const maxSpillLevel = 5

/**
 * Puts rows on disk by the hash of their keys, `spillPartitions` parts. Each level takes other bits of the hash, and none
 * those of the exchange or the hash tables. Rows keep their order within a part.
 */
export class PartitionSpiller {
  readonly schema: Schema
  readonly #context: ExecutionContext
  readonly #file: SpillFile
  readonly #keysOf: (arena: Arena, batch: RecordBatch) => readonly Column[]
  readonly #level: number
  readonly #blockBytes: number
  readonly #partitions: SpilledSegment[][] = Array.from({ length: spillPartitions }, () => [])
  readonly #pending: Arena
  readonly #scratch: Arena
  readonly #slice: Arena
  #batches: RecordBatch[] = []

  /** @param blockBytes rows are gathered up to so much before they are divided: segments should not be tiny */
  constructor(
    context: ExecutionContext,
    account: PoolAccount,
    file: SpillFile,
    schema: Schema,
    keysOf: (arena: Arena, batch: RecordBatch) => readonly Column[],
    level: number,
    blockBytes: number,
  ) {
    this.schema = schema
    this.#context = context
    this.#file = file
    this.#keysOf = keysOf
    this.#level = level
    this.#blockBytes = Math.max(65_536, blockBytes)
    const { heap } = context.columnar
    this.#pending = new Arena(heap, account)
    this.#scratch = new Arena(heap, account)
    this.#slice = new Arena(heap, account)
  }

  add(batch: RecordBatch): void {
    if (batch.rowCount === 0) return
    this.#batches.push(compactCopy(this.#pending, batch))
    if (this.#pending.sizeBytes >= this.#blockBytes) this.flush()
  }

  /** Divides a batch at once. */
  write(batch: RecordBatch): void {
    const { columnar } = this.#context
    const { rowCount } = batch
    if (rowCount === 0) return
    const scratch = this.#scratch
    const hashes = hashColumns(columnar, scratch, this.#keysOf(scratch, batch), rowCount)
    const order = scratch.allocate(rowCount * 4)
    const starts = partitionOrder(columnar.heap.i32, hashes, order, rowCount, this.#level)
    const columns = batch.columns.map((column) =>
      plainColumn(scratch, takeColumn(columnar, scratch, column, order, rowCount)),
    )
    const routed = recordBatch(this.schema, rowCount, columns)
    for (let partition = 0; partition < spillPartitions; partition++) {
      const [start, end] = [starts[partition]!, starts[partition + 1]!]
      for (let from = start; from < end; from += segmentRows) {
        this.#slice.reset()
        const part = sliceBatch(this.#slice, routed, from, Math.min(end, from + segmentRows))
        this.#partitions[partition]!.push(this.#file.append(columnar.heap, this.schema, [part]))
      }
    }
    scratch.reset()
  }

  flush(): void {
    const batches = this.#batches
    if (batches.length === 0) return
    this.#batches = []
    const joined = batches.length === 1 ? batches[0]! : concatBatches(this.#scratch, this.schema, batches)
    if (batches.length > 1) this.#pending.reset()
    this.write(joined)
    this.#pending.reset()
  }

  /** The parts, after the last row. */
  finish(): readonly SpilledRun[] {
    this.flush()
    return this.#partitions
  }

  close(): void {
    this.#pending.close()
    this.#scratch.close()
    this.#slice.close()
  }
}

function partitionOrder(i32: Int32Array, hashes: number, order: number, rowCount: number, level: number): Int32Array {
  const seed = Math.imul(level + 1, 0x5bd1e995)
  const partitionOf = new Uint8Array(rowCount)
  const starts = new Int32Array(spillPartitions + 1)
  for (let row = 0; row < rowCount; row++) {
    let h = i32[(hashes >>> 2) + row]! ^ seed
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    const partition = (h ^ (h >>> 16)) & (spillPartitions - 1)
    partitionOf[row] = partition
    starts[partition + 1]!++
  }
  for (let partition = 0; partition < spillPartitions; partition++) starts[partition + 1]! += starts[partition]!
  const next = starts.slice()
  for (let row = 0; row < rowCount; row++) i32[(order >>> 2) + next[partitionOf[row]!]!++] = row
  return starts
}
