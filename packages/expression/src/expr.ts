import {
  boolean,
  decimal,
  float64,
  int32,
  int64,
  nullType,
  parseDecimal,
  string,
  tryParseDate,
  tryParseTimestamp,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { aggregates, type AggregateFunctionName } from './aggregate-registry.js'
import { invalidCast } from './errors.js'
import { derivedAggregate, filteredAggregates, overWindow } from './derived-aggregates.js'
import type { AggregateCall, Expression, SortKey, WindowCall, WindowFrame } from './expression.js'
import type { ScalarFunctionName } from './function-registry.js'

export type Operand = Expr | Value

export interface WindowSpecification {
  readonly partitionBy?: readonly Operand[]
  readonly orderBy?: readonly (SortKey | Expr)[]
  readonly frame?: WindowFrame
}

/** A fluent, immutable face of an `Expression`: `col('amount').mul(2).gt(lit(5)).as('large')`. */
export class Expr {
  readonly node: Expression

  constructor(node: Expression) {
    this.node = node
  }

  add(other: Operand): Expr {
    return call('add', this, other)
  }
  sub(other: Operand): Expr {
    return call('subtract', this, other)
  }
  mul(other: Operand): Expr {
    return call('multiply', this, other)
  }
  div(other: Operand): Expr {
    return call('divide', this, other)
  }
  mod(other: Operand): Expr {
    return call('modulo', this, other)
  }
  eq(other: Operand): Expr {
    return call('eq', this, other)
  }
  ne(other: Operand): Expr {
    return call('ne', this, other)
  }
  lt(other: Operand): Expr {
    return call('lt', this, other)
  }
  le(other: Operand): Expr {
    return call('le', this, other)
  }
  gt(other: Operand): Expr {
    return call('gt', this, other)
  }
  ge(other: Operand): Expr {
    return call('ge', this, other)
  }
  isNotDistinctFrom(other: Operand): Expr {
    return call('is_not_distinct_from', this, other)
  }
  rlike(other: Operand): Expr {
    return call('rlike', this, other)
  }
  contains(other: Operand): Expr {
    return call('contains', this, other)
  }
  startsWith(other: Operand): Expr {
    return call('starts_with', this, other)
  }
  endsWith(other: Operand): Expr {
    return call('ends_with', this, other)
  }
  concat(other: Operand): Expr {
    return call('concat', this, other)
  }
  neg(): Expr {
    return call('negate', this)
  }
  and(...others: readonly Operand[]): Expr {
    return call('and', this, ...others)
  }
  or(...others: readonly Operand[]): Expr {
    return call('or', this, ...others)
  }
  not(): Expr {
    return call('not', this)
  }
  isNull(): Expr {
    return call('is_null', this)
  }
  isNotNull(): Expr {
    return call('is_not_null', this)
  }
  between(low: Operand, high: Operand): Expr {
    return call('between', this, low, high)
  }
  /** Whether it equals one of the values; of none it is false. */
  in_(values: readonly Operand[]): Expr {
    return values.length === 0 ? lit(false) : call('in', this, ...values)
  }
  like(pattern: Operand, escape?: string): Expr {
    return escape === undefined ? call('like', this, pattern) : call('like', this, pattern, escape)
  }
  ilike(pattern: Operand, escape?: string): Expr {
    return escape === undefined ? call('ilike', this, pattern) : call('ilike', this, pattern, escape)
  }
  /** An error where the value does not fit. */
  cast(type: DataType): Expr {
    return new Expr({ kind: 'cast', input: this.node, type, lenient: false })
  }
  /** Null where the value does not fit. */
  tryCast(type: DataType): Expr {
    return new Expr({ kind: 'cast', input: this.node, type, lenient: true })
  }
  /** A member of a struct. */
  field(name: string): Expr {
    return call('get_field', this, name)
  }
  as(name: string): Expr {
    return new Expr({ kind: 'alias', input: this.node, name })
  }
  /** Ascending; nulls first unless said otherwise, as in Spark. */
  asc(options: { readonly nullsFirst?: boolean } = {}): SortKey {
    return { expression: this.node, descending: false, nullsFirst: options.nullsFirst ?? true }
  }
  /** Descending; nulls last unless said otherwise. */
  desc(options: { readonly nullsFirst?: boolean } = {}): SortKey {
    return { expression: this.node, descending: true, nullsFirst: options.nullsFirst ?? false }
  }
  /** Of an aggregate: only the rows in which the condition is true. */
  filter(condition: Operand): Expr {
    return new Expr(filteredAggregates(this.node, toExpression(condition)))
  }
  /** Of an aggregate or a window function: over the rows of its partition. */
  over(window: WindowSpecification = {}): Expr {
    const over = (node: AggregateCall | WindowCall): WindowCall => ({
      kind: 'window',
      name: node.name,
      args: node.args,
      partitionBy: (window.partitionBy ?? []).map(toExpression),
      orderBy: (window.orderBy ?? []).map((key) => (key instanceof Expr ? key.asc() : key)),
      frame: window.frame ?? null,
      ...(node.filter === undefined || node.filter === null ? {} : { filter: node.filter }),
      ...(node.distinct === true ? { distinct: true } : {}),
    })
    return new Expr(this.node.kind === 'window' ? over(this.node) : overWindow(this.node, over))
  }
}

export const isExpr = (value: unknown): value is Expr => value instanceof Expr

/** What a builder takes: an `Expr` as it is, any other value as a literal. */
export const toExpression = (operand: Operand): Expression =>
  operand instanceof Expr ? operand.node : lit(operand).node

const call = (name: string, ...args: readonly Operand[]): Expr =>
  new Expr({ kind: 'call', name, args: args.map(toExpression) })

/** A column by its name; `table.column` has a qualifier only if given apart. */
export const col = (name: string, qualifier?: string): Expr =>
  new Expr(qualifier === undefined ? { kind: 'column', name } : { kind: 'column', name, qualifier })

export const expr = (node: Expression): Expr => new Expr(node)

/**
 * A constant. Without a type: whole numbers are int (or bigint), other numbers double, bigints bigint (or decimal). With a
 * type, text is parsed: `lit('2003-02-24', date)`, `lit('12.50', decimal(12, 2))`.
 */
export function lit(value: Value, type?: DataType): Expr {
  if (type === undefined) return new Expr({ kind: 'literal', value: typedValue(value), type: literalType(value) })
  return new Expr({ kind: 'literal', value: valueAs(value, type), type })
}

const isInt32 = (n: number): boolean => Number.isInteger(n) && n >= -2_147_483_648 && n <= 2_147_483_647
const wholeNumber = (value: Value): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)

