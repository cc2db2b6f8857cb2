import { typesEqual, type DataType, type Value } from '@deltaworks/schema'
import type { BoundCall, BoundExpression } from './expression.js'
import { conjuncts } from './traverse.js'
import { comparatorOf } from './value-order.js'

/** What is known of the rows of a partition, file, row group or page. */
export interface ColumnStatisticsSource {
  readonly rowCount: number | null
  /** By the column's position in the filters; null if nothing is known of it. */
  column(index: number): ColumnBounds | null
}

/** `min` and `max` bound the values that are not null (they need not occur: a truncated string maximum is a bound); null is unknown. */
export interface ColumnBounds {
  readonly min: Value
  readonly max: Value
  readonly nullCount: number | null
}

/** Which of the three truth values a predicate can take on some row; true where one cannot know. */
interface Outcome {
  readonly canBeTrue: boolean
  readonly canBeFalse: boolean
  readonly canBeNull: boolean
}

const anything: Outcome = { canBeTrue: true, canBeFalse: true, canBeNull: true }
type Test = (statistics: ColumnStatisticsSource) => Outcome

/** May keep rows that do not match; never drops one that does. A filter that it does not understand keeps everything. */
export class PruningPredicate {
  readonly #tests: readonly Test[]

  constructor(filters: readonly BoundExpression[]) {
    this.#tests = filters.flatMap(conjuncts).map(testOf)
  }

  /** Whether a row that satisfies all filters may be among the rows described. */
  mayMatch(statistics: ColumnStatisticsSource): boolean {
    if (statistics.rowCount === 0) return false
    return this.#tests.every((test) => test(statistics).canBeTrue)
  }
}

export const createPruningPredicate = (filters: readonly BoundExpression[]): PruningPredicate =>
  new PruningPredicate(filters)

function testOf(e: BoundExpression): Test {
  if (e.kind === 'literal') {
    const outcome = { canBeTrue: e.value === true, canBeFalse: e.value === false, canBeNull: e.value === null }
    return () => outcome
  }
  if (e.kind === 'column' && e.type.kind === 'boolean') return comparison('eq', e, true)
  if (e.kind !== 'call') return () => anything
  switch (e.name) {
    case 'and':
      return both(e.args.map(testOf), (o) => o)
    case 'or':
      return both(e.args.map(testOf), inverse)
    case 'not': {
      const inner = testOf(e.args[0]!)
      return (s) => inverse(inner(s))
    }
    case 'is_null':
    case 'is_not_null':
      return nullTest(e)
    case 'in':
      return inTest(e)
    case 'starts_with':
      return prefixTest(e.args[0]!, e.args[1]!)
    case 'like':
      return likeTest(e)
    case 'is_not_distinct_from':
      return nullSafeTest(e)
    default:
      return comparisonTest(e)
  }
}

const inverse = (o: Outcome): Outcome => ({ canBeTrue: o.canBeFalse, canBeFalse: o.canBeTrue, canBeNull: o.canBeNull })

/** AND of all; OR by De Morgan, with `view` turning operands and result around. */
const both =
  (tests: readonly Test[], view: (o: Outcome) => Outcome): Test =>
  (s) => {
    const outcomes = tests.map((test) => view(test(s)))
    return view({
      canBeTrue: outcomes.every((o) => o.canBeTrue),
      canBeFalse: outcomes.some((o) => o.canBeFalse),
      canBeNull: outcomes.some((o) => o.canBeNull),
    })
  }

type Column = Extract<BoundExpression, { kind: 'column' }>
type Comparison = 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'
const flipped: Readonly<Record<Comparison, Comparison>> = { eq: 'eq', ne: 'ne', lt: 'gt', le: 'ge', gt: 'lt', ge: 'le' }
const isComparison = (name: string): name is Comparison => name in flipped

function comparisonTest(e: BoundCall): Test {
  if (!isComparison(e.name)) return () => anything
  const [a, b] = e.args as [BoundExpression, BoundExpression]
  const [left, right] = [columnThrough(a), columnThrough(b)]
  if (left !== null && b.kind === 'literal') return comparison(e.name, left, b.value, a.type)
  if (right !== null && a.kind === 'literal') return comparison(flipped[e.name], right, a.value, b.type)
  return () => anything
}

/** The column under casts that keep the order of its values (widening of numbers, date to timestamp_ntz). */
function columnThrough(e: BoundExpression): Column | null {
  if (e.kind === 'column') return e
  if (e.kind !== 'cast' || e.input.kind !== 'column' || !keepsOrder(e.input.type, e.type)) return null
  return e.input
}
const integers = ['int8', 'int16', 'int32', 'int64']
function keepsOrder(from: DataType, to: DataType): boolean {
  if (integers.includes(from.kind) && integers.includes(to.kind))
    return integers.indexOf(from.kind) <= integers.indexOf(to.kind)
  if (from.kind === 'decimal' && to.kind === 'decimal')
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  if (to.kind === 'decimal')
    return from.kind === 'int8' || from.kind === 'int16' || from.kind === 'int32' || from.kind === 'int64'
  return (
    to.kind === 'float64' &&
    (from.kind === 'float32' || from.kind === 'int8' || from.kind === 'int16' || from.kind === 'int32')
  )
}

