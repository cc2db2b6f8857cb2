import { expr, fn, lit, when, type Expr, type Expression } from '@deltaworks/expression'
import type { Composite, Constraint } from '../rule.js'
import type { Analyzer, AnalyzerOf, Answers, Outcome, RowAnnotator, RowVerdict } from './analyzer.js'
import { aggregate, countOf, countWhere } from './counting.js'

export const composite = (analyzerOf: AnalyzerOf): Analyzer<Composite> => ({
  requires(constraint, filter, schema) {
    const failing = failingRows(analyzerOf, constraint, filter)
    const parts = constraint.parts.flatMap((part) => analyzerOf(part).requires(part, filter, schema))
    return failing === null ? parts : [...parts, aggregate(failing)]
  },
  outcome(constraint, filter, answers) {
    const { operator, parts } = constraint
    const outcomes = parts.map((part) => analyzerOf(part).outcome(part, filter, answers))
    const held = outcomes.filter((outcome) => outcome.passed).length
    return {
      passed: operator === 'and' ? held === parts.length : operator === 'or' ? held > 0 : held === 0,
      metric: held / parts.length,
      rowsFailed: rowsFailed(analyzerOf, constraint, filter, answers, outcomes),
      found: `${held} of ${parts.length} parts hold (${outcomes.map((outcome) => outcome.found).join('; ')})`,
    }
  },
  verdict: (constraint, filter, rows) => verdictOf(analyzerOf, constraint, filter, rows),
  expressions: ({ parts }) => parts.flatMap((part) => analyzerOf(part).expressions(part)),
  problem: ({ parts }, schema, typeOf) => {
    if (parts.length === 0) return 'it has no parts'
    for (const part of parts) {
      const problem = analyzerOf(part).problem?.(part, schema, typeOf)
      if (problem !== undefined && problem !== null) return problem
    }
    return null
  },
})

function verdictOf(
  analyzerOf: AnalyzerOf,
  { operator, parts }: Composite,
  filter: Expression | null,
  rows: RowAnnotator,
): RowVerdict | null {
  const verdicts = parts.map((part) => analyzerOf(part).verdict(part, filter, rows))
  if (verdicts.some((verdict) => verdict === null)) return null
  const known = verdicts.map((verdict) => verdict!)
  if (operator === 'not') {
    // What a part does not know does not fail it: then the opposite fails.
    const fails = fn.coalesce(known[0]!.failing, lit(false)).not()
    return { failing: filter === null ? fails : fails.and(expr(filter)), reason: lit('it is so, and must not be') }
  }
  const failing = known.map((verdict) => verdict.failing).reduce((a, b) => (operator === 'and' ? a.or(b) : a.and(b)))
  const reasons = known.map((verdict): Expr =>
    when(verdict.failing, verdict.reason).otherwise(lit(null, { kind: 'string' })),
  )
  return { failing, reason: fn.concat_ws(', ', ...reasons) }
}

/** Verdicts that look at one row alone need nothing beside it. */
const readsOneRow = (constraint: Constraint): boolean =>
  constraint.kind === 'completeness' ||
  constraint.kind === 'compliance' ||
  (constraint.kind === 'composite' && constraint.parts.every(readsOneRow))

/** Counts the rows that the whole composite fails on, if one row alone tells. */
function failingRows(analyzerOf: AnalyzerOf, constraint: Composite, filter: Expression | null): Expr | null {
  if (!readsOneRow(constraint)) return null
  const verdict = verdictOf(analyzerOf, constraint, filter, {} as RowAnnotator)
  return verdict === null ? null : countWhere(verdict.failing, filter)
}

/** Otherwise the parts' own counts bound it: the most of `and`, the least of `or`; zero is always exact. */
function rowsFailed(
  analyzerOf: AnalyzerOf,
  constraint: Composite,
  filter: Expression | null,
  answers: Answers,
  outcomes: readonly Outcome[],
): number | null {
  const failing = failingRows(analyzerOf, constraint, filter)
  if (failing !== null) return countOf(answers, failing)
  const counts = outcomes.map((outcome) => outcome.rowsFailed)
  if (counts.some((count) => count === null)) return null
  if (constraint.operator === 'not') return null
  return constraint.operator === 'and' ? Math.max(...counts.map(Number)) : Math.min(...counts.map(Number))
}
