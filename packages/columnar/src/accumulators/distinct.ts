import { int32, list, type DataType, type Value } from '@deltaworks/schema'
import { Arena, unlimited, type MemoryAccount } from '../arena.js'
import { fixedColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { GroupTable } from '../group-table.js'
import { takeColumn } from '../take.js'
import { columnFromValues, isNull, readValue } from '../values.js'
import type { Accumulator, AggregateSpec } from './accumulator.js'

/** DISTINCT: each group's values once, then the plain aggregate over them. */
export class DistinctAccumulator implements Accumulator {
  readonly partialTypes: readonly DataType[]
  readonly #context: ColumnarContext
  /** The aggregate without DISTINCT. */
  readonly #createPlain: () => Accumulator
  readonly #spec: AggregateSpec
  readonly #pairs: GroupTable
  readonly #scratch: Arena

  constructor(context: ColumnarContext, account: MemoryAccount, spec: AggregateSpec, createPlain: () => Accumulator) {
    this.#createPlain = createPlain
    this.#context = context
    this.#spec = spec
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
  #lists(groups: number): Value[][][] {
    const [groupColumn, ...args] = this.#pairs.keys(this.#scratch)
    const lists: Value[][][] = this.#spec.argTypes.map(() => Array.from({ length: groups }, () => []))
    for (let pair = 0; pair < this.#pairs.groupCount; pair++) {
      if (args.some((column) => isNull(this.#context.heap, column, pair))) continue
      const group = Number(readValue(this.#context.heap, groupColumn!, pair))
      args.forEach((column, i) => lists[i]![group]!.push(readValue(this.#context.heap, column, pair)))
    }
    this.#scratch.reset()
    return lists
  }
  partial(arena: Arena, groups: number): Column[] {
    const lists = this.#lists(groups)
    return this.#spec.argTypes.map((type, i) => columnFromValues(arena, list(type), lists[i]!))
  }
  merge(row: number, group: number, columns: readonly Column[]): void {
    const lists = columns.map((column) => readValue(this.#context.heap, column, row) as readonly Value[])
    for (let i = 0; i < lists[0]!.length; i++) {
      const args = this.#spec.argTypes.map((type, k) => columnFromValues(this.#scratch, type, [lists[k]![i]!]))
      this.#insert(columnFromValues(this.#scratch, int32, [group]), args, 1)
    }
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
