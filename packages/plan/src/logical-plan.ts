import type { BoundAggregate, BoundExpression, BoundSortKey, BoundWindow } from '@deltaworks/expression'
import type { Schema, Value } from '@deltaworks/schema'
import type { TableProvider } from './table-provider.js'

/**
 * What is to be computed: an immutable tree of bound nodes. Expressions refer to the columns of their node's input by
 * position (a join's to the left columns, then the right ones), so names need not be unique inside a plan.
 * Every node carries the schema of its rows.
 */
export type LogicalPlan = TableScan | Values | Projection | Filter | Aggregate | Join | Sort | Limit | Union | Window

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
