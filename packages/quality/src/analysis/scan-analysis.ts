import {
  agg,
  col,
  expr,
  fn,
  lit,
  matchesEmpty,
  parseRegularExpression,
  type Expr,
  type Expression,
} from '@deltaworks/expression'
import { boolean, fieldIndex, float64, isNumeric, string, typeName, type Schema } from '@deltaworks/schema'
import type { Answers, MomentsRequirement, Requirement } from '../analyzers/analyzer.js'
import { aggregate, asNumber, countRows, countWhere, filtered } from '../analyzers/counting.js'
import type { ColumnAnalyzer, LengthAnalyzer, MetricAnalyzer, PairAnalyzer } from './metric-analyzer.js'
import type { State } from './state.js'

/** Analyzers whose state is made by aggregates of the one scan that all share. */
export type ScanAnalyzer =
  | ColumnAnalyzer
  | LengthAnalyzer
  | PairAnalyzer
  | Extract<MetricAnalyzer, { kind: 'Size' | 'Compliance' | 'PatternMatch' | 'ExactQuantile' }>

/** The aggregates of an analyzer's state, in a fixed order. */
export function scanRequirements(analyzer: ScanAnalyzer): readonly Requirement[] {
  const moments = momentsRequirement(analyzer)
  return moments !== null ? [moments] : scanAggregates(analyzer).map(aggregate)
}

/** Third and fourth moments are made of sums about a centre: see `MomentsRequirement`. */
function momentsRequirement(analyzer: ScanAnalyzer): MomentsRequirement | null {
  if (analyzer.kind !== 'Skewness' && analyzer.kind !== 'Kurtosis') return null
  return { kind: 'moments', column: analyzer.column, filter: analyzer.where }
}

function scanAggregates(analyzer: ScanAnalyzer): readonly Expr[] {
  const { where } = analyzer
  const of = (aggregated: Expr): Expr => filtered(aggregated, where)
  switch (analyzer.kind) {
    case 'Size':
      return [countRows(where)]
    case 'Completeness':
      return [of(agg.count(col(analyzer.column))), countRows(where)]
    case 'Compliance':
      return [countWhere(expr(analyzer.predicate), where), countRows(where)]
    case 'PatternMatch':
      return [countWhere(matchesSomething(col(analyzer.column), analyzer.pattern), where), countRows(where)]
    case 'ZerosCount':
      return [countWhere(col(analyzer.column).eq(lit(0)), where)]
    case 'Minimum':
      return [of(agg.min(col(analyzer.column)))]
    case 'Maximum':
      return [of(agg.max(col(analyzer.column)))]
    case 'Range':
      return [of(agg.min(col(analyzer.column))), of(agg.max(col(analyzer.column)))]
    case 'Sum':
      return [of(agg.sum(col(analyzer.column)))]
    case 'Mean':
      return [of(agg.sum(col(analyzer.column))), of(agg.count(col(analyzer.column)))]
    case 'StandardDeviation':
    case 'Variance': {
      const value = col(analyzer.column).cast(float64)
      return [of(agg.count(col(analyzer.column))), of(agg.avg(value)), of(agg.varPop(value))]
    }
    case 'Skewness':
    case 'Kurtosis':
      return []
    case 'MinLength':
      return [of(agg.min(lengthOf(analyzer)))]
    case 'MaxLength':
      return [of(agg.max(lengthOf(analyzer)))]
    case 'DataType':
      return dataTypeCounts(analyzer.column, where)
    case 'InterquartileRange':
      return [0.25, 0.75].map((share) => of(percentile(analyzer.column, share)))
    case 'ExactQuantile':
      return [of(percentile(analyzer.column, analyzer.share))]
    case 'RatioOfSums':
      return [of(agg.sum(col(analyzer.first))), of(agg.sum(col(analyzer.second)))]
    case 'Correlation':
      return correlationSums(analyzer)
  }
}

const percentile = (column: string, share: number): Expr =>
  agg.percentile(col(column).cast(float64), lit(share, float64))

/** A match of nothing is none: to tell one from the other, what matched must be read. */
export function matchesSomething(value: Expr, pattern: string): Expr {
  const tree = parseRegularExpression(pattern)
  const matches =
    tree !== null && !matchesEmpty(tree)
      ? value.cast(string).rlike(pattern)
      : fn.regexp_substr(value.cast(string), lit(pattern)).ne(lit(''))
  return fn.coalesce(matches, lit(false, boolean))
}

const longest = 2 ** 31 - 1

export function lengthOf({ kind, column, nulls }: LengthAnalyzer): Expr {
  const length = fn.length(col(column))
  switch (nulls) {
    case 'ignore':
      return length
    case 'empty_string':
      return fn.coalesce(length, lit(0))
    case 'fail':
      return fn.coalesce(length, lit(kind === 'MinLength' ? -1 : longest))
  }
}

/** What Deequ takes for a number in text: an optional sign and blank, digits, a fraction or an exponent. */
const fractional = '^[-+]? ?\\d+(\\.\\d+([Ee][-+]?\\d+)?|[Ee][-+]?\\d+)$'
const integral = '^[-+]? ?\\d+$'

