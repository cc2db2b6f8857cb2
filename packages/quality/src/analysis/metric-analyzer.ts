import type { Expression } from '@deltaworks/expression'

/**
 * What can be computed of a table: one metric, or a distribution. Plain data, by the names of Deequ, with its meaning of nulls:
 * in ratios a row whose value is null does not match.
 */
export type MetricAnalyzer =
  | { readonly kind: 'Size'; readonly where: Expression | null }
  | { readonly kind: 'ColumnCount' }
  | { readonly kind: 'ColumnExists'; readonly column: string }
  | ColumnAnalyzer
  | ApproxCountDistinct
  | LengthAnalyzer
  | KeyAnalyzer
  | PairAnalyzer
  | {
      readonly kind: 'Compliance'
      readonly instance: string
      readonly predicate: Expression
      readonly where: Expression | null
    }
  | {
      readonly kind: 'PatternMatch'
      readonly column: string
      readonly pattern: string
      readonly where: Expression | null
    }
  | ApproximateQuantile
  | ExactQuantile
  | { readonly kind: 'KLLSketch'; readonly column: string; readonly parameters: KllParameters }
  | HistogramAnalyzer
  | HistogramBinnedAnalyzer
  | { readonly kind: 'CustomSql'; readonly sql: string }
  | CustomAggregator
  | ReferenceAnalyzer

/** Of one column, in the scan that all share. */
export interface ColumnAnalyzer {
  readonly kind:
    | 'Completeness'
    | 'Minimum'
    | 'Maximum'
    | 'Mean'
    | 'Sum'
    | 'Range'
    | 'ZerosCount'
    | 'StandardDeviation'
    | 'Variance'
    | 'Skewness'
    | 'Kurtosis'
    | 'DataType'
    | 'InterquartileRange'
  readonly column: string
  readonly where: Expression | null
}
export interface ApproxCountDistinct {
  readonly kind: 'ApproxCountDistinct'
  readonly column: string
  readonly where: Expression | null
}
/** In code points. A null: is left out, has length 0, or makes the minimum less and the maximum greater than any length. */
export interface LengthAnalyzer {
  readonly kind: 'MinLength' | 'MaxLength'
  readonly column: string
  readonly where: Expression | null
  readonly nulls: NullBehavior
}
export type NullBehavior = 'ignore' | 'empty_string' | 'fail'

/** Of how often each key occurs; rows of which all columns are null are left out. Those of one key share a grouping. */
export interface KeyAnalyzer {
  readonly kind:
    | 'Uniqueness'
    | 'Distinctness'
    | 'UniqueValueRatio'
    | 'CountDistinct'
    | 'DuplicateRowCount'
    | 'Entropy'
    | 'MutualInformation'
  /** Of `DuplicateRowCount` none means all. */
  readonly columns: readonly string[]
  readonly where: Expression | null
}
export interface PairAnalyzer {
  readonly kind: 'Correlation' | 'RatioOfSums'
  readonly first: string
  readonly second: string
  readonly where: Expression | null
}
/** `ApproxQuantile` reads one share, `ApproxQuantiles` any number. */
export interface ApproximateQuantile {
  readonly kind: 'ApproxQuantile' | 'ApproxQuantiles'
  readonly column: string
  readonly shares: readonly number[]
  /** Of the rank. */
  readonly relativeError: number
  readonly where: Expression | null
}
/** Interpolates between neighbours. */
export interface ExactQuantile {
  readonly kind: 'ExactQuantile'
  readonly column: string
  readonly share: number
  readonly where: Expression | null
}
export interface KllParameters {
  readonly sketchSize: number
  readonly shrinkingFactor: number
  readonly numberOfBuckets: number
}
export interface HistogramAnalyzer {
  readonly kind: 'Histogram'
  readonly column: string
  /** What is counted instead of the column's own values. */
  readonly bin: Expression | null
  /** The values in detail: the most frequent ones. At most 1000. */
  readonly maxDetailBins: number
  /** Sums this column instead of counting rows. */
  readonly sumOf: string | null
  readonly where: Expression | null
}
export interface HistogramBinnedAnalyzer {
  readonly kind: 'HistogramBinned'
  readonly column: string
  /** A number of bins of equal width, or their edges. */
  readonly bins: number | readonly number[]
  readonly includeOverflow: boolean
  readonly where: Expression | null
}
/** An aggregate expression of one's own, by the values of a key; the metric is the greatest share of a value. */
export interface CustomAggregator {
  readonly kind: 'CustomAggregator'
  readonly instance: string
  readonly key: Expression
  readonly aggregate: Expression
}
/** Against another table, by its name among the references. */
export type ReferenceAnalyzer =
  | { readonly kind: 'RowCountMatch'; readonly reference: string }
  | { readonly kind: 'SchemaMatch'; readonly reference: string }
  | {
      readonly kind: 'DatasetMatch'
      readonly reference: string
      /** Columns here, and there. */
      readonly keys: readonly (readonly [string, string])[]
      /** None: all others of the same name. */
      readonly columns: readonly (readonly [string, string])[] | null
    }
  | { readonly kind: 'AggregateMatch'; readonly first: AggregateOperand; readonly second: AggregateOperand }

