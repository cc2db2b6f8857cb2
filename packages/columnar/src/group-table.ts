import type { DataType } from '@deltaworks/schema'
import { Arena, unlimited, type MemoryAccount } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { hashColumns } from './hash.js'
import { createKeyStore, type KeyStore } from './key-store.js'

/**
 * Distinct keys, numbered in the order in which they first came. Open addressing with linear probing over 32-bit hashes;
 * keys are compared on their typed values.
 */
export class GroupTable {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #stores: readonly KeyStore[]
  readonly #scratch: Arena
  /** Group number + 1, or 0: empty. */
  #slots = new Int32Array(256)
  #hashes = new Int32Array(128)
  #groupCount = 0
  #reserved = 0

  constructor(context: ColumnarContext, account: MemoryAccount, keyTypes: readonly DataType[]) {
    this.#context = context
    this.#account = account
    this.#stores = keyTypes.map((type) => createKeyStore(context.heap, type))
    this.#scratch = new Arena(context.heap, unlimited)
  }

  get groupCount(): number {
    return this.#groupCount
  }

  /** Writes the group of each row to int32[rowCount] at `groupIds`, making new groups as needed. */
  insert(keys: readonly Column[], rowCount: number, groupIds: number): void {
    this.#find(keys, rowCount, groupIds, true)
  }

  /** Like `insert`, but a key that is not there gets -1. */
  lookup(keys: readonly Column[], rowCount: number, groupIds: number): void {
    this.#find(keys, rowCount, groupIds, false)
  }

  #find(keys: readonly Column[], rowCount: number, groupIds: number, insert: boolean): void {
    const hashes = hashColumns(this.#context, this.#scratch, keys, rowCount) >>> 2
    const { i32 } = this.#context.heap
    const out = groupIds >>> 2
    for (let row = 0; row < rowCount; row++) {
      i32[out + row] = this.#findOne(keys, row, i32[hashes + row]!, insert)
    }
    this.#scratch.reset()
    if (insert) this.#charge()
  }

  #findOne(keys: readonly Column[], row: number, hash: number, insert: boolean): number {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    for (;;) {
      const found = this.#slots[slot]! - 1
      if (found < 0) break
      if (this.#hashes[found] === hash && this.#matches(keys, row, found)) return found
      slot = (slot + 1) & mask
    }
    if (!insert) return -1
    const group = this.#groupCount++
    this.#slots[slot] = group + 1
    if (group >= this.#hashes.length) {
      const hashes = new Int32Array(this.#hashes.length * 2)
      hashes.set(this.#hashes)
      this.#hashes = hashes
    }
    this.#hashes[group] = hash
    for (let i = 0; i < keys.length; i++) this.#stores[i]!.append(keys[i]!, row)
    if (this.#groupCount * 2 > this.#slots.length) this.#rehash()
    return group
  }

  #matches(keys: readonly Column[], row: number, group: number): boolean {
    for (let i = 0; i < keys.length; i++) if (!this.#stores[i]!.equals(keys[i]!, row, group)) return false
    return true
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    const mask = slots.length - 1
    for (let group = 0; group < this.#groupCount; group++) {
      let slot = this.#hashes[group]! & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = group + 1
    }
    this.#slots = slots
  }

  #charge(): void {
    let bytes = this.#slots.byteLength + this.#hashes.byteLength
    for (const store of this.#stores) bytes += store.sizeBytes
    if (bytes > this.#reserved) {
      this.#account.reserve(bytes - this.#reserved)
      this.#reserved = bytes
    }
  }

  /** The keys, row = group number. */
  keys(arena: Arena): Column[] {
    return this.#stores.map((store) => store.toColumn(arena, this.#groupCount))
  }

  close(): void {
    this.#scratch.close()
    this.#account.release(this.#reserved)
    this.#reserved = 0
  }
}
