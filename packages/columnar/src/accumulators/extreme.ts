import { comparatorOf } from '@deltaworks/expression'
import { isNested, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { columnFromValues, isNull, readValue } from '../values.js'
import type { Accumulator } from './accumulator.js'
import { grownBytes, grownFloats } from './accumulator-state.js'
import { compareFloats, compareOrdered } from './ordered-values.js'

/** The greatest (sign 1) or least (sign -1) value of any ordered type; kept in an arena of its own, a row a group. */
export class Extreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #context: ColumnarContext
  readonly #type: DataType
  readonly #sign: 1 | -1
  #has: Uint8Array = new Uint8Array(16)
  #numbers: Float64Array = new Float64Array(16)
  #values: Value[] = []
  readonly #numeric: boolean
  readonly #compare: (a: Value, b: Value) => number

  constructor(context: ColumnarContext, type: DataType, sign: 1 | -1) {
    this.#context = context
    this.#type = type
    this.#sign = sign
    this.partialTypes = [type]
    this.#compare = isNested(type) ? comparatorOf(type) : compareOrdered
    this.#numeric = ['int8', 'int16', 'int32', 'date', 'float32', 'float64'].includes(type.kind)
  }
  grow(groups: number): void {
    this.#has = grownBytes(this.#has, groups)
    if (this.#numeric) this.#numbers = grownFloats(this.#numbers, groups)
  }
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; row++) {
      if (chosen === null || chosen[row] === 1) this.#update(row, groups === null ? 0 : groups[row]!, args)
    }
  }
  #update(row: number, group: number, [argument]: readonly Column[]): void {
    const { heap } = this.#context
    if (isNull(heap, argument!, row)) return
    const value = readValue(heap, argument!, row)
    if (this.#numeric) {
      if (this.#has[group] === 1 && this.#sign * compareFloats(value as number, this.#numbers[group]!) <= 0) return
      this.#numbers[group] = value as number
    } else {
      if (this.#has[group] === 1 && this.#sign * this.#compare(value, this.#values[group]!) <= 0) return
      this.#values[group] = value
    }
    this.#has[group] = 1
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    this.#update(row, group, columns)
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++) {
      results.push(this.#has[group] !== 1 ? null : this.#numeric ? this.#numbers[group]! : this.#values[group]!)
    }
    return columnFromValues(arena, this.#type, results)
  }
}
