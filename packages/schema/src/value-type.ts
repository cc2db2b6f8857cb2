import type { DataType, TypeKind } from './data-type.js'

declare const logicalType: unique symbol

/*
 * The JavaScript types of values, each knowing which logical type it stands for: a date and an integer are both numbers, but only
 * one of them can be multiplied. Plain values may be given for them, and they for plain values: `const day: DateValue = 12_000`.
 */
type Standing<T, K extends string> = T & { readonly [logicalType]?: K }

/** int8, int16 and int32. */
export type IntegerValue = Standing<number, 'integer'>
/** float32 and float64. */
export type FloatValue = Standing<number, 'float'>
/** int64. */
export type BigintValue = Standing<bigint, 'bigint'>
/** The unscaled integer: 12.34 as decimal(12, 2) is 1234n. */
export type DecimalValue = Standing<bigint, 'decimal'>
/** Days since 1970-01-01. */
export type DateValue = Standing<number, 'date'>
/** Microseconds since the epoch, of `timestamp` and `timestamp_ntz`. */
export type TimestampValue = Standing<bigint, 'timestamp'>
/** JSON text. */
export type VariantValue = Standing<string, 'variant'>
/** A list, a struct (its members in order), a map (its pairs) or an interval. */
export type NestedValue = readonly unknown[]

/** The value type of each kind of value that expressions tell apart. */
export interface ValueOfKind {
  readonly boolean: boolean
  readonly integer: IntegerValue
  readonly bigint: BigintValue
  readonly float: FloatValue
  readonly decimal: DecimalValue
  readonly string: string
  readonly binary: Uint8Array
  readonly date: DateValue
  readonly timestamp: TimestampValue
  readonly variant: VariantValue
  readonly nested: NestedValue
}
export type ValueKind = keyof ValueOfKind

type Stated<V> = typeof logicalType extends keyof V ? Extract<V[typeof logicalType], ValueKind> : never
type Known<S, Otherwise> = [S] extends [never] ? Otherwise : S

/** The kinds that a value of type `V` may be of; of a plain number or bigint several. Null is of none. */
export type KindOfValue<V> = V extends boolean
  ? 'boolean'
  : V extends number
    ? Known<Stated<V>, 'integer' | 'float'>
    : V extends bigint
      ? Known<Stated<V>, 'bigint' | 'decimal'>
      : V extends string
        ? Known<Stated<V>, 'string'>
        : V extends Uint8Array
          ? 'binary'
          : V extends NestedValue
            ? 'nested'
            : never

interface ValueOfTypeKind {
  readonly null: null
  readonly boolean: boolean
  readonly int8: IntegerValue
  readonly int16: IntegerValue
  readonly int32: IntegerValue
  readonly int64: BigintValue
  readonly float32: FloatValue
  readonly float64: FloatValue
  readonly decimal: DecimalValue
  readonly string: string
  readonly binary: Uint8Array
  readonly date: DateValue
  readonly timestamp: TimestampValue
  readonly timestamp_ntz: TimestampValue
  readonly variant: VariantValue
  readonly list: NestedValue
  readonly struct: NestedValue
  readonly map: NestedValue
}

/** The type of the values of a data type, without null: `ValueOfType<DecimalType>` is `DecimalValue`; unknown of any `DataType`. */
export type ValueOfType<T extends Pick<DataType, 'kind'>> = TypeKind extends T['kind']
  ? unknown
  : ValueOfTypeKind[T['kind']]
