import { float64, int64, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Heap } from '../heap.js'
import { columnFromValues, isNull } from '../values.js'
import type { Accumulator, AggregateSpec } from './accumulator.js'
import { grownFloats } from './accumulator-state.js'
import { int64Column } from './int64-column.js'

/** sum and avg of floats, with Neumaier's compensation, so that the order of rows hardly matters. */
export class FloatSum implements Accumulator {
  readonly partialTypes: readonly DataType[] = [float64, float64, int64]
  readonly #heap: Heap
  readonly #spec: AggregateSpec
  #sums: Float64Array = new Float64Array(16)
  #compensations: Float64Array = new Float64Array(16)
  #counts: Float64Array = new Float64Array(16)

  constructor(heap: Heap, spec: AggregateSpec) {
    this.#heap = heap
    this.#spec = spec
  }
  grow(groups: number): void {
    this.#sums = grownFloats(this.#sums, groups)
    this.#compensations = grownFloats(this.#compensations, groups)
    this.#counts = grownFloats(this.#counts, groups)
  }
  #add(group: number, value: number): void {
    const sum = this.#sums[group]!
    const next = sum + value
    if (Number.isFinite(next)) {
      this.#compensations[group]! += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
    }
    this.#sums[group] = next
  }
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; row++) {
      if (chosen === null || chosen[row] === 1) this.#update(row, groups === null ? 0 : groups[row]!, args)
    }
  }
  #update(row: number, group: number, [argument]: readonly Column[]): void {
    if (argument!.validity !== 0 && isNull(this.#heap, argument!, row)) return
    const single = argument!.type.kind === 'float32'
    const value = single
      ? this.#heap.f32[(argument!.values >>> 2) + row]!
      : this.#heap.f64[(argument!.values >>> 3) + row]!
    this.#counts[group]!++
    this.#add(group, value)
  }
  partial(arena: Arena, groups: number): Column[] {
    const floats = (array: Float64Array) => columnFromValues(arena, float64, [...array.subarray(0, groups)])
    return [
      floats(this.#sums),
      floats(this.#compensations),
      int64Column(arena, groups, (group) => BigInt(this.#counts[group]!)),
    ]
  }
  merge(row: number, group: number, [sums, compensations, counts]: readonly Column[]): void {
    this.#add(group, this.#heap.f64[(sums!.values >>> 3) + row]!)
    this.#compensations[group]! += this.#heap.f64[(compensations!.values >>> 3) + row]!
    this.#counts[group]! += Number(this.#heap.i64[(counts!.values >>> 3) + row]!)
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      const count = this.#counts[group]!
      const total = this.#sums[group]! + this.#compensations[group]!
      results.push(count === 0 ? null : this.#spec.name === 'avg' ? total / count : total)
    }
    return columnFromValues(arena, this.#spec.type, results)
  }
}
