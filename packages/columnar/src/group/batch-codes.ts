import type { Arena } from '../arena.js'
import type { Column } from '../column.js'
import type { ColumnarContext } from '../context.js'
import { takeColumn } from '../take.js'
import { validityOf } from './words.js'

/** A batch's distinct keys: a row of each, in the order of their first rows, and for each row which one it has. */
export interface BatchCodes {
  readonly keys: readonly Column[]
  readonly count: number
  /** Address of int32[rowCount]: places in `keys`. */
  readonly places: number
}

const codesMax = 65_536

/** Distinct keys of a batch whose key columns are all dictionaries or booleans of few combinations; else null. */
export function batchCodes(
  context: ColumnarContext,
  arena: Arena,
  columns: readonly Column[],
  rowCount: number,
): BatchCodes | null {
  const sizes = columns.map(codeCount)
  const combinations = sizes.reduce<number>((product, size) => product * (size + 1), 1)
  if (!(combinations <= Math.min(codesMax, rowCount))) return null
  const { kernels } = context
  const places = arena.allocateZeroed(rowCount * 4)
  columns.forEach((column, i) => {
    const kind = column.dictionary === null ? 0 : 4
    kernels['codesCombine']!(kind, column.values, validityOf(arena, column), rowCount, sizes[i]!, places)
  })
  const map = arena.allocateZeroed(combinations * 4)
  const firstRows = arena.allocate(combinations * 4)
  const count = kernels['codesNumber']!(places, rowCount, map, firstRows)
  const keys = columns.map((column) => takeColumn(context, arena, column, firstRows, count))
  return { keys, count, places }
}

/** How many codes a column has; Infinity if it has none. */
function codeCount({ type, dictionary }: Column): number {
  if (dictionary !== null) return Math.max(1, dictionary.length)
  return type.kind === 'boolean' ? 2 : Infinity
}
