import type { Expr, Expression } from '@deltaworks/expression'
import { parseCondition } from '../dqdl/predicate.js'
import { patternSource } from '../checks/patterns.js'
import { invalidRule } from '../errors.js'
import type { AggregateOperand, KllParameters, MetricAnalyzer, NullBehavior } from './metric-analyzer.js'

/** A condition over columns: an expression, or SQL text (`quantity > 1 and city like 'N%'`). */
export type Condition = string | Expr | Expression

export function conditionOf(condition: Condition | null | undefined): Expression | null {
  if (condition === null || condition === undefined) return null
  if (typeof condition === 'string') return parseCondition(condition).node
  return 'node' in condition ? condition.node : condition
}

export interface Where {
  readonly where?: Condition | undefined
}

const filter = (options?: Where) => conditionOf(options?.where)

const ofColumn =
  <K extends Extract<MetricAnalyzer, { kind: string; column: string; where: Expression | null }>['kind']>(kind: K) =>
  (column: string, options?: Where): MetricAnalyzer =>
    ({ kind, column, where: filter(options) }) as MetricAnalyzer

const ofKey =
  (kind: 'Uniqueness' | 'Distinctness' | 'UniqueValueRatio' | 'CountDistinct') =>
  (columns: string | readonly string[], options?: Where): MetricAnalyzer => {
    const names = typeof columns === 'string' ? [columns] : columns
    if (names.length === 0) throw invalidRule(`${kind} needs at least one column`)
    return { kind, columns: names, where: filter(options) }
  }

const ofLength =
  (kind: 'MinLength' | 'MaxLength') =>
  (column: string, options: Where & { readonly nulls?: NullBehavior } = {}): MetricAnalyzer => ({
    kind,
    column,
    nulls: options.nulls ?? 'ignore',
    where: filter(options),
  })

const checkedShares = (shares: readonly number[]): readonly number[] => {
  for (const share of shares) {
    if (!(share >= 0 && share <= 1)) throw invalidRule(`a quantile is a share from 0 to 1, not ${share}`)
  }
  return shares
}

/** Deequ's limit of values in detail. */
const maximumDetailBins = 1000
const defaultSketch: KllParameters = { sketchSize: 2048, shrinkingFactor: 0.64, numberOfBuckets: 100 }

