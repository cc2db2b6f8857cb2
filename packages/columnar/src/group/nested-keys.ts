import { binary, type DataType, type Value } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import { canonicalKey } from '../hash.js'
import type { Heap } from '../heap.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'

const encoder = new TextEncoder()

/** Lists, maps and structs as keys: texts that are equal exactly for equal values; a value of each group is kept. */
export class NestedKeys {
  readonly #heap: Heap
  readonly #type: DataType
  readonly #values: Value[] = []

  constructor(heap: Heap, type: DataType) {
    this.#heap = heap
    this.#type = type
  }

  encode(arena: Arena, column: Column, rowCount: number): Column {
    const texts: Value[] = []
    for (let row = 0; row < rowCount; row++) {
      const value = readValue(this.#heap, column, row)
      texts.push(value === null ? null : encoder.encode(canonicalKey(value)))
    }
    return columnFromValues(arena, binary, texts)
  }

  /** Keeps the value of each new group: of the rows, in order, those that are the first of a group. */
  keep(column: Column, rowCount: number, groupIds: number): void {
    const { i32 } = this.#heap
    for (let row = 0; row < rowCount; row++) {
      if (i32[(groupIds >>> 2) + row] === this.#values.length) this.#values.push(readValue(this.#heap, column, row))
    }
  }

  toColumn(arena: Arena): Column {
    return columnFromValues(arena, this.#type, this.#values)
  }
}