function literalType(value: Value): DataType {
  if (value === null) return nullType
  switch (typeof value) {
    case 'boolean':
      return boolean
    case 'number':
      return wholeNumber(value) ? (isInt32(value) ? int32 : int64) : float64
    case 'bigint':
      return value >= -(2n ** 63n) && value < 2n ** 63n ? int64 : decimal(38, 0)
    case 'string':
      return string
    default:
      return value instanceof Uint8Array
        ? { kind: 'binary' }
        : { kind: 'list', element: nullType, elementNullable: true }
  }
}
const typedValue = (value: Value): Value => (wholeNumber(value) && !isInt32(value) ? BigInt(value) : value)

function valueAs(value: Value, type: DataType): Value {
  if (typeof value === 'string') {
    if (type.kind === 'date') return tryParseDate(value) ?? fail(value, type)
    if (type.kind === 'timestamp' || type.kind === 'timestamp_ntz') {
      const parsed = tryParseTimestamp(value)
      return parsed === null ? fail(value, type) : parsed.localMicros - BigInt(parsed.offsetMinutes ?? 0) * 60_000_000n
    }
    if (type.kind === 'decimal') return parseDecimal(value, type)
  }
  if (typeof value === 'number') {
    if (type.kind === 'int64') return BigInt(value)
    if (type.kind === 'decimal') return parseDecimal(String(value), type)
  }
  if (
    typeof value === 'bigint' &&
    (type.kind === 'int32' || type.kind === 'int16' || type.kind === 'int8' || type.kind === 'float64')
  )
    return Number(value)
  return value
}
function fail(value: string, type: DataType): never {
  throw invalidCast(value, string, type)
}

