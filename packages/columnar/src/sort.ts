import { Arena } from './arena.js'
import type { ColumnarContext } from './context.js'
import { sortByColumn, sortCandidates, type SortColumn } from './sort/sort-by-column.js'

export { keyComparator } from './sort/row-comparator.js'
export type { SortColumn } from './sort/sort-by-column.js'

/**
 * A stable order of the rows: by the last key first, each key's order stable (`sort/sort-by-column.ts`); for a small `fetch`,
 * of the rows only that the first key leaves in question.
 * @returns address of int32[min(rowCount, fetch)]: row numbers in sorted order
 */
export function sortIndexes(
  context: ColumnarContext,
  arena: Arena,
  keys: readonly SortColumn[],
  rowCount: number,
  fetch: number | null = null,
): number {
  const wanted = fetch === null ? rowCount : Math.min(rowCount, fetch)
  const result = arena.allocate(wanted * 4)
  const scratch = new Arena(context.heap, arena.account)
  try {
    const { order, count } = sortCandidates(context, scratch, keys, rowCount, wanted)
    for (let i = keys.length - 1; i >= 0; i--) sortByColumn(context, scratch, keys[i]!, order, count)
    context.heap.copy(result, order, wanted * 4)
  } finally {
    scratch.close()
  }
  return result
}
