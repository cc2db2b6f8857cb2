import { formatExpression } from '@deltaworks/expression'
import { analyzers, conditionOf } from './analysis/analyzers.js'
import type { DistributionValue, Metric, MetricValue } from './analysis/metric.js'
import { metricNumber } from './analysis/metric.js'
import { entityOf, instanceOf, metricName, type MetricAnalyzer } from './analysis/metric-analyzer.js'
import { deequJsonInvalid } from './errors.js'
import { historyName } from './metric-history.js'
import type { MetricRecord } from './metrics-repository.js'
import { range } from './bounds.js'

/** One result of Deequ's metrics repository. */
export interface AnalysisRecord {
  /** Milliseconds since the epoch. */
  readonly dataSetDate: number
  readonly tags: Readonly<Record<string, string>>
  readonly metrics: readonly Metric[]
}

type Json = Readonly<Record<string, unknown>>

/** Results as Deequ's file repository writes them. Metrics without a value, and those that Deequ does not have, are left out. */
export const toDeequJson = (records: readonly AnalysisRecord[]): string =>
  JSON.stringify(
    records.map(({ dataSetDate, tags, metrics }) => ({
      resultKey: { dataSetDate, tags },
      analyzerContext: {
        metricMap: metrics.flatMap((metric) => {
          const [analyzer, value] = [analyzerJson(metric.analyzer), metricJson(metric)]
          return analyzer === null || value === null ? [] : [{ analyzer, metric: value }]
        }),
      },
    })),
  )

/** Reads what Deequ wrote. Analyzers that are not known here are left out. @throws QualityError DW-QUALITY-0012 */
export function fromDeequJson(text: string): readonly AnalysisRecord[] {
  let results: unknown
  try {
    results = JSON.parse(text)
  } catch (error) {
    throw deequJsonInvalid(error instanceof Error ? error.message : 'it is no JSON')
  }
  if (!Array.isArray(results)) throw deequJsonInvalid('it is not a list of results')
  return results.map((result: Json): AnalysisRecord => {
    const key = objectAt(result, 'resultKey')
    const map = objectAt(result, 'analyzerContext')['metricMap']
    if (typeof key['dataSetDate'] !== 'number' || !Array.isArray(map))
      throw deequJsonInvalid('a result has no date or no metrics')
    return {
      dataSetDate: key['dataSetDate'],
      tags: objectAt(key, 'tags') as Record<string, string>,
      metrics: map.flatMap((entry: Json) => {
        const analyzer = analyzerOfJson(objectAt(entry, 'analyzer'))
        return analyzer === null ? [] : [metricOfJson(analyzer, objectAt(entry, 'metric'))]
      }),
    }
  })
}

/** As rows of our own repository, so that the history of a table goes on. */
export const recordsOf = (
  records: readonly AnalysisRecord[],
  { table, runId = 'deequ' }: { readonly table: string; readonly runId?: string },
): readonly MetricRecord[] =>
  records.flatMap(({ dataSetDate, tags, metrics }) =>
    metrics.flatMap((metric): readonly MetricRecord[] => {
      const value = metricNumber(metric.value)
      const constraint = {
        kind: 'metric',
        analyzer: metric.analyzer,
        bounds: range(null, null),
        dataType: null,
        test: null,
      } as const
      const name = historyName(constraint, 'where' in metric.analyzer ? metric.analyzer.where : null)!
      const common = { table, rule: name, name, level: 'warning', passed: true, timestampMs: dataSetDate, runId, tags }
      return value === null ? [] : [{ ...common, metric: value }]
    }),
  )

function objectAt(of: Json, key: string): Json {
  const found = of[key]
  if (typeof found !== 'object' || found === null) throw deequJsonInvalid(`"${key}" is missing`)
  return found as Json
}

