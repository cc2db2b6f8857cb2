import type { ColumnStatisticsSource, PruningPredicate } from '@deltaworks/expression'
import type { PageBounds, PageLocation } from './page-index.js'
import { columnBounds } from './read-bounds.js'
import type { LeafRead } from './read-plan.js'
import { joinRanges, type RowRange } from './row-ranges.js'

/** The page index of a column that filters look at. */
export interface IndexedColumn {
  readonly leaf: LeafRead
  readonly pages: readonly PageLocation[]
  readonly bounds: PageBounds
}

/**
 * The rows of a row group that may match, by the bounds of its pages. Pages of different columns begin at different rows: the
 * group is cut wherever one of them does.
 * @param columns by position in the scan's schema
 * @param base what the row group itself tells, for columns without an index
 */
export function rowsThatMayMatch(
  predicate: PruningPredicate,
  columns: ReadonlyMap<number, IndexedColumn>,
  base: ColumnStatisticsSource,
  rowCount: number,
): RowRange[] {
  const starts = new Set<number>([0])
  for (const { pages } of columns.values())
    for (const { firstRow } of pages) if (firstRow < rowCount) starts.add(firstRow)
  const cuts = [...starts].sort((a, b) => a - b)
  const cursors = new Map([...columns.keys()].map((index) => [index, 0]))
  const kept: RowRange[] = []
  cuts.forEach((start, i) => {
    const end = cuts[i + 1] ?? rowCount
    for (const [index, { pages }] of columns) {
      let page = cursors.get(index)!
      while (page + 1 < pages.length && pages[page + 1]!.firstRow <= start) page++
      cursors.set(index, page)
    }
    const statistics: ColumnStatisticsSource = {
      rowCount: end - start,
      column: (index) => {
        const column = columns.get(index)
        return column === undefined ? base.column(index) : boundsOf(column, cursors.get(index)!, end - start)
      },
    }
    if (predicate.mayMatch(statistics)) kept.push({ start, end })
  })
  return joinRanges(kept)
}

/** Of a stretch of a page: how many of its rows are null is known only if none or all are. */
function boundsOf({ leaf, bounds }: IndexedColumn, page: number, rows: number): ReturnType<typeof columnBounds> {
  if (bounds.isNull[page]!) return { min: null, max: null, nullCount: rows }
  const nulls = bounds.nullCounts?.[page]
  const raw = { min: bounds.min[page]!, max: bounds.max[page]!, legacy: false, nullCount: nulls === 0 ? 0 : null }
  return columnBounds(leaf.node, leaf.type, raw)
}
