import { col, type Expr, type Expression } from '@deltaworks/expression'
import type { ColumnInput, RuleBuilder } from '../rule-builder.js'
import { hasOutlierShare, type OutlierOptions } from './anomalies.js'
import { hasCompleteness, isComplete } from './completeness.js'
import { referentialIntegrity } from './referential-integrity.js'
import { hasMax, hasMaxLength, hasMean, hasMin, hasMinLength, hasStandardDeviation, hasSum } from './statistics.js'
import { isFresh } from './table.js'
import {
  hasDistinctCount,
  hasDistinctness,
  hasUniqueness,
  hasUniqueValueRatio,
  isPrimaryKey,
  isUnique,
} from './uniqueness.js'
import { hasDataType, isContainedIn, isEmail, isNonNegative, isPositive, isWithin, matchesPattern } from './values.js'

/** Builders all of whose columns are the table's own. */
const builders = {
  isComplete,
  hasCompleteness,
  hasUniqueness,
  hasDistinctness,
  hasUniqueValueRatio,
  hasDistinctCount,
  isContainedIn,
  matchesPattern,
  isEmail,
  isPositive,
  isNonNegative,
  isWithin,
  hasDataType,
  hasMin,
  hasMax,
  hasMean,
  hasSum,
  hasStandardDeviation,
  hasMinLength,
  hasMaxLength,
  isFresh,
} as const

/** A column of the table, or an expression: made with `col` of these rules, it names columns of the table only. */
export type ColumnOf<C extends string> = C | Expr | Expression

type Narrowed<A, C extends string> = [ColumnInput] extends [A]
  ? [readonly ColumnInput[]] extends [A]
    ? ColumnOf<C> | readonly ColumnOf<C>[]
    : ColumnOf<C>
  : A

type NarrowedBuilder<F, C extends string> = F extends (...args: infer A) => infer R
  ? (...args: { readonly [K in keyof A]: Narrowed<A[K], C> }) => R
  : never

/** The rules of a table whose columns are known: a name that is none of them does not compile. */
export type TableRules<C extends string> = {
  readonly [K in keyof typeof builders]: NarrowedBuilder<(typeof builders)[K], C>
} & {
  isUnique(this: void, ...columns: readonly ColumnOf<C>[]): RuleBuilder
  isPrimaryKey(this: void, ...columns: readonly ColumnOf<C>[]): RuleBuilder
  /** A column, for predicates. */
  col(this: void, name: C): Expr
  hasOutlierShare(
    this: void,
    column: ColumnOf<C>,
    maxShare: number,
    options?: Omit<OutlierOptions, 'groupBy'> & { readonly groupBy?: ColumnOf<C> | readonly ColumnOf<C>[] },
  ): RuleBuilder
  /** `referenceColumns` are the other table's. */
  referentialIntegrity(
    this: void,
    columns: ColumnOf<C> | readonly ColumnOf<C>[],
    reference: string,
    referenceColumns: ColumnInput | readonly ColumnInput[],
    maxShare?: number,
  ): RuleBuilder
}

const all = { ...builders, isUnique, isPrimaryKey, col, hasOutlierShare, referentialIntegrity }

/** `const { isComplete, isUnique } = rulesFor<'id' | 'email'>()` */
export const rulesFor = <C extends string>(): TableRules<C> => all as unknown as TableRules<C>
