import { comparatorOf } from '@deltaworks/expression'
import type { DataType, Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'
import type { Accumulator, AccumulatorScope, GroupedRows } from './accumulator.js'

/** The greatest (sign 1) or least (sign -1) struct, list or map, by the order of expressions. */
export class NestedExtreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #scope: AccumulatorScope
  readonly #type: DataType
  readonly #sign: 1 | -1
  readonly #compare: (a: Value, b: Value) => number
  readonly #values: Value[] = []

  constructor(scope: AccumulatorScope, type: DataType, sign: 1 | -1) {
    this.#scope = scope
    this.#type = type
    this.#sign = sign
    this.#compare = comparatorOf(type)
    this.partialTypes = [type]
  }
  grow(groups: number): void {
    while (this.#values.length < groups) this.#values.push(null)
  }
  update({ groups, chosen, rowCount }: GroupedRows, [argument]: readonly Column[]): void {
    const { heap } = this.#scope.context
    const { u8, i32 } = heap
    for (let row = 0; row < rowCount; row++) {
      if (chosen !== 0 && u8[chosen + row] === 0) continue
      const value = readValue(heap, argument!, row)
      if (value === null) continue
      const group = groups === 0 ? 0 : i32[(groups >>> 2) + row]!
      const kept = this.#values[group]!
      if (kept === null || this.#sign * this.#compare(value, kept) > 0) this.#values[group] = value
    }
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(rows: GroupedRows, columns: readonly Column[]): void {
    this.update(rows, columns)
  }
  finish(arena: Arena, groups: number): Column {
    return columnFromValues(arena, this.#type, this.#values.slice(0, groups))
  }
}
