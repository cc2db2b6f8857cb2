import type { DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { fixedColumn, variableColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { plainColumn } from '../copy.js'
import { columnTooLong } from '../errors.js'
import type { TextKeys } from './key-index.js'
import { columnOfWords, isWord, validityOf, wordsOf } from './words.js'

/** A column's part of a row: 8 or 16 bytes at a fixed position, or 0: a text behind its length. */
interface Part {
  readonly type: DataType
  readonly width: 0 | 8 | 16
  readonly position: number
}

/**
 * Keys of several columns as one byte string a row: | null mask | fixed parts | texts, each behind its length |. Equal rows
 * have equal bytes, and the columns can be read back (`assembly/group/rows.ts`).
 */
export class KeyRows {
  readonly #context: ColumnarContext
  readonly #parts: readonly Part[]
  readonly #maskBytes: number
  readonly #fixedBytes: number

  constructor(context: ColumnarContext, types: readonly DataType[]) {
    this.#context = context
    this.#maskBytes = (types.length + 7) >> 3
    let position = this.#maskBytes
    this.#parts = types.map((type) => {
      const width = isWord(type) ? 8 : type.kind === 'decimal' ? 16 : 0
      const part: Part = { type, width, position }
      position += width
      return part
    })
    this.#fixedBytes = position
  }

  /** @param columns of the given types; those of variable length may be dictionary-encoded */
  write(arena: Arena, columns: readonly Column[], rowCount: number): TextKeys {
    const { kernels } = this.#context
    const plain = columns.map((column) => plainColumn(arena, column))
    const validities = plain.map((column) => validityOf(arena, column))
    const cursors = arena.allocate(rowCount * 4)
    const offsets = arena.allocate((rowCount + 1) * 4)
    kernels['keyRowsBegin']!(this.#fixedBytes, rowCount, cursors)
    this.#parts.forEach(({ width }, i) => {
      if (width === 0) kernels['keyRowsAddTexts']!(plain[i]!.offsets, validities[i]!, rowCount, cursors)
    })
    const bytes = kernels['keyRowsOffsets']!(cursors, rowCount, this.#fixedBytes, offsets)
    if (bytes > 0x7fffffff) throw columnTooLong(bytes)
    const rows = arena.allocate(bytes + 8)
    kernels['keyRowsMasks']!(offsets, rowCount, this.#maskBytes, rows)
    this.#parts.forEach(({ width, position }, i) => {
      const column = plain[i]!
      const validity = validities[i]!
      if (width === 0) {
        kernels['keyRowsTexts']!(column.offsets, column.values, validity, rowCount, i, cursors, offsets, rows)
        return
      }
      const values = width === 8 ? wordsOf(this.#context, arena, column) : column.values
      kernels['keyRowsFixed']!(width, values, validity, rowCount, i, position, offsets, rows)
    })
    return { offsets, values: rows, validity: 0 }
  }

  /** The columns of `count` rows that `write` made. */
  read(arena: Arena, offsets: number, rows: number, count: number): Column[] {
    const { kernels } = this.#context
    const cursors = arena.allocate(count * 4)
    kernels['keyRowsRewind']!(offsets, count, this.#fixedBytes, cursors)
    return this.#parts.map(({ type, width, position }, i) => {
      const bitmap = arena.allocateZeroed((count + 7) >> 3)
      const nullCount = count - kernels['keyRowsValidity']!(offsets, rows, count, i, bitmap)
      const validity = nullCount === 0 ? 0 : bitmap
      if (width === 0) {
        const textOffsets = arena.allocate((count + 1) * 4)
        const size = kernels['keyRowsTextOffsets']!(cursors, rows, count, textOffsets)
        const bytes = arena.allocate(size)
        kernels['keyRowsTakeTexts']!(cursors, rows, count, bytes)
        return variableColumn(type, count, textOffsets, bytes, validity, nullCount)
      }
      const values = arena.allocate(count * width)
      kernels['keyRowsTakeFixed']!(width, position, offsets, rows, count, values)
      return width === 16
        ? fixedColumn(type, count, values, validity, nullCount)
        : columnOfWords(this.#context, arena, type, values, count, validity, nullCount)
    })
  }
}