export interface AggregateOperand {
  readonly aggregate: 'sum' | 'avg'
  /** Null: the table itself. */
  readonly reference: string | null
  readonly column: string
}

/** Deequ's name of the metric. */
export const metricName = (analyzer: MetricAnalyzer): string => {
  switch (analyzer.kind) {
    case 'DataType':
      return 'Histogram'
    case 'KLLSketch':
      return 'KLL'
    case 'ApproxQuantile':
      return `ApproxQuantile-${analyzer.shares[0]}`
    case 'CustomSql':
      return 'CustomSQL'
    default:
      return analyzer.kind
  }
}

/** What the metric is of: a column, columns joined by commas, or `*`. */
export function instanceOf(analyzer: MetricAnalyzer): string {
  switch (analyzer.kind) {
    case 'Size':
    case 'ColumnCount':
    case 'CustomSql':
      return '*'
    case 'Compliance':
    case 'CustomAggregator':
      return analyzer.instance
    case 'Correlation':
    case 'RatioOfSums':
      return `${analyzer.first},${analyzer.second}`
    case 'Uniqueness':
    case 'Distinctness':
    case 'UniqueValueRatio':
    case 'CountDistinct':
    case 'DuplicateRowCount':
    case 'Entropy':
    case 'MutualInformation':
      return analyzer.columns.length === 0 ? '*' : analyzer.columns.join(',')
    case 'RowCountMatch':
    case 'SchemaMatch':
    case 'DatasetMatch':
      return analyzer.reference
    case 'AggregateMatch':
      return analyzer.first.column === analyzer.second.column
        ? analyzer.first.column
        : `${analyzer.first.column},${analyzer.second.column}`
    default:
      return analyzer.column
  }
}

export type Entity = 'Dataset' | 'Column' | 'Multicolumn'

export function entityOf(analyzer: MetricAnalyzer): Entity {
  switch (analyzer.kind) {
    case 'Size':
    case 'ColumnCount':
    case 'CustomSql':
    case 'CustomAggregator':
    case 'RowCountMatch':
    case 'SchemaMatch':
    case 'DatasetMatch':
      return 'Dataset'
    case 'Correlation':
    case 'RatioOfSums':
    case 'MutualInformation':
      return 'Multicolumn'
    case 'Uniqueness':
    case 'Distinctness':
    case 'UniqueValueRatio':
    case 'CountDistinct':
    case 'Entropy':
    case 'DuplicateRowCount':
      return analyzer.columns.length === 0 ? 'Dataset' : analyzer.columns.length === 1 ? 'Column' : 'Multicolumn'
    default:
      return 'Column'
  }
}