function analyzerJson(analyzer: MetricAnalyzer): Json | null {
  const where = 'where' in analyzer && analyzer.where !== null ? { where: formatExpression(analyzer.where) } : {}
  const named = { analyzerName: analyzer.kind, ...where }
  switch (analyzer.kind) {
    case 'Size':
    case 'ColumnCount':
      return named
    case 'Compliance':
      return { ...named, instance: analyzer.instance, predicate: formatExpression(analyzer.predicate) }
    case 'PatternMatch':
      return { ...named, column: analyzer.column, pattern: analyzer.pattern }
    case 'Uniqueness':
    case 'Distinctness':
    case 'UniqueValueRatio':
    case 'CountDistinct':
    case 'DuplicateRowCount':
    case 'MutualInformation':
      return { ...named, columns: analyzer.columns }
    case 'Entropy':
      return { ...named, column: analyzer.columns[0] }
    case 'Correlation':
      return { ...named, firstColumn: analyzer.first, secondColumn: analyzer.second }
    case 'RatioOfSums':
      return { ...named, numerator: analyzer.first, denominator: analyzer.second }
    case 'ApproxQuantile':
      return { ...named, column: analyzer.column, quantile: analyzer.shares[0], relativeError: analyzer.relativeError }
    case 'ApproxQuantiles':
      return {
        ...named,
        column: analyzer.column,
        quantiles: analyzer.shares.join(','),
        relativeError: analyzer.relativeError,
      }
    case 'ExactQuantile':
      return { ...named, column: analyzer.column, quantile: analyzer.share }
    case 'KLLSketch':
      return { ...named, column: analyzer.column, ...analyzer.parameters }
    case 'Histogram':
      return analyzer.bin === null ? { ...named, column: analyzer.column, maxDetailBins: analyzer.maxDetailBins } : null
    case 'ColumnExists':
    case 'HistogramBinned':
    case 'CustomSql':
    case 'CustomAggregator':
    case 'RowCountMatch':
    case 'SchemaMatch':
    case 'DatasetMatch':
    case 'AggregateMatch':
      return null
    default:
      return { ...named, column: analyzer.column }
  }
}

function metricJson({ analyzer, entity, instance, name, value }: Metric): Json | null {
  switch (value?.kind) {
    case undefined:
    case 'binned':
      return null
    case 'number':
      return { metricName: 'DoubleMetric', entity, instance, name, value: value.value }
    case 'numbers':
      return { metricName: 'KeyedDoubleMetric', entity, instance, name, value: value.values }
    case 'distribution': {
      const { numberOfBins, values } = value.distribution
      const column = 'column' in analyzer ? analyzer.column : instance
      return {
        metricName: 'HistogramMetric',
        column,
        numberOfBins,
        value: { numberOfBins, values: Object.fromEntries(values) },
      }
    }
    case 'buckets': {
      const buckets = value.buckets.map(({ low, high, count }) => ({ lowValue: low, highValue: high, count }))
      const sketch = { parameters: { c: value.parameters[0], k: value.parameters[1] }, data: value.data }
      return { metricName: 'KLLMetric', column: instance, value: { buckets, sketch } }
    }
  }
}

