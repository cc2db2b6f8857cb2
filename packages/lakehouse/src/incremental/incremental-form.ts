import { planToJson, type LogicalPlan } from '@deltaworks/plan'
import type { BoundExpression } from '@deltaworks/expression'
import { rowsOfNewRows, type Appended } from './rows-of-new-rows.js'

/** How a column of an aggregate is made of what it was and what is new. */
export type Merging = 'key' | 'sum' | 'min' | 'max'

/** How a table can be built from what is new in one of the tables that it reads. */
export type IncrementalForm =
  /** These rows are new; the others stay. */
  | { readonly kind: 'append'; readonly rows: LogicalPlan }
  /** Groups of what is new, to be put together with the groups that are there. By the columns of the plan, in order. */
  | { readonly kind: 'aggregate'; readonly rows: LogicalPlan; readonly merging: readonly Merging[] }

/** Functions whose value is not told by the row alone. */
const volatile =
  /\b(random|rand|randn|uuid|gen_random_uuid|now|current_timestamp|current_date|current_time|localtimestamp|clock_timestamp|monotonically_increasing_id)\b/i

/** Null if only the whole table can be built. */
export function incrementalForm(plan: LogicalPlan, appended: Appended): IncrementalForm | null {
  if (volatile.test(JSON.stringify(planToJson(plan)))) return null
  const rows = rowsOfNewRows(plan, appended)
  if (rows !== null) return { kind: 'append', rows }
  return aggregateForm(plan, appended)
}

/** An aggregate below nothing but a choice of its columns. */
function aggregateForm(plan: LogicalPlan, appended: Appended): IncrementalForm | null {
  if (plan.kind === 'projection') {
    const below = aggregateForm(plan.input, appended)
    if (below?.kind !== 'aggregate') return null
    const columns = plan.expressions.map(columnOf)
    if (columns.includes(null)) return null
    const merging = columns.map((column) => below.merging[column!]!)
    // A group whose key is not among the columns cannot be found again.
    const keys = below.merging.flatMap((how, i) => (how === 'key' ? [i] : []))
    if (!keys.every((key) => columns.includes(key))) return null
    return { kind: 'aggregate', rows: { ...plan, input: below.rows }, merging }
  }
  if (plan.kind !== 'aggregate') return null
  const input = rowsOfNewRows(plan.input, appended)
  const merging = plan.aggregates.map(mergingOf)
  if (input === null || merging.includes(null)) return null
  return {
    kind: 'aggregate',
    rows: { ...plan, input },
    merging: [...plan.groupBy.map((): Merging => 'key'), ...(merging as readonly Merging[])],
  }
}

type BoundAggregate = Extract<LogicalPlan, { kind: 'aggregate' }>['aggregates'][number]

/** Sums of floating point numbers depend on their order, so that they would not be those of a whole build. */
function mergingOf({ name, distinct, type }: BoundAggregate): Merging | null {
  const extreme = name === 'min' || name === 'max'
  if (extreme) return name
  if (distinct) return null
  if (name === 'count' || name === 'count_star' || name === 'count_if') return 'sum'
  return name === 'sum' && type.kind !== 'float64' && type.kind !== 'float32' ? 'sum' : null
}

/** Which column of its input an expression is, as it is or in a wider type; null: it is computed. */
function columnOf(expression: BoundExpression): number | null {
  if (expression.kind === 'column') return expression.index
  return expression.kind === 'cast' && !expression.lenient ? columnOf(expression.input) : null
}
