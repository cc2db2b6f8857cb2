import type { BigintValue, DateValue, FloatValue, IntegerValue, TimestampValue } from '@deltaworks/schema'
import { call, type Expr } from './expr.js'
import type { NullOf, Operand, ValueOf } from './expression-holder.js'
import type { CommonOf, CommonValue, NumericValue, With } from './expression-values.js'
import type { ScalarFunctionName } from './function-registry.js'

type Builder = (...args: readonly Operand[]) => Expr
/** Of arguments of type `A` a value of type `R`, null if an argument is null. */
type Of<A, R> = <const O extends readonly [Operand<A>, ...(readonly Operand[])]>(
  ...args: O
) => Expr<R | NullOf<ValueOf<O[number]>>>
type Moment = DateValue | TimestampValue | string

/** Functions whose types are known beforehand, by the type of their first argument and of their result. */
interface TypedFunctions extends Readonly<
  Record<TextFunction, Of<string, string>> &
    Record<TextMeasure, Of<string, IntegerValue>> &
    Record<TextTest, Of<string, boolean>> &
    Record<DatePart, Of<Moment, IntegerValue>> &
    Record<DateFunction, Of<Moment, DateValue>> &
    Record<NumberFunction, Of<NumericValue, FloatValue>>
> {
  readonly coalesce: <const A extends Operand, const O extends readonly Operand<With<'common', ValueOf<A>>>[]>(
    first: A,
    ...others: O
  ) => Expr<Coalesced<[A, ...O]>>
  readonly nullif: <const A extends Operand, const B extends Operand<With<'common', ValueOf<A>>>>(
    of: A,
    value: B,
  ) => Expr<CommonValue<ValueOf<A>, ValueOf<B>> | null>
  readonly abs: <const O extends Operand<NumericValue>>(of: O) => Expr<ValueOf<O>>
  readonly concat_ws: <const S extends Operand<string>>(
    separator: S,
    ...of: readonly Operand[]
  ) => Expr<string | NullOf<ValueOf<S>>>
  readonly date_format: Of<Moment, string>
  readonly datediff: Of<Moment, IntegerValue>
  readonly xxhash64: (...of: readonly Operand[]) => Expr<BigintValue>
}
export type TextFunction =
  | 'initcap'
  | 'left'
  | 'lower'
  | 'lpad'
  | 'ltrim'
  | 'regexp_extract'
  | 'regexp_replace'
  | 'repeat'
  | 'replace'
  | 'right'
  | 'rpad'
  | 'rtrim'
  | 'split_part'
  | 'substring'
  | 'translate'
  | 'trim'
  | 'upper'
export type TextMeasure = 'length' | 'levenshtein' | 'regexp_count' | 'strpos'
export type TextTest = 'contains' | 'ends_with' | 'ilike' | 'like' | 'rlike' | 'starts_with'
export type DatePart =
  'day' | 'dayofweek' | 'dayofyear' | 'hour' | 'minute' | 'month' | 'quarter' | 'second' | 'week' | 'year'
export type DateFunction = 'add_months' | 'date_add' | 'date_sub' | 'last_day'
export type NumberFunction = 'exp' | 'power' | 'sqrt'

type ValuesOf<O extends readonly unknown[]> = { readonly [I in keyof O]: ValueOf<O[I]> }
/** Null only if each of them may be. */
type Coalesced<O extends readonly unknown[]> =
  CommonOf<ValuesOf<O>> extends infer V
    ? unknown extends V
      ? unknown
      : | Exclude<V, null>
        | (false extends { [I in keyof O]: null extends ValueOf<O[I]> ? true : false }[number] ? never : null)
    : never

/** Every scalar function by its name: `fn.lower(col('a'))`, `fn.concat_ws(' ', a, b)`. */
export const fn = new Proxy(
  {} as TypedFunctions & Readonly<Record<Exclude<ScalarFunctionName, keyof TypedFunctions>, Builder>>,
  {
    get: (_, name) => (typeof name === 'string' ? (...args: readonly Operand[]) => call(name, ...args) : undefined),
  },
)

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

/** Of grouping sets: a bit for each key, the first the highest, that is 1 where the row is not grouped by it. */
export const grouping = (...keys: readonly Operand[]): Expr<IntegerValue> => call('grouping', ...keys)
