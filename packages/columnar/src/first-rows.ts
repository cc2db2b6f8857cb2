import type { DataType } from '@deltaworks/schema'
import { Arena, type MemoryAccount } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { GroupTable } from './group-table.js'
import { isWord, wordsOf } from './group/words.js'
import { HeapBuffer } from './heap-buffer.js'
import { sortIndexes, type SortColumn } from './sort.js'
import type { SelectionVector } from './take.js'

/**
 * Which rows can be the first of their group, batch by batch: no row that was chosen for its group before comes before them
 * by the first order key. Of n rows of a group in random order about ln(n) are chosen.
 */
export class FirstRowCandidates {
  readonly #context: ColumnarContext
  readonly #groups: GroupTable
  /** The least first key of each group, as an unsigned word. */
  readonly #best: HeapBuffer
  readonly #scratch: Arena

  constructor(context: ColumnarContext, account: MemoryAccount, keyTypes: readonly DataType[]) {
    this.#context = context
    this.#groups = new GroupTable(context, account, keyTypes)
    this.#best = new HeapBuffer(context.heap, account)
    this.#scratch = new Arena(context.heap, account)
  }

  /** @param order the first order key; null: a group's first row is the one that came first */
  select(arena: Arena, keys: readonly Column[], order: SortColumn | null, rowCount: number): SelectionVector {
    const { kernels, heap } = this.#context
    this.#scratch.reset()
    const known = this.#groups.groupCount
    const groups = this.#scratch.allocate(rowCount * 4)
    this.#groups.insert(keys, rowCount, groups)
    const address = arena.allocate((rowCount + 8) * 4)
    if (order !== null && !isWord(order.column.type)) {
      kernels['sortIdentity']!(address, rowCount)
      return { address, count: rowCount }
    }
    if (order === null) return { address, count: firstOccurrences(heap.i32, groups, rowCount, known, address) }
    const { column, descending } = order
    this.#best.ensure(this.#groups.groupCount * 8, known * 8)
    heap.fill(this.#best.address + known * 8, 0xff, (this.#groups.groupCount - known) * 8)
    const words = wordsOf(this.#context, this.#scratch, column)
    const form = column.type.kind === 'float32' || column.type.kind === 'float64' ? 2 : 1
    const count = kernels['sortChallenge']!(
      words,
      form,
      descending ? 1 : 0,
      column.validity,
      groups,
      rowCount,
      this.#best.address,
      address,
    )
    return { address, count }
  }

  close(): void {
    this.#groups.close()
    this.#best.close()
    this.#scratch.close()
  }
}

/** Groups are numbered as they come, so that a row is the first of its group if its number is the next one. */
function firstOccurrences(
  i32: Int32Array<ArrayBufferLike>,
  groups: number,
  rowCount: number,
  known: number,
  target: number,
): number {
  let next = known
  let count = 0
  for (let row = 0; row < rowCount; row++) {
    if (i32[(groups >>> 2) + row] !== next) continue
    next++
    i32[(target >>> 2) + count++] = row
  }
  return count
}

/** The first row of each group in an order that is stable; row numbers ascending. */
export function firstRows(
  context: ColumnarContext,
  arena: Arena,
  keys: readonly Column[],
  order: readonly SortColumn[],
  rowCount: number,
): SelectionVector {
  const { heap } = context
  const scratch = new Arena(heap, arena.account)
  const table = new GroupTable(
    context,
    arena.account,
    keys.map((key) => key.type),
  )
  try {
    const groups = scratch.allocate(rowCount * 4)
    table.insert(keys, rowCount, groups)
    const address = arena.allocate((table.groupCount + 8) * 4)
    const sorted = sortIndexes(context, scratch, order, rowCount)
    const { i32 } = heap
    const isFirst = new Uint8Array(rowCount)
    const isTaken = new Uint8Array(table.groupCount)
    for (let i = 0; i < rowCount; i++) {
      const row = i32[(sorted >>> 2) + i]!
      const group = i32[(groups >>> 2) + row]!
      if (isTaken[group] === 1) continue
      isTaken[group] = 1
      isFirst[row] = 1
    }
    let count = 0
    for (let row = 0; row < rowCount; row++) if (isFirst[row] === 1) i32[(address >>> 2) + count++] = row
    return { address, count }
  } finally {
    table.close()
    scratch.close()
  }
}