export interface CaseBuilder extends Expr {
  when(condition: Operand, then: Operand): CaseBuilder
  otherwise(value: Operand): Expr
}

class CaseExpr extends Expr implements CaseBuilder {
  readonly #branches: readonly { readonly when: Expression; readonly then: Expression }[]

  constructor(branches: readonly { readonly when: Expression; readonly then: Expression }[]) {
    super({ kind: 'case', branches, otherwise: null })
    this.#branches = branches
  }
  when(condition: Operand, then: Operand): CaseBuilder {
    return new CaseExpr([...this.#branches, { when: toExpression(condition), then: toExpression(then) }])
  }
  otherwise(value: Operand): Expr {
    return new Expr({ kind: 'case', branches: this.#branches, otherwise: toExpression(value) })
  }
}

/** `when(a, x).when(b, y).otherwise(z)`; null where no condition is true and there is no otherwise. */
export const when = (condition: Operand, then: Operand): CaseBuilder =>
  new CaseExpr([{ when: toExpression(condition), then: toExpression(then) }])

let lambdaDepth = 0

/** A function as an argument: `fn.transform(col('list'), lambda((x) => x.add(1)))`. */
export function lambda(body: (...parameters: readonly Expr[]) => Operand): Expr {
  const ids = Array.from({ length: Math.max(1, body.length) }, (_, i) => `${lambdaDepth}:x${i + 1}`)
  lambdaDepth++
  try {
    const of = body(...ids.map((id) => call('lambda_variable', id)))
    return call('lambda', of, ...ids)
  } finally {
    lambdaDepth--
  }
}

type Builder = (...args: readonly Operand[]) => Expr

/** Every scalar function by its name: `fn.lower(col('a'))`, `fn.concat_ws(' ', a, b)`. */
export const fn = new Proxy({} as Readonly<Record<ScalarFunctionName, Builder>>, {
  get: (_, name) => (typeof name === 'string' ? (...args: readonly Operand[]) => call(name, ...args) : undefined),
})

/** An aggregate that is computed from others; `orderBy` where the order of its rows counts. */
const derived = (name: string, args: readonly Operand[], orderBy: readonly SortKey[] = []): Expr =>
  new Expr({
    kind: 'alias',
    name,
    input: derivedAggregate({ name, args: args.map(toExpression), distinct: false, filter: null, orderBy }),
  })

const ordered =
  (name: string) =>
  (of: Operand, ...orderBy: readonly (SortKey | Expr)[]): Expr =>
    derived(
      name,
      [of],
      orderBy.map((key) => (key instanceof Expr ? key.asc() : key)),
    )

const aggregate = (name: string, args: readonly Operand[], distinct = false): Expr =>
  new Expr({ kind: 'aggregate', name, args: args.map(toExpression), distinct, filter: null })

type AggregateBuilders = Readonly<Record<CamelCase<AggregateFunctionName>, Builder>>
type CamelCase<T extends string> = T extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : T
const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Every aggregate by its name in camel case: `agg.count()`, `agg.sum(col('amount'))`, `agg.countDistinct(a)`, `agg.stddevPop(a)`. */
export const agg = {
  ...Object.fromEntries(
    Object.keys(aggregates).map((name) => [camelCase(name), (...args: readonly Operand[]) => aggregate(name, args)]),
  ),
  regrCount: (y: Operand, x: Operand) => derived('regr_count', [y, x]),
  regrAvgx: (y: Operand, x: Operand) => derived('regr_avgx', [y, x]),
  regrAvgy: (y: Operand, x: Operand) => derived('regr_avgy', [y, x]),
  regrSxx: (y: Operand, x: Operand) => derived('regr_sxx', [y, x]),
  regrSyy: (y: Operand, x: Operand) => derived('regr_syy', [y, x]),
  regrSxy: (y: Operand, x: Operand) => derived('regr_sxy', [y, x]),
  regrSlope: (y: Operand, x: Operand) => derived('regr_slope', [y, x]),
  regrIntercept: (y: Operand, x: Operand) => derived('regr_intercept', [y, x]),
  regrR2: (y: Operand, x: Operand) => derived('regr_r2', [y, x]),
  argMax: (value: Operand, key: Operand) => derived('arg_max', [value, key]),
  argMin: (value: Operand, key: Operand) => derived('arg_min', [value, key]),
  bitAnd: (of: Operand) => derived('bit_and', [of]),
  bitOr: (of: Operand) => derived('bit_or', [of]),
  bitXor: (of: Operand) => derived('bit_xor', [of]),
  mode: (of: Operand) => derived('mode', [of]),
  approxPercentile: (of: Operand, fraction: number) => derived('approx_percentile', [of, fraction]),
  /** The value at a fraction of the ordered values, as it is: `agg.percentileDisc(0.5, col('a').desc())`. */
  percentileDisc: (fraction: number, key: SortKey | Expr) =>
    derived('percentile_disc', [fraction], [key instanceof Expr ? key.asc() : key]),
  /** All values in the given order: `agg.collectListOrdered(col('id'), col('day').desc())`. */
  collectListOrdered: ordered('collect_list'),
  /** The texts in the given order, with the separator between them. */
  stringAggOrdered: (of: Operand, separator: string, ...orderBy: readonly (SortKey | Expr)[]) =>
    derived(
      'string_agg',
      [of, separator],
      orderBy.map((key) => (key instanceof Expr ? key.asc() : key)),
    ),
  countDistinct: (...args: readonly Operand[]) => aggregate('count', args, true),
  sumDistinct: (of: Operand) => aggregate('sum', [of], true),
} satisfies Record<string, unknown> as AggregateBuilders & DerivedBuilders

type OrderKeys = readonly (SortKey | Expr)[]
type TwoColumns = (y: Operand, x: Operand) => Expr
interface DerivedBuilders extends Readonly<
  Record<
    | 'regrCount'
    | 'regrAvgx'
    | 'regrAvgy'
    | 'regrSxx'
    | 'regrSyy'
    | 'regrSxy'
    | 'regrSlope'
    | 'regrIntercept'
    | 'regrR2'
    | 'argMax'
    | 'argMin',
    TwoColumns
  >
> {
  readonly bitAnd: (of: Operand) => Expr
  readonly bitOr: (of: Operand) => Expr
  readonly bitXor: (of: Operand) => Expr
  readonly mode: (of: Operand) => Expr
  readonly approxPercentile: (of: Operand, fraction: number) => Expr
  readonly percentileDisc: (fraction: number, key: SortKey | Expr) => Expr
  readonly collectListOrdered: (of: Operand, ...orderBy: OrderKeys) => Expr
  readonly stringAggOrdered: (of: Operand, separator: string, ...orderBy: OrderKeys) => Expr
  readonly countDistinct: Builder
  readonly sumDistinct: (of: Operand) => Expr
}

/** Of grouping sets: a bit for each key, the first the highest, that is 1 where the row is not grouped by it. */
export const grouping = (...keys: readonly Operand[]): Expr => call('grouping', ...keys)

const windowCall = (name: string, ...args: readonly Operand[]): Expr =>
  new Expr({ kind: 'window', name, args: args.map(toExpression), partitionBy: [], orderBy: [], frame: null })

/** Window functions; each needs `.over({ partitionBy, orderBy })`. */
export const win = {
  rowNumber: () => windowCall('row_number'),
  rank: () => windowCall('rank'),
  denseRank: () => windowCall('dense_rank'),
  percentRank: () => windowCall('percent_rank'),
  cumeDist: () => windowCall('cume_dist'),
  ntile: (buckets: number) => windowCall('ntile', buckets),
  lag: (of: Operand, offset = 1, fallback: Operand = null) => windowCall('lag', of, offset, fallback),
  lead: (of: Operand, offset = 1, fallback: Operand = null) => windowCall('lead', of, offset, fallback),
  firstValue: (of: Operand) => windowCall('first_value', of),
  lastValue: (of: Operand) => windowCall('last_value', of),
  nthValue: (of: Operand, n: number) => windowCall('nth_value', of, n),
}
