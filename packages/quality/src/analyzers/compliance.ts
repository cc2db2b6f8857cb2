import { agg, expr, fn, lit, type Expr, type Expression } from '@deltaworks/expression'
import { within } from '../bounds.js'
import type { Compliance } from '../rule.js'
import { labelOf } from '../rules/label.js'
import type { Analyzer } from './analyzer.js'
import { aggregate, both, countOf, countRows, countWhere, filtered, formatCount, ofRows, share } from './counting.js'

export const compliance: Analyzer<Compliance> = {
  requires: (constraint, filter) => [
    aggregate(passing(constraint, filter)),
    aggregate(judged(constraint, filter)),
    ...(constraint.nulls === 'skip' ? [] : [aggregate(countRows(filter))]),
  ],
  outcome(constraint, filter, answers) {
    const holds = countOf(answers, passing(constraint, filter))
    const known = countOf(answers, judged(constraint, filter))
    const rows = constraint.nulls === 'skip' ? known : countOf(answers, countRows(filter))
    const failed = constraint.nulls === 'fail' ? rows - holds : known - holds
    const metric = share(rows - failed, rows)
    const subject = constraint.subject === null ? 'rows' : 'values'
    return {
      passed: metric === null || within(constraint.bounds, metric),
      metric,
      rowsFailed: failed,
      found: failed === 0 ? `all ${formatCount(rows)} ${subject} do` : `${ofRows(failed, rows, subject)} do not`,
    }
  },
  verdict(constraint, filter) {
    const holds = expr(constraint.predicate)
    const fails = constraint.nulls === 'fail' ? holds.isNull().or(holds.not()) : holds.not()
    return { failing: both(fails, filter), reason: reasonOf(constraint) }
  },
  expressions: ({ predicate, subject }) => (subject === null ? [predicate] : [predicate, subject]),
  problem: ({ predicate }, _schema, typeOf) => {
    const type = typeOf(predicate)
    return type.kind === 'boolean' || type.kind === 'null' ? null : 'its predicate is not a condition'
  },
}

const passing = ({ predicate }: Compliance, filter: Expression | null): Expr => countWhere(expr(predicate), filter)

/** Rows whose verdict is not null. */
const judged = ({ predicate, subject }: Compliance, filter: Expression | null): Expr =>
  filtered(agg.count(expr(subject ?? predicate)), filter)

const reasonOf = ({ subject, reason, nulls }: Compliance): Expr => {
  if (subject === null) return lit(nulls === 'fail' ? `${reason}: no` : `not so: ${reason}`)
  const value = fn.coalesce(expr(subject).cast({ kind: 'string' }), lit('(missing)'))
  return fn.concat(lit(`${labelOf(subject)} "`), value, lit(`" ${reason}`))
}