/** Deequ's analyzers by name: `analyzers.completeness('email', { where: "country = 'NO'" })`. */
export const analyzers = {
  size: (options?: Where): MetricAnalyzer => ({ kind: 'Size', where: filter(options) }),
  columnCount: (): MetricAnalyzer => ({ kind: 'ColumnCount' }),
  columnExists: (column: string): MetricAnalyzer => ({ kind: 'ColumnExists', column }),
  completeness: ofColumn('Completeness'),
  approxCountDistinct: ofColumn('ApproxCountDistinct'),
  minimum: ofColumn('Minimum'),
  maximum: ofColumn('Maximum'),
  mean: ofColumn('Mean'),
  sum: ofColumn('Sum'),
  range: ofColumn('Range'),
  zerosCount: ofColumn('ZerosCount'),
  standardDeviation: ofColumn('StandardDeviation'),
  variance: ofColumn('Variance'),
  skewness: ofColumn('Skewness'),
  kurtosis: ofColumn('Kurtosis'),
  dataType: ofColumn('DataType'),
  interquartileRange: ofColumn('InterquartileRange'),
  minLength: ofLength('MinLength'),
  maxLength: ofLength('MaxLength'),
  uniqueness: ofKey('Uniqueness'),
  distinctness: ofKey('Distinctness'),
  uniqueValueRatio: ofKey('UniqueValueRatio'),
  countDistinct: ofKey('CountDistinct'),
  /** Rows whose key occurs more than once; of no columns: of all. */
  duplicateRowCount: (columns: string | readonly string[] = [], options?: Where): MetricAnalyzer => ({
    kind: 'DuplicateRowCount',
    columns: typeof columns === 'string' ? [columns] : columns,
    where: filter(options),
  }),
  /** In nats, of the column's distribution of values. */
  entropy: (column: string, options?: Where): MetricAnalyzer => ({
    kind: 'Entropy',
    columns: [column],
    where: filter(options),
  }),
  /** In nats. */
  mutualInformation: (first: string, second: string, options?: Where): MetricAnalyzer => ({
    kind: 'MutualInformation',
    columns: [first, second],
    where: filter(options),
  }),
  correlation: (first: string, second: string, options?: Where): MetricAnalyzer => ({
    kind: 'Correlation',
    first,
    second,
    where: filter(options),
  }),
  ratioOfSums: (first: string, second: string, options?: Where): MetricAnalyzer => ({
    kind: 'RatioOfSums',
    first,
    second,
    where: filter(options),
  }),
  compliance: (instance: string, predicate: Condition, options?: Where): MetricAnalyzer => ({
    kind: 'Compliance',
    instance,
    predicate: conditionOf(predicate)!,
    where: filter(options),
  }),
  patternMatch: (column: string, pattern: string | RegExp, options?: Where): MetricAnalyzer => ({
    kind: 'PatternMatch',
    column,
    pattern: patternSource(pattern),
    where: filter(options),
  }),
  approxQuantile: (
    column: string,
    share: number,
    options: Where & { readonly relativeError?: number } = {},
  ): MetricAnalyzer => ({
    kind: 'ApproxQuantile',
    column,
    shares: checkedShares([share]),
    relativeError: options.relativeError ?? 0.01,
    where: filter(options),
  }),
  approxQuantiles: (
    column: string,
    shares: readonly number[],
    options: { readonly relativeError?: number } = {},
  ): MetricAnalyzer => ({
    kind: 'ApproxQuantiles',
    column,
    shares: checkedShares(shares),
    relativeError: options.relativeError ?? 0.01,
    where: null,
  }),
  exactQuantile: (column: string, share: number, options?: Where): MetricAnalyzer => ({
    kind: 'ExactQuantile',
    column,
    share: checkedShares([share])[0]!,
    where: filter(options),
  }),
  kllSketch(column: string, parameters: Partial<KllParameters> = {}): MetricAnalyzer {
    const all = { ...defaultSketch, ...parameters }
    if (all.numberOfBuckets < 1 || all.numberOfBuckets > 100)
      throw invalidRule(`a sketch is shown in 1 to 100 buckets, not ${all.numberOfBuckets}`)
    if (all.sketchSize < 8 || !(all.shrinkingFactor > 0.5 && all.shrinkingFactor < 1))
      throw invalidRule('a sketch needs a size of at least 8 and a shrinking factor between 0.5 and 1')
    return { kind: 'KLLSketch', column, parameters: all }
  },
  histogram(
    column: string,
    options: Where & {
      readonly bin?: Expr | Expression
      readonly maxDetailBins?: number
      readonly sumOf?: string
    } = {},
  ): MetricAnalyzer {
    const maxDetailBins = options.maxDetailBins ?? maximumDetailBins
    if (maxDetailBins < 1 || maxDetailBins > maximumDetailBins)
      throw invalidRule(`a histogram details 1 to ${maximumDetailBins} values, not ${maxDetailBins}`)
    const bin = options.bin === undefined ? null : 'node' in options.bin ? options.bin.node : options.bin
    return { kind: 'Histogram', column, bin, maxDetailBins, sumOf: options.sumOf ?? null, where: filter(options) }
  },
  histogramBinned(
    column: string,
    options: Where & { readonly bins?: number | readonly number[]; readonly includeOverflow?: boolean } = {},
  ): MetricAnalyzer {
    const given = options.bins ?? 10
    const bins = typeof given === 'number' ? given : [...given].sort((a, b) => a - b)
    const count = typeof bins === 'number' ? bins : bins.length - 1
    if (!Number.isInteger(count) || count < 1 || count > maximumDetailBins)
      throw invalidRule(`a binned histogram has 1 to ${maximumDetailBins} bins, not ${count}`)
    return {
      kind: 'HistogramBinned',
      column,
      bins,
      includeOverflow: options.includeOverflow ?? false,
      where: filter(options),
    }
  },
  /** One number of a statement of its own; the table is `primary`. */
  customSql: (sql: string): MetricAnalyzer => ({ kind: 'CustomSql', sql }),
  /** `aggregate` by the values of `key`: `customAggregator('revenue', col('region'), agg.sum(col('amount')))`. */
  customAggregator: (instance: string, key: Expr, aggregate: Expr): MetricAnalyzer => ({
    kind: 'CustomAggregator',
    instance,
    key: key.node,
    aggregate: aggregate.node,
  }),
  rowCountMatch: (reference: string): MetricAnalyzer => ({ kind: 'RowCountMatch', reference }),
  schemaMatch: (reference: string): MetricAnalyzer => ({ kind: 'SchemaMatch', reference }),
  datasetMatch: (
    reference: string,
    keys: Readonly<Record<string, string>>,
    columns?: Readonly<Record<string, string>>,
  ): MetricAnalyzer => ({
    kind: 'DatasetMatch',
    reference,
    keys: Object.entries(keys),
    columns: columns === undefined ? null : Object.entries(columns),
  }),
  aggregateMatch: (first: AggregateOperand, second: AggregateOperand): MetricAnalyzer => ({
    kind: 'AggregateMatch',
    first,
    second,
  }),
} as const
