import { decimal, divideHalfUp, fitsPrecision, int64, pow10, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { byteWidth, type Column } from '../column.js'
import { aggregateOverflow } from '../errors.js'
import type { Heap } from '../heap.js'
import { columnFromValues, readValue } from '../values.js'
import type { Accumulator, AggregateSpec } from './accumulator.js'
import { ExactSums, grownFloats } from './accumulator-state.js'
import { int64Column } from './int64-column.js'

/** sum and avg of integers and decimals. */
export class ExactSum implements Accumulator {
  readonly partialTypes: readonly DataType[] = [decimal(38, 0), int64]
  readonly #heap: Heap
  readonly #spec: AggregateSpec
  readonly #width: number
  readonly #sums = new ExactSums()
  #counts: Float64Array = new Float64Array(16)

  constructor(heap: Heap, spec: AggregateSpec) {
    this.#heap = heap
    this.#spec = spec
    this.#width = byteWidth(spec.argTypes[0]!)
  }
  grow(groups: number): void {
    this.#sums.grow(groups)
    this.#counts = grownFloats(this.#counts, groups)
  }
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; row++) {
      if (chosen === null || chosen[row] === 1) this.#update(row, groups === null ? 0 : groups[row]!, args)
    }
  }
  #update(row: number, group: number, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    const { u8, i8, i16, i32, u32 } = this.#heap
    if (validity !== 0 && ((u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 0) return
    this.#counts[group]!++
    if (this.#width === 8) {
      const at = (values >>> 2) + row * 2
      this.#sums.add(group, u32[at]!, i32[at + 1]!)
    } else if (this.#width === 16) {
      this.#sums.addWide(group, readValue(this.#heap, argument!, row) as bigint)
    } else {
      const value =
        this.#width === 4
          ? i32[(values >>> 2) + row]!
          : this.#width === 2
            ? i16[(values >>> 1) + row]!
            : i8[values + row]!
      this.#sums.add(group, value >>> 0, value < 0 ? -1 : 0)
    }
  }
  partial(arena: Arena, groups: number): Column[] {
    const sums: Value[] = []
    for (let group = 0; group < groups; group++) sums.push(this.#sums.value(group))
    return [
      columnFromValues(arena, decimal(38, 0), sums),
      int64Column(arena, groups, (group) => BigInt(this.#counts[group]!)),
    ]
  }
  merge(row: number, group: number, [sums, counts]: readonly Column[]): void {
    this.#sums.addWide(group, readValue(this.#heap, sums!, row) as bigint)
    this.#counts[group]! += Number(this.#heap.i64[(counts!.values >>> 3) + row]!)
  }
  finish(arena: Arena, groups: number): Column {
    const { name, type } = this.#spec
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      const count = this.#counts[group]!
      const sum = this.#sums.value(group)
      results.push(count === 0 ? null : name === 'avg' ? this.#average(sum, count) : checkedSum(sum, type))
    }
    return columnFromValues(arena, type, results)
  }
  #average(sum: bigint, count: number): Value {
    const { type, argTypes } = this.#spec
    if (type.kind !== 'decimal') return quotient(sum, count)
    const argument = argTypes[0]!
    const scale = argument.kind === 'decimal' ? argument.scale : 0
    return divideHalfUp(sum * pow10(type.scale - scale), BigInt(count))
  }
}

/** sum / count as the nearest double, also where the sum is beyond 2^53. */
function quotient(sum: bigint, count: number): number {
  const whole = sum / BigInt(count)
  return Number(whole) + Number(sum - whole * BigInt(count)) / count
}

function checkedSum(sum: bigint, type: DataType): bigint {
  const fits = type.kind === 'decimal' ? fitsPrecision(sum, type.precision) : BigInt.asIntN(64, sum) === sum
  if (!fits) throw aggregateOverflow('sum', type)
  return sum
}
