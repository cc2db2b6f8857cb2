import type { DataType, NestedValue, ValueOfType } from '@deltaworks/schema'
import { boolean } from '@deltaworks/schema'
import { filteredAggregates, overWindow } from './derived-aggregates.js'
import type {
  Carried,
  ExpressionHolder,
  NotNull,
  NullOf,
  Operand,
  outputName,
  ValueOf,
  valueType,
} from './expression-holder.js'
import type { AggregateCall, Expression, SortKey, WindowCall, WindowFrame } from './expression.js'
import type { ArithmeticOperand, Combined, LeftOf, NumericValue, Rule, With } from './expression-values.js'
import { literalType, typedValue } from './literal.js'

export type SortInput = SortKey | ExpressionHolder

export interface WindowSpecification {
  readonly partitionBy?: readonly Operand[]
  readonly orderBy?: readonly SortInput[]
  readonly frame?: WindowFrame
}

/**
 * A fluent, immutable face of an `Expression`: `col('amount').mul(2).gt(lit(5)).as('large')`.
 *
 * `V` is the type of its values and `N` its name, where they are known: then an operand of another type does not compile.
 * Of `col('amount')` nothing is known, and everything is checked when the plan is built.
 */
export class Expr<V = unknown, N extends string = string> implements ExpressionHolder<V, N> {
  declare readonly [valueType]: Carried<V>
  declare readonly [outputName]: N
  readonly node: Expression

  constructor(node: Expression) {
    this.node = node
  }