/** Null: we have no such analyzer. */
function analyzerOfJson(json: Json): MetricAnalyzer | null {
  const text = (key: string): string => String(json[key])
  const where = { where: typeof json['where'] === 'string' ? conditionOf(json['where'])! : undefined }
  const columns = (json['columns'] ?? []) as readonly string[]
  const name = text('analyzerName')
  switch (name) {
    case 'Size':
      return analyzers.size(where)
    case 'ColumnCount':
      return analyzers.columnCount()
    case 'Compliance':
      return analyzers.compliance(text('instance'), text('predicate'), where)
    case 'PatternMatch':
      return analyzers.patternMatch(text('column'), text('pattern'), where)
    case 'Uniqueness':
      return analyzers.uniqueness(columns, where)
    case 'Distinctness':
      return analyzers.distinctness(columns, where)
    case 'UniqueValueRatio':
      return analyzers.uniqueValueRatio(columns, where)
    case 'CountDistinct':
      return analyzers.countDistinct(columns, where)
    case 'DuplicateRowCount':
      return analyzers.duplicateRowCount(columns, where)
    case 'MutualInformation':
      return analyzers.mutualInformation(columns[0]!, columns[1]!, where)
    case 'Correlation':
      return analyzers.correlation(text('firstColumn'), text('secondColumn'), where)
    case 'RatioOfSums':
      return analyzers.ratioOfSums(text('numerator'), text('denominator'), where)
    case 'ApproxQuantile':
      return analyzers.approxQuantile(text('column'), Number(json['quantile']), {
        ...where,
        relativeError: Number(json['relativeError'] ?? 0.01),
      })
    case 'ApproxQuantiles':
      return analyzers.approxQuantiles(text('column'), text('quantiles').split(',').map(Number), {
        relativeError: Number(json['relativeError'] ?? 0.01),
      })
    case 'ExactQuantile':
      return analyzers.exactQuantile(text('column'), Number(json['quantile']), where)
    case 'KLLSketch':
      return analyzers.kllSketch(text('column'), sketchParameters(json))
    case 'Histogram':
      return analyzers.histogram(text('column'), { ...where, maxDetailBins: Number(json['maxDetailBins'] ?? 1000) })
    default:
      return Object.hasOwn(ofOneColumn, name) ? ofOneColumn[name]!(text('column'), where) : null
  }
}

const sketchParameters = (json: Json) =>
  typeof json['sketchSize'] === 'number'
    ? {
        sketchSize: json['sketchSize'],
        shrinkingFactor: Number(json['shrinkingFactor']),
        numberOfBuckets: Number(json['numberOfBuckets']),
      }
    : {}

const ofOneColumn: Readonly<Record<string, typeof analyzers.completeness>> = {
  Completeness: analyzers.completeness,
  ApproxCountDistinct: analyzers.approxCountDistinct,
  Minimum: analyzers.minimum,
  Maximum: analyzers.maximum,
  Mean: analyzers.mean,
  Sum: analyzers.sum,
  Range: analyzers.range,
  ZerosCount: analyzers.zerosCount,
  StandardDeviation: analyzers.standardDeviation,
  Variance: analyzers.variance,
  Skewness: analyzers.skewness,
  Kurtosis: analyzers.kurtosis,
  DataType: analyzers.dataType,
  InterquartileRange: analyzers.interquartileRange,
  MinLength: analyzers.minLength,
  MaxLength: analyzers.maxLength,
  Entropy: analyzers.entropy,
}

const metricOfJson = (analyzer: MetricAnalyzer, json: Json): Metric => ({
  analyzer,
  entity: entityOf(analyzer),
  name: metricName(analyzer),
  instance: instanceOf(analyzer),
  value: valueOfJson(json),
  problem: null,
})

function valueOfJson(json: Json): MetricValue | null {
  switch (json['metricName']) {
    case 'DoubleMetric':
      return { kind: 'number', value: Number(json['value']) }
    case 'KeyedDoubleMetric':
      return { kind: 'numbers', values: json['value'] as Record<string, number> }
    case 'HistogramMetric': {
      const { numberOfBins, values } = objectAt(json, 'value')
      const entries = Object.entries(values as Record<string, DistributionValue>)
      return { kind: 'distribution', distribution: { numberOfBins: Number(numberOfBins), values: new Map(entries) } }
    }
    case 'KLLMetric': {
      const value = objectAt(json, 'value')
      const sketch = objectAt(value, 'sketch')
      const parameters = objectAt(sketch, 'parameters')
      const buckets = value['buckets'] as readonly { lowValue: number; highValue: number; count: number }[]
      return {
        kind: 'buckets',
        buckets: buckets.map(({ lowValue, highValue, count }) => ({ low: lowValue, high: highValue, count })),
        parameters: [Number(parameters['c']), Number(parameters['k'])],
        data: sketch['data'] as readonly (readonly number[])[],
      }
    }
    default:
      return null
  }
}
