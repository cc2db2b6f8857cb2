/** Rows [start, end) of a row group. */
export interface RowRange {
  readonly start: number
  readonly end: number
}

/** Joins ranges that touch; they come in ascending order. */
export function joinRanges(ranges: readonly RowRange[]): RowRange[] {
  const result: { start: number; end: number }[] = []
  for (const { start, end } of ranges) {
    const last = result.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else result.push({ start, end })
  }
  return result
}

export const countRows = (ranges: readonly RowRange[]): number =>
  ranges.reduce((sum, { start, end }) => sum + end - start, 0)

/** Whether any range has a row of [start, end). */
export const overlaps = (ranges: readonly RowRange[], start: number, end: number): boolean =>
  ranges.some((range) => range.start < end && range.end > start)
