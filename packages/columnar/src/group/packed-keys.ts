import { int64 } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { scratchBase } from '../heap.js'
import { isWord, validityOf, wordsOf } from './words.js'

/** Where the kernels take and leave two words of 64 bits. */
const argumentsAt = (scratchBase >>> 3) + 4
const mostCombinations = 2n ** 62n

interface PackedKey {
  readonly least: bigint
  readonly range: bigint
}

/**
 * Keys of several columns as one word: of a finished set of keys, whose ranges are known and small enough together. A row
 * with a null, or with a value that none of them has, gets no word.
 */
export class PackedKeys {
  readonly #context: ColumnarContext
  readonly #keys: readonly PackedKey[]

  private constructor(context: ColumnarContext, keys: readonly PackedKey[]) {
    this.#context = context
    this.#keys = keys
  }

  /** Null: not all columns are words, or the ranges of their values are too large. */
  static create(
    context: ColumnarContext,
    arena: Arena,
    columns: readonly Column[],
    rowCount: number,
  ): PackedKeys | null {
    if (columns.length < 2 || !columns.every(({ type }) => isWord(type))) return null
    const { kernels, heap } = context
    const keys: PackedKey[] = []
    let combinations = 1n
    for (const column of columns) {
      const words = wordsOf(context, arena, column)
      if (kernels['groupWordBounds']!(words, validityOf(arena, column), rowCount, argumentsAt * 8) === 0) return null
      const least = heap.i64[argumentsAt]!
      const range = heap.i64[argumentsAt + 1]! - least + 1n
      combinations *= range
      if (combinations > mostCombinations) return null
      keys.push({ least, range })
    }
    return new PackedKeys(context, keys)
  }

  /** A word a row, null for one that has none. */
  pack(arena: Arena, columns: readonly Column[], rowCount: number): Column {
    const { kernels, heap } = this.#context
    const target = arena.allocateZeroed(rowCount * 8)
    const bytes = (rowCount + 7) >> 3
    const present = arena.allocate(bytes)
    heap.fill(present, 0xff, bytes)
    this.#keys.forEach(({ least, range }, i) => {
      const column = columns[i]!
      const words = wordsOf(this.#context, arena, column)
      const validity = validityOf(arena, column)
      heap.i64[argumentsAt] = least
      heap.i64[argumentsAt + 1] = range
      kernels['groupPack']!(words, validity, argumentsAt * 8, rowCount, target, present)
    })
    return fixedColumn(int64, rowCount, target, present, -1)
  }
}
