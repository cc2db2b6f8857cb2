import type { DataType } from '@deltaworks/schema'
import { Arena, unlimited, type MemoryAccount } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { GroupTable } from './group-table.js'
import type { SelectionVector } from './take.js'
import { isNull } from './values.js'

/** Pairs of matching rows: addresses of int32[count], in probe order, then build order. */
export interface JoinMatches {
  readonly probeRows: number
  readonly buildRows: number
  readonly count: number
}

/**
 * The build side of a hash join: rows by key. Build rows are numbered in the order in which they were added. A row with a
 * null key matches nothing, but on key columns that compare null-safe.
 */
export class JoinTable {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #groups: GroupTable
  readonly #nullSafe: readonly boolean[]
  readonly #scratch: Arena
  #first = new Int32Array(128).fill(-1)
  #last = new Int32Array(128)
  #next = new Int32Array(128)
  #matched: Uint8Array = new Uint8Array(0)
  #rowCount = 0
  #reserved = 0

  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    keyTypes: readonly DataType[],
    nullSafe: readonly boolean[] = keyTypes.map(() => false),
  ) {
    this.#context = context
    this.#account = account
    this.#nullSafe = nullSafe
    this.#groups = new GroupTable(context, account, keyTypes)
    this.#scratch = new Arena(context.heap, unlimited)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  #hasNullKey(keys: readonly Column[], row: number): boolean {
    for (let i = 0; i < keys.length; i++) {
      if (this.#nullSafe[i] !== true && keys[i]!.validity !== 0 && isNull(this.#context.heap, keys[i]!, row))
        return true
    }
    return false
  }

  add(keys: readonly Column[], rowCount: number): void {
    const groupIds = this.#scratch.allocate(rowCount * 4)
    this.#groups.insert(keys, rowCount, groupIds)
    this.#next = extended(this.#next, this.#rowCount + rowCount)
    this.#first = extended(this.#first, this.#groups.groupCount, -1)
    this.#last = extended(this.#last, this.#groups.groupCount)
    const { i32 } = this.#context.heap
    for (let row = 0; row < rowCount; row++) {
      const buildRow = this.#rowCount + row
      this.#next[buildRow] = -1
      if (this.#hasNullKey(keys, row)) continue
      const group = i32[(groupIds >>> 2) + row]!
      if (this.#first[group] === -1) this.#first[group] = buildRow
      else this.#next[this.#last[group]!] = buildRow
      this.#last[group] = buildRow
    }
    this.#rowCount += rowCount
    this.#scratch.reset()
    const bytes = this.#first.byteLength + this.#last.byteLength + this.#next.byteLength
    if (bytes > this.#reserved) {
      this.#account.reserve(bytes - this.#reserved)
      this.#reserved = bytes
    }
  }

  /** To be called once, after the last `add`. */
  finish(): void {
    this.#matched = new Uint8Array(this.#rowCount)
  }

  #lookup(keys: readonly Column[], rowCount: number): Int32Array {
    const groupIds = this.#scratch.allocate(rowCount * 4)
    this.#groups.lookup(keys, rowCount, groupIds)
    const groups = this.#context.heap.i32.slice(groupIds >>> 2, (groupIds >>> 2) + rowCount)
    this.#scratch.reset()
    for (let row = 0; row < rowCount; row++) {
      if (groups[row]! >= 0 && this.#hasNullKey(keys, row)) groups[row] = -1
    }
    return groups
  }

  /** Every pair of a probe row and a build row with equal keys. */
  probe(arena: Arena, keys: readonly Column[], rowCount: number): JoinMatches {
    const groups = this.#lookup(keys, rowCount)
    let count = 0
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!
      if (group < 0) continue
      for (let build = this.#first[group]!; build >= 0; build = this.#next[build]!) count++
    }
    const probeRows = arena.allocate(count * 4)
    const buildRows = arena.allocate(count * 4)
    const { i32 } = this.#context.heap
    let at = 0
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!
      if (group < 0) continue
      for (let build = this.#first[group]!; build >= 0; build = this.#next[build]!) {
        i32[(probeRows >>> 2) + at] = row
        i32[(buildRows >>> 2) + at++] = build
      }
    }
    return { probeRows, buildRows, count }
  }

  /** Whether each probe row has a match. @returns address of uint8[rowCount], 0 or 1 */
  matchedProbe(arena: Arena, keys: readonly Column[], rowCount: number): number {
    const groups = this.#lookup(keys, rowCount)
    const flags = arena.allocate(rowCount)
    const { u8 } = this.#context.heap
    for (let row = 0; row < rowCount; row++) {
      const group = groups[row]!
      u8[flags + row] = group >= 0 && this.#first[group]! >= 0 ? 1 : 0
    }
    return flags
  }

  /** Remembers build rows that had a match (right and full joins). */
  markMatched(buildRows: number, count: number): void {
    const { i32 } = this.#context.heap
    for (let i = 0; i < count; i++) {
      const row = i32[(buildRows >>> 2) + i]!
      if (row >= 0) this.#matched[row] = 1
    }
  }

  /** Build rows that never had a match, ascending. */
  unmatchedRows(arena: Arena): SelectionVector {
    const address = arena.allocate(this.#rowCount * 4)
    const { i32 } = this.#context.heap
    let count = 0
    for (let row = 0; row < this.#rowCount; row++) if (this.#matched[row] === 0) i32[(address >>> 2) + count++] = row
    return { address, count }
  }

  close(): void {
    this.#groups.close()
    this.#scratch.close()
    this.#account.release(this.#reserved)
    this.#reserved = 0
  }
}

function extended(array: Int32Array, length: number, fill = 0): Int32Array<ArrayBuffer> {
  if (length <= array.length) return array as Int32Array<ArrayBuffer>
  const larger = new Int32Array(Math.max(length, array.length * 2))
  if (fill !== 0) larger.fill(fill, array.length)
  larger.set(array)
  return larger
}
