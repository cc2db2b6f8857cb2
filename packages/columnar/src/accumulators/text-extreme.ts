import { binary, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { columnFromValues, isNull } from '../values.js'
import type { Accumulator } from './accumulator.js'

/** Texts, compared by their bytes where they stand; only a new extreme is copied. */
export class TextExtreme implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #context: ColumnarContext
  readonly #type: DataType
  readonly #sign: 1 | -1
  readonly #best: (Uint8Array | undefined)[] = []

  constructor(context: ColumnarContext, type: DataType, sign: 1 | -1) {
    this.#context = context
    this.#type = type
    this.#sign = sign
    this.partialTypes = [type]
  }
  grow(): void {}
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; row++) {
      if (chosen === null || chosen[row] === 1) this.#update(row, groups === null ? 0 : groups[row]!, args)
    }
  }
  #update(row: number, group: number, [argument]: readonly Column[]): void {
    const { heap } = this.#context
    const column = argument!
    if (column.validity !== 0 && isNull(heap, column, row)) return
    const { u8, i32 } = heap
    const texts = column.dictionary ?? column
    const at = (texts.offsets >>> 2) + (column.dictionary === null ? row : i32[(column.values >>> 2) + row]!)
    const start = texts.values + i32[at]!
    const end = texts.values + i32[at + 1]!
    const best = this.#best[group]
    if (best !== undefined) {
      const length = Math.min(best.length, end - start)
      let i = 0
      while (i < length && u8[start + i] === best[i]) i++
      const difference = i < length ? u8[start + i]! - best[i]! : end - start - best.length
      if (this.#sign * difference <= 0) return
    }
    this.#best[group] = u8.slice(start, end)
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    this.#update(row, group, columns)
  }
  finish(arena: Arena, groups: number): Column {
    const results: Value[] = []
    for (let group = 0; group < groups; group++) results.push(this.#best[group] ?? null)
    const column = columnFromValues(arena, binary, results)
    return { ...column, type: this.#type }
  }
}
