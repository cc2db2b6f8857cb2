import type {
  CommonValue,
  Condition,
  Expr,
  ExpressionHolder,
  NameOf,
  NotNull,
  SortKey,
  ValueOf,
  With,
} from '@deltaworks/expression'
import type { JoinType } from './logical-plan.js'

/*
 * What a frame's type says of its columns: `{ id: bigint; amount: bigint | null }`. Of a row of which nothing is known any name
 * may be asked for; then the plan alone finds what is wrong.
 */

export type AnyRow = Record<string, unknown>
/** The row as a type literal: an interface would not do where any row does. */
export type RowOf<Row> = { [K in keyof Row]: Row[K] }
export type Names<Row> = keyof Row & string
type IsUnknown<Row> = string extends keyof Row ? true : false

/** A column by its name, or an expression. */
export type ColumnInput<Row = AnyRow> = Names<Row> | ExpressionHolder
/** Ascending with nulls first, unless the key says otherwise (Spark's default). */
export type SortInput<Row = AnyRow> = ColumnInput<Row> | SortKey

/** The columns of a frame as expressions: `({ quantity, price }) => quantity.mul(price)`. */
export type Columns<Row> = { readonly [K in Names<Row>]: Expr<Row[K], K> }
/** Something, or what makes it of a frame's columns. */
export type Given<Row, T> = T | ((columns: Columns<Row>) => T)

export type NamedExpressions = Readonly<Record<string, ExpressionHolder>>
/** The values of expressions by their names. */
export type ValuesOf<E> = { [N in keyof E]: ValueOf<E[N]> }

/** The columns of `A`, those of `B` in their place or besides. */
export type Merged<A, B> = { [K in keyof A | keyof B]: K extends keyof B ? B[K] : K extends keyof A ? A[K] : never }
export type Nullable<Row> = { [K in keyof Row]: Row[K] | null }

type ByName<E, N> = E extends ExpressionHolder ? (N extends NameOf<E> ? ValueOf<E> : never) : never
type OutputName<C> = C extends string ? C : NameOf<C>
/** The row of some columns and named expressions; unknown if one has no name. */
export type Selected<Row, C> =
  string extends OutputName<C> ? AnyRow : { [N in OutputName<C>]: N extends C ? Row[N & keyof Row] : ByName<C, N> }

/** Equal names on both sides, or pairs of names. */
export type JoinKeys<L, R> = readonly ((Names<L> & Names<R>) | { readonly left: Names<L>; readonly right: Names<R> })[]
/** Keys, a condition, or one of the two sides' columns: `(order, customer) => order.customer.eq(customer.id)`. */
export type JoinCondition<L = AnyRow, R = AnyRow> =
  JoinKeys<L, R> | Condition | ((left: Columns<L>, right: Columns<R>) => Condition)

/** Shown where keys are of types that cannot be compared. */
interface IncomparableKey<Left, Right> {
  readonly left: Left
  readonly right: Right
  readonly cannotBeCompared: true
}
type ComparableKey<A, B> = AreComparable<A, B> extends true ? unknown : IncomparableKey<A, B>
/** Whether there is a common type, as far as the types are known. */
type AreComparable<A, B> = unknown extends B ? true : [NotNull<B>] extends [With<'common', A>] ? true : false
/** Demands that the keys can be compared. */
export type ComparableKeys<L, R, On> = On extends readonly unknown[]
  ? {
      readonly [I in keyof On]: On[I] extends keyof L & keyof R
        ? ComparableKey<L[On[I]], R[On[I]]>
        : On[I] extends { readonly left: infer A extends keyof L; readonly right: infer B extends keyof R }
          ? ComparableKey<L[A], R[B]>
          : unknown
    }
  : unknown

/** The keys that appear once. */
type MergedKeys<On> = On extends readonly (infer K)[]
  ? K extends string
    ? K
    : K extends { readonly left: infer A; readonly right: infer B }
      ? A extends B
        ? A
        : never
      : never
  : never

type NullIf<T extends JoinType, Outer extends JoinType> = T extends Outer ? null : never
type KeyValue<A, B, T extends JoinType> = T extends 'right' ? B : T extends 'full' ? CommonValue<A, B> : A
type BothSides<L, R, Keys, T extends JoinType> = {
  [K in keyof L | keyof R as K extends keyof L & keyof R ? Extract<K, Keys> : K]: K extends keyof L
    ? K extends keyof R
      ? KeyValue<L[K], R[K], T>
      : L[K] | NullIf<T, 'right' | 'full'>
    : K extends keyof R
      ? R[K] | NullIf<T, 'left' | 'full'>
      : never
}
/**
 * The row of a join: a side that may have no partner is null there. A name that both sides have, and that is no common key, can only
 * be told apart by an alias, so the row does not have it.
 */
export type Joined<L, R, On, T extends JoinType> = T extends 'left_semi' | 'left_anti'
  ? L
  : true extends IsUnknown<L> | IsUnknown<R>
    ? AnyRow
    : BothSides<L, R, MergedKeys<On>, T>

/** Columns of the same name and of types without a common one. */
type Clashes<A, B> = {
  [K in keyof A & keyof B]: AreComparable<A[K], B[K]> extends true ? never : K
}[keyof A & keyof B]
interface DifferentTypes<K> {
  readonly columnsOfDifferentTypes: K
}
interface MissingColumns<K> {
  readonly columnsThatOneLacks: K
}
/** Demands that columns of the same name can be united. */
export type Unitable<A, B> = true extends IsUnknown<A> | IsUnknown<B>
  ? unknown
  : [Clashes<A, B>] extends [never]
    ? unknown
    : DifferentTypes<Clashes<A, B>>
/** Demands moreover that both have the same names. */
export type SameColumns<A, B> = true extends IsUnknown<A> | IsUnknown<B>
  ? unknown
  : [Exclude<keyof A, keyof B> | Exclude<keyof B, keyof A>] extends [never]
    ? Unitable<A, B>
    : MissingColumns<Exclude<keyof A, keyof B> | Exclude<keyof B, keyof A>>

/** Rows of both, named as the first; of a column whose partner has another name nothing is known. */
export type United<A, B> = true extends IsUnknown<A> | IsUnknown<B>
  ? A
  : { [K in keyof A]: K extends keyof B ? CommonValue<A[K], B[K]> : unknown }
/** Rows of both by name; null where one lacks the column. */
export type UnitedByName<A, B> = true extends IsUnknown<A> | IsUnknown<B>
  ? AnyRow
  : {
      [K in keyof A | keyof B]: K extends keyof A
        ? K extends keyof B
          ? CommonValue<A[K], B[K]>
          : A[K] | null
        : K extends keyof B
          ? B[K] | null
          : never
    }

type ListOf<Row, C> = C extends keyof Row ? Row[C] : C extends string ? unknown : ValueOf<C>
/** What a list column or expression has as its elements. */
export type ElementOf<Row, C> = Exclude<ListOf<Row, C>, null> extends readonly (infer E)[] ? E : unknown
