import { columnOf, transformUp, type LogicalPlan, type TableProvider } from '@deltaworks/plan'
import { substituteColumns, type BoundExpression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'

/** Stands for rows that come by while something is written: it has columns, and only the write has its rows. */
export const passingRows = (name: string, schema: Schema): TableProvider => ({
  name,
  schema,
  statistics: { rowCount: null, sizeBytes: null, approximate: true },
  scan: () => {
    throw new TypeError(`${name} can be written, not read`)
  },
  describe: () => ({ kind: 'passing', name }),
})

/** The plan with another in the place of a table. */
export const inPlaceOf = (plan: LogicalPlan, table: TableProvider, other: LogicalPlan): LogicalPlan =>
  transformUp(plan, (node) => (node.kind === 'scan' && node.table === table ? other : node))

export const readsTable = (plan: LogicalPlan, table: TableProvider): boolean => {
  let found = false
  transformUp(plan, (node) => {
    if (node.kind === 'scan' && node.table === table) found = true
    return node
  })
  return found
}

/** A plan's columns as expressions over a table's, if it makes each row of one of the table's alone; else null. */
export function rowExpressions(plan: LogicalPlan, table: TableProvider): readonly BoundExpression[] | null {
  if (plan.kind === 'scan' && plan.table === table) return plan.schema.fields.map((_, i) => columnOf(plan.schema, i))
  if (plan.kind !== 'projection') return null
  const inner = rowExpressions(plan.input, table)
  return inner === null ? null : plan.expressions.map((e) => substituteColumns(e, (index) => inner[index]!))
}
