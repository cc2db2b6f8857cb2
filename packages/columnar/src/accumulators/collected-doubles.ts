import { float64, list } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, nestedColumn, type Column } from '../column.js'
import { HeapBuffer } from '../heap-buffer.js'
import type { AccumulatorScope, GroupedRows } from './accumulator.js'
import { valueKind } from './value-kind.js'

/** Each group's values, one group behind the other, in order. */
export interface OrderedDoubles {
  readonly values: Float64Array
  /** Of groups + 1: where each group's begin. */
  readonly offsets: Int32Array
}

/** Numbers that are not null, as doubles with the group of each, in memory that is accounted for. */
export class CollectedDoubles {
  readonly #scope: AccumulatorScope
  readonly #values: HeapBuffer
  /** Empty as long as all are of group 0. */
  readonly #groups: HeapBuffer
  #count = 0
  #isGrouped = false
  #ordered: OrderedDoubles | null = null

  constructor(scope: AccumulatorScope) {
    this.#scope = scope
    this.#values = new HeapBuffer(scope.context.heap, scope.account)
    this.#groups = new HeapBuffer(scope.context.heap, scope.account)
  }

  add({ groups, chosen, rowCount }: GroupedRows, { type, values, validity }: Column): void {
    if (type.kind === 'null' || rowCount === 0) return
    this.#reserve(rowCount, groups !== 0)
    const unit = type.kind === 'decimal' ? 10 ** -type.scale : 1
    const [to, toGroups] = [this.#values.address + this.#count * 8, this.#groupsAt(this.#count)]
    const { kernels } = this.#scope.context
    this.#count += kernels['accumulateDoubles']!(
      ...[valueKind(type), unit, values, validity, groups, chosen, rowCount, to, toGroups],
    )
  }

  /** A list of doubles a row. */
  addLists({ groups, rowCount }: GroupedRows, { offsets, children }: Column): void {
    const { heap } = this.#scope.context
    const start = heap.i32[offsets >>> 2]!
    const count = heap.i32[(offsets >>> 2) + rowCount]! - start
    if (count === 0) return
    this.#reserve(count, groups !== 0)
    heap.copy(this.#values.address + this.#count * 8, children[0]!.values + start * 8, count * 8)
    if (this.#isGrouped) {
      const { i32 } = heap
      const to = (this.#groupsAt(this.#count) >>> 2) - start
      for (let row = 0; row < rowCount; row++) {
        const [first, end] = [i32[(offsets >>> 2) + row]!, i32[(offsets >>> 2) + row + 1]!]
        i32.fill(groups === 0 ? 0 : i32[(groups >>> 2) + row]!, to + first, to + end)
      }
    }
    this.#count += count
  }

  /** A list a group. */
  lists(arena: Arena, groups: number): Column {
    const ordered = this.ordered(groups)
    const values = arena.allocate(this.#count * 8)
    arena.heap.f64.set(ordered.values, values >>> 3)
    const offsets = arena.allocate((groups + 1) * 4)
    arena.heap.i32.set(ordered.offsets, offsets >>> 2)
    return nestedColumn(list(float64), groups, offsets, [fixedColumn(float64, this.#count, values)])
  }

  /** Sorted once, however many ask: NaN is the greatest. */
  ordered(groups: number): OrderedDoubles {
    if (this.#ordered?.offsets.length === groups + 1) return this.#ordered
    const { f64, i32 } = this.#scope.context.heap
    const start = this.#values.address >>> 3
    const all = f64.subarray(start, start + this.#count)
    this.#ordered = this.#isGrouped
      ? byGroup(all, i32.subarray(this.#groupsAt(0) >>> 2), groups)
      : { values: Float64Array.from(all).sort(), offsets: new Int32Array(groups + 1).fill(this.#count, 1) }
    return this.#ordered
  }

  #groupsAt(place: number): number {
    return this.#isGrouped ? this.#groups.address + place * 4 : 0
  }

  #reserve(more: number, grouped: boolean): void {
    this.#ordered = null
    this.#values.ensure((this.#count + more) * 8, this.#count * 8)
    if (!grouped && !this.#isGrouped) return
    this.#groups.ensure((this.#count + more) * 4, this.#isGrouped ? this.#count * 4 : 0)
    if (!this.#isGrouped) this.#scope.context.heap.fill(this.#groups.address, 0, this.#count * 4)
    this.#isGrouped = true
  }

  close(): void {
    this.#ordered = null
    this.#values.close()
    this.#groups.close()
  }
}

/** A counting sort by group, then each group's values. */
function byGroup(all: Float64Array, groupOf: Int32Array, groups: number): OrderedDoubles {
  const offsets = new Int32Array(groups + 1)
  for (let i = 0; i < all.length; i++) offsets[groupOf[i]! + 1]!++
  for (let group = 0; group < groups; group++) offsets[group + 1]! += offsets[group]!
  const next = offsets.slice(0, groups)
  const values = new Float64Array(all.length)
  for (let i = 0; i < all.length; i++) values[next[groupOf[i]!]!++] = all[i]!
  for (let group = 0; group < groups; group++) {
    if (offsets[group + 1]! - offsets[group]! > 1) values.subarray(offsets[group], offsets[group + 1]).sort()
  }
  return { values, offsets }
}
