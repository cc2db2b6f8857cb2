import { conjuncts, type BoundExpression } from '@deltaworks/expression'
import type { Aggregate, LogicalPlan } from '../logical-plan.js'
import { conjunction, distinctValues, noRanges, rangesOf, type RangeOf } from './selectivity.js'

/** Where a table does not say how many rows it has. */
const unknownRows = 1_000_000
const bytesPerRow = 40
/** What is guessed of lists, and of recursive queries. */
const elementsPerList = 4
const rounds = 10

const filteredRows = (rows: number, parts: readonly BoundExpression[], ranges: RangeOf): number =>
  Math.max(1, rows * conjunction(parts, ranges))

/** A guess at how many rows the plan gives: from its tables' statistics and rules of thumb. At least 1. */
export function estimateRows(plan: LogicalPlan): number {
  switch (plan.kind) {
    case 'scan': {
      const ranges = rangesOf(
        plan.table.statistics,
        plan.table.schema.fields.map((f) => f.name),
      )
      const rows = filteredRows(tableRows(plan), plan.filters, ranges)
      return plan.fetch === null ? rows : Math.min(rows, Math.max(1, plan.fetch))
    }
    case 'values':
      return Math.max(1, plan.rows.length)
    case 'filter':
      return filteredRows(estimateRows(plan.input), conjuncts(plan.predicate), noRanges)
    case 'aggregate':
      return plan.groupBy.length === 0 ? 1 : groupsOf(plan)
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

/** Groups: as many as the keys can have values, where that is known, at most a tenth of the rows (all, if a key is unknown). */
function groupsOf(plan: Aggregate): number {
  const rows = estimateRows(plan.input)
  let groups = 1
  for (const key of plan.groupBy) {
    const values = valuesOf(plan.input, key)
    if (values === null) return Math.max(1, Math.min(rows, Math.max(rows * 0.1, groups)))
    groups *= values
  }
  return Math.max(1, Math.min(rows, groups))
}

/** How many values an expression over the plan's columns can have; null if that is not known. */
function valuesOf(plan: LogicalPlan, e: BoundExpression): number | null {
  if (e.type.kind === 'boolean') return 3
  if (e.kind !== 'column') return null
  switch (plan.kind) {
    case 'scan': {
      const column = plan.projection[e.index]!
      const names = plan.table.schema.fields.map((f) => f.name)
      return distinctValues(e.type, rangesOf(plan.table.statistics, names)(column))
    }
    case 'filter':
    case 'sort':
    case 'limit':
      return valuesOf(plan.input, e)
    case 'projection':
      return valuesOf(plan.input, plan.expressions[e.index]!)
    case 'join': {
      const width = plan.left.schema.fields.length
      return e.index < width ? valuesOf(plan.left, e) : valuesOf(plan.right, { ...e, index: e.index - width })
    }
    default:
      return null
  }
}
