import { agg, col, expr, fn, lit, type Expr, type Expression } from '@deltaworks/expression'
import { boolean, string } from '@deltaworks/schema'
import { metricOfAnswers, requirementsOf } from '../analysis/definition.js'
import { metricNumber, type Distribution, type MetricValue } from '../analysis/metric.js'
import type { MetricAnalyzer } from '../analysis/metric-analyzer.js'
import { columnProblem, lengthOf, matchesSomething } from '../analysis/scan-analysis.js'
import { within, type Bounds } from '../bounds.js'
import type { DataTypeName, MetricConstraint } from '../rule.js'
import type { Analyzer, RowAnnotator } from './analyzer.js'
import { both, formatMetric } from './counting.js'

export const metric: Analyzer<MetricConstraint> = {
  requires: ({ analyzer }, filter, schema) => requirementsOf(narrowed(analyzer, filter), schema, 'metric'),
  outcome(constraint, filter, answers) {
    const analyzer = narrowed(constraint.analyzer, filter)
    const value = metricOfAnswers(analyzer, answers, 'metric')
    const number = judgedNumber(constraint, value)
    if (value === null || number === null)
      return { passed: false, metric: null, rowsFailed: null, found: 'there are no values to tell by' }
    const passed = constraint.test === null ? within(constraint.bounds, number) : constraint.test(value)
    return { passed, metric: number, rowsFailed: null, found: `it is ${formatMetric(number)}` }
  },
  verdict({ analyzer, bounds }, filter, rows) {
    const holds = rowCondition(analyzer, bounds, filter, rows)
    if (holds === null) return null
    const fails = unknownFails(analyzer) ? fn.coalesce(holds, lit(false, boolean)).not() : holds.not()
    return { failing: both(fails, narrowed(analyzer, filter, true)), reason: reasonOf(analyzer) }
  },
  expressions: ({ analyzer }) => [
    ...(analyzer.kind === 'Compliance' ? [analyzer.predicate] : []),
    ...('where' in analyzer && analyzer.where !== null ? [analyzer.where] : []),
  ],
  problem: ({ analyzer }, schema) => columnProblem(analyzer, schema),
}

/** The analyzer on the rows of the rule's filter alone. */
function narrowed(analyzer: MetricAnalyzer, filter: Expression | null): MetricAnalyzer
function narrowed(analyzer: MetricAnalyzer, filter: Expression | null, condition: true): Expression | null
function narrowed(analyzer: MetricAnalyzer, filter: Expression | null, condition = false) {
  const own = 'where' in analyzer ? analyzer.where : null
  const where = own === null ? filter : filter === null ? own : expr(own).and(expr(filter)).node
  if (condition) return where
  return 'where' in analyzer ? { ...analyzer, where } : analyzer
}

/** The number that bounds are about. */
function judgedNumber({ dataType }: MetricConstraint, value: MetricValue | null): number | null {
  return dataType !== null && value?.kind === 'distribution'
    ? shareOfType(value.distribution, dataType)
    : metricNumber(value)
}

/** Missing values do not count, except for how many are missing. */
export function shareOfType({ values }: Distribution, type: DataTypeName): number {
  const count = (of: string) => values.get(of)?.absolute ?? 0
  const known = count('Fractional') + count('Integral') + count('Boolean') + count('String')
  if (type === 'Null') return known + count('Unknown') === 0 ? 0 : count('Unknown') / (known + count('Unknown'))
  const wanted = type === 'Numeric' ? count('Fractional') + count('Integral') : count(type)
  return wanted === 0 ? 0 : wanted / known
}

/** In a ratio, a row on which the condition is unknown does not match. */
const unknownFails = ({ kind }: MetricAnalyzer): boolean => kind === 'Compliance'

/** Whether a row does what the analyzer counts or what bounds ask of each value; null: it is not about single rows. */
export function rowCondition(
  analyzer: MetricAnalyzer,
  bounds: Bounds,
  filter: Expression | null,
  rows: RowAnnotator,
): Expr | null {
  switch (analyzer.kind) {
    case 'Completeness':
      return col(analyzer.column).isNotNull()
    case 'Compliance':
      return expr(analyzer.predicate)
    case 'PatternMatch':
      return matchesSomething(col(analyzer.column), analyzer.pattern)
    case 'Minimum':
    case 'Maximum':
      return withinBounds(col(analyzer.column), bounds)
    case 'MinLength':
    case 'MaxLength':
      return analyzer.nulls === 'fail'
        ? fn.coalesce(withinBounds(fn.length(col(analyzer.column)), bounds), lit(false, boolean))
        : withinBounds(lengthOf(analyzer), bounds)
    case 'Uniqueness':
    case 'DuplicateRowCount': {
      const names = analyzer.columns.length > 0 ? analyzer.columns : rows.input.schema.fields.map(({ name }) => name)
      const where = narrowed(analyzer, filter, true)
      const partitionBy = [...names.map((name) => col(name)), ...(where === null ? [] : [expr(where)])]
      return rows.column(agg.count().over({ partitionBy })).eq(lit(1n, { kind: 'int64' }))
    }
    default:
      return null
  }
}

/** Bounds as a condition on each value. */
export function withinBounds(value: Expr, bounds: Bounds): Expr {
  // Earlier metrics say nothing of single values.
  if (bounds.kind === 'dynamic') return lit(null, boolean)
  if (bounds.kind === 'set') {
    const member = value.in_(bounds.values.map((of) => lit(of)))
    return bounds.negated ? member.not() : member
  }
  const { min, max, minInclusive, maxInclusive, negated } = bounds
  const parts = [
    ...(min === null ? [] : [minInclusive ? value.ge(lit(min)) : value.gt(lit(min))]),
    ...(max === null ? [] : [maxInclusive ? value.le(lit(max)) : value.lt(lit(max))]),
  ]
  const inside = parts.length === 0 ? value.isNotNull() : parts.reduce((a, b) => a.and(b))
  return negated ? inside.not() : inside
}

function reasonOf(analyzer: MetricAnalyzer): Expr {
  if (analyzer.kind === 'Compliance') return lit(`not so: ${analyzer.instance}`)
  if (analyzer.kind === 'Completeness') return lit(`${analyzer.column} is missing`)
  if ('columns' in analyzer) return lit('another row has the same key')
  if (!('column' in analyzer)) return lit(analyzer.kind)
  const value = fn.coalesce(col(analyzer.column).cast(string), lit('(missing)'))
  return fn.concat(lit(`${analyzer.column} "`), value, lit(`" fails ${analyzer.kind}`))
}
