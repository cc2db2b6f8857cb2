import { agg, col, fn, lit, win } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { float64, int64 } from '@deltaworks/schema'

/**
 * Exact quantiles of the column `value` (double) by the columns `groups`, linearly interpolated between neighbours as
 * Spark's `percentile` does. Rows without a value must be left out before.
 * @returns one row a group: the groups, then `q0`, `q1` … in the order of `shares`
 */
export function quantiles(frame: DataFrame, groups: readonly string[], value: string, shares: readonly number[]): DataFrame {
  const partitionBy = groups.map((name) => col(name))
  const ranked = frame.withColumns({
    place: win.rowNumber().over({ partitionBy, orderBy: [col(value).asc()] }).sub(lit(1n, int64)),
    last: agg.count().over({ partitionBy, orderBy: [] }).sub(lit(1n, int64)),
  })
  const neighbours: Record<string, ReturnType<typeof col>> = {}
  shares.forEach((share, i) => {
    const at = col('last').cast(float64).mul(lit(share, float64))
    neighbours[`low${i}`] = agg.max(col(value)).filter(col('place').cast(float64).eq(fn.floor(at).cast(float64)))
    neighbours[`high${i}`] = agg.max(col(value)).filter(col('place').cast(float64).eq(fn.ceil(at).cast(float64)))
  })
  const edges = ranked.groupBy(...groups.map((name) => col(name))).agg({ ...neighbours, last: agg.max(col('last')) })
  return edges.select(
    ...groups.map((name) => col(name)),
    ...shares.map((share, i) => {
      const at = col('last').cast(float64).mul(lit(share, float64))
      const rest = at.sub(fn.floor(at).cast(float64))
      return col(`low${i}`).add(col(`high${i}`).sub(col(`low${i}`)).mul(rest)).as(`q${i}`)
    }),
  )
}
