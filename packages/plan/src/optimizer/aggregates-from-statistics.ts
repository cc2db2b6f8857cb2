import type { BoundAggregate, BoundExpression } from '@deltaworks/expression'
import { isFloat, type Value } from '@deltaworks/schema'
import type { LogicalPlan } from '../logical-plan.js'
import { transformUp, valuesNode } from '../plan-node.js'
import type { ColumnRange } from '../table-provider.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** count, min and max of a whole table are read off its statistics, where they are exact. */
export const aggregatesFromStatistics: OptimizerRule = {
  name: 'aggregates_from_statistics',
  apply: (plan) =>
    transformUp(plan, (node) => {
      if (node.kind !== 'aggregate' || node.groupBy.length > 0 || node.aggregates.length === 0) return node
      const rowCount = exactRowCount(node.input)
      if (rowCount === null) return node
      const values = node.aggregates.map((a) => valueOf(a, node.input, rowCount))
      return values.includes(undefined) ? node : valuesNode(node.schema, [values as readonly Value[]])
    }),
}

/** The aggregate's value; undefined if the statistics do not tell. */
function valueOf(a: BoundAggregate, input: LogicalPlan, rowCount: number): Value | undefined {
  if (a.filter !== null) return undefined
  if (a.name === 'count') {
    if (a.args.length === 0 || (!a.distinct && a.args.every((arg) => !arg.nullable))) return BigInt(rowCount)
    const range = a.args.length === 1 && !a.distinct ? rangeOf(input, a.args[0]!) : null
    return range?.nullCount == null ? undefined : BigInt(rowCount - range.nullCount)
  }
  if (a.name !== 'min' && a.name !== 'max') return undefined
  const [arg] = a.args
  // Bounds of floats leave NaN out.
  if (arg === undefined || isFloat(arg.type)) return undefined
  if (rowCount === 0) return null
  const range = rangeOf(input, arg)
  if (range === null || !range.exact) return undefined
  if (range.nullCount === rowCount) return null
  return (a.name === 'min' ? range.min : range.max) ?? undefined
}

/** What is known of a column of the plan that is one of its table's. */
function rangeOf(plan: LogicalPlan, e: BoundExpression): ColumnRange | null {
  if (e.kind !== 'column') return null
  switch (plan.kind) {
    case 'scan': {
      const { approximate, columns } = plan.table.statistics
      return approximate ? null : (columns?.[plan.table.schema.fields[plan.projection[e.index]!]!.name] ?? null)
    }
    case 'projection':
      return rangeOf(plan.input, plan.expressions[e.index]!)
    case 'sort':
      return rangeOf(plan.input, e)
    default:
      return null
  }
}

function exactRowCount(plan: LogicalPlan): number | null {
  switch (plan.kind) {
    case 'scan': {
      const { rowCount, approximate } = plan.table.statistics
      return plan.filters.length > 0 || plan.fetch !== null || approximate ? null : rowCount
    }
    case 'values':
      return plan.rows.length
    case 'projection':
    case 'window':
      return exactRowCount(plan.input)
    case 'sort':
      return plan.fetch === null ? exactRowCount(plan.input) : null
    default:
      return null
  }
}
