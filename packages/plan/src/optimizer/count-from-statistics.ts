import type { LogicalPlan } from '../logical-plan.js'
import { transformUp, valuesNode } from '../plan-node.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** `count(*)` of a whole table is read off its statistics, where they are exact. */
export const countFromStatistics: OptimizerRule = {
  name: 'count_from_statistics',
  apply: (plan) =>
    transformUp(plan, (node) => {
      if (node.kind !== 'aggregate' || node.groupBy.length > 0 || node.aggregates.length === 0) return node
      const isPlainCount = node.aggregates.every(
        (a) =>
          a.name === 'count' &&
          a.filter === null &&
          (a.args.length === 0 || (!a.distinct && a.args.every((arg) => !arg.nullable))),
      )
      const rowCount = isPlainCount ? exactRowCount(node.input) : null
      if (rowCount === null) return node
      return valuesNode(node.schema, [node.aggregates.map(() => BigInt(rowCount))])
    }),
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
