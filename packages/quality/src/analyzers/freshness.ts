import { agg, expr, type Expression } from '@deltaworks/expression'
import { isTimestamp, microsPerDay, typeName } from '@deltaworks/schema'
import { within } from '../bounds.js'
import type { Freshness } from '../rule.js'
import { labelOf } from '../rules/label.js'
import type { Analyzer } from './analyzer.js'
import { aggregate, filtered, formatMetric } from './counting.js'

const microsPerHour = 3_600_000_000

export const freshness: Analyzer<Freshness> = {
  requires: (constraint, filter) => [aggregate(newest(constraint, filter))],
  outcome(constraint, filter, answers) {
    const { value, type } = answers.aggregate(newest(constraint, filter).node)
    if (value === null) return { passed: false, metric: null, rowsFailed: null, found: 'there are no values' }
    const micros = type.kind === 'date' ? BigInt(value as number) * BigInt(microsPerDay) : (value as bigint)
    const hours = Number(answers.nowMicros - micros) / microsPerHour
    return {
      passed: within(constraint.bounds, hours),
      metric: hours,
      rowsFailed: null,
      found: `the newest is ${formatMetric(Number(hours.toFixed(2)))} hours old`,
    }
  },
  verdict: () => null,
  expressions: ({ input }) => [input],
  problem({ input }, _, typeOf) {
    const type = typeOf(input)
    return type.kind === 'date' || isTimestamp(type)
      ? null
      : `${labelOf(input)} is a ${typeName(type)}, not a date or timestamp`
  },
}

const newest = ({ input }: Freshness, filter: Expression | null) => filtered(agg.max(expr(input)), filter)
