import type { DataType } from '@deltaworks/schema'
import type { Arena, MemoryAccount } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { HeapBuffer } from '../heap-buffer.js'
import { scratchBase } from '../heap.js'
import type { SelectionVector } from '../take.js'
import type { KeyIndex, NullKeys, WordKeys } from './key-index.js'
import { columnOfWords } from './words.js'
import { WordFilter } from './word-filter.js'
import { WordRanks } from './word-ranks.js'

const slotBytes = 16
/** A dense array may have so many places a row seen: its memory is then about a hash table's. */
const densePlacesPerRow = 16
const densePlacesMax = 16_777_216
/** A dense array of at most so many bytes is in the cache, and asked sooner than ranks; ranks, sooner than any other table. */
const cachedBytes = 262_144
const cachedRankBytes = 131_072
/** A look into ranks is one, where a hash table takes two and more: they may be so many times as large as it. */
const ranksPerTable = 2

/**
 * Distinct 64-bit words: by a dense array as long as their range is small for the rows seen, then by open addressing
 * (`assembly/group/words.ts`).
 */
export class WordIndex implements KeyIndex<WordKeys> {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #type: DataType
  /** The dense array, or the hash slots. */
  readonly #table: HeapBuffer
  readonly #keys: HeapBuffer
  readonly #nullKeys: NullKeys
  #isDense = true
  #least = 0n
  #places = 0
  #mask = 0
  #shift = 0
  #groupCount = 0
  #nullGroup = -1
  #rowsSeen = 0
  #ranks: WordRanks | null = null
  #filter: WordFilter | null = null

  constructor(context: ColumnarContext, account: MemoryAccount, type: DataType, nullKeys: NullKeys) {
    this.#context = context
    this.#account = account
    this.#type = type
    this.#nullKeys = nullKeys
    this.#table = new HeapBuffer(context.heap, account)
    this.#keys = new HeapBuffer(context.heap, account)
  }

  get groupCount(): number {
    return this.#groupCount
  }

