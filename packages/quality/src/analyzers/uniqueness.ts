import { agg, expr, lit, win, type Expr, type Expression } from '@deltaworks/expression'
import { within } from '../bounds.js'
import { labelsOf } from '../rules/label.js'
import type { Uniqueness } from '../rule.js'
import type { Analyzer, GroupingAnswer, GroupingRequirement } from './analyzer.js'
import { both, formatCount, ofRows, share } from './counting.js'

export const uniqueness: Analyzer<Uniqueness> = {
  requires: (constraint, filter) => [grouping(constraint, filter)],
  outcome(constraint, filter, answers) {
    const answer = answers.grouping(grouping(constraint, filter))
    const metric = metricOf(constraint, answer)
    const missing = constraint.nullKeys === 'fail' ? answer.nullRows : 0
    const repeated = answer.rows - answer.groups
    const found = [
      missing === 0 ? '' : `${formatCount(missing)} rows without a key`,
      repeated === 0 ? 'no duplicates' : `${ofRows(repeated, answer.rows)} repeat an earlier key`,
    ]
    return {
      passed: metric === null || within(constraint.bounds, metric),
      metric,
      rowsFailed: constraint.measure === 'uniqueness' ? missing + repeated : null,
      found: found.filter((text) => text !== '').join(', '),
    }
  },
  verdict(constraint, filter, rows) {
    if (constraint.measure !== 'uniqueness') return null
    const keys = constraint.keys.map((key) => expr(key))
    const order = constraint.keep.length > 0 ? constraint.keep : rows.rowOrder
    const partitionBy = filter === null ? keys : [...keys, expr(filter)]
    const place =
      rows.duplicates === 'all'
        ? rows.column(agg.count().over({ partitionBy }))
        : rows.column(win.rowNumber().over({ partitionBy, orderBy: [...order] }))
    const repeats = place.gt(lit(1n, { kind: 'int64' }))
    const label = labelsOf(constraint.keys, ' + ')
    if (constraint.nullKeys === 'skip') {
      return {
        failing: both(repeats.and(anyOf(keys.map((key) => key.isNotNull()))), filter),
        reason: lit(`${label} repeats that of another row`),
      }
    }
    return {
      failing: both(repeats.or(anyOf(keys.map((key) => key.isNull()))), filter),
      reason: lit(`${label} is missing, or repeats that of another row`),
    }
  },
  expressions: ({ keys }) => keys,
  problem: ({ keys }) => (keys.length === 0 ? 'it names no column' : null),
}

const grouping = ({ keys, nullKeys }: Uniqueness, filter: Expression | null): GroupingRequirement => ({
  kind: 'grouping',
  keys,
  filter,
  // Of one column both mean the same, and the rules share a grouping.
  scope: nullKeys === 'fail' || keys.length === 1 ? 'every' : 'any',
})

function metricOf(
  { measure, nullKeys }: Uniqueness,
  { rows, nullRows, groups, singles }: GroupingAnswer,
): number | null {
  const all = nullKeys === 'fail' ? rows + nullRows : rows
  switch (measure) {
    case 'uniqueness':
      return share(singles, all)
    case 'distinctness':
      return share(groups, all)
    case 'unique_value_ratio':
      return share(singles, groups)
    case 'distinct_count':
      return groups
  }
}

const anyOf = (conditions: readonly Expr[]): Expr => conditions.reduce((a, b) => a.or(b))
