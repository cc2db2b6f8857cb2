import { agg, lit } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { rowsDoNotReconcile } from './errors.js'
import type { AnyFrame, QueryRunner } from './query-runner.js'

export interface RowCounts {
  readonly input: number
  readonly good: number
  readonly quarantined: number
  readonly dropped: number
}

/**
 * Counts the rows of a table and of what it was split into, in one query. @throws QualityError DW-QUALITY-0013 if they are not
 * input = good + quarantined + dropped
 */
export async function reconcileRows(
  session: QueryRunner,
  table: AnyFrame,
  split: { readonly good: DataFrame; readonly bad: DataFrame; readonly dropped: DataFrame },
): Promise<RowCounts> {
  const parts = [table as DataFrame, split.good, split.bad, split.dropped]
  const counted = parts.map((part, i) => part.agg({ n: agg.count() }).select(lit(i).as('part'), 'n'))
  const { rows } = await session.collect(counted.reduce((a, b) => a.union(b)).plan)
  const count = (part: number) => Number(rows.find(([of]) => of === part)![1])
  const counts = { input: count(0), good: count(1), quarantined: count(2), dropped: count(3) }
  if (counts.input !== counts.good + counts.quarantined + counts.dropped) throw rowsDoNotReconcile(counts)
  return counts
}
