import { int32, list, type DataType } from '@deltaworks/schema'
import { Arena, unlimited, type MemoryAccount } from '../arena.js'
import { fixedColumn, nestedColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { GroupTable } from '../group-table.js'
import { takeColumn } from '../take.js'
import { isNull } from '../values.js'
import type { Accumulator, AggregateSpec } from './accumulator.js'

/** DISTINCT: each group's values once, then the plain aggregate over them. */
export class DistinctAccumulator implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #context: ColumnarContext
  /** The aggregate without DISTINCT. */
  readonly #createPlain: () => Accumulator
  readonly #pairs: GroupTable
  readonly #scratch: Arena

  constructor(context: ColumnarContext, account: MemoryAccount, spec: AggregateSpec, createPlain: () => Accumulator) {
    this.#createPlain = createPlain
    this.#context = context
    this.partialTypes = spec.argTypes.map((type) => list(type))
    this.#pairs = new GroupTable(context, account, [int32, ...spec.argTypes])
    this.#scratch = new Arena(context.heap, unlimited)
  }
  grow(): void {}
  updateRows(groups: Int32Array | null, chosen: Uint8Array | null, args: readonly Column[], rowCount: number): void {
    const ids = this.#scratch.allocateZeroed(rowCount * 4)
    const { i32 } = this.#context.heap
    if (groups !== null) i32.set(groups, ids >>> 2)
    if (chosen === null) {
      this.#insert(fixedColumn(int32, rowCount, ids), args, rowCount)
      return
    }
    const rows = this.#scratch.allocate(rowCount * 4)
    let count = 0
    for (let row = 0; row < rowCount; row++) {
      if (chosen[row] !== 1) continue
      i32[(ids >>> 2) + count] = groups === null ? 0 : groups[row]!
      i32[(rows >>> 2) + count++] = row
    }
    const values = args.map((column) => takeColumn(this.#context, this.#scratch, column, rows, count))
    this.#insert(fixedColumn(int32, count, ids), values, count)
  }
  #insert(groups: Column, args: readonly Column[], rowCount: number): void {
    this.#pairs.insert([groups, ...args], rowCount, this.#scratch.allocate(rowCount * 4))
    this.#scratch.reset()
  }
  /** The distinct values of each group as lists, by a counting sort of the pairs. */
  partial(arena: Arena, groups: number): Column[] {
    const [groupColumn, ...args] = this.#pairs.keys(arena)
    const { heap } = this.#context
    const pairs = this.#pairs.groupCount
    const offsets = arena.allocateZeroed((groups + 1) * 4)
    const order = arena.allocate(pairs * 4)
    const { i32 } = heap
    const first = offsets >>> 2
    const isIn = (pair: number): boolean => args.every((column) => !isNull(heap, column, pair))
    const groupOf = groupColumn!.values >>> 2
    for (let pair = 0; pair < pairs; pair++) if (isIn(pair)) i32[first + i32[groupOf + pair]! + 1]!++
    for (let group = 0; group < groups; group++) i32[first + group + 1]! += i32[first + group]!
    const next = i32.slice(first, first + groups)
    for (let pair = 0; pair < pairs; pair++) {
      if (isIn(pair)) i32[(order >>> 2) + next[i32[groupOf + pair]!]!++] = pair
    }
    const count = i32[first + groups]!
    return args.map((column, i) =>
      nestedColumn(this.partialTypes[i]!, groups, offsets, [takeColumn(this.#context, arena, column, order, count)]),
    )
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    this.mergeRows([group], columns, 1, row)
  }
  mergeRows(groups: ArrayLike<number>, columns: readonly Column[], rowCount: number, firstRow = 0): void {
    const { i32 } = this.#context.heap
    const at = (columns[0]!.offsets >>> 2) + firstRow
    const start = i32[at]!
    const count = i32[at + rowCount]! - start
    if (count === 0) return
    const ids = this.#scratch.allocate(count * 4)
    const rows = this.#scratch.allocate(count * 4)
    const fresh = this.#context.heap.i32
    for (let row = 0, item = 0; row < rowCount; row++) {
      for (const end = fresh[at + row + 1]! - start; item < end; item++) {
        fresh[(ids >>> 2) + item] = groups[row]!
        fresh[(rows >>> 2) + item] = start + item
      }
    }
    const values = columns.map((column) => takeColumn(this.#context, this.#scratch, column.children[0]!, rows, count))
    this.#insert(fixedColumn(int32, count, ids), values, count)
  }
  finish(arena: Arena, groups: number): Column {
    const plain = this.#createPlain()
    plain.grow(groups)
    const [groupColumn, ...args] = this.#pairs.keys(this.#scratch)
    const count = this.#pairs.groupCount
    const ids = new Int32Array(count)
    const chosen = new Uint8Array(count)
    for (let pair = 0; pair < count; pair++) {
      ids[pair] = this.#context.heap.i32[(groupColumn!.values >>> 2) + pair]!
      chosen[pair] = args.some((column) => isNull(this.#context.heap, column, pair)) ? 0 : 1
    }
    plain.updateRows(ids, chosen, args, count)
    const result = plain.finish(arena, groups)
    this.#scratch.reset()
    return result
  }
  close(): void {
    this.#pairs.close()
    this.#scratch.close()
  }
}
