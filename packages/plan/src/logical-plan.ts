import type { BoundAggregate, BoundExpression, BoundSortKey, BoundWindow } from '@deltaworks/expression'
import type { Schema, Value } from '@deltaworks/schema'
import type { TableProvider } from './table-provider.js'

/**
 * What is to be computed: an immutable tree of bound nodes. Expressions refer to the columns of their node's input by
 * position (a join's to the left columns, then the right ones), so names need not be unique inside a plan.
 * Every node carries the schema of its rows.
 */
export type LogicalPlan =
  TableScan | Values | Projection | Filter | Aggregate | Join | Sort | Limit | Union | Window | Unnest | Recursive

export interface TableScan {
  readonly kind: 'scan'
  readonly table: TableProvider
  /** Columns of `table.schema` to read, in output order. */
  readonly projection: readonly number[]
  /** Conjuncts over `table.schema` positions: used to prune, and applied to every row that is read. */
  readonly filters: readonly BoundExpression[]
  /** At most so many rows are wanted (after the filters), in any order. */
  readonly fetch: number | null
  readonly schema: Schema
}
export interface Values {
  readonly kind: 'values'
  readonly rows: readonly (readonly Value[])[]
  readonly schema: Schema
}
export interface Projection {
  readonly kind: 'projection'
  readonly input: LogicalPlan
  readonly expressions: readonly BoundExpression[]
  readonly schema: Schema
}
export interface Filter {
  readonly kind: 'filter'
  readonly input: LogicalPlan
  readonly predicate: BoundExpression
  readonly schema: Schema
}
/** Groups first, then aggregates. No groups: exactly one row. No aggregates: DISTINCT. Null is a group of its own. */
export interface Aggregate {
  readonly kind: 'aggregate'
  readonly input: LogicalPlan
  readonly groupBy: readonly BoundExpression[]
  readonly aggregates: readonly BoundAggregate[]
  readonly schema: Schema
}
/** `left_semi` and `left_anti` give left columns only; `left_anti` is NOT EXISTS (a null key matches nothing). */
export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'left_semi' | 'left_anti' | 'cross'
export interface JoinKey {
  /** Over the left input's columns. */
  readonly left: BoundExpression
  /** Over the right input's columns (from 0); of the same type as `left`. */
  readonly right: BoundExpression
  /** IS NOT DISTINCT FROM instead of =. */
  readonly nullSafe: boolean
}
export interface Join {
  readonly kind: 'join'
  readonly left: LogicalPlan
  readonly right: LogicalPlan
  readonly joinType: JoinType
  readonly keys: readonly JoinKey[]
  /** What a matching pair must also satisfy, over left columns then right columns. */
  readonly residual: BoundExpression | null
  readonly schema: Schema
}
export interface Sort {
  readonly kind: 'sort'
  readonly input: LogicalPlan
  readonly keys: readonly BoundSortKey[]
  /** Top-k: only the first so many rows are wanted. */
  readonly fetch: number | null
  /**
   * Values of the first key that cut the rows into parts of about equal size, ascending and distinct: where they are known, parts
   * are sorted each by itself. The rows are the same without.
   */
  readonly cuts?: readonly Value[]
  readonly schema: Schema
}
export interface Limit {
  readonly kind: 'limit'
  readonly input: LogicalPlan
  readonly skip: number
  readonly fetch: number | null
  readonly schema: Schema
}
/** UNION ALL by position; inputs have equal types. */
export interface Union {
  readonly kind: 'union'
  readonly inputs: readonly LogicalPlan[]
  readonly schema: Schema
}
/** The input's columns, then one column a window function. */
export interface Window {
  readonly kind: 'window'
  readonly input: LogicalPlan
  readonly windows: readonly BoundWindow[]
  readonly schema: Schema
}
/**
 * Each row of the input once for every element of its lists, which are walked side by side (a shorter one is followed by
 * nulls): the input's columns, then one column a list (two a map: key and value), then, with `ordinality`, the element's number.
 */
export interface Unnest {
  readonly kind: 'unnest'
  readonly input: LogicalPlan
  /** Lists or maps, over the input's columns. */
  readonly lists: readonly BoundExpression[]
  /** Rows without any element are kept, with nulls. */
  readonly outer: boolean
  /** A last column, bigint, that counts elements from 1. */
  readonly ordinality: boolean
  readonly schema: Schema
}
/**
 * WITH RECURSIVE: the rows of `initial`, then those of `step` over the rows of the round before, until a round gives none.
 * `distinct` (UNION instead of UNION ALL) drops rows that were given already.
 */
export interface Recursive {
  readonly kind: 'recursive'
  readonly initial: LogicalPlan
  /** Reads the rows of the former round by scans of `workingTable`. */
  readonly step: LogicalPlan
  /** Stands for the rows of the former round; known by identity. */
  readonly workingTable: TableProvider
  readonly distinct: boolean
  readonly schema: Schema
}
