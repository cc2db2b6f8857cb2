import { expr, fn, lit, type Expr } from '@deltaworks/expression'
import { within } from '../bounds.js'
import type { ReferentialIntegrity } from '../rule.js'
import { labelsOf } from '../rules/label.js'
import type { Analyzer } from './analyzer.js'
import { aggregate, both, countOf, countWhere, ofRows, share } from './counting.js'

export const referentialIntegrity: Analyzer<ReferentialIntegrity> = {
  requires: (constraint, filter) => [
    aggregate(countWhere(hasKey(constraint), filter)),
    { kind: 'orphans', constraint, filter },
  ],
  outcome(constraint, filter, answers) {
    const rows = countOf(answers, countWhere(hasKey(constraint), filter))
    const orphans = answers.orphans({ kind: 'orphans', constraint, filter })
    const metric = share(rows - orphans, rows)
    return {
      passed: metric === null || within(constraint.bounds, metric),
      metric,
      rowsFailed: orphans,
      found:
        orphans === 0 ? 'every key is found' : `${ofRows(orphans, rows)} refer to nothing in ${constraint.reference}`,
    }
  },
  verdict(constraint, filter, rows) {
    const keys = constraint.keys.map((key) => expr(key))
    const names = constraint.referenceKeys.map((_, i) => `key_${i}`)
    const known = rows
      .reference(constraint.reference)
      .select(...constraint.referenceKeys.map((key, i) => expr(key).as(names[i]!)))
      .distinct()
      .select(...names, lit(true).as('found'))
    const [found] = rows.lookup(keys, known, names, ['found'])
    const label = labelsOf(constraint.keys, ' + ')
    const value = fn.concat_ws(', ', ...keys.map((key) => key.cast({ kind: 'string' })))
    return {
      failing: both(found!.isNull().and(hasKey(constraint)), filter),
      reason: fn.concat(lit(`${label} "`), value, lit(`" is not found in ${constraint.reference}`)),
    }
  },
  expressions: ({ keys }) => keys,
}

export const hasKey = ({ keys }: ReferentialIntegrity): Expr =>
  keys.map((key) => expr(key).isNotNull()).reduce((a, b) => a.and(b))
