import { binary, isNested, isVariableLength, type DataType } from '@deltaworks/schema'
import { Arena, type MemoryAccount } from './arena.js'
import type { Column } from './column.js'
import type { ColumnarContext } from './context.js'
import { plainColumn } from './copy.js'
import { batchCodes } from './group/batch-codes.js'
import { KeyRows } from './group/key-rows.js'
import { NestedKeys } from './group/nested-keys.js'
import { TextIndex } from './group/text-index.js'
import { WordIndex } from './group/word-index.js'
import type { SelectionVector } from './take.js'
import { isWord, validityOf, wordsOf } from './group/words.js'

/**
 * Distinct keys, numbered in the order in which they first came; null equals null, NaN equals NaN, -0.0 equals 0.0.
 *
 *   one column of a word       -> WordIndex   (dense array or open addressing)
 *   one text column            -> TextIndex   (open addressing on bytes)
 *   several, or a decimal(38)  -> KeyRows     (a byte string a row) -> TextIndex
 *   dictionaries and booleans  -> the batch's distinct combinations first, then as above
 *
 * All memory is the heap's, reserved from the account.
 */
export class GroupTable {
  readonly #context: ColumnarContext
  readonly #scratch: Arena
  readonly #index: WordIndex | TextIndex
  /** For keys that are not one word or one text. */
  readonly #rows: KeyRows | null
  readonly #nested: readonly (NestedKeys | null)[]
  /** Key columns whose nulls make no group: their rows get -1. */
  readonly #skipsNulls: readonly boolean[]

  /** @param nullsMatch a key column each: whether nulls are a key like others (the default), or get group -1 (a join's) */
  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    keyTypes: readonly DataType[],
    nullsMatch: readonly boolean[] = keyTypes.map(() => true),
  ) {
    this.#context = context
    this.#skipsNulls = nullsMatch.map((match) => !match)
    this.#scratch = new Arena(context.heap, account)
    this.#nested = keyTypes.map((type) => (isNested(type) ? new NestedKeys(context.heap, type) : null))
    const [only] = keyTypes
    const nullKeys = this.#skipsNulls.includes(true) ? 'skip' : 'group'
    if (keyTypes.length === 1 && isWord(only!)) {
      this.#index = new WordIndex(context, account, only!, nullKeys)
      this.#rows = null
    } else if (keyTypes.length === 1 && isVariableLength(only!)) {
      this.#index = new TextIndex(context, account, only!, nullKeys)
      this.#rows = null
    } else {
      this.#index = new TextIndex(context, account, binary, nullKeys)
      this.#rows = new KeyRows(
        context,
        keyTypes.map((type) => (isNested(type) ? binary : type)),
      )
    }
  }

  get groupCount(): number {
    return this.#index.groupCount
  }

  /** Writes the group of each row to int32[rowCount] at `groupIds`, making new groups as needed. */
  insert(keys: readonly Column[], rowCount: number, groupIds: number): void {
    this.#assign(keys, rowCount, groupIds, 'insert')
  }

  /** Like `insert`, but a key that is not there gets -1. */
  lookup(keys: readonly Column[], rowCount: number, groupIds: number): void {
    this.#assign(keys, rowCount, groupIds, 'lookup')
  }

  /** Says that no key comes any more: looking keys up may be faster from now on. */
  finish(): void {
    if (this.#index instanceof WordIndex) this.#index.finish()
  }

  /**
   * After `finish`: rows whose key is there (`wanted` 1), or is not (0), ascending; null if that is to be told by `lookup`.
   * @param address of int32[rowCount + 1]
   */
  choose(keys: readonly Column[], rowCount: number, wanted: 0 | 1, address: number): SelectionVector | null {
    const [key] = keys
    if (!(this.#index instanceof WordIndex) || key!.dictionary !== null) return null
    const scratch = this.#scratch
    const words = wordsOf(this.#context, scratch, key!)
    const chosen = this.#index.choose({ words, validity: validityOf(scratch, key!) }, rowCount, wanted, address)
    scratch.reset()
    return chosen
  }

  #assign(keys: readonly Column[], rowCount: number, groupIds: number, action: 'insert' | 'lookup'): void {
    if (rowCount === 0) return
    const codes = batchCodes(this.#context, this.#scratch, keys, rowCount)
    if (codes === null) this.#assignRows(keys, rowCount, groupIds, action)
    else {
      const groups = this.#scratch.allocate(codes.count * 4)
      this.#assignRows(codes.keys, codes.count, groups, action)
      this.#context.kernels['codesGather']!(groups, codes.places, rowCount, groupIds)
    }
    this.#scratch.reset()
  }

  #assignRows(keys: readonly Column[], rowCount: number, groupIds: number, action: 'insert' | 'lookup'): void {
    const scratch = this.#scratch
    const index = this.#index
    const [key] = keys
    if (index instanceof WordIndex) {
      const words = wordsOf(this.#context, scratch, key!)
      index[action]({ words, validity: validityOf(scratch, key!) }, rowCount, groupIds)
      return
    }
    if (this.#rows === null) {
      const { offsets, values, validity } = plainColumn(scratch, key!)
      index[action]({ offsets, values, validity }, rowCount, groupIds)
      return
    }
    const encoded = keys.map((column, i) => this.#nested[i]?.encode(scratch, column, rowCount) ?? column)
    const rows = this.#rows.write(scratch, encoded, rowCount)
    index[action]({ ...rows, validity: this.#presence(keys, rowCount) }, rowCount, groupIds)
    if (action === 'lookup') return
    this.#nested.forEach((nested, i) => nested?.keep(keys[i]!, rowCount, groupIds))
  }

  /** A bitmap of the rows without a null in a column that skips nulls, or 0: all. */
  #presence(keys: readonly Column[], rowCount: number): number {
    const bitmaps = keys
      .filter((_, i) => this.#skipsNulls[i] === true)
      .map((column) => validityOf(this.#scratch, column))
      .filter((validity) => validity !== 0)
    if (bitmaps.length <= 1) return bitmaps[0] ?? 0
    const bytes = (rowCount + 7) >> 3
    const all = this.#scratch.allocate(bytes)
    const { u8 } = this.#context.heap
    this.#context.heap.copy(all, bitmaps[0]!, bytes)
    for (const bitmap of bitmaps.slice(1)) for (let i = 0; i < bytes; i++) u8[all + i]! &= u8[bitmap + i]!
    return all
  }

  /** The keys, row = group number. */
  keys(arena: Arena): Column[] {
    const index = this.#index
    if (this.#rows === null || index instanceof WordIndex) return index.keys(arena)
    const { offsets, values } = index.texts
    const columns = this.#rows.read(arena, offsets, values, this.groupCount)
    return columns.map((column, i) => this.#nested[i]?.toColumn(arena) ?? column)
  }

  close(): void {
    this.#index.close()
    this.#scratch.close()
  }
}
