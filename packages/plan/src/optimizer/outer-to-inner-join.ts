import { conjuncts } from '@deltaworks/expression'
import type { Filter, JoinType, LogicalPlan } from '../logical-plan.js'
import { joinNode, transformUp } from '../plan-node.js'
import { rejectsNull } from './expression-facts.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** An outer join whose made-up nulls a filter drops again is an inner one (or a one-sided one, if it is full). */
export const outerToInnerJoin: OptimizerRule = {
  name: 'outer_to_inner_join',
  apply: (plan) => transformUp(plan, (node) => (node.kind === 'filter' ? tightened(node) : node)),
}

function tightened(filter: Filter): LogicalPlan {
  const join = filter.input
  if (join.kind !== 'join' || (join.joinType !== 'left' && join.joinType !== 'right' && join.joinType !== 'full')) {
    return filter
  }
  const width = join.left.schema.fields.length
  const parts = conjuncts(filter.predicate)
  const dropsNullRight = join.joinType !== 'right' && parts.some((e) => rejectsNull(e, (i) => i >= width))
  const dropsNullLeft = join.joinType !== 'left' && parts.some((e) => rejectsNull(e, (i) => i < width))
  const joinType = tighter(join.joinType, dropsNullLeft, dropsNullRight)
  if (joinType === join.joinType) return filter
  const input = joinNode(join.left, join.right, joinType, join.keys, join.residual)
  // The schema keeps its nullability: what is above was bound with it.
  return { ...filter, input: { ...input, schema: join.schema } }
}

function tighter(joinType: JoinType, dropsNullLeft: boolean, dropsNullRight: boolean): JoinType {
  switch (joinType) {
    case 'left':
      return dropsNullRight ? 'inner' : 'left'
    case 'right':
      return dropsNullLeft ? 'inner' : 'right'
    default:
      return dropsNullLeft ? (dropsNullRight ? 'inner' : 'left') : dropsNullRight ? 'right' : joinType
  }
}
