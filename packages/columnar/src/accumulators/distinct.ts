import { int32, list, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, nestedColumn, type Column } from '../column.js'
import { GroupTable } from '../group-table.js'
import { takeColumn } from '../take.js'
import { isNull } from '../read-values.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'

/** DISTINCT: each group's values once, then the plain aggregate over them. */
export class DistinctAccumulator implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #scope: AccumulatorScope
  /** The aggregate without DISTINCT. */
  readonly #createPlain: () => Accumulator
  readonly #pairs: GroupTable

  constructor(scope: AccumulatorScope, spec: AggregateSpec, createPlain: () => Accumulator) {
    this.#createPlain = createPlain
    this.#scope = scope
    this.partialTypes = spec.argTypes.map((type) => list(type))
    this.#pairs = new GroupTable(scope.context, scope.account, [int32, ...spec.argTypes])
  }
  grow(): void {}
  update({ groups, chosen, rowCount }: GroupedRows, args: readonly Column[]): void {
    const { scratch, context } = this.#scope
    const ids = scratch.allocateZeroed(rowCount * 4)
    if (chosen === 0) {
      if (groups !== 0) context.heap.copy(ids, groups, rowCount * 4)
      this.#insert(fixedColumn(int32, rowCount, ids), args, rowCount)
      return
    }
    const rows = scratch.allocate(rowCount * 4)
    const { i32, u8 } = context.heap
    let count = 0
    for (let row = 0; row < rowCount; row++) {
      if (u8[chosen + row] !== 1) continue
      i32[(ids >>> 2) + count] = groups === 0 ? 0 : i32[(groups >>> 2) + row]!
      i32[(rows >>> 2) + count++] = row
    }
    const values = args.map((column) => takeColumn(context, scratch, column, rows, count))
    this.#insert(fixedColumn(int32, count, ids), values, count)
  }
  #insert(groups: Column, args: readonly Column[], rowCount: number): void {
    this.#pairs.insert([groups, ...args], rowCount, this.#scope.scratch.allocate(rowCount * 4))
  }
  /** The distinct values of each group as lists, by a counting sort of the pairs. */
  partial(arena: Arena, groups: number): Column[] {
    const [groupColumn, ...args] = this.#pairs.keys(arena)
    const { context } = this.#scope
    const { heap } = context
    const pairs = this.#pairs.groupCount
    const offsets = arena.allocateZeroed((groups + 1) * 4)
    const order = arena.allocate(pairs * 4)
    const { i32 } = heap
    const first = offsets >>> 2
    const isIn = (pair: number): boolean => args.every((column) => !isNull(heap, column, pair))
    const groupOf = groupColumn!.values >>> 2
    for (let pair = 0; pair < pairs; pair++) if (isIn(pair)) i32[first + i32[groupOf + pair]! + 1]!++
    for (let group = 0; group < groups; group++) i32[first + group + 1]! += i32[first + group]!
    const next = i32.slice(first, first + groups)
    for (let pair = 0; pair < pairs; pair++) {
      if (isIn(pair)) i32[(order >>> 2) + next[i32[groupOf + pair]!]!++] = pair
    }
    const count = i32[first + groups]!
    return args.map((column, i) =>
      nestedColumn(this.partialTypes[i]!, groups, offsets, [takeColumn(context, arena, column, order, count)]),
    )
  }
  merge({ groups, rowCount }: GroupedRows, columns: readonly Column[]): void {
    const { scratch, context } = this.#scope
    const at = columns[0]!.offsets >>> 2
    const start = context.heap.i32[at]!
    const count = context.heap.i32[at + rowCount]! - start
    if (count === 0) return
    const ids = scratch.allocate(count * 4)
    const rows = scratch.allocate(count * 4)
    const { i32 } = context.heap
    for (let row = 0, item = 0; row < rowCount; row++) {
      for (const end = i32[at + row + 1]! - start; item < end; item++) {
        i32[(ids >>> 2) + item] = groups === 0 ? 0 : i32[(groups >>> 2) + row]!
        i32[(rows >>> 2) + item] = start + item
      }
    }
    const values = columns.map((column) => takeColumn(context, scratch, column.children[0]!, rows, count))
    this.#insert(fixedColumn(int32, count, ids), values, count)
  }
  finish(arena: Arena, groups: number): Column {
    return this.#plain(groups, (plain) => plain.finish(arena, groups))
  }
  /** The plain aggregate's states. */
  plainPartial(arena: Arena, groups: number): Column[] {
    return this.#plain(groups, (plain) => plain.partial(arena, groups))
  }
  #plain<T>(groups: number, take: (plain: Accumulator) => T): T {
    const { scratch, context } = this.#scope
    const plain = this.#createPlain()
    try {
      plain.grow(groups)
      const [groupColumn, ...args] = this.#pairs.keys(scratch)
      const rowCount = this.#pairs.groupCount
      const chosen = scratch.allocate(rowCount)
      const { u8 } = context.heap
      for (let pair = 0; pair < rowCount; pair++) {
        u8[chosen + pair] = args.some((column) => isNull(context.heap, column, pair)) ? 0 : 1
      }
      plain.update({ rowCount, groups: groupColumn!.values, chosen }, args)
      return take(plain)
    } finally {
      plain.close?.()
    }
  }
  close(): void {
    this.#pairs.close()
  }
}
