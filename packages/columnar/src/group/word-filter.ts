import type { MemoryAccount } from '../arena.js'
import type { ColumnarContext } from '../context.js'
import { HeapBuffer } from '../heap-buffer.js'
import type { SelectionVector } from '../take.js'
import { Trial } from '../trial.js'
import type { WordKeys } from './key-index.js'
import type { FinishedWords } from './word-ranks.js'

/** Smaller tables are in the cache themselves; for larger ones the bits are not. */
const fewestWords = 512
const mostWords = 2_097_152
/** Bits a word, rounded up to a power of two: one word in ten or less is taken for one that is there. */
const bitsPerWord = 12
/** Where more words than so many pass, asking first costs more than it saves. */
const mostPassed = 0.6

/**
 * Tells most words that are not in a finished hash table in a fraction of its memory (`assembly/group/filter.ts`). Where most
 * words turn out to be there, it says that it is of no use.
 */
export class WordFilter {
  readonly #context: ColumnarContext
  readonly #bits: HeapBuffer
  readonly #rows: HeapBuffer
  readonly #shift: number
  readonly #trial = new Trial(mostPassed)

  private constructor(context: ColumnarContext, account: MemoryAccount, { keys, count, nullGroup }: FinishedWords) {
    const { heap, kernels } = context
    this.#context = context
    this.#bits = new HeapBuffer(heap, account)
    this.#rows = new HeapBuffer(heap, account)
    const log = Math.ceil(Math.log2(count * bitsPerWord))
    this.#shift = 64 - log
    const bytes = 2 ** (log - 3)
    this.#bits.ensure(bytes, 0)
    heap.fill(this.#bits.address, 0, bytes)
    kernels['groupFilterFill']!(this.#bits.address, this.#shift, keys, count, nullGroup)
  }

  /** Null for so few or so many words that it would be of no use. */
  static create(context: ColumnarContext, account: MemoryAccount, words: FinishedWords): WordFilter | null {
    const { count } = words
    return count < fewestWords || count > mostWords ? null : new WordFilter(context, account, words)
  }

  get isUseful(): boolean {
    return this.#trial.isUseful
  }

  /**
   * The rows that are not null and whose words may be there, ascending.
   * @param address of int32[rowCount + 1]; default: memory of its own, until it is asked again
   */
  rows({ words, validity }: WordKeys, rowCount: number, address: number = this.#room(rowCount)): SelectionVector {
    const { kernels } = this.#context
    const count = kernels['groupFilterRows']!(this.#bits.address, this.#shift, words, validity, rowCount, address)
    this.#trial.note(rowCount, count)
    return { address, count }
  }

  #room(rowCount: number): number {
    this.#rows.ensure((rowCount + 1) * 4, 0)
    return this.#rows.address
  }

  close(): void {
    this.#bits.close()
    this.#rows.close()
  }
}
