import { expr, lit, when, type Expr } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { boolean } from '@deltaworks/schema'
import { rowCondition } from '../analyzers/metric.js'
import type { AnyFrame } from '../query-runner.js'
import { AnnotatedRows, type SplitOptions } from '../split-rows.js'
import type { Check } from './check.js'

export interface RowLevelOptions extends SplitOptions {
  /** What is said of rows that a constraint's `where` leaves out; default `null`. */
  readonly filteredRow?: 'null' | 'true'
}

/**
 * The table with a boolean column a check, under its description: whether a row does all that the check asks of single rows.
 * Null where that is not known: the value is missing, or no constraint asked about the row. A check without such constraints has
 * no column.
 */
export function rowLevelResults(table: AnyFrame, checks: readonly Check[], options: RowLevelOptions = {}): DataFrame {
  const frame = table as DataFrame
  const rows = new AnnotatedRows(frame, options)
  const left = lit(options.filteredRow === 'true' ? true : null, boolean)
  const columns: Record<string, Expr> = {}
  for (const check of checks) {
    const verdicts: Expr[] = []
    for (const { id, constraint, filter } of check.rules) {
      if (constraint.kind !== 'metric') continue
      const holds = rowCondition(constraint.analyzer, constraint.bounds, filter, rows.forRule(id))
      if (holds !== null) verdicts.push(filter === null ? holds : when(expr(filter), holds).otherwise(left))
    }
    if (verdicts.length > 0) columns[check.description] = verdicts.reduce((a, b) => a.and(b))
  }
  const own = frame.schema.fields.map(({ name }) => expr({ kind: 'column', name }))
  return rows.frame.select(...own, ...Object.entries(columns).map(([name, verdict]) => verdict.as(name)))
}