function dataTypeCounts(column: string, where: Expression | null): readonly Expr[] {
  const text = col(column).cast(string)
  const isFractional = text.rlike(fractional)
  const isIntegral = text.rlike(integral)
  const isBoolean = text.in_(['true', 'false'])
  return [
    countRows(where),
    filtered(agg.count(col(column)), where),
    countWhere(isFractional, where),
    countWhere(isIntegral, where),
    countWhere(isBoolean, where),
  ]
}

function correlationSums({ first, second, where }: PairAnalyzer): readonly Expr[] {
  const both = col(first).isNotNull().and(col(second).isNotNull())
  const pairs = where === null ? both : both.and(expr(where))
  const x = col(first).cast(float64)
  const y = col(second).cast(float64)
  return [agg.count(), agg.avg(x), agg.avg(y), agg.covarPop(x, y), agg.varPop(x), agg.varPop(y)].map((sum) =>
    sum.filter(pairs),
  )
}

/** Null: there were no rows to tell by. */
export function scanState(analyzer: ScanAnalyzer, answers: Answers): State | null {
  const numbers = scanAggregates(analyzer).map((aggregated) => {
    const { value, type } = answers.aggregate(aggregated.node)
    return type.kind === 'boolean' ? (value === null ? null : Number(value)) : asNumber(value, type)
  })
  const [a = null, b = null, c = null, d = null, e = null, f = null] = numbers
  switch (analyzer.kind) {
    case 'Size':
      return { kind: 'count', count: a! }
    case 'ZerosCount':
      return { kind: 'count', count: a! }
    case 'Completeness':
    case 'Compliance':
    case 'PatternMatch':
      return b === 0 ? null : { kind: 'matches', matches: a!, count: b! }
    case 'Minimum':
      return a === null ? null : { kind: 'minimum', value: a }
    case 'Maximum':
      return a === null ? null : { kind: 'maximum', value: a }
    case 'MinLength':
      return a === null ? null : { kind: 'minimum', value: a === -1 ? -Number.MAX_VALUE : a }
    case 'MaxLength':
      return a === null ? null : { kind: 'maximum', value: a === longest ? Number.MAX_VALUE : a }
    case 'Range':
      return a === null || b === null ? null : { kind: 'range', minimum: a, maximum: b }
    case 'Sum':
      return a === null ? null : { kind: 'sum', sum: a }
    case 'Mean':
      return a === null || b === 0 ? null : { kind: 'mean', sum: a, count: b! }
    case 'StandardDeviation':
    case 'Variance':
      return a === 0 ? null : { kind: 'moments', n: a!, mean: b!, m2: c! * a!, m3: 0, m4: 0 }
    case 'Skewness':
    case 'Kurtosis': {
      const moments = answers.moments(momentsRequirement(analyzer)!)
      return moments.n === 0 ? null : moments
    }
    case 'DataType':
      return {
        kind: 'data_types',
        unknown: a! - b!,
        fractional: c!,
        integral: d!,
        boolean: e!,
        string: b! - c! - d! - e!,
      }
    case 'InterquartileRange':
      return a === null || b === null ? null : { kind: 'final', value: b - a }
    case 'ExactQuantile':
      return a === null ? null : { kind: 'final', value: a }
    case 'RatioOfSums':
      return a === null || b === null ? null : { kind: 'ratio_of_sums', numerator: a, denominator: b }
    case 'Correlation':
      return a === 0
        ? null
        : { kind: 'correlation', n: a!, xMean: b!, yMean: c!, xy: d! * a!, xx: e! * a!, yy: f! * a! }
  }
}

/** Kinds that are asked of numbers, and of text, alone. */
const ofNumbers = new Set([
  'Mean',
  'Sum',
  'Range',
  'ZerosCount',
  'StandardDeviation',
  'Variance',
  'Skewness',
  'Kurtosis',
  'InterquartileRange',
  'ExactQuantile',
  'ApproxQuantile',
  'ApproxQuantiles',
  'KLLSketch',
  'HistogramBinned',
  'Minimum',
  'Maximum',
])
const ofText = new Set(['MinLength', 'MaxLength', 'PatternMatch'])

/** What is wrong with an analyzer on a table of this schema, or null. */
export function columnProblem(analyzer: MetricAnalyzer, schema: Schema): string | null {
  if (analyzer.kind === 'ColumnExists') return null
  const names =
    'columns' in analyzer && analyzer.kind !== 'DatasetMatch'
      ? analyzer.columns
      : 'column' in analyzer
        ? [analyzer.column]
        : analyzer.kind === 'Correlation' || analyzer.kind === 'RatioOfSums'
          ? [analyzer.first, analyzer.second]
          : []
  for (const name of names as readonly string[]) {
    const field = schema.fields[fieldIndex(schema, name)]
    if (field === undefined) return `there is no column "${name}"`
    const { kind } = field.type
    const numeric = ofNumbers.has(analyzer.kind) || analyzer.kind === 'Correlation' || analyzer.kind === 'RatioOfSums'
    const date = (analyzer.kind === 'Minimum' || analyzer.kind === 'Maximum') && kind === 'date'
    if (numeric && !date && !isNumeric(field.type))
      return `${name} is a ${typeName(field.type)}, and its ${analyzer.kind} needs a number`
    if (ofText.has(analyzer.kind) && kind !== 'string')
      return `${name} is a ${typeName(field.type)}, and its ${analyzer.kind} needs text`
  }
  return null
}
