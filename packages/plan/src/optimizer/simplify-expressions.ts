import { simplify, type BoundExpression } from '@deltaworks/expression'
import { transformUp } from '../plan-node.js'
import { mapExpressions } from './map-expressions.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** What was simplified before is not looked at again in the next round. */
const simple = new WeakSet<BoundExpression>()

function simplified(e: BoundExpression): BoundExpression {
  if (e.kind === 'column' || e.kind === 'literal' || simple.has(e)) return e
  const result = simplify(e)
  simple.add(result)
  return result
}

/** Folds constants and simplifies every expression of the plan. */
export const simplifyExpressions: OptimizerRule = {
  name: 'simplify_expressions',
  apply: (plan) => transformUp(plan, (node) => mapExpressions(node, simplified)),
}
