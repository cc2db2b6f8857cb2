import { expr, lit } from '@deltaworks/expression'
import { within } from '../bounds.js'
import { labelOf } from '../rules/label.js'
import type { Completeness } from '../rule.js'
import type { Analyzer } from './analyzer.js'
import { aggregate, both, countOf, countRows, countValues, ofRows, share } from './counting.js'

export const completeness: Analyzer<Completeness> = {
  requires: ({ input }, filter) => [aggregate(countRows(filter)), aggregate(countValues(input, filter))],
  outcome({ input, bounds }, filter, answers) {
    const rows = countOf(answers, countRows(filter))
    const missing = rows - countOf(answers, countValues(input, filter))
    const metric = share(rows - missing, rows)
    return {
      passed: metric === null || within(bounds, metric),
      metric,
      rowsFailed: missing,
      found: missing === 0 ? 'no value is missing' : `missing in ${ofRows(missing, rows)}`,
    }
  },
  verdict: ({ input }, filter) => ({
    failing: both(expr(input).isNull(), filter),
    reason: lit(`${labelOf(input)} is missing`),
  }),
  expressions: ({ input }) => [input],
}
