import type { BindOptions, BoundExpression, ColumnReference, Expression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { LogicalPlan } from '../logical-plan.js'
import { columnOf } from '../plan-node.js'
import { outerColumns } from '../plan-scope.js'
import type { ColumnScope } from './column-scope.js'

/** A query around a subquery: what the subquery's expressions may refer to. */
export interface OuterQuery {
  readonly scope: ColumnScope
  readonly schema: Schema
  /** The query around that one: its columns are `2 * outerColumns` and more. */
  readonly outer: OuterQuery | null
}

/** How expressions over `plan` are bound whose columns are resolved to positions. */
export function positionalBinding(plan: LogicalPlan, outer: OuterQuery | null, timezone: string): BindOptions {
  return {
    timezone,
    substitute: (expression: Expression): BoundExpression | null => {
      const position = positionOf(expression)
      if (position === null) return null
      if (position < outerColumns) return columnOf(plan.schema, position)
      let around = outer
      for (let level = Math.floor(position / outerColumns); level > 1; level--) around = around!.outer
      const column = columnOf(around!.schema, position % outerColumns)
      return column.kind === 'column' ? { ...column, index: position } : column
    },
  }
}

/** The place that a resolved reference means; null for any other expression. */
export const positionOf = (expression: Expression): number | null =>
  expression.kind === 'column' && expression.qualifier?.startsWith('#') === true
    ? Number(expression.qualifier.slice(1))
    : null

export const isOuterReference = (expression: ColumnReference): boolean => (positionOf(expression) ?? 0) >= outerColumns
