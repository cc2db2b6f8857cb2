import type { BigintValue, FloatValue, ValueOfKind } from '@deltaworks/schema'
import { aggregates, type AggregateFunctionName } from './aggregate-registry.js'
import { derivedAggregate } from './derived-aggregates.js'
import { Expr, toExpression, toSortKey, type SortInput } from './expr.js'
import type { ExpressionHolder, NotNull, Operand, ValueOf } from './expression-holder.js'
import type { MeanOf, NumericValue, SumOf } from './expression-values.js'
import type { SortKey } from './expression.js'

type Numbers = Operand<NumericValue>
type Whole = Operand<ValueOfKind['integer' | 'bigint']>
type Counting = (...of: readonly Operand[]) => Expr<BigintValue>
type Measure = (of: Numbers) => Expr<FloatValue | null>
type PairMeasure = (y: Numbers, x: Numbers) => Expr<FloatValue | null>
type Verdict = (of: Operand<boolean>) => Expr<boolean | null>
/** One of the values, or null if there is none. */
type Choice = <const O extends Operand>(of: O) => Expr<ValueOf<O> | null>
type ChoiceByKey = <const O extends Operand>(value: O, key: Operand) => Expr<ValueOf<O> | null>
type ChoiceInOrder = <const O extends Operand>(of: O, ignoreNulls?: Operand<boolean>) => Expr<ValueOf<O> | null>
type Values = <const O extends Operand>(of: O) => Expr<readonly NotNull<ValueOf<O>>[]>
type Bits = <const O extends Whole>(of: O) => Expr<ValueOf<O> | null>

type CamelCase<T extends string> = T extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : T
const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Each aggregate of the registry; one that is not written out here cannot be called. */
interface AggregateBuilders extends Readonly<Record<CamelCase<AggregateFunctionName>, (...of: never) => Expr>> {
  readonly count: Counting
  readonly countIf: (condition: Operand<boolean>) => Expr<BigintValue>
  readonly sum: <const O extends Numbers>(of: O) => Expr<SumOf<O>>
  readonly avg: <const O extends Numbers>(of: O) => Expr<MeanOf<O>>
  readonly min: Choice
  readonly max: Choice
  readonly stddev: Measure
  readonly stddevPop: Measure
  readonly variance: Measure
  readonly varPop: Measure
  readonly corr: PairMeasure
  readonly covarSamp: PairMeasure
  readonly covarPop: PairMeasure
  readonly first: ChoiceInOrder
  readonly last: ChoiceInOrder
  readonly anyValue: Choice
  readonly boolAnd: Verdict
  readonly boolOr: Verdict
  readonly approxCountDistinct: (of: Operand) => Expr<BigintValue>
  readonly median: Measure
  readonly percentile: (of: Numbers, fraction: Numbers) => Expr<FloatValue | null>
  readonly collectList: Values
  readonly collectSet: Values
  readonly stringAgg: (of: Operand, separator?: Operand<string>) => Expr<string | null>
}

const aggregate = <V>(name: string, args: readonly Operand[], distinct = false): Expr<V> =>
  new Expr({ kind: 'aggregate', name, args: args.map(toExpression), distinct, filter: null })

/** An aggregate that is computed from others; `orderBy` where the order of its rows counts. */
const derived = <V>(name: string, args: readonly Operand[], orderBy: readonly SortKey[] = []): Expr<V> =>
  new Expr({
    kind: 'alias',
    name,
    input: derivedAggregate({ name, args: args.map(toExpression), distinct: false, filter: null, orderBy }),
  })

const regression =
  (name: string): PairMeasure =>
  (y, x) =>
    derived(name, [y, x])

const ofRegistry = Object.fromEntries(
  Object.keys(aggregates).map((name) => [camelCase(name), (...args: readonly Operand[]) => aggregate(name, args)]),
) as Readonly<Record<string, unknown>> as unknown as AggregateBuilders

/** Every aggregate by its name in camel case: `agg.count()`, `agg.sum(col('amount'))`, `agg.countDistinct(a)`, `agg.stddevPop(a)`. */
export const agg = {
  ...ofRegistry,
  regrCount: (y: Operand, x: Operand) => derived<BigintValue>('regr_count', [y, x]),
  regrAvgx: regression('regr_avgx'),
  regrAvgy: regression('regr_avgy'),
  regrSxx: regression('regr_sxx'),
  regrSyy: regression('regr_syy'),
  regrSxy: regression('regr_sxy'),
  regrSlope: regression('regr_slope'),
  regrIntercept: regression('regr_intercept'),
  regrR2: regression('regr_r2'),
  argMax: ((value, key) => derived('arg_max', [value, key])) satisfies ChoiceByKey as ChoiceByKey,
  argMin: ((value, key) => derived('arg_min', [value, key])) satisfies ChoiceByKey as ChoiceByKey,
  bitAnd: ((of) => derived('bit_and', [of])) satisfies Bits as Bits,
  bitOr: ((of) => derived('bit_or', [of])) satisfies Bits as Bits,
  bitXor: ((of) => derived('bit_xor', [of])) satisfies Bits as Bits,
  mode: ((of) => derived('mode', [of])) satisfies Choice as Choice,
  approxPercentile: <const O extends Operand>(of: O, fraction: number) =>
    derived<ValueOf<O> | null>('approx_percentile', [of, fraction]),
  /** The value at a fraction of the ordered values, as it is: `agg.percentileDisc(0.5, col('a').desc())`. */
  percentileDisc: <const K extends SortInput>(fraction: number, key: K) =>
    derived<OrderedValue<K>>('percentile_disc', [fraction], [toSortKey(key)]),
  /** All values in the given order: `agg.collectListOrdered(col('id'), col('day').desc())`. */
  collectListOrdered: <const O extends Operand>(of: O, ...orderBy: readonly SortInput[]) =>
    derived<readonly NotNull<ValueOf<O>>[]>('collect_list', [of], orderBy.map(toSortKey)),
  /** The texts in the given order, with the separator between them. */
  stringAggOrdered: (of: Operand, separator: string, ...orderBy: readonly SortInput[]) =>
    derived<string | null>('string_agg', [of, separator], orderBy.map(toSortKey)),
  countDistinct: (...of: readonly Operand[]) => aggregate<BigintValue>('count', of, true),
  sumDistinct: <const O extends Numbers>(of: O) => aggregate<SumOf<O>>('sum', [of], true),
}

/** Of an expression its type, of a sort key nothing is known. */
type OrderedValue<K> = K extends ExpressionHolder ? ValueOf<K> | null : unknown
