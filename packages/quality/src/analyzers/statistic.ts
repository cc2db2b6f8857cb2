import { agg, expr, fn, type Expr, type Expression } from '@deltaworks/expression'
import { isNumeric, typeName, type DataType } from '@deltaworks/schema'
import { within } from '../bounds.js'
import type { Statistic, StatisticName } from '../rule.js'
import { labelOf } from '../rules/label.js'
import type { Analyzer } from './analyzer.js'
import { aggregate, asNumber, filtered, formatMetric, isOrdered } from './counting.js'

export const statistic: Analyzer<Statistic> = {
  requires: (constraint, filter) => [aggregate(statisticOf(constraint, filter))],
  outcome(constraint, filter, answers) {
    const { value, type } = answers.aggregate(statisticOf(constraint, filter).node)
    const metric = asNumber(value, type)
    return {
      passed: metric === null || within(constraint.bounds, metric),
      metric,
      rowsFailed: null,
      found: metric === null ? 'there are no values' : `it is ${formatMetric(metric)}`,
    }
  },
  verdict: () => null,
  expressions: ({ input }) => [input],
  problem(constraint, _, typeOf) {
    const type = typeOf(constraint.input)
    const { fits, wants } = statistics[constraint.statistic]
    return fits(type)
      ? null
      : `${labelOf(constraint.input)} is a ${typeName(type)}, and its ${constraint.statistic} needs ${wants}`
  },
}

const statisticOf = ({ statistic: name, input }: Statistic, filter: Expression | null): Expr =>
  filtered(statistics[name].of(expr(input)), filter)

interface StatisticKind {
  readonly of: (input: Expr) => Expr
  readonly fits: (type: DataType) => boolean
  readonly wants: string
}

const text = (type: DataType) => type.kind === 'string'
const any = () => true

const statistics: Readonly<Record<StatisticName, StatisticKind>> = {
  min: { of: (x) => agg.min(x), fits: isOrdered, wants: 'a number or a date' },
  max: { of: (x) => agg.max(x), fits: isOrdered, wants: 'a number or a date' },
  mean: { of: (x) => agg.avg(x), fits: isNumeric, wants: 'a number' },
  sum: { of: (x) => agg.sum(x), fits: isNumeric, wants: 'a number' },
  standard_deviation: { of: (x) => agg.stddevPop(x), fits: isNumeric, wants: 'a number' },
  distinct_count: { of: (x) => agg.countDistinct(x), fits: any, wants: 'any value' },
  min_length: { of: (x) => agg.min(fn.length(x)), fits: text, wants: 'text' },
  max_length: { of: (x) => agg.max(fn.length(x)), fits: text, wants: 'text' },
}
