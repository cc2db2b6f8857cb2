import { col, lit, type Expr } from '@deltaworks/expression'
import { analyzers, conditionOf, type Condition } from '../analysis/analyzers.js'
import { metricNumber, type Distribution, type MetricValue } from '../analysis/metric.js'
import { instanceOf, type KllParameters, type MetricAnalyzer, type NullBehavior } from '../analysis/metric-analyzer.js'
import type { AnomalyStrategy } from '../anomaly-strategy.js'
import { shareOfType } from '../analyzers/metric.js'
import { boundsOf, range, formatBounds, type Bounds, type Limits } from '../bounds.js'
import { invalidRule } from '../errors.js'
import type { Constraint, DataTypeName, HistoryWindow, Rule } from '../rule.js'
import { creditCardPattern, emailPattern, socialSecurityPattern, urlPattern } from './patterns.js'

export type CheckLevel = 'error' | 'warning'
/** What a metric must be: limits, which are data and can judge rows, or code. */
export type Assertion = Limits | ((value: number) => boolean)

export interface CheckOptions {
  readonly hint?: string
}
interface LengthOptions extends CheckOptions {
  readonly nulls?: NullBehavior
}
type HistogramOptions = CheckOptions & Parameters<typeof analyzers.histogram>[1]
type BinnedOptions = CheckOptions & Parameters<typeof analyzers.histogramBinned>[1]

const isOne: Limits = 1

/**
 * Constraints under one name and level, by the names of Deequ: `new Check('error', 'orders').isComplete('id').hasSize({ atLeast:
 * 10 })`. Immutable; `where` narrows the constraint before it.
 */
export class Check {
  readonly level: CheckLevel
  readonly description: string
  readonly rules: readonly Rule[]

  constructor(level: CheckLevel, description: string, rules: readonly Rule[] = []) {
    this.level = level
    this.description = description
    this.rules = rules
  }

  /** Only rows on which this holds, for the last constraint. @throws QualityError DW-QUALITY-0005 if there is none */
  where(condition: Condition): Check {
    const last = this.rules.at(-1)
    if (last === undefined) throw invalidRule(`check "${this.description}" has no constraint before where`)
    return this.#with([...this.rules.slice(0, -1), { ...last, filter: conditionOf(condition) }])
  }
  /** Adds a rule of any other kind: by the builder, or DQDL. */
  satisfiesRule(rule: Rule): Check {
    const { id, description, action, filter, constraint } = rule
    const named = { id: `${this.rules.length + 1}:${id}`, description, action, filter, constraint }
    return this.#with([...this.rules, { ...named, level: this.#ruleLevel }])
  }

