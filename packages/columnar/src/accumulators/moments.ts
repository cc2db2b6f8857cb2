import { float64, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Heap } from '../heap.js'
import { columnFromValues, isNull, readValue } from '../values.js'
import type { Accumulator, AggregateSpec } from './accumulator.js'
import { grownFloats } from './accumulator-state.js'

/** Variance and standard deviation by mergeable moments (Chan, Golub, LeVeque 1979). */
export class Moments implements Accumulator {
  readonly partialTypes: readonly DataType[] = [float64, float64, float64]
  readonly #heap: Heap
  readonly #spec: AggregateSpec
  #counts: Float64Array = new Float64Array(16)
  #means: Float64Array = new Float64Array(16)
  #squares: Float64Array = new Float64Array(16)
  readonly #unit: number

  constructor(heap: Heap, spec: AggregateSpec) {
    this.#heap = heap
    this.#spec = spec
    const [argument] = spec.argTypes
    this.#unit = argument!.kind === 'decimal' ? 10 ** -argument!.scale : 1
  }
  grow(groups: number): void {
    this.#counts = grownFloats(this.#counts, groups)
    this.#means = grownFloats(this.#means, groups)
    this.#squares = grownFloats(this.#squares, groups)
  }
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; row++) {
      if (chosen === null || chosen[row] === 1) this.#update(row, groups === null ? 0 : groups[row]!, args)
    }
  }
  #update(row: number, group: number, [argument]: readonly Column[]): void {
    if (isNull(this.#heap, argument!, row)) return
    const value = Number(readValue(this.#heap, argument!, row)) * this.#unit
    const count = ++this.#counts[group]!
    const delta = value - this.#means[group]!
    this.#means[group]! += delta / count
    this.#squares[group]! += delta * (value - this.#means[group]!)
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.#counts, this.#means, this.#squares].map((array) =>
      columnFromValues(arena, float64, [...array.subarray(0, groups)]),
    )
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    const [count, mean, squares] = columns.map((column) => this.#heap.f64[(column.values >>> 3) + row]!) as [
      number,
      number,
      number,
    ]
    if (count === 0) return
    const own = this.#counts[group]!
    const total = own + count
    const delta = mean - this.#means[group]!
    this.#means[group]! += (delta * count) / total
    this.#squares[group]! += squares + (delta * delta * own * count) / total
    this.#counts[group] = total
  }
  finish(arena: Arena, groups: number): Column {
    const { name } = this.#spec
    const sample = !name.endsWith('_pop')
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      const count = this.#counts[group]!
      const divisor = sample ? count - 1 : count
      const variance = divisor <= 0 ? null : this.#squares[group]! / divisor
      results.push(variance === null ? null : name.startsWith('stddev') ? Math.sqrt(variance) : variance)
    }
    return columnFromValues(arena, float64, results)
  }
}
