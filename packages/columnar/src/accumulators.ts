import type { DataType } from '@deltaworks/schema'
import type { Accumulator, AggregateSpec } from './accumulators/accumulator.js'
import { createAccumulator } from './accumulators/create-accumulator.js'
import type { Arena, MemoryAccount } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'
import type { Heap } from './heap.js'

/** The states of all aggregates of one Aggregate node. */
export class Accumulators {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #accumulators: readonly Accumulator[]
  #groups = 0
  #reserved = 0

  constructor(context: ColumnarContext, account: MemoryAccount, aggregates: readonly AggregateSpec[]) {
    this.#context = context
    this.#account = account
    this.#accumulators = aggregates.map((spec) => createAccumulator(context, account, spec))
  }

  /** Types of the columns that `partial` gives and `mergePartial` takes, all aggregates in a row. */
  get partialTypes(): readonly DataType[] {
    return this.#accumulators.flatMap((accumulator) => accumulator.partialTypes)
  }

  #grow(groups: number): void {
    if (groups <= this.#groups) return
    this.#groups = groups
    for (const accumulator of this.#accumulators) accumulator.grow(groups)
    const bytes = groups * 24 * this.#accumulators.length
    if (bytes > this.#reserved * 1.25 || this.#reserved === 0) {
      this.#account.reserve(bytes - this.#reserved)
      this.#reserved = bytes
    }
  }

  /**
   * @param groupIds address of int32[rowCount], or 0: all rows are of group 0
   * @param args argument columns, one list an aggregate
   * @param filters a boolean column an aggregate that has a FILTER, else null
   */
  update(
    groupIds: number,
    args: readonly (readonly Column[])[],
    filters: readonly (Column | null)[],
    rowCount: number,
    groupCount: number,
  ): void {
    this.#grow(Math.max(1, groupCount))
    const { heap } = this.#context
    const groups = groupIds === 0 ? null : heap.i32.subarray(groupIds >>> 2, (groupIds >>> 2) + rowCount)
    this.#accumulators.forEach((accumulator, index) => {
      const filter = filters[index] ?? null
      const chosen = filter === null ? null : trueRows(heap, filter)
      accumulator.updateRows(groups, chosen, args[index]!, rowCount)
    })
  }

  partial(arena: Arena, groupCount: number): Column[] {
    this.#grow(groupCount)
    return this.#accumulators.flatMap((accumulator) => accumulator.partial(arena, groupCount))
  }

  /** Merges states: row r of the columns into the group at int32[r] of `groupIds` (0: all into group 0). */
  mergePartial(groupIds: number, columns: readonly Column[], rowCount: number, groupCount: number): void {
    this.#grow(Math.max(1, groupCount))
    const { i32 } = this.#context.heap
    const ids = groupIds >>> 2
    let first = 0
    for (const accumulator of this.#accumulators) {
      const own = columns.slice(first, first + accumulator.partialTypes.length)
      first += own.length
      if (accumulator.mergeRows !== undefined) {
        accumulator.mergeRows(
          groupIds === 0 ? new Int32Array(rowCount) : i32.subarray(ids, ids + rowCount),
          own,
          rowCount,
        )
        continue
      }
      for (let row = 0; row < rowCount; row++) accumulator.merge(row, groupIds === 0 ? 0 : i32[ids + row]!, own)
    }
  }

  /** @throws ColumnarError DW-COLUMNAR-0003 if a sum does not fit its type */
  finish(arena: Arena, groupCount: number): Column[] {
    this.#grow(groupCount)
    return this.#accumulators.map((accumulator) => accumulator.finish(arena, groupCount))
  }

  close(): void {
    for (const accumulator of this.#accumulators) accumulator.close?.()
    this.#account.release(this.#reserved)
    this.#reserved = 0
  }
}

/** 1 for each row on which a boolean column is true. */
function trueRows(heap: Heap, { length, values, validity }: Column): Uint8Array {
  const { u8 } = heap
  const chosen = new Uint8Array(length)
  for (let row = 0; row < length; row++) {
    const bits = validity === 0 ? u8[values + (row >> 3)]! : u8[values + (row >> 3)]! & u8[validity + (row >> 3)]!
    chosen[row] = (bits >> (row & 7)) & 1
  }
  return chosen
}
