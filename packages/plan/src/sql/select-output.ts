import { bind, type Expression, type SortKey } from '@deltaworks/expression'
import { sqlInvalid } from '../errors.js'
import type { LogicalPlan } from '../logical-plan.js'
import { withWindows } from '../plan-builder.js'
import { columnOf, columnsNamed, filterNode, projectionNode, unnestNode } from '../plan-node.js'
import { PlanScope, positionalReference } from '../plan-scope.js'
import { setReturning } from './expression-converter.js'

/** What a function of the select list that gives rows unnests. */
export const listOf = (e: Expression): Expression | null =>
  e.kind === 'call' && setReturning.has(e.name) ? (e.args[0] ?? null) : e.kind === 'alias' ? listOf(e.input) : null

/** The rows once for each element of the columns that are unnested, side by side; the elements stand where the lists stood. */
export function withUnnested(plan: LogicalPlan, functions: readonly (string | null)[]): LogicalPlan {
  const places = functions.flatMap((name, i) => (name === null ? [] : [i]))
  if (places.length === 0) return plan
  const width = plan.schema.fields.length
  const outer = places.some((i) => functions[i] === 'explode_outer')
  const lists = places.map((i) => columnOf(plan.schema, i))
  if (lists.some(({ type }) => type.kind === 'map')) throw sqlInvalid('A map can be unnested in FROM only', null)
  const unnested = unnestNode(plan, lists, { outer, ordinality: false })
  return projectionNode(
    unnested,
    plan.schema.fields.map(({ name }, i) => {
      const place = places.indexOf(i)
      return { name, of: columnOf(unnested.schema, place < 0 ? i : width + place) }
    }),
  )
}

/** DISTINCT ON: of the rows with equal values the first in the order. */
export function firstOfEach(plan: LogicalPlan, on: readonly Expression[], orderBy: readonly SortKey[]): LogicalPlan {
  const number: Expression = { kind: 'window', name: 'row_number', args: [], partitionBy: on, orderBy, frame: null }
  const [numbered] = withWindows(plan, [number], new PlanScope(plan.schema))
  const width = plan.schema.fields.length
  const isFirst: Expression = {
    kind: 'call',
    name: 'eq',
    args: [positionalReference(width, 'row_number'), { kind: 'literal', value: 1, type: { kind: 'int32' } }],
  }
  const first = filterNode(numbered, bind(isFirst, new PlanScope(numbered.schema)))
  return projectionNode(first, columnsNamed(first).slice(0, width))
}
