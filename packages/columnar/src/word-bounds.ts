import type { Value } from '@deltaworks/schema'
import { Arena } from './arena.js'
import { byteWidth, type Column } from './column.js'
import { wordsOf } from './group/words.js'
import type { ColumnarContext } from './context.js'

/**
 * The least and the greatest value of a column of integers, dates, timestamps or decimals of 64 bits; null for other types,
 * and if there is no value.
 */
export function wordBounds(context: ColumnarContext, column: Column): readonly [Value, Value] | null {
  const { kind } = column.type
  const isWhole = /^(int\d+|date|timestamp(_ntz)?|decimal)$/.test(kind) && byteWidth(column.type) <= 8
  if (!isWhole || column.length === 0) return null
  const arena = new Arena(context.heap)
  try {
    const words = wordsOf(context, arena, column)
    const bounds = arena.allocate(16)
    if (context.kernels['groupWordBounds']!(words, column.validity, column.length, bounds) === 0) return null
    const least = context.heap.i64[bounds >>> 3]!
    const greatest = context.heap.i64[(bounds >>> 3) + 1]!
    return byteWidth(column.type) < 8 ? [Number(least), Number(greatest)] : [least, greatest]
  } finally {
    arena.close()
  }
}
