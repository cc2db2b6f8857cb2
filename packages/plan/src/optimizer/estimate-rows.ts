import { conjuncts, type BoundExpression } from '@deltaworks/expression'
import type { LogicalPlan } from '../logical-plan.js'

/** Where a table does not say how many rows it has. */
const unknownRows = 1_000_000
const bytesPerRow = 40
/** What is guessed of lists, and of recursive queries. */
const elementsPerList = 4
const rounds = 10

const selectivity = (e: BoundExpression): number => {
  if (e.kind !== 'call') return 0.5
  switch (e.name) {
    case 'eq':
    case 'is_null':
    case 'is_not_distinct_from':
      return 0.1
    case 'in':
      return Math.min(0.5, 0.1 * (e.args.length - 1))
    case 'ne':
    case 'is_not_null':
      return 0.9
    case 'or':
      return Math.min(
        1,
        e.args.reduce((sum, arg) => sum + selectivity(arg), 0),
      )
    case 'and':
      return e.args.reduce((product, arg) => product * selectivity(arg), 1)
    default:
      return 0.33
  }
}

const filteredRows = (rows: number, parts: readonly BoundExpression[]): number =>
  Math.max(
    1,
    parts.reduce((n, e) => n * selectivity(e), rows),
  )

/** A guess at how many rows the plan gives: from its tables' statistics and rules of thumb. At least 1. */
export function estimateRows(plan: LogicalPlan): number {
  switch (plan.kind) {
    case 'scan': {
      const rows = filteredRows(tableRows(plan), plan.filters)
      return plan.fetch === null ? rows : Math.min(rows, Math.max(1, plan.fetch))
    }
    case 'values':
      return Math.max(1, plan.rows.length)
    case 'filter':
      return filteredRows(estimateRows(plan.input), conjuncts(plan.predicate))
    case 'aggregate':
      return plan.groupBy.length === 0 ? 1 : Math.max(1, estimateRows(plan.input) * 0.1)
    case 'limit':
    case 'sort': {
      const rows = estimateRows(plan.input)
      return plan.fetch === null ? rows : Math.max(1, Math.min(rows, plan.fetch))
    }
    case 'projection':
    case 'window':
      return estimateRows(plan.input)
    case 'unnest':
      return estimateRows(plan.input) * elementsPerList
    case 'recursive':
      return estimateRows(plan.initial) * rounds
    case 'union':
      return plan.inputs.reduce((sum, input) => sum + estimateRows(input), 0)
    case 'join': {
      const [left, right] = [estimateRows(plan.left), estimateRows(plan.right)]
      if (plan.joinType === 'left_semi' || plan.joinType === 'left_anti') return Math.max(1, left * 0.5)
      return plan.keys.length === 0 ? left * right : Math.max(left, right)
    }
  }
}

/** The rows of the table under the plan before any filter: a bound for how many values a key column has. */
export function tableRows(plan: LogicalPlan): number {
  if (plan.kind === 'scan') {
    const { rowCount, sizeBytes } = plan.table.statistics
    return Math.max(1, rowCount ?? (sizeBytes === null ? unknownRows : sizeBytes / bytesPerRow))
  }
  if (plan.kind === 'filter' || plan.kind === 'projection' || plan.kind === 'window') return tableRows(plan.input)
  return estimateRows(plan)
}
