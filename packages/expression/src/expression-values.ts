import type { KindOfValue, ValueKind, ValueOfKind } from '@deltaworks/schema'
import type { ExpressionHolder, LiteralFor, NullOf, ValueOf } from './expression-holder.js'

/*
 * The rules of coercion and of the function registry as types: which kinds of values go together, and of which kind the result
 * is. `typed-expression.test.ts` compares them with what binding gives.
 */

export type NumericKind = 'integer' | 'bigint' | 'float' | 'decimal'
export type NumericValue = ValueOfKind[NumericKind]
type Each<K extends ValueKind, Result extends ValueKind> = Readonly<Record<K, Result>>

/** For a left and a right kind the kind of the result. A pair that is not there does not go together. */
interface WiderNumber {
  readonly integer: Each<'integer', 'integer'> & Each<'bigint', 'bigint'> & Each<'float', 'float'> & Decimal
  readonly bigint: Each<'integer' | 'bigint', 'bigint'> & Each<'float', 'float'> & Decimal
  readonly float: Each<NumericKind, 'float'>
  readonly decimal: Each<'integer' | 'bigint' | 'decimal', 'decimal'> & Each<'float', 'float'>
}
type Decimal = Each<'decimal', 'decimal'>

/** Intervals are nested values: months, days and microseconds. */
interface Sums {
  readonly integer: WiderNumber['integer'] & Each<'date', 'date'>
  readonly bigint: WiderNumber['bigint'] & Each<'date', 'date'>
  readonly float: WiderNumber['float']
  readonly decimal: WiderNumber['decimal']
  readonly date: Each<'integer' | 'bigint', 'date'> & Each<'nested', 'timestamp'>
  readonly timestamp: Each<'nested', 'timestamp'>
  readonly nested: Each<'date' | 'timestamp', 'timestamp'> & Each<'nested', 'nested'>
}
interface Differences extends WiderNumber {
  readonly date: Each<'integer' | 'bigint', 'date'> &
    Each<'date', 'integer'> &
    Each<'timestamp', 'nested'> &
    Each<'nested', 'timestamp'>
  readonly timestamp: Each<'date' | 'timestamp', 'nested'> & Each<'nested', 'timestamp'>
  readonly nested: Each<'nested', 'nested'>
}
interface Products {
  readonly integer: WiderNumber['integer'] & Each<'nested', 'nested'>
  readonly bigint: WiderNumber['bigint'] & Each<'nested', 'nested'>
  readonly float: WiderNumber['float'] & Each<'nested', 'nested'>
  readonly decimal: WiderNumber['decimal'] & Each<'nested', 'nested'>
  readonly nested: Each<NumericKind, 'nested'>
}
interface Quotients {
  readonly integer: Each<'integer' | 'bigint' | 'float', 'float'> & Decimal
  readonly bigint: Each<'integer' | 'bigint' | 'float', 'float'> & Decimal
  readonly float: Each<NumericKind, 'float'>
  readonly decimal: WiderNumber['decimal']
  readonly nested: Each<NumericKind, 'nested'>
}

/** What may be compared, united or chosen between, and what it becomes. */
interface Common extends WiderNumber {
  readonly boolean: Each<'boolean', 'boolean'>
  readonly string: Each<'string', 'string'> &
    Each<'date', 'date'> &
    Each<'timestamp', 'timestamp'> &
    Each<'variant', 'variant'>
  readonly binary: Each<'binary', 'binary'>
  readonly date: Each<'date' | 'string', 'date'> & Each<'timestamp', 'timestamp'>
  readonly timestamp: Each<'timestamp' | 'date' | 'string', 'timestamp'>
  readonly variant: Each<'variant' | 'string', 'variant'>
  readonly nested: Each<'nested', 'nested'>
}

export interface Rules {
  readonly add: Sums
  readonly subtract: Differences
  readonly multiply: Products
  readonly divide: Quotients
  readonly modulo: WiderNumber
  readonly common: Common
}
export type Rule = keyof Rules

/** The values that the rule's left side may be of. */
export type LeftOf<R extends Rule> = ValueOfKind[keyof Rules[R] & ValueKind]
/** The kinds that go with every kind that the left value may be of. */
type Partner<R extends Rule, V> = keyof Rules[R][KindOfValue<V> & keyof Rules[R]] & ValueKind
/** What goes with a value of type `V` by the rule: anything if nothing is known of it. */
export type With<R extends Rule, V> = unknown extends V
  ? unknown
  : [KindOfValue<V>] extends [never]
    ? unknown
    : ValueOfKind[Partner<R, V>]

/** An operand of arithmetic: here text is no date. */
export type ArithmeticOperand<R extends Rule, Left> =
  ExpressionHolder<With<R, ValueOf<Left>> | null> | Exclude<LiteralFor<With<R, ValueOf<Left>>>, string>

/** The kind of the result, for every pair of kinds. */
type Paired<R extends Rule, A, B> = A extends keyof Rules[R]
  ? B extends keyof Rules[R][A]
    ? Extract<Rules[R][A][B], ValueKind>
    : never
  : never

/** The result of two values by a rule; null if one of them is, unknown if nothing is known of one. */
export type Combined<R extends Rule, A, B> = unknown extends A
  ? unknown
  : unknown extends B
    ? unknown
    : ValueOfKind[Paired<R, KindOfValue<A>, KindOfValue<B>>] | NullOf<A> | NullOf<B>

/** The common type of two values, as CASE and COALESCE have it; nulls of either are kept. */
export type CommonValue<A, B> = [KindOfValue<A>] extends [never]
  ? A | B
  : [KindOfValue<B>] extends [never]
    ? A | B
    : Combined<'common', A, B>

/** The common type of several. */
export type CommonOf<Values extends readonly unknown[]> = Values extends readonly [infer A, infer B, ...infer Rest]
  ? CommonOf<[CommonValue<A, B>, ...Rest]>
  : Values extends readonly [infer Only]
    ? Only
    : unknown

/** What a sum is of: bigint of integers, double of floats, decimal of decimals. */
export interface SumKinds {
  readonly integer: 'bigint'
  readonly bigint: 'bigint'
  readonly float: 'float'
  readonly decimal: 'decimal'
}
/** A mean is double, but a decimal's is exact. */
export interface MeanKinds {
  readonly integer: 'float'
  readonly bigint: 'float'
  readonly float: 'float'
  readonly decimal: 'decimal'
}
type Mapped<M, V> = unknown extends V ? unknown : ValueOfKind[Extract<M[KindOfValue<V> & keyof M], ValueKind>] | null
export type SumOf<O> = Mapped<SumKinds, ValueOf<O>>
export type MeanOf<O> = Mapped<MeanKinds, ValueOf<O>>
