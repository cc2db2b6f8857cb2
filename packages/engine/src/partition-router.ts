import { GroupTable, readValue, takeColumn, type Arena, type Column, type RecordBatch } from '@deltaworks/columnar'
import { fieldIndex, type Schema, type Value } from '@deltaworks/schema'
import type { ExecutionContext } from './execution-context.js'
import type { PoolAccount } from './memory-pool.js'

/** Rows of a batch that belong to one partition: `address` is that of their numbers, int32. */
export interface PartitionRows {
  readonly partition: number
  readonly address: number
  readonly count: number
}

/** A batch's rows in the order of their partitions. */
export interface RoutedRows {
  /** Of the numbers of all rows, int32. */
  readonly address: number
  readonly partitions: readonly PartitionRows[]
}

/** Numbers partitions in the order in which they are first seen. */
export class PartitionRouter {
  /** Values of the partition columns, by partition. */
  readonly values: Record<string, Value>[] = []
  readonly #context: ExecutionContext
  readonly #names: readonly string[]
  readonly #columns: readonly number[]
  readonly #groups: GroupTable

  constructor(schema: Schema, names: readonly string[], context: ExecutionContext, account: PoolAccount) {
    this.#context = context
    this.#names = names
    this.#columns = names.map((name) => fieldIndex(schema, name))
    this.#groups = new GroupTable(
      context.columnar,
      account,
      this.#columns.map((i) => schema.fields[i]!.type),
    )
  }

  /** Row numbers of the batch by partition, in the arena: a counting sort over group numbers. */
  route(arena: Arena, batch: RecordBatch): RoutedRows {
    const keys = this.#columns.map((i) => batch.columns[i]!)
    const { rowCount } = batch
    const groupIds = arena.allocate(rowCount * 4)
    const before = this.#groups.groupCount
    this.#groups.insert(keys, rowCount, groupIds)
    const groups = this.#groups.groupCount
    const { i32 } = this.#context.columnar.heap
    const counts = new Int32Array(groups + 1)
    for (let row = 0; row < rowCount; row++) {
      const group = i32[(groupIds >>> 2) + row]!
      counts[group + 1]!++
      if (group >= before && this.values[group] === undefined) this.values[group] = this.#valuesOf(keys, row)
    }
    for (let group = 0; group < groups; group++) counts[group + 1]! += counts[group]!
    const starts = counts.slice()
    const address = arena.allocate(rowCount * 4)
    const fresh = this.#context.columnar.heap.i32
    for (let row = 0; row < rowCount; row++) {
      const group = fresh[(groupIds >>> 2) + row]!
      fresh[(address >>> 2) + starts[group]!++] = row
    }
    const routed: PartitionRows[] = []
    for (let partition = 0; partition < groups; partition++) {
      const count = counts[partition + 1]! - counts[partition]!
      if (count > 0) routed.push({ partition, address: address + counts[partition]! * 4, count })
    }
    return { address, partitions: routed }
  }

  /** Columns of a batch, of the rows of one partition alone. */
  take(arena: Arena, batch: RecordBatch, columns: readonly number[], { address, count }: PartitionRows): Column[] {
    if (count === batch.rowCount) return columns.map((i) => batch.columns[i]!)
    return columns.map((i) => takeColumn(this.#context.columnar, arena, batch.columns[i]!, address, count))
  }

  /**
   * Columns of a batch with the rows of a partition behind those of the one before: a column is gone through once, however many
   * partitions there are.
   */
  ordered(arena: Arena, batch: RecordBatch, columns: readonly number[], { address, partitions }: RoutedRows): Column[] {
    if (partitions.length === 1) return columns.map((i) => batch.columns[i]!)
    return columns.map((i) => takeColumn(this.#context.columnar, arena, batch.columns[i]!, address, batch.rowCount))
  }

  #valuesOf(keys: readonly Column[], row: number): Record<string, Value> {
    return Object.fromEntries(
      this.#names.map((name, i) => [name, readValue(this.#context.columnar.heap, keys[i]!, row)]),
    )
  }

  close(): void {
    this.#groups.close()
  }
}
