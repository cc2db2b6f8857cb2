import type { Expression, SortKey } from '@deltaworks/expression'
import type { LogicalPlan } from './logical-plan.js'
import { filterOf, windowOf } from './plan-builder.js'
import { columnsNamed, projectionNode } from './plan-node.js'
import type { PlanScope } from './plan-scope.js'

const place = '__row_number'

/** One row for each value of the keys: the first in the given order. */
export function distinctOnOf(
  input: LogicalPlan,
  keys: readonly Expression[],
  orderBy: readonly SortKey[],
  scope: PlanScope,
): LogicalPlan {
  const number: Expression = { kind: 'window', name: 'row_number', args: [], partitionBy: keys, orderBy, frame: null }
  const numbered = windowOf(input, [{ kind: 'alias', name: place, input: number }], scope)
  const first = filterOf(numbered, {
    kind: 'call',
    name: 'eq',
    args: [
      { kind: 'column', name: place },
      { kind: 'literal', value: 1, type: { kind: 'int32' } },
    ],
  })
  return projectionNode(first, columnsNamed(first).slice(0, input.schema.fields.length))
}
