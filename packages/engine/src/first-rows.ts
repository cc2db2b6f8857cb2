import type { BoundExpression } from '@deltaworks/expression'
import { transformUp, type Filter, type LogicalPlan, type Window } from '@deltaworks/plan'

/** Below a row_number() of which only 1 is asked for: the rows that can get it. Its own rows are those of its input, fewer of them. */
export interface FirstRows extends Window {
  readonly firstRows: true
}

export const isFirstRows = (plan: Window): plan is FirstRows => 'firstRows' in plan

/** DISTINCT ON and its like (`row_number() = 1`): most rows are dropped before they are exchanged and numbered. */
export const withFirstRows = (plan: LogicalPlan): LogicalPlan =>
  transformUp(plan, (node) => {
    if (node.kind !== 'filter' || node.input.kind !== 'window' || !asksForFirst(node, node.input)) return node
    const window = node.input
    return { ...node, input: { ...window, input: firstRowsOf(window, window.input) } }
  })

export const firstRowsOf = (window: Window, input: LogicalPlan): FirstRows => ({
  kind: 'window',
  input,
  windows: window.windows,
  schema: input.schema,
  firstRows: true,
})

function asksForFirst({ predicate }: Filter, { windows, input }: Window): boolean {
  const [window] = windows
  if (windows.length !== 1 || window!.name !== 'row_number' || window!.partitionBy.length === 0) return false
  const number = input.schema.fields.length
  return conjunctsOf(predicate).some((e) => {
    if (e.kind !== 'call' || e.args.length !== 2) return false
    const [column, limit] = e.args as [BoundExpression, BoundExpression]
    if (column.kind !== 'column' || column.index !== number || limit.kind !== 'literal') return false
    const value = typeof limit.value === 'bigint' || typeof limit.value === 'number' ? Number(limit.value) : Number.NaN
    return (e.name === 'eq' && value === 1) || (e.name === 'le' && value === 1) || (e.name === 'lt' && value === 2)
  })
}

const conjunctsOf = (e: BoundExpression): readonly BoundExpression[] =>
  e.kind === 'call' && e.name === 'and' ? e.args.flatMap(conjunctsOf) : [e]
