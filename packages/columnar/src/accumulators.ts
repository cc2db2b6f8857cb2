import type { DataType } from '@deltaworks/schema'
import type { Accumulator, AccumulatorScope, AggregateSpec, FewGroups } from './accumulators/accumulator.js'
import { CountAccumulator } from './accumulators/count.js'
import { createAccumulator, sharedValues } from './accumulators/create-accumulator.js'
import { DistinctAccumulator } from './accumulators/distinct.js'
import { ExactSum } from './accumulators/exact-sum.js'
import { UsedEntries } from './accumulators/used-entries.js'
import { Arena, type MemoryAccount } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'

/** Groups are few if they are at most so many, and have so many rows of a batch each, about. */
const mostOfFew = 64
const rowsOfFew = 16

/** The states of all aggregates of one Aggregate node. */
export class Accumulators {
  readonly #scope: AccumulatorScope
  readonly #accumulators: readonly Accumulator[]
  /** Rows that filters chose, how many each of few groups has, and entries that are used, until a batch is done. */
  readonly #batch: Arena
  readonly #used: UsedEntries
  /** Whether one of them asks how many rows a group has. */
  readonly #counts: boolean
  #groups = 0

  constructor(context: ColumnarContext, account: MemoryAccount, aggregates: readonly AggregateSpec[]) {
    const arena = (): Arena => new Arena(context.heap, account)
    this.#scope = { context, account, states: arena(), scratch: arena() }
    this.#batch = arena()
    this.#used = new UsedEntries(context, this.#batch)
    const shared = sharedValues()
    this.#accumulators = aggregates.map((spec) => createAccumulator(this.#scope, spec, shared))
    this.#counts = this.#accumulators.some((one) => one instanceof ExactSum || one instanceof CountAccumulator)
  }

  /** Types of the columns that `partial` gives and `mergePartial` takes, all aggregates in a row. */
  get partialTypes(): readonly DataType[] {
    return this.#accumulators.flatMap((accumulator) => accumulator.partialTypes)
  }

  #grow(groups: number): void {
    if (groups <= this.#groups) return
    this.#groups = groups
    for (const accumulator of this.#accumulators) accumulator.grow(groups)
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
    const { scratch } = this.#scope
    // Many aggregates may have one filter.
    const known = new Map<Column, number | null>()
    const few = this.#fewGroups(groupIds, rowCount, groupCount)
    this.#accumulators.forEach((accumulator, index) => {
      const filter = filters[index] ?? null
      const own = args[index]!
      if (filter !== null && groupIds === 0 && accumulator instanceof CountAccumulator) {
        if (own[0]?.type.kind === 'null' || accumulator.countAll(filter, own, rowCount)) return
      }
      let chosen: number | null = 0
      if (filter !== null) {
        chosen = known.has(filter) ? known.get(filter)! : this.#trueRows(filter)
        known.set(filter, chosen)
      }
      if (chosen === null) return
      accumulator.update({ rowCount, groups: groupIds, chosen, few, used: this.#used }, own)
      scratch.reset()
    })
    if (known.size > 0 || few !== null || !this.#used.isEmpty) this.#batch.reset()
    this.#used.reset()
  }

  #fewGroups(groups: number, rowCount: number, count: number): FewGroups | null {
    if (!this.#counts || groups === 0 || count > mostOfFew || rowCount < count * rowsOfFew) return null
    const rows = this.#batch.allocate(count * 16)
    this.#scope.context.kernels['accumulateGroupRows']!(groups, rowCount, count, rows)
    return { count, rows }
  }

  /** Like `update`, for one aggregate alone. */
  updateOf(index: number, groupIds: number, args: readonly Column[], rowCount: number, groupCount: number): void {
    this.#grow(Math.max(1, groupCount))
    this.#accumulators[index]!.update({ rowCount, groups: groupIds, chosen: 0 }, args)
    this.#scope.scratch.reset()
  }

  /** Address of a byte a row: 1 where a boolean column is true; 0: it is everywhere; null: nowhere. */
  #trueRows({ values, validity, length }: Column): number | null {
    const { context } = this.#scope
    const { u8 } = context.heap
    const [all, none] = [isUniform(u8, values, length, 0xff), isUniform(u8, values, length, 0)]
    if (all && (validity === 0 || isUniform(u8, validity, length, 0xff))) return 0
    if (none) return null
    const target = this.#batch.allocate(length)
    context.kernels['accumulateChosen']!(values, validity, length, target)
    return target
  }

  partial(arena: Arena, groupCount: number): Column[] {
    return this.#accumulators.flatMap((_, index) => this.partialOf(index, arena, groupCount))
  }

  /** The state columns of one aggregate. */
  partialOf(index: number, arena: Arena, groupCount: number): Column[] {
    this.#grow(groupCount)
    return this.#accumulators[index]!.partial(arena, groupCount)
  }

  partialTypesOf(index: number): readonly DataType[] {
    return this.#accumulators[index]!.partialTypes
  }

  /** Whether the aggregate keeps its values: its state columns are a list an argument, of the values of each group once. */
  isDistinct(index: number): boolean {
    return this.#accumulators[index] instanceof DistinctAccumulator
  }

  /** For a distinct aggregate: the states of the same aggregate without DISTINCT over its values. */
  plainPartialOf(index: number, arena: Arena, groupCount: number): Column[] {
    this.#grow(groupCount)
    const accumulator = this.#accumulators[index]!
    if (!(accumulator instanceof DistinctAccumulator)) return accumulator.partial(arena, groupCount)
    const columns = accumulator.plainPartial(arena, groupCount)
    this.#scope.scratch.reset()
    return columns
  }

  /** Merges states: row r of the columns into the group at int32[r] of `groupIds` (0: all into group 0). */
  mergePartial(groupIds: number, columns: readonly Column[], rowCount: number, groupCount: number): void {
    const all = this.#accumulators.map((_, index) => index)
    this.mergePartialOf(all, groupIds, columns, rowCount, groupCount)
  }

  /** Like `mergePartial`, for some of the aggregates: the columns are theirs, in a row. */
  mergePartialOf(
    indexes: readonly number[],
    groupIds: number,
    columns: readonly Column[],
    rowCount: number,
    groupCount: number,
  ): void {
    this.#grow(Math.max(1, groupCount))
    let first = 0
    for (const index of indexes) {
      const accumulator = this.#accumulators[index]!
      const own = columns.slice(first, first + accumulator.partialTypes.length)
      first += own.length
      accumulator.merge({ rowCount, groups: groupIds, chosen: 0 }, own)
      this.#scope.scratch.reset()
    }
  }

  /** @throws ColumnarError DW-COLUMNAR-0003 if a sum does not fit its type */
  finish(arena: Arena, groupCount: number): Column[] {
    this.#grow(groupCount)
    return this.#accumulators.map((accumulator) => {
      const column = accumulator.finish(arena, groupCount)
      this.#scope.scratch.reset()
      return column
    })
  }

  close(): void {
    for (const accumulator of this.#accumulators) accumulator.close?.()
    this.#scope.states.close()
    this.#scope.scratch.close()
    this.#batch.close()
  }
}

/** Whether the first bits at an address are all set, or all clear. */
function isUniform(bytes: Uint8Array, address: number, length: number, whole: 0 | 0xff): boolean {
  const end = address + (length >> 3)
  for (let at = address; at < end; at++) if (bytes[at] !== whole) return false
  const mask = (1 << (length & 7)) - 1
  return mask === 0 || (bytes[end]! & mask) === (whole & mask)
}
