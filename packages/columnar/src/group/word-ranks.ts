import type { MemoryAccount } from '../arena.js'
import type { ColumnarContext } from '../context.js'
import { HeapBuffer } from '../heap-buffer.js'
import { scratchBase } from '../heap.js'
import type { SelectionVector } from '../take.js'
import type { WordKeys } from './key-index.js'

/** The words of a finished index. */
export interface FinishedWords {
  /** Address of int64[count], a word a group. */
  readonly keys: number
  readonly count: number
  /** -1: there is none. */
  readonly nullGroup: number
}

/** The kernels' argument of 64 bits. */
const baseAt = (scratchBase >>> 3) + 4
const blockWords = 32
const blockBytes = 8
const mostPlaces = 2 ** 31

/**
 * Where the range of finished keys is not much larger than their number: ranks in a bitmap (`assembly/group/ranks.ts`), which
 * take a fraction of a hash table's memory, so that looking words up stays within the cache.
 */
export class WordRanks {
  readonly #context: ColumnarContext
  readonly #blocks: HeapBuffer
  readonly #groups: HeapBuffer
  readonly #least: bigint
  readonly #places: number
  readonly #nullGroup: number

  private constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    { keys, count, nullGroup }: FinishedWords,
    least: bigint,
    places: number,
  ) {
    const { heap, kernels } = context
    this.#context = context
    this.#blocks = new HeapBuffer(heap, account)
    this.#groups = new HeapBuffer(heap, account)
    this.#least = least
    this.#places = places
    this.#nullGroup = nullGroup
    const blocks = Math.ceil(places / blockWords)
    this.#blocks.ensure(blocks * blockBytes, 0)
    this.#groups.ensure(count * 4, 0)
    heap.fill(this.#blocks.address, 0, blocks * blockBytes)
    heap.i64[baseAt] = least
    kernels['groupRankFill']!(this.#blocks.address, blocks, baseAt * 8, keys, count, nullGroup, this.#groups.address)
  }

  /** Null if the ranks would take more than `mostBytes`. */
  static create(
    context: ColumnarContext,
    account: MemoryAccount,
    words: FinishedWords,
    mostBytes: number,
  ): WordRanks | null {
    const { heap, kernels } = context
    if (words.count === 0 || (words.count === 1 && words.nullGroup === 0)) return null
    // Null's key is 0: where that is the least or greatest word, the range is only larger than it need be.
    kernels['groupWordBounds']!(words.keys, 0, words.count, baseAt * 8)
    const least = heap.i64[baseAt]!
    const places = heap.i64[baseAt + 1]! - least + 1n
    if (places > BigInt(mostPlaces)) return null
    const bytes = Math.ceil(Number(places) / blockWords) * blockBytes + words.count * 4
    return bytes > mostBytes ? null : new WordRanks(context, account, words, least, Number(places))
  }

  /** Writes the group of each row, or -1. */
  lookup({ words, validity }: WordKeys, rowCount: number, groupIds: number): void {
    const { heap, kernels } = this.#context
    heap.i64[baseAt] = this.#least
    kernels['groupRankLookup']!(
      this.#blocks.address,
      baseAt * 8,
      this.#places,
      this.#groups.address,
      this.#nullGroup,
      words,
      validity,
      rowCount,
      groupIds,
    )
  }

  /** Rows whose word is there (`wanted` 1), or is not (0). @param address of int32[rowCount + 1] */
  choose({ words, validity }: WordKeys, rowCount: number, wanted: 0 | 1, address: number): SelectionVector {
    const { heap, kernels } = this.#context
    heap.i64[baseAt] = this.#least
    const count = kernels['groupRankChoose']!(
      this.#blocks.address,
      baseAt * 8,
      this.#places,
      this.#nullGroup,
      words,
      validity,
      rowCount,
      wanted,
      address,
    )
    return { address, count }
  }

  close(): void {
    this.#blocks.close()
    this.#groups.close()
  }
}
