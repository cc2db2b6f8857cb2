import { int64 } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, type Column } from '../column.js'
import type { Accumulator, AccumulatorScope, GroupedRows } from './accumulator.js'
import { chosenRows } from './chosen-rows.js'
import { StateBuffer } from './state-buffer.js'

/** Rows whose arguments are all not null; with `onlyTrue`, those whose argument is true. */
export class CountAccumulator implements Accumulator {
  readonly partialTypes = [int64]
  readonly #scope: AccumulatorScope
  readonly #counts: StateBuffer
  readonly #onlyTrue: boolean

  constructor(scope: AccumulatorScope, onlyTrue = false) {
    this.#scope = scope
    this.#counts = new StateBuffer(scope.states, 8)
    this.#onlyTrue = onlyTrue
  }
  grow(groups: number): void {
    this.#counts.grow(groups)
  }
  update(rows: GroupedRows, args: readonly Column[]): void {
    const { rowCount, groups } = rows
    const [first, ...others] = args
    if (first?.type.kind === 'null') return
    if (groups === 0 && rows.chosen === 0 && this.countAll(null, args, rowCount)) return
    const filters = others.filter((column) => column.validity !== 0).map((column) => column.validity)
    if (this.#onlyTrue) filters.push(first!.values)
    if (rows.few && rows.chosen === 0 && filters.length === 0 && (first?.validity ?? 0) === 0) {
      const { count, rows: counts } = rows.few
      this.#scope.context.kernels['accumulateAddRows']!(counts, count, this.#counts.address, 8)
      return
    }
    const chosen = chosenRows(this.#scope, rows.chosen, filters, rowCount)
    this.#scope.context.kernels['accumulateCount']!(
      first?.validity ?? 0,
      groups,
      chosen,
      rowCount,
      this.#counts.address,
    )
  }
  /** Rows that are all of group 0: bits of bitmaps, counted. @returns false if that is not done: there are too many bitmaps */
  countAll(filter: Column | null, args: readonly Column[], rowCount: number): boolean {
    const bitmaps = [filter?.values, filter?.validity, ...args.map(({ validity }) => validity)].filter((bits) => bits)
    if (this.#onlyTrue) bitmaps.push(args[0]!.values)
    const [a = 0, b = 0, c = 0, d = 0, more] = bitmaps
    if (more !== undefined) return false
    const { heap, kernels } = this.#scope.context
    const counted = kernels['bitsCount']!(a, b, c, d, rowCount)
    heap.i64[this.#counts.address >>> 3]! += BigInt(counted)
    return true
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge({ groups, rowCount }: GroupedRows, [counts]: readonly Column[]): void {
    this.#scope.context.kernels['accumulateMergeCount']!(counts!.values, groups, rowCount, this.#counts.address)
  }
  finish(arena: Arena, groups: number): Column {
    const target = arena.allocate(groups * 8)
    this.#scope.context.kernels['accumulateField']!(this.#counts.address, 8, groups, target)
    return fixedColumn(int64, groups, target)
  }
  close(): void {
    this.#counts.close()
  }
}
