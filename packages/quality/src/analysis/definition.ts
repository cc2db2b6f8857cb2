import type { Schema } from '@deltaworks/schema'
import { fieldIndex } from '@deltaworks/schema'
import type { Answers, Requirement } from '../analyzers/analyzer.js'
import { approximateCountRequirements, approximateCountState } from './approximate-count.js'
import { distributionRequirements, distributionState, histogramMetric, sketchMetric } from './distribution-analysis.js'
import { estimateDistinct } from './hyper-log-log.js'
import { keyMetric, keyRequirements, keyState, type Purpose } from './key-analysis.js'
import { numberValue, type Distribution, type MetricValue } from './metric.js'
import type { MetricAnalyzer } from './metric-analyzer.js'
import { queryRequirement } from './query-analysis.js'
import { scanRequirements, scanState } from './scan-analysis.js'
import type { DataTypesState, State } from './state.js'

/** What must be computed for an analyzer. */
export function requirementsOf(analyzer: MetricAnalyzer, schema: Schema, purpose: Purpose): readonly Requirement[] {
  switch (analyzer.kind) {
    case 'ColumnCount':
    case 'ColumnExists':
      return []
    case 'ApproxCountDistinct':
      return approximateCountRequirements(analyzer, purpose)
    case 'Uniqueness':
    case 'Distinctness':
    case 'UniqueValueRatio':
    case 'CountDistinct':
    case 'DuplicateRowCount':
    case 'Entropy':
    case 'MutualInformation':
      return keyRequirements(analyzer, schema, purpose)
    case 'Histogram':
    case 'HistogramBinned':
    case 'KLLSketch':
    case 'ApproxQuantile':
    case 'ApproxQuantiles':
      return distributionRequirements(analyzer)
    case 'CustomSql':
    case 'CustomAggregator':
    case 'RowCountMatch':
    case 'SchemaMatch':
    case 'DatasetMatch':
    case 'AggregateMatch':
      return [queryRequirement(analyzer)]
    default:
      return scanRequirements(analyzer)
  }
}

/** Null: the analyzer has no state, or there were no rows to make one of. */
export function stateOf(analyzer: MetricAnalyzer, answers: Answers, purpose: Purpose): State | null {
  switch (analyzer.kind) {
    case 'ColumnCount':
    case 'ColumnExists':
    case 'CustomSql':
    case 'CustomAggregator':
    case 'RowCountMatch':
    case 'SchemaMatch':
    case 'DatasetMatch':
    case 'AggregateMatch':
      return null
    case 'ApproxCountDistinct':
      return approximateCountState(analyzer, answers, purpose)
    case 'Uniqueness':
    case 'Distinctness':
    case 'UniqueValueRatio':
    case 'CountDistinct':
    case 'DuplicateRowCount':
    case 'Entropy':
    case 'MutualInformation':
      return keyState(analyzer, answers, purpose)
    case 'Histogram':
    case 'HistogramBinned':
    case 'KLLSketch':
    case 'ApproxQuantile':
    case 'ApproxQuantiles':
      return distributionState(analyzer, answers)
    default:
      return scanState(analyzer, answers)
  }
}

/** The metric of what was computed; null if there were no rows to tell by. */
export function metricOfAnswers(analyzer: MetricAnalyzer, answers: Answers, purpose: Purpose): MetricValue | null {
  switch (analyzer.kind) {
    case 'ColumnCount':
      return numberValue(answers.schema.fields.length)
    case 'ColumnExists':
      return numberValue(fieldIndex(answers.schema, analyzer.column) < 0 ? 0 : 1)
    case 'CustomSql':
    case 'CustomAggregator':
    case 'RowCountMatch':
    case 'SchemaMatch':
    case 'DatasetMatch':
    case 'AggregateMatch':
      return answers.query(queryRequirement(analyzer)) as MetricValue | null
    case 'Histogram':
    case 'HistogramBinned':
      return histogramMetric(analyzer, answers)
    default:
      return metricOfState(analyzer, stateOf(analyzer, answers, purpose))
  }
}

/** The metric of a state, which may have been merged from several. */
export function metricOfState(analyzer: MetricAnalyzer, state: State | null): MetricValue | null {
  switch (state?.kind) {
    case undefined:
      return null
    case 'count':
      return numberValue(state.count)
    case 'matches':
      return state.count === 0 ? null : numberValue(state.matches / state.count)
    case 'minimum':
    case 'maximum':
    case 'final':
      return numberValue(state.value)
    case 'range':
      return numberValue(state.maximum - state.minimum)
    case 'sum':
      return numberValue(state.sum)
    case 'mean':
      return state.count === 0 ? null : numberValue(state.sum / state.count)
    case 'moments':
      return numberValue(momentOf(analyzer.kind, state))
    case 'correlation':
      return numberValue(state.xy / Math.sqrt(state.xx * state.yy))
    case 'ratio_of_sums':
      return numberValue(state.numerator / state.denominator)
    case 'data_types':
      return { kind: 'distribution', distribution: typesDistribution(state) }
    case 'distinct':
      return numberValue(estimateDistinct(state.registers))
    case 'sketch':
      return analyzer.kind === 'KLLSketch' || analyzer.kind === 'ApproxQuantile' || analyzer.kind === 'ApproxQuantiles'
        ? sketchMetric(analyzer, state)
        : null
    case 'frequencies':
    case 'frequency_summary':
      return 'columns' in analyzer && analyzer.kind !== 'DatasetMatch' ? keyMetric(analyzer, state) : null
  }
}

function momentOf(
  kind: MetricAnalyzer['kind'],
  { n, m2, m3, m4 }: { readonly n: number; readonly m2: number; readonly m3: number; readonly m4: number },
): number {
  switch (kind) {
    case 'StandardDeviation':
      return Math.sqrt(m2 / n)
    case 'Skewness':
      return m2 === 0 ? 0 : (Math.sqrt(n) * m3) / m2 ** 1.5
    case 'Kurtosis':
      return m2 === 0 ? 0 : (n * m4) / (m2 * m2) - 3
    default:
      return m2 / n
  }
}

function typesDistribution({ unknown, fractional, integral, boolean, string }: DataTypesState): Distribution {
  const total = unknown + fractional + integral + boolean + string
  const share = (absolute: number) => ({ absolute, ratio: total === 0 ? 0 : absolute / total })
  return {
    numberOfBins: 5,
    values: new Map([
      ['Unknown', share(unknown)],
      ['Fractional', share(fractional)],
      ['Integral', share(integral)],
      ['Boolean', share(boolean)],
      ['String', share(string)],
    ]),
  }
}

export type InferredType = 'Unknown' | 'Fractional' | 'Integral' | 'Boolean' | 'String'

/** The type that all values can be read as, of a distribution of types. */
export function inferredType({ values }: Distribution): InferredType {
  const has = (type: InferredType) => (values.get(type)?.absolute ?? 0) > 0
  if (has('String') || (has('Boolean') && (has('Integral') || has('Fractional')))) return 'String'
  if (has('Boolean')) return 'Boolean'
  if (has('Fractional')) return 'Fractional'
  return has('Integral') ? 'Integral' : 'Unknown'
}