  hasSize(assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.size(), assertion, options)
  }
  hasColumnCount(assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.columnCount(), assertion, options)
  }
  hasColumn(column: string, options?: CheckOptions): Check {
    return this.#add(analyzers.columnExists(column), isOne, options)
  }

  isComplete(column: string, options?: CheckOptions): Check {
    return this.hasCompleteness(column, isOne, options)
  }
  hasCompleteness(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.completeness(column), assertion, options)
  }
  areComplete(columns: readonly string[], options?: CheckOptions): Check {
    return this.haveCompleteness(columns, isOne, options)
  }
  haveCompleteness(columns: readonly string[], assertion: Assertion, options?: CheckOptions): Check {
    const all = present(columns).reduce((a, b) => a.and(b))
    return this.satisfies(all, `Combined Completeness of ${columns.join(', ')}`, assertion, options)
  }
  areAnyComplete(columns: readonly string[], options?: CheckOptions): Check {
    return this.haveAnyCompleteness(columns, isOne, options)
  }
  haveAnyCompleteness(columns: readonly string[], assertion: Assertion, options?: CheckOptions): Check {
    const any = present(columns).reduce((a, b) => a.or(b))
    return this.satisfies(any, `Any Completeness of ${columns.join(', ')}`, assertion, options)
  }

  isUnique(column: string, options?: CheckOptions): Check {
    return this.hasUniqueness([column], isOne, options)
  }
  areUnique(columns: readonly string[], options?: CheckOptions): Check {
    return this.hasUniqueness(columns, isOne, options)
  }
  isPrimaryKey(column: string, ...columns: readonly string[]): Check {
    return this.hasUniqueness([column, ...columns], isOne)
  }
  hasUniqueness(columns: string | readonly string[], assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.uniqueness(columns), assertion, options)
  }
  hasDistinctness(columns: string | readonly string[], assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.distinctness(columns), assertion, options)
  }
  hasUniqueValueRatio(columns: string | readonly string[], assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.uniqueValueRatio(columns), assertion, options)
  }
  hasDuplicateRowCount(columns: readonly string[], assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.duplicateRowCount(columns), assertion, options)
  }
  /** A missing value counts as one. */
  hasNumberOfDistinctValues(column: string, assertion: Assertion, options: HistogramOptions = {}): Check {
    return this.#add(analyzers.histogram(column, options), assertion, options)
  }
  hasApproxCountDistinct(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.approxCountDistinct(column), assertion, options)
  }

  hasHistogramValues(column: string, test: (values: Distribution) => boolean, options: HistogramOptions = {}): Check {
    return this.#judged(
      analyzers.histogram(column, options),
      (value) => value.kind === 'distribution' && test(value.distribution),
      options,
    )
  }
  hasHistogramBinnedValues(
    column: string,
    test: (bins: Extract<MetricValue, { kind: 'binned' }>) => boolean,
    options: BinnedOptions = {},
  ): Check {
    const analyzer = analyzers.histogramBinned(column, options)
    return this.#judged(analyzer, (value) => value.kind === 'binned' && test(value), options)
  }
  hasHistogramBinnedBins(column: string, assertion: Assertion, options: BinnedOptions = {}): Check {
    return this.#add(analyzers.histogramBinned(column, options), assertion, options)
  }
  kllSketchSatisfies(
    column: string,
    test: (buckets: Extract<MetricValue, { kind: 'buckets' }>) => boolean,
    options: CheckOptions & { readonly parameters?: Partial<KllParameters> } = {},
  ): Check {
    const analyzer = analyzers.kllSketch(column, options.parameters)
    return this.#judged(analyzer, (value) => value.kind === 'buckets' && test(value), options)
  }

  hasEntropy(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.entropy(column), assertion, options)
  }
  hasMutualInformation(first: string, second: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.mutualInformation(first, second), assertion, options)
  }
  hasCorrelation(first: string, second: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.correlation(first, second), assertion, options)
  }
  hasRatioOfSums(first: string, second: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.ratioOfSums(first, second), assertion, options)
  }

  hasApproxQuantile(column: string, share: number, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.approxQuantile(column, share), assertion, options)
  }
  hasExactQuantile(column: string, share: number, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.exactQuantile(column, share), assertion, options)
  }
  hasInterquartileRange(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.interquartileRange(column), assertion, options)
  }

  hasMinLength(column: string, assertion: Assertion, options: LengthOptions = {}): Check {
    return this.#add(analyzers.minLength(column, nullsOf(options)), assertion, options)
  }
  hasMaxLength(column: string, assertion: Assertion, options: LengthOptions = {}): Check {
    return this.#add(analyzers.maxLength(column, nullsOf(options)), assertion, options)
  }
  hasMin(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.minimum(column), assertion, options)
  }
  hasMax(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.maximum(column), assertion, options)
  }
  hasRange(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.range(column), assertion, options)
  }
  hasMean(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.mean(column), assertion, options)
  }
  hasSum(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.sum(column), assertion, options)
  }
  hasZerosCount(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.zerosCount(column), assertion, options)
  }
  hasStandardDeviation(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.standardDeviation(column), assertion, options)
  }
  hasVariance(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.variance(column), assertion, options)
  }
  hasSkewness(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.skewness(column), assertion, options)
  }
  hasKurtosis(column: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.kurtosis(column), assertion, options)
  }

  satisfies(condition: Condition, name: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.#add(analyzers.compliance(name, condition), assertion, options)
  }
  hasPattern(column: string, pattern: string | RegExp, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.#add(analyzers.patternMatch(column, pattern), assertion, options)
  }
  containsEmail(column: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.hasPattern(column, emailPattern, assertion, options)
  }
  containsURL(column: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.hasPattern(column, urlPattern, assertion, options)
  }
  containsCreditCardNumber(column: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.hasPattern(column, creditCardPattern, assertion, options)
  }
  containsSocialSecurityNumber(column: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.hasPattern(column, socialSecurityPattern, assertion, options)
  }
  hasDataType(column: string, dataType: DataTypeName, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.#add(analyzers.dataType(column), assertion, options, dataType)
  }

  /** A missing value is neither negative nor zero. */
  isNonNegative(column: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.satisfies(
      knownOr(column, (value) => value.ge(lit(0))),
      `${column} is non-negative`,
      assertion,
      options,
    )
  }
  isPositive(column: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.satisfies(
      knownOr(column, (value) => value.gt(lit(0))),
      `${column} is positive`,
      assertion,
      options,
    )
  }
  isLessThan(first: string, second: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.satisfies(col(first).lt(col(second)), `${first} is less than ${second}`, assertion, options)
  }
  isLessThanOrEqualTo(first: string, second: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    const name = `${first} is less than or equal to ${second}`
    return this.satisfies(col(first).le(col(second)), name, assertion, options)
  }
  isGreaterThan(first: string, second: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.satisfies(col(first).gt(col(second)), `${first} is greater than ${second}`, assertion, options)
  }
  isGreaterThanOrEqualTo(first: string, second: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    const name = `${first} is greater than or equal to ${second}`
    return this.satisfies(col(first).ge(col(second)), name, assertion, options)
  }
  /** One of the values, or missing. */
  isContainedIn(
    column: string,
    values: readonly (string | number | bigint)[],
    assertion: Assertion = isOne,
    options?: CheckOptions,
  ): Check {
    if (values.length === 0) throw invalidRule('isContainedIn needs at least one allowed value')
    const name = `${column} contained in ${values.join(',')}`
    return this.satisfies(
      knownOr(column, (value) => value.in_([...values])),
      name,
      assertion,
      options,
    )
  }
  /** Between the ends, or missing; both ends are inside unless told otherwise. */
  isContainedInInterval(
    column: string,
    low: number,
    high: number,
    options: CheckOptions & { readonly includeLow?: boolean; readonly includeHigh?: boolean } = {},
  ): Check {
    const [lowIn, highIn] = [options.includeLow ?? true, options.includeHigh ?? true]
    const [below, above] = [lit(low), lit(high)]
    const inside = (value: Expr) =>
      (lowIn ? value.ge(below) : value.gt(below)).and(highIn ? value.le(above) : value.lt(above))
    const name = `${column} between ${low} and ${high}`
    return this.satisfies(knownOr(column, inside), name, isOne, options)
  }

  /** The analyzer's metric is in line with earlier ones in the repository. */
  isNewestPointNonAnomalous(
    analyzer: MetricAnalyzer,
    strategy: AnomalyStrategy,
    window: HistoryWindow = {},
    options?: CheckOptions,
  ): Check {
    const observed = { kind: 'metric', analyzer, bounds: anything, dataType: null, test: null } as const
    const of = `${analyzer.kind} of ${instanceOf(analyzer)}`
    return this.#with([
      ...this.rules,
      {
        id: `${this.rules.length + 1}:stable:${analyzer.kind}:${instanceOf(analyzer)}`,
        description: `${of} is in line with earlier runs`,
        level: this.#ruleLevel,
        action: 'none',
        filter: null,
        constraint: { kind: 'history', observed, strategy, window },
        ...(options?.hint !== undefined && { hint: options.hint }),
      },
    ])
  }

  customSql(sql: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.customSql(sql), assertion, options)
  }
  doesDatasetMatch(
    reference: string,
    keys: Readonly<Record<string, string>>,
    assertion: Assertion,
    options: CheckOptions & { readonly columns?: Readonly<Record<string, string>> } = {},
  ): Check {
    return this.#add(analyzers.datasetMatch(reference, keys, options.columns), assertion, options)
  }
  hasRowCountMatch(reference: string, assertion: Assertion, options?: CheckOptions): Check {
    return this.#add(analyzers.rowCountMatch(reference), assertion, options)
  }
  hasSchemaMatch(reference: string, assertion: Assertion = isOne, options?: CheckOptions): Check {
    return this.#add(analyzers.schemaMatch(reference), assertion, options)
  }

  #add(analyzer: MetricAnalyzer, assertion: Assertion, options?: CheckOptions, dataType: DataTypeName | null = null) {
    if (typeof assertion !== 'function') return this.#append(analyzer, boundsOf(assertion), dataType, null, options)
    const test = (value: MetricValue) => {
      const number = dataType === null ? metricNumber(value) : shareOf(value, dataType)
      return number !== null && assertion(number)
    }
    return this.#append(analyzer, anything, dataType, test, options)
  }
  #judged(analyzer: MetricAnalyzer, test: (value: MetricValue) => boolean, options: CheckOptions): Check {
    return this.#append(analyzer, anything, null, test, options)
  }

  #append(
    analyzer: MetricAnalyzer,
    bounds: Bounds,
    dataType: DataTypeName | null,
    test: ((value: MetricValue) => boolean) | null,
    options?: CheckOptions,
  ): Check {
    const constraint: Constraint = { kind: 'metric', analyzer, bounds, dataType, test }
    const threshold = test === null ? ` ${formatBounds(bounds)}` : ''
    const rule: Rule = {
      id: `${this.rules.length + 1}:${analyzer.kind}:${instanceOf(analyzer)}`,
      description: `${analyzer.kind} of ${instanceOf(analyzer)}${threshold}`,
      level: this.#ruleLevel,
      action: 'none',
      filter: null,
      constraint,
      ...(options?.hint !== undefined && { hint: options.hint }),
    }
    return this.#with([...this.rules, rule])
  }

  get #ruleLevel() {
    return this.level === 'error' ? ('critical' as const) : ('warning' as const)
  }
  #with(rules: readonly Rule[]): Check {
    return new Check(this.level, this.description, rules)
  }
}

const anything: Bounds = range(null, null)

const present = (columns: readonly string[]): Expr[] => {
  if (columns.length === 0) throw invalidRule('completeness needs at least one column')
  return columns.map((name) => col(name).isNotNull())
}

const nullsOf = ({ nulls }: LengthOptions) => (nulls === undefined ? {} : { nulls })

/** The condition, or a missing value. */
const knownOr = (column: string, holds: (value: Expr) => Expr): Expr =>
  col(column)
    .isNull()
    .or(holds(col(column)))

const shareOf = (value: MetricValue, type: DataTypeName): number | null =>
  value.kind === 'distribution' ? shareOfType(value.distribution, type) : null