function comparison(name: Comparison, column: Column, value: Value, type: DataType = column.type): Test {
  if (value === null) return () => ({ canBeTrue: false, canBeFalse: false, canBeNull: true })
  const compare = comparatorOf(type)
  const floating = type.kind === 'float32' || type.kind === 'float64'
  return (s) => {
    const bounds = s.column(column.index)
    if (bounds === null) return anything
    if (isAllNull(s, bounds)) return { canBeTrue: false, canBeFalse: false, canBeNull: true }
    const canBeNull = bounds.nullCount !== 0
    const [min, max] = [converted(bounds.min, column.type, type), converted(bounds.max, column.type, type)]
    // Statistics of floats leave NaN out, which is the greatest value: then the maximum bounds nothing.
    const low = min === null ? null : compare(min, value)
    const high = max === null || floating ? null : compare(max, value)
    return { ...outcomeOf(name, low, high), canBeNull }
  }
}

/** @param low order of the minimum and the value, null if unknown; `high` of the maximum */
function outcomeOf(
  name: Comparison,
  low: number | null,
  high: number | null,
): Pick<Outcome, 'canBeTrue' | 'canBeFalse'> {
  const someLess = low === null || low < 0
  const someGreater = high === null || high > 0
  const someEqual = (low === null || low <= 0) && (high === null || high >= 0)
  switch (name) {
    case 'eq':
      return { canBeTrue: someEqual, canBeFalse: someLess || someGreater }
    case 'ne':
      return { canBeTrue: someLess || someGreater, canBeFalse: someEqual }
    case 'lt':
      return { canBeTrue: someLess, canBeFalse: someGreater || someEqual }
    case 'le':
      return { canBeTrue: someLess || someEqual, canBeFalse: someGreater }
    case 'gt':
      return { canBeTrue: someGreater, canBeFalse: someLess || someEqual }
    case 'ge':
      return { canBeTrue: someGreater || someEqual, canBeFalse: someLess }
  }
}

const isAllNull = (s: ColumnStatisticsSource, bounds: ColumnBounds): boolean =>
  s.rowCount !== null && bounds.nullCount !== null && bounds.nullCount >= s.rowCount

/** A bound as a value of the type that is compared (the casts of `keepsOrder` only). */
function converted(value: Value, from: DataType, to: DataType): Value {
  if (value === null || typesEqual(from, to)) return value
  if (to.kind === 'decimal') {
    const scale = from.kind === 'decimal' ? from.scale : 0
    return BigInt(value as number | bigint) * 10n ** BigInt(to.scale - scale)
  }
  if (to.kind === 'int64') return BigInt(value as number | bigint)
  return Number(value)
}

function nullTest(e: BoundCall): Test {
  const [arg] = e.args as [BoundExpression]
  if (arg.kind !== 'column') return () => ({ ...anything, canBeNull: false })
  const { index } = arg
  const isNull: Test = (s) => {
    const bounds = s.column(index)
    if (bounds === null) return { ...anything, canBeNull: false }
    return { canBeTrue: bounds.nullCount !== 0, canBeFalse: !isAllNull(s, bounds), canBeNull: false }
  }
  return e.name === 'is_null' ? isNull : (s) => inverse(isNull(s))
}

function nullSafeTest(e: BoundCall): Test {
  const [a, b] = e.args as [BoundExpression, BoundExpression]
  const literal = a.kind === 'literal' ? a : b
  const other = a.kind === 'literal' ? b : a
  if (literal.kind !== 'literal') return () => anything
  if (literal.value === null) return nullTest({ ...e, name: 'is_null', args: [other] })
  const equal = comparisonTest({ ...e, name: 'eq' })
  return (s) => {
    const outcome = equal(s)
    return { canBeTrue: outcome.canBeTrue, canBeFalse: outcome.canBeFalse || outcome.canBeNull, canBeNull: false }
  }
}

function inTest(e: BoundCall): Test {
  const [needle, ...values] = e.args as [BoundExpression, ...BoundExpression[]]
  return both(
    values.map((value) => comparisonTest({ ...e, name: 'eq', args: [needle, value] })),
    inverse,
  )
}

/** Texts with a prefix lie from the prefix itself to just before the next text that does not begin with it. */
function prefixTest(text: BoundExpression, prefix: BoundExpression): Test {
  if (text.kind !== 'column' || prefix.kind !== 'literal' || typeof prefix.value !== 'string') return () => anything
  const { value } = prefix
  const { index } = text
  const compare = comparatorOf(text.type)
  return (s) => {
    const bounds = s.column(index)
    if (bounds === null) return anything
    if (isAllNull(s, bounds)) return { canBeTrue: false, canBeFalse: false, canBeNull: true }
    const below = bounds.max !== null && compare(bounds.max, value) < 0
    const above = bounds.min !== null && compare(bounds.min, value) > 0 && !String(bounds.min).startsWith(value)
    return { canBeTrue: !below && !above, canBeFalse: true, canBeNull: true }
  }
}

function likeTest(e: BoundCall): Test {
  const pattern = e.args[1]!
  if (e.args.length !== 2 || pattern.kind !== 'literal' || typeof pattern.value !== 'string') return () => anything
  const fixed = /^[^%_\\]*/.exec(pattern.value)![0]
  if (fixed === '') return () => anything
  return prefixTest(e.args[0]!, { ...pattern, value: fixed })
}
