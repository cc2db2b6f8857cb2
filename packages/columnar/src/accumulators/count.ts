import { int64 } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { Heap } from '../heap.js'
import { isNull, readValue } from '../values.js'
import type { Accumulator } from './accumulator.js'
import { grownFloats } from './accumulator-state.js'
import { int64Column } from './int64-column.js'

export class CountAccumulator implements Accumulator {
  readonly partialTypes = [int64]
  readonly #heap: Heap
  #counts: Float64Array = new Float64Array(16)

  readonly #onlyTrue: boolean

  constructor(heap: Heap, onlyTrue = false) {
    this.#heap = heap
    this.#onlyTrue = onlyTrue
  }
  grow(groups: number): void {
    this.#counts = grownFloats(this.#counts, groups)
  }
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    for (let row = 0; row < rowCount; row++) {
      if (chosen === null || chosen[row] === 1) this.#update(row, groups === null ? 0 : groups[row]!, args)
    }
  }
  #update(row: number, group: number, args: readonly Column[]): void {
    for (const column of args) if (column.validity !== 0 && isNull(this.#heap, column, row)) return
    if (this.#onlyTrue && readValue(this.#heap, args[0]!, row) !== true) return
    this.#counts[group]!++
  }
  partial(arena: Arena, groups: number): Column[] {
    return [this.finish(arena, groups)]
  }
  merge(row: number, group: number, [counts]: readonly Column[]): void {
    this.#counts[group]! += Number(this.#heap.i64[(counts!.values >>> 3) + row]!)
  }
  finish(arena: Arena, groups: number): Column {
    return int64Column(arena, groups, (group) => BigInt(this.#counts[group]!))
  }
}
