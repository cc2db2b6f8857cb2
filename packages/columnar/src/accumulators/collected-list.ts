import { list, type DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { nestedColumn, type Column } from '../column.js'
import { concatColumns, copyColumn, plainColumn, sliceColumn } from '../copy.js'
import { takeColumn } from '../take.js'
import type { Accumulator, AccumulatorScope, AggregateSpec, GroupedRows } from './accumulator.js'
import { Collected, collectedAggregates } from './collected.js'

/**
 * collect_list: all values that are not null, in the order of the rows. If there is one group only, they are kept as columns
 * and never become JavaScript values.
 */
export class CollectedList implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #scope: AccumulatorScope
  readonly #element: DataType
  readonly #pieces: Column[] = []
  readonly #grouped: Collected

  constructor(scope: AccumulatorScope, spec: AggregateSpec) {
    this.#scope = scope
    this.#element = spec.argTypes[0]!
    this.partialTypes = [list(this.#element)]
    this.#grouped = new Collected(scope.context.heap, spec, collectedAggregates['collect_list']!)
  }
  grow(): void {}
  update(rows: GroupedRows, args: readonly Column[]): void {
    if (rows.groups !== 0) return this.#grouped.update(rows, args)
    const [column] = args
    if (column!.type.kind === 'null') return
    const { context, states, scratch } = this.#scope
    const chosen = scratch.allocate(rows.rowCount * 4)
    const count = context.kernels['accumulateRows']!(column!.validity, rows.chosen, rows.rowCount, chosen)
    if (count === 0) return
    const taken = takeColumn(context, scratch, column!, chosen, count)
    this.#pieces.push(copyColumn(states, plainColumn(scratch, taken)))
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(rows: GroupedRows, columns: readonly Column[]): void {
    if (rows.groups !== 0) return this.#grouped.merge(rows, columns)
    const { offsets, children } = columns[0]!
    const { i32 } = this.#scope.context.heap
    const [first, last] = [i32[offsets >>> 2]!, i32[(offsets >>> 2) + rows.rowCount]!]
    if (last > first) this.#pieces.push(sliceColumn(this.#scope.states, children[0]!, first, last))
  }
  finish(arena: Arena, groups: number): Column {
    if (this.#pieces.length === 0) return this.#grouped.finish(arena, groups)
    const values = concatColumns(arena, this.#element, this.#pieces)
    const offsets = arena.allocate(8)
    arena.heap.i32.set([0, values.length], offsets >>> 2)
    return nestedColumn(list(this.#element), 1, offsets, [values])
  }
}
