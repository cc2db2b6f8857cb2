import { agg, col, lit, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { float64 } from '@deltaworks/schema'

/**
 * Exact quantiles of the column `value` (double) by the columns `groups`, linearly interpolated between neighbours.
 * @returns one row a group: the groups, then `q0`, `q1` … in the order of `shares`
 */
export const quantiles = (
  frame: DataFrame,
  groups: readonly string[],
  value: string,
  shares: readonly number[],
): DataFrame =>
  frame
    .groupBy(...groups.map((name) => col(name)))
    .agg(...shares.map((share, i): Expr => agg.percentile(col(value), lit(share, float64)).as(`q${i}`)))