  insert({ words, validity }: WordKeys, rowCount: number, groupIds: number): void {
    if (rowCount === 0) return
    this.#rowsSeen += rowCount
    this.#keys.ensure(64, 0)
    this.#fit(words, validity, rowCount)
    const { kernels, heap } = this.#context
    let row = 0
    for (;;) {
      heap.i32[stateAt] = this.#groupCount
      heap.i32[stateAt + 1] = this.#nullKeys === 'skip' ? -2 : this.#nullGroup
      const capacity = this.#keys.capacityBytes / 8
      if (this.#isDense) {
        heap.i64[baseAt] = this.#least
        row = kernels['groupDenseInsert']!(
          this.#table.address,
          baseAt * 8,
          this.#keys.address,
          capacity,
          stateAt * 4,
          words,
          validity,
          row,
          rowCount,
          groupIds,
        )
      } else {
        const limit = Math.min(capacity, (this.#mask + 1) / 2)
        row = kernels['groupWordsInsert']!(
          this.#table.address,
          this.#shift,
          this.#mask,
          this.#keys.address,
          limit,
          stateAt * 4,
          words,
          validity,
          row,
          rowCount,
          groupIds,
        )
      }
      this.#groupCount = heap.i32[stateAt]!
      if (this.#nullKeys === 'group') this.#nullGroup = heap.i32[stateAt + 1]!
      if (row >>> 0 >= rowCount) return
      if (this.#groupCount >= capacity) this.#keys.ensure((this.#groupCount + 1) * 8, this.#groupCount * 8)
      if (!this.#isDense && this.#groupCount * 2 > this.#mask) this.#hash((this.#mask + 1) * 2)
    }
  }

  /** Says that no key comes any more: what is looked up from now on may be found faster. */
  finish(): void {
    const tableBytes = this.#table.capacityBytes
    if (this.#isDense && tableBytes <= cachedBytes) return
    const mostBytes = this.#isDense ? tableBytes : Math.max(tableBytes * ranksPerTable, cachedRankBytes)
    const words = { keys: this.#keys.address, count: this.#groupCount, nullGroup: this.#nullGroup }
    this.#ranks = WordRanks.create(this.#context, this.#account, words, mostBytes)
    if (this.#ranks !== null) this.#table.close()
    else if (!this.#isDense) this.#filter = WordFilter.create(this.#context, this.#account, words)
  }

  /** After `finish`: the rows whose word is there (`wanted` 1), or is not (0); null if that is not faster than `lookup`. */
  choose(keys: WordKeys, rowCount: number, wanted: 0 | 1, address: number): SelectionVector | null {
    if (this.#ranks !== null) return this.#ranks.choose(keys, rowCount, wanted, address)
    const filter = this.#filterFor(keys)
    if (filter === null || wanted === 0) return null
    const may = filter.rows(keys, rowCount, address)
    const { kernels } = this.#context
    const { address: table } = this.#table
    const count = kernels['groupWordsChooseRows']!(table, this.#shift, this.#mask, keys.words, address, may.count)
    return { address, count }
  }

  lookup(keys: WordKeys, rowCount: number, groupIds: number): void {
    if (this.#ranks !== null) {
      this.#ranks.lookup(keys, rowCount, groupIds)
      return
    }
    const { words, validity } = keys
    const { kernels, heap } = this.#context
    if (this.#isDense) {
      heap.i64[baseAt] = this.#least
      kernels['groupDenseLookup']!(
        this.#table.address,
        baseAt * 8,
        this.#places,
        this.#nullGroup,
        words,
        validity,
        rowCount,
        groupIds,
      )
      return
    }
    const filter = this.#filterFor(keys)
    if (filter !== null) {
      const may = filter.rows(keys, rowCount)
      const { address: table } = this.#table
      heap.fill(groupIds, 0xff, rowCount * 4)
      kernels['groupWordsLookupRows']!(table, this.#shift, this.#mask, words, may.address, may.count, groupIds)
      return
    }
    kernels['groupWordsLookup']!(
      this.#table.address,
      this.#shift,
      this.#mask,
      this.#nullGroup,
      words,
      validity,
      rowCount,
      groupIds,
    )
  }

  /** Null if most words are there; or if nulls are, which it does not look at. */
  #filterFor({ validity }: WordKeys): WordFilter | null {
    const filter = this.#filter
    return filter !== null && filter.isUseful && (validity === 0 || this.#nullGroup < 0) ? filter : null
  }

  /** Makes the dense array take the rows' words, or gives it up. */
  #fit(words: number, validity: number, rowCount: number): void {
    if (!this.#isDense) return
    const { kernels, heap } = this.#context
    if (kernels['groupWordBounds']!(words, validity, rowCount, baseAt * 8) === 0) return
    let least = heap.i64[baseAt]!
    let greatest = heap.i64[baseAt + 1]!
    if (this.#places > 0) {
      const last = this.#least + BigInt(this.#places - 1)
      if (least >= this.#least && greatest <= last) return
      if (this.#least < least) least = this.#least
      if (last > greatest) greatest = last
    }
    const range = greatest - least + 1n
    const limit = Math.min(densePlacesMax, this.#rowsSeen * densePlacesPerRow)
    if (range > BigInt(limit)) {
      this.#hash(4096)
      return
    }
    this.#dense(least, Number(range))
  }

  #dense(least: bigint, range: number): void {
    const { kernels, heap } = this.#context
    // A range that grows, grows on: room to either side, within what the type's words allow.
    const slack = this.#places === 0 ? 0 : range >> 1
    this.#least = least - (least < this.#least && this.#places > 0 && least > -(2n ** 62n) ? BigInt(slack) : 0n)
    const places = range + Number(least - this.#least) + slack
    this.#table.ensure(places * 4, 0)
    this.#places = places
    heap.fill(this.#table.address, 0, places * 4)
    heap.i64[baseAt] = this.#least
    kernels['groupDenseFill']!(this.#table.address, baseAt * 8, this.#keys.address, this.#groupCount, this.#nullGroup)
  }

  /** Open addressing with at least so many slots. */
  #hash(slots: number): void {
    const { kernels, heap } = this.#context
    let size = slots
    while (size < this.#groupCount * 2 + 2) size *= 2
    this.#table.ensure(size * slotBytes, 0)
    heap.fill(this.#table.address, 0, size * slotBytes)
    this.#isDense = false
    this.#mask = size - 1
    this.#shift = 64 - Math.log2(size)
    kernels['groupWordsRehash']!(
      this.#table.address,
      this.#shift,
      this.#mask,
      this.#keys.address,
      this.#groupCount,
      this.#nullGroup,
    )
  }

  keys(arena: Arena): Column[] {
    const count = this.#groupCount
    const words = arena.allocate(count * 8)
    if (count > 0) arena.heap.copy(words, this.#keys.address, count * 8)
    const nullCount = this.#nullGroup < 0 ? 0 : 1
    const validity = nullCount === 0 ? 0 : allButOne(arena, count, this.#nullGroup)
    return [columnOfWords(this.#context, arena, this.#type, words, count, validity, nullCount)]
  }

  close(): void {
    this.#ranks?.close()
    this.#filter?.close()
    this.#table.close()
    this.#keys.close()
  }
}

/** The kernels' state of one call: | groups i32 | null's group i32 | bytes used u32 |, and 64-bit words behind it. */
export const stateAt = scratchBase >>> 2
const baseAt = (scratchBase >>> 3) + 4

/** A validity bitmap with one row null. */
export function allButOne(arena: Arena, count: number, row: number): number {
  const bytes = (count + 7) >> 3
  const validity = arena.allocate(bytes)
  const { u8 } = arena.heap
  arena.heap.fill(validity, 255, bytes)
  u8[validity + (row >> 3)]! &= ~(1 << (row & 7))
  return validity
}
