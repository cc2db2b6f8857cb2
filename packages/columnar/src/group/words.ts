import type { DataType } from '@deltaworks/schema'
import type { Arena } from '../arena.js'
import { byteWidth, fixedColumn, type Column } from '../column.js'
import type { ColumnarContext } from '../context.js'

/** Kinds of `groupWiden` and `groupNarrow`; 8: a word already. */
function wordKind(type: DataType): 0 | 1 | 2 | 4 | 5 | 6 | 8 | null {
  switch (type.kind) {
    case 'boolean':
    case 'null':
      return 0
    case 'float32':
      return 5
    case 'float64':
      return 6
    case 'string':
    case 'binary':
    case 'variant':
    case 'list':
    case 'map':
    case 'struct':
      return null
    default: {
      const width = byteWidth(type)
      return width === 16 ? null : (width as 1 | 2 | 4 | 8)
    }
  }
}

/** Whether a value of the type fits a 64-bit word. */
export const isWord = (type: DataType): boolean => wordKind(type) !== null

/** The column's values as 64-bit words whose equality (and, but for floats, signed order) is the values'; maybe its own memory. */
export function wordsOf({ kernels }: ColumnarContext, arena: Arena, column: Column): number {
  const kind = wordKind(column.type)!
  if (kind === 8) return column.values
  if (column.type.kind === 'null') return arena.allocateZeroed(column.length * 8)
  const words = arena.allocate(column.length * 8)
  kernels['groupWiden']!(kind, column.values, column.length, words)
  return words
}

/** A column of words taken from `words`, which may be used as they are. */
export function columnOfWords(
  { kernels }: ColumnarContext,
  arena: Arena,
  type: DataType,
  words: number,
  length: number,
  validity: number,
  nullCount: number,
): Column {
  const kind = wordKind(type)!
  if (kind === 8 || kind === 6) return fixedColumn(type, length, words, validity, nullCount)
  const values = arena.allocate(kind === 0 ? (length + 7) >> 3 : length * byteWidth(type))
  kernels['groupNarrow']!(kind, words, length, values)
  return fixedColumn(type, length, values, validity, nullCount)
}

/** The validity bitmap; a column of type null has one as well. */
export const validityOf = (arena: Arena, { type, validity, length }: Column): number =>
  type.kind === 'null' && validity === 0 ? arena.allocateZeroed((length + 7) >> 3) : validity
