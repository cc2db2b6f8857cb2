import type { BigintValue, FloatValue, IntegerValue, KindOfValue, NestedValue, Value } from '@deltaworks/schema'
import type { Expression } from './expression.js'

export declare const valueType: unique symbol
export declare const outputName: unique symbol

/*
 * What the type of an expression knows: the type of its values, and its name if it has one. Where that is unknown (`col('x')`),
 * the expression may stand for any type: the plan is still checked when it is built.
 */

/** Nothing for `unknown`, so that such an expression goes wherever a typed one does. */
export type Carried<V> = unknown extends V ? object : { readonly value?: V }

/**
 * Anything that holds an expression: an `Expr`. Neither symbol is there at run time.
 *
 * `V` is the type of its values (with null if it may be null), `N` its name as a column.
 */
export interface ExpressionHolder<V = unknown, N extends string = string> {
  readonly node: Expression
  readonly [valueType]?: Carried<V>
  readonly [outputName]?: N
}

/** What an operator takes for a value of type `V`: an expression of that type, a constant, or null. */
export type Operand<V = unknown> = ExpressionHolder<V | null> | LiteralFor<V>

/** Constants that can be compared with, or stand for, values of type `V`: dates and timestamps are written as text. */
export type LiteralFor<V> = unknown extends V
  ? Value
  : Extract<LiteralOfKind[KindOfValue<V> & keyof LiteralOfKind], Value> | null

interface LiteralOfKind {
  readonly boolean: boolean
  readonly integer: number | bigint
  readonly bigint: number | bigint
  readonly float: number | bigint
  readonly decimal: number | bigint
  readonly string: string
  readonly binary: Uint8Array
  readonly date: string
  readonly timestamp: string
  readonly variant: string
  readonly nested: readonly Value[]
}

/** The type of an operand's values, with null if they may be null; unknown if nothing is known. */
export type ValueOf<O> = O extends { readonly node: Expression }
  ? O extends { readonly [valueType]?: { readonly value?: infer V } }
    ? V
    : unknown
  : LiteralValue<O>

/** The name of an expression as a column; `string` if it is not known. */
export type NameOf<E> = E extends { readonly [outputName]?: infer N extends string } ? N : string

/** The value type that a constant has in an expression (see `lit`). */
export type LiteralValue<T> = T extends null
  ? null
  : T extends boolean
    ? boolean
    : T extends number
      ? NumberLiteral<T>
      : T extends bigint
        ? BigintValue
        : T extends string
          ? string
          : T extends Uint8Array
            ? Uint8Array
            : T extends NestedValue
              ? NestedValue
              : unknown

/** Whole numbers are int, or bigint beyond it; others double. Of a number that is not known, any of these. */
type NumberLiteral<T extends number> = number extends T
  ? IntegerValue | BigintValue | FloatValue
  : `${T}` extends `${bigint}`
    ? `${T}` extends TenCharacters<`${T}`>
      ? IntegerValue | BigintValue | FloatValue
      : IntegerValue
    : FloatValue
/** The text, if it is so long that its number may not fit an int. */
type TenCharacters<T extends string> =
  T extends `${infer _}${infer _}${infer _}${infer _}${infer _}${infer _}${infer _}${infer _}${infer _}${infer _}${string}`
    ? T
    : never

/** Null if a value of the type may be null; of an unknown one it may. */
export type NullOf<V> = null extends V ? null : never
/** The type without null. */
export type NotNull<V> = unknown extends V ? unknown : Exclude<V, null>
