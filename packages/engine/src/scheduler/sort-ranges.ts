import { rankAmong, type BoundExpression } from '@deltaworks/expression'
import type { Sort } from '@deltaworks/plan'
import { int32 } from '@deltaworks/schema'

/** How rows are parted so that parts that are sorted follow one another. */
export interface SortRanges {
  /** The part of a row: int32, never null. */
  readonly number: BoundExpression
  /** A power of two; the last ones may stay empty. */
  readonly partitions: number
}

/** Parts by the first key's `cuts`; null if the sort does not tell them, or in another direction. */
export function sortRanges({ keys, cuts = [], fetch }: Sort): SortRanges | null {
  const [key] = keys
  if (key === undefined || cuts.length === 0 || fetch !== null || key.descending) return null
  // Nulls are in no range: a comparison with them is not true, which is the first part.
  if (key.expression.nullable && !key.nullsFirst) return null
  let partitions = 2
  while (partitions <= cuts.length) partitions *= 2
  const part = (value: number): BoundExpression => ({ kind: 'literal', value, type: int32, nullable: false })
  return { number: rankAmong(key.expression, cuts, part), partitions }
}
