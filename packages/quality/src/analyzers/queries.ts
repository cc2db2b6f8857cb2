import { agg, col, expr, fn, lit, type Expr } from '@deltaworks/expression'
import type { DataFrame, LogicalPlan } from '@deltaworks/plan'
import { float64, int64 } from '@deltaworks/schema'
import type { GroupingRequirement, OrphansRequirement } from './analyzer.js'
import { hasKey } from './referential-integrity.js'

/** One row: rows in scope, rows out of it because of nulls, groups, groups of one row; in detail also the other two. */
export function grouping(frame: DataFrame, { keys, filter, scope, detail }: GroupingRequirement): LogicalPlan {
  const names = keys.map((_, i) => `key_${i}`)
  const rows = filter === null ? frame : frame.filter(expr(filter))
  const present = names.map((name) => col(name).isNotNull())
  const counts = present.reduce((a, b) => (scope === 'any' ? a.or(b) : a.and(b)))
  const one = lit(1n, int64)
  const occurrences = col('occurrences').cast(float64)
  return rows
    .groupBy(...keys.map((key, i) => expr(key).as(names[i]!)))
    .agg({ occurrences: agg.count() })
    .agg({
      rows: agg.sum(col('occurrences')).filter(counts),
      null_rows: agg.sum(col('occurrences')).filter(counts.not()),
      groups: agg.count().filter(counts),
      singles: agg.count().filter(counts.and(col('occurrences').eq(one))),
      ...(detail === true && {
        duplicate_rows: agg.sum(col('occurrences')).filter(counts.and(col('occurrences').gt(one))),
        log_sum: agg.sum(occurrences.mul(fn.ln(occurrences))).filter(counts),
      }),
    }).plan
}

/** One row: how many rows have a key that the reference does not have. */
export function orphans(
  frame: DataFrame,
  reference: DataFrame,
  { constraint, filter }: OrphansRequirement,
): LogicalPlan {
  const { keys, referenceKeys } = constraint
  const asked = filter === null ? hasKey(constraint) : hasKey(constraint).and(expr(filter))
  const left = frame.filter(asked).select(...keys.map((key, i) => expr(key).as(`key_${i}`)))
  const right = reference.select(...referenceKeys.map((key, i) => expr(key).as(`reference_${i}`)))
  const same = keys.map((_, i): Expr => col(`key_${i}`).eq(col(`reference_${i}`))).reduce((a, b) => a.and(b))
  return left.join(right, same, 'left_anti').agg({ orphans: agg.count() }).plan
}
