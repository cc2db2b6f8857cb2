import type { DataFrame } from '@deltaworks/plan'
import { isDeltaworksError, type Schema } from '@deltaworks/schema'
import type { Answers } from '../analyzers/analyzer.js'
import { toText } from '../plain-text.js'
import type { AnyFrame, QueryRunner } from '../query-runner.js'
import { planRequirements } from '../verification-plan.js'
import { VerificationRun, type RunOptions } from '../verification-run.js'
import { metricOfAnswers, metricOfState, requirementsOf, stateOf } from './definition.js'
import type { Purpose } from './key-analysis.js'
import { mergeStates } from './merge-states.js'
import type { Metric } from './metric.js'
import { entityOf, instanceOf, metricName, type MetricAnalyzer } from './metric-analyzer.js'
import { columnProblem } from './scan-analysis.js'
import type { State } from './state.js'
import type { StateStore } from './state-store.js'

export interface AnalysisOptions extends RunOptions {
  /** Keeps the states of these rows, by analyzer. */
  readonly saveStatesTo?: StateStore | undefined
  /** Adds states that were kept: the metrics are then of those rows and these together. */
  readonly aggregateWith?: StateStore | readonly StateStore[] | undefined
}

export interface AnalysisResult {
  /** In the order of the analyzers. */
  readonly metrics: readonly Metric[]
  readonly rowCount: number
  readonly scanCount: number
}

/**
 * Computes metrics of a table: one scan for all analyzers that need no grouping, one a distinct grouping. An analyzer that does
 * not fit the table, or has no rows to tell by, gives a metric with a problem and stops no other.
 */
export async function analyze(
  session: QueryRunner,
  table: AnyFrame,
  analyzers: readonly MetricAnalyzer[],
  options: AnalysisOptions = {},
): Promise<AnalysisResult> {
  const frame = table as DataFrame
  const others = storesOf(options.aggregateWith)
  const purpose: Purpose = options.saveStatesTo !== undefined || others.length > 0 ? 'state' : 'metric'
  const sound = analyzers.filter((analyzer) => columnProblem(analyzer, frame.schema) === null)
  const plan = planRequirements(sound.flatMap((analyzer) => requirementsOf(analyzer, frame.schema, purpose)))
  const run = new VerificationRun(session, frame, options)
  const rowCount = await run.compute(plan, null)
  const answers = run.answers(null)
  const metrics: Metric[] = []
  for (const analyzer of analyzers) {
    metrics.push(await metricFor(analyzer, frame.schema, answers, purpose, options.saveStatesTo, others))
  }
  return { metrics, rowCount, scanCount: run.scanCount }
}

/** Metrics of states that were kept, merged; reads no data. */
export async function analyzeStates(
  stores: readonly StateStore[],
  analyzers: readonly MetricAnalyzer[],
  saveStatesTo?: StateStore,
): Promise<readonly Metric[]> {
  const metrics: Metric[] = []
  for (const analyzer of analyzers) {
    try {
      const state = await mergedState(analyzer, null, stores)
      if (state !== null) await saveStatesTo?.save(stateKey(analyzer), state)
      metrics.push(metric(analyzer, metricOfState(analyzer, state), state === null ? 'no state was kept of it' : null))
    } catch (error) {
      if (!isDeltaworksError(error)) throw error
      metrics.push(metric(analyzer, null, error.message))
    }
  }
  return metrics
}

const storesOf = (given: AnalysisOptions['aggregateWith']): readonly StateStore[] =>
  given === undefined ? [] : 'load' in given ? [given] : given

async function metricFor(
  analyzer: MetricAnalyzer,
  schema: Schema,
  answers: Answers,
  purpose: Purpose,
  saveStatesTo: StateStore | undefined,
  others: readonly StateStore[],
): Promise<Metric> {
  const problem = columnProblem(analyzer, schema)
  if (problem !== null) return metric(analyzer, null, problem)
  try {
    if (purpose === 'metric') return metric(analyzer, metricOfAnswers(analyzer, answers, purpose), noRows)
    const own = stateOf(analyzer, answers, purpose)
    if (own !== null) await saveStatesTo?.save(stateKey(analyzer), own)
    const state = await mergedState(analyzer, own, others)
    const value = state === null ? metricOfAnswers(analyzer, answers, purpose) : metricOfState(analyzer, state)
    return metric(analyzer, value, noRows)
  } catch (error) {
    if (!isDeltaworksError(error)) throw error
    return metric(analyzer, null, error.message)
  }
}

async function mergedState(
  analyzer: MetricAnalyzer,
  own: State | null,
  stores: readonly StateStore[],
): Promise<State | null> {
  let merged = own
  for (const store of stores) {
    const state = await store.load(stateKey(analyzer))
    if (state !== null) merged = merged === null ? state : mergeStates(merged, state)
  }
  return merged
}

const noRows = 'there are no values to tell by'

const metric = (analyzer: MetricAnalyzer, value: Metric['value'], problem: string | null): Metric => ({
  analyzer,
  entity: entityOf(analyzer),
  name: metricName(analyzer),
  instance: instanceOf(analyzer),
  value,
  problem: value === null ? problem : null,
})

/** Names an analyzer's state: equal for equal analyzers. */
export const stateKey = (analyzer: MetricAnalyzer): string => toText(analyzer)