  add<Self extends Left<'add'>, const O extends ArithmeticOperand<'add', Self>>(
    this: Self,
    other: O,
  ): Arithmetic<'add', Self, O> {
    return call('add', this, other)
  }
  sub<Self extends Left<'subtract'>, const O extends ArithmeticOperand<'subtract', Self>>(
    this: Self,
    other: O,
  ): Arithmetic<'subtract', Self, O> {
    return call('subtract', this, other)
  }
  mul<Self extends Left<'multiply'>, const O extends ArithmeticOperand<'multiply', Self>>(
    this: Self,
    other: O,
  ): Arithmetic<'multiply', Self, O> {
    return call('multiply', this, other)
  }
  div<Self extends Left<'divide'>, const O extends ArithmeticOperand<'divide', Self>>(
    this: Self,
    other: O,
  ): Arithmetic<'divide', Self, O> {
    return call('divide', this, other)
  }
  mod<Self extends Left<'modulo'>, const O extends ArithmeticOperand<'modulo', Self>>(
    this: Self,
    other: O,
  ): Arithmetic<'modulo', Self, O> {
    return call('modulo', this, other)
  }
  eq<Self extends ExpressionHolder, const O extends Comparable<Self>>(this: Self, other: O): Test<Self | O> {
    return call('eq', this, other)
  }
  ne<Self extends ExpressionHolder, const O extends Comparable<Self>>(this: Self, other: O): Test<Self | O> {
    return call('ne', this, other)
  }
  lt<Self extends ExpressionHolder, const O extends Comparable<Self>>(this: Self, other: O): Test<Self | O> {
    return call('lt', this, other)
  }
  le<Self extends ExpressionHolder, const O extends Comparable<Self>>(this: Self, other: O): Test<Self | O> {
    return call('le', this, other)
  }
  gt<Self extends ExpressionHolder, const O extends Comparable<Self>>(this: Self, other: O): Test<Self | O> {
    return call('gt', this, other)
  }
  ge<Self extends ExpressionHolder, const O extends Comparable<Self>>(this: Self, other: O): Test<Self | O> {
    return call('ge', this, other)
  }
  isNotDistinctFrom<Self extends ExpressionHolder>(this: Self, other: Comparable<Self>): Expr<boolean> {
    return call('is_not_distinct_from', this, other)
  }
  rlike<Self extends Text, const O extends Operand<string>>(this: Self, other: O): Test<Self | O> {
    return call('rlike', this, other)
  }
  contains<Self extends Text, const O extends Operand<string>>(this: Self, other: O): Test<Self | O> {
    return call('contains', this, other)
  }
  startsWith<Self extends Text, const O extends Operand<string>>(this: Self, other: O): Test<Self | O> {
    return call('starts_with', this, other)
  }
  endsWith<Self extends Text, const O extends Operand<string>>(this: Self, other: O): Test<Self | O> {
    return call('ends_with', this, other)
  }
  /** Of texts, lists or binary values. */
  concat<Self extends ExpressionHolder<Joinable | null>, const O extends Operand<NotNull<ValueOf<Self>>>>(
    this: Self,
    other: O,
  ): Expr<NotNull<ValueOf<Self>> | NullOf<ValueOf<Self | O>>> {
    return call('concat', this, other)
  }
  neg<Self extends ExpressionHolder<NumericValue | NestedValue | null>>(this: Self): Expr<ValueOf<Self>> {
    return call('negate', this)
  }
  and<Self extends Condition, const O extends readonly Operand<boolean>[]>(
    this: Self,
    ...others: O
  ): Test<Self | O[number]> {
    return call('and', this, ...others)
  }
  or<Self extends Condition, const O extends readonly Operand<boolean>[]>(
    this: Self,
    ...others: O
  ): Test<Self | O[number]> {
    return call('or', this, ...others)
  }
  not<Self extends Condition>(this: Self): Test<Self> {
    return call('not', this)
  }
  isNull(): Expr<boolean> {
    return call('is_null', this)
  }
  isNotNull(): Expr<boolean> {
    return call('is_not_null', this)
  }
  between<Self extends ExpressionHolder, const A extends Comparable<Self>, const B extends Comparable<Self>>(
    this: Self,
    low: A,
    high: B,
  ): Test<Self | A | B> {
    return call('between', this, low, high)
  }
  /** Whether it equals one of the values; of none it is false. */
  in_<Self extends ExpressionHolder, const O extends readonly Comparable<Self>[]>(
    this: Self,
    values: O,
  ): Test<Self | O[number]> {
    return values.length === 0 ? expr({ kind: 'literal', value: false, type: boolean }) : call('in', this, ...values)
  }
  like<Self extends Text, const O extends Operand<string>>(this: Self, pattern: O, escape?: string): Test<Self | O> {
    return escape === undefined ? call('like', this, pattern) : call('like', this, pattern, escape)
  }
  ilike<Self extends Text, const O extends Operand<string>>(this: Self, pattern: O, escape?: string): Test<Self | O> {
    return escape === undefined ? call('ilike', this, pattern) : call('ilike', this, pattern, escape)
  }
  /** An error where the value does not fit. */
  cast<Self extends ExpressionHolder, const T extends DataType>(
    this: Self,
    type: T,
  ): Expr<ValueOfType<T> | NullOf<ValueOf<Self>>> {
    return new Expr({ kind: 'cast', input: this.node, type, lenient: false })
  }
  /** Null where the value does not fit. */
  tryCast<const T extends DataType>(type: T): Expr<ValueOfType<T> | null> {
    return new Expr({ kind: 'cast', input: this.node, type, lenient: true })
  }
  /** A member of a struct. */
  field(this: ExpressionHolder<NestedValue | null>, name: string): Expr {
    return call('get_field', this, name)
  }
  as<const M extends string>(name: M): Expr<V, M> {
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
  filter(condition: Operand<boolean>): Expr<V> {
    return new Expr(filteredAggregates(this.node, toExpression(condition)))
  }
  /** Of an aggregate or a window function: over the rows of its partition. */
  over(window: WindowSpecification = {}): Expr<V> {
    const over = (node: AggregateCall | WindowCall): WindowCall => ({
      kind: 'window',
      name: node.name,
      args: node.args,
      partitionBy: (window.partitionBy ?? []).map(toExpression),
      orderBy: (window.orderBy ?? []).map(toSortKey),
      frame: window.frame ?? null,
      ...(node.filter === undefined || node.filter === null ? {} : { filter: node.filter }),
      ...(node.distinct === true ? { distinct: true } : {}),
    })
    return new Expr(this.node.kind === 'window' ? over(this.node) : overWindow(this.node, over))
  }
}

type Left<R extends Rule> = ExpressionHolder<LeftOf<R> | null>
type Text = ExpressionHolder<string | null>
type Joinable = string | Uint8Array | NestedValue
export type Condition = ExpressionHolder<boolean | null>
/** What may be compared with an expression: numbers with numbers, dates with dates, timestamps and text. */
export type Comparable<Self> = Operand<With<'common', ValueOf<Self>>>
/** True or false; null if one of the operands may be null. */
export type Test<O> = Expr<boolean | NullOf<ValueOf<O>>>
type Arithmetic<R extends Rule, A, B> = Expr<Combined<R, ValueOf<A>, ValueOf<B>>>

export const isExpr = (value: unknown): value is Expr => value instanceof Expr

const isHolder = (operand: unknown): operand is ExpressionHolder =>
  typeof operand === 'object' && operand !== null && 'node' in operand

/** What a builder takes: an expression as it is, any other value as a literal. */
export const toExpression = (operand: Operand): Expression =>
  isHolder(operand) ? operand.node : { kind: 'literal', value: typedValue(operand), type: literalType(operand) }

export const toSortKey = (key: SortInput): SortKey =>
  isHolder(key) ? { expression: key.node, descending: false, nullsFirst: true } : key

export const call = <V = unknown>(name: string, ...args: readonly Operand[]): Expr<V> =>
  new Expr({ kind: 'call', name, args: args.map(toExpression) })

/** A column by its name, of which nothing else is known; `table.column` has a qualifier only if given apart. */
export const col = <V = unknown, const N extends string = string>(name: N, qualifier?: string): Expr<V, N> =>
  new Expr(qualifier === undefined ? { kind: 'column', name } : { kind: 'column', name, qualifier })

export const expr = <V = unknown>(node: Expression): Expr<V> => new Expr(node)
