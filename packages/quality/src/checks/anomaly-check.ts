import type { AnomalyStrategy } from '../anomaly-strategy.js'
import { instanceOf, type MetricAnalyzer } from '../analysis/metric-analyzer.js'
import type { HistoryWindow } from '../rule.js'
import { Check, type CheckLevel } from './check.js'

export interface AnomalyCheckOptions extends HistoryWindow {
  /** Default `warning`. */
  readonly level?: CheckLevel
  readonly description?: string
}

/**
 * A check whether the newest metric of an analyzer is in line with earlier ones in the repository, by a strategy. A first run has
 * nothing to compare with, and passes.
 */
export function anomalyCheck(
  analyzer: MetricAnalyzer,
  strategy: AnomalyStrategy,
  { level = 'warning', description, ...window }: AnomalyCheckOptions = {},
): Check {
  const name = description ?? `Anomaly check for ${analyzer.kind} of ${instanceOf(analyzer)}`
  return new Check(level, name).isNewestPointNonAnomalous(analyzer, strategy, window)
}
