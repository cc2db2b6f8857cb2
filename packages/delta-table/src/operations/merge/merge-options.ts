import type { Condition } from '../../predicates.js'
import type { Rows } from '../../table-session.js'
import type { WriteOptions } from '../../write/write-options.js'

/** New values by column; `all` takes every column that source and target share from the source. */
export type MergeValues = 'all' | Readonly<Record<string, Condition>>

export interface UpdateClause {
  readonly condition?: Condition
  /** Default `all`. */
  readonly set?: MergeValues
}
export interface DeleteClause {
  readonly condition?: Condition
}
export interface InsertClause {
  readonly condition?: Condition
  /** Default `all`; columns that are not named are null. */
  readonly values?: MergeValues
}

/** Clauses in the order in which they are tried. */
export type ChangeClause = ({ readonly kind: 'update' } & UpdateClause) | ({ readonly kind: 'delete' } & DeleteClause)

export type OneOrMore<T> = T | readonly T[]

/**
 * MERGE. Columns are referred to as `col(name, 'target')` and `col(name, 'source')`; without a qualifier the name must be in
 * one of the two only. Per row the first clause of its kind applies whose condition is true; delete clauses come before
 * update clauses.
 */
export interface MergeOptions extends WriteOptions {
  readonly source: Rows
  /** Columns that are equal in both, or a condition. Null matches nothing. */
  readonly on: readonly string[] | Condition
  /** Updates and deletes in an order of their own; before those of `whenMatchedDelete` and `whenMatchedUpdate`. */
  readonly whenMatched?: readonly ChangeClause[]
  readonly whenNotMatchedBySource?: readonly ChangeClause[]
  readonly whenMatchedDelete?: OneOrMore<DeleteClause>
  readonly whenMatchedUpdate?: OneOrMore<UpdateClause>
  readonly whenNotMatchedInsert?: OneOrMore<InsertClause>
  readonly whenNotMatchedBySourceDelete?: OneOrMore<DeleteClause>
  readonly whenNotMatchedBySourceUpdate?: OneOrMore<UpdateClause>
  /** Adds columns to the table that the source has and the table has not. */
  readonly mergeSchema?: boolean
}

export const clausesOf = <T extends object>(clauses: OneOrMore<T> | undefined): readonly T[] =>
  clauses === undefined ? [] : Array.isArray(clauses) ? (clauses as readonly T[]) : [clauses as T]
