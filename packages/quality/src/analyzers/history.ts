import { judge } from '../anomaly-strategy.js'
import type { History } from '../rule.js'
import type { Analyzer, AnalyzerOf } from './analyzer.js'
import { formatMetric } from './counting.js'

export const history = (analyzerOf: AnalyzerOf): Analyzer<History> => ({
  requires: ({ observed }, filter, schema) => analyzerOf(observed).requires(observed, filter, schema),
  outcome({ observed, strategy }, filter, answers) {
    const { metric } = analyzerOf(observed).outcome(observed, filter, answers)
    const earlier = answers.history ?? []
    if (metric === null || earlier.length === 0) {
      return { passed: true, metric, rowsFailed: null, found: 'there is no earlier metric to compare with' }
    }
    const { anomalous, expectedMinimum, expectedMaximum } = judge(strategy, earlier, metric)
    const low = expectedMinimum === null ? 'anything' : formatMetric(expectedMinimum)
    const high = expectedMaximum === null ? 'anything' : formatMetric(expectedMaximum)
    const found = `it is ${formatMetric(metric)}; expected ${low} to ${high} by ${earlier.length} earlier`
    return { passed: !anomalous, metric, rowsFailed: null, found }
  },
  verdict: () => null,
  expressions: ({ observed }) => analyzerOf(observed).expressions(observed),
  problem: ({ observed }, schema, typeOf) => analyzerOf(observed).problem?.(observed, schema, typeOf) ?? null,
})
