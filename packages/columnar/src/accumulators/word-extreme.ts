import type { DataType, Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Heap } from '../heap.js'
import { columnFromValues } from '../values.js'
import type { Accumulator } from './accumulator.js'
import { grownBytes, grownFloats } from './accumulator-state.js'

/** 64-bit integers, compared as a signed high and an unsigned low word: no bigint a row. */
export class WordExtreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #heap: Heap
  readonly #type: DataType
  readonly #sign: 1 | -1
  #has: Uint8Array = new Uint8Array(16)
  #high: Float64Array = new Float64Array(16)
  #low: Float64Array = new Float64Array(16)

  constructor(heap: Heap, type: DataType, sign: 1 | -1) {
    this.#heap = heap
    this.#type = type
    this.#sign = sign
    this.partialTypes = [type]
  }
  grow(groups: number): void {
    this.#has = grownBytes(this.#has, groups)
    this.#high = grownFloats(this.#high, groups)
    this.#low = grownFloats(this.#low, groups)
  }
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; row++) {
      if (chosen === null || chosen[row] === 1) this.#update(row, groups === null ? 0 : groups[row]!, args)
    }
  }
  #update(row: number, group: number, [argument]: readonly Column[]): void {
    const { values, validity } = argument!
    const { u8, i32, u32 } = this.#heap
    if (validity !== 0 && ((u8[validity + (row >> 3)]! >> (row & 7)) & 1) === 0) return
    const at = (values >>> 2) + row * 2
    const high = i32[at + 1]!
    const low = u32[at]!
    if (this.#has[group] === 1) {
      const difference = high === this.#high[group]! ? low - this.#low[group]! : high - this.#high[group]!
      if (this.#sign * difference <= 0) return
    }
    this.#has[group] = 1
    this.#high[group] = high
    this.#low[group] = low
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
      results.push(this.#has[group] === 1 ? (BigInt(this.#high[group]!) << 32n) + BigInt(this.#low[group]!) : null)
    }
    return columnFromValues(arena, this.#type, results)
  }
}
