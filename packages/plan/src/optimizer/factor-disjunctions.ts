import { conjunction, conjuncts, expressionKey, type BoundCall, type BoundExpression } from '@deltaworks/expression'
import { transformUp } from '../plan-node.js'
import { mapExpressions } from './map-expressions.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** `(a and b) or (a and c)` is `a and (b or c)`: what all branches ask can then be a join key, or move into a scan. */
export const factorDisjunctions: OptimizerRule = {
  name: 'factor_disjunctions',
  apply: (plan) =>
    transformUp(plan, (node) =>
      node.kind === 'filter' || node.kind === 'join' ? mapExpressions(node, factored) : node,
    ),
}

function factored(e: BoundExpression): BoundExpression {
  if (e.kind !== 'call') return e
  if (e.name === 'and') {
    const args = e.args.map(factored)
    return args.every((arg, i) => arg === e.args[i]) ? e : conjunction(args.flatMap(conjuncts))
  }
  if (e.name !== 'or') return e
  const branches = disjuncts(e).map((branch) => new Map(conjuncts(branch).map((part) => [expressionKey(part), part])))
  const [first, ...others] = branches as [Map<string, BoundExpression>, ...Map<string, BoundExpression>[]]
  const common = [...first.keys()].filter((key) => others.every((other) => other.has(key)))
  if (common.length === 0) return e
  const parts = common.map((key) => first.get(key)!)
  const rests = branches.map((branch) => [...branch].filter(([key]) => !common.includes(key)).map(([, part]) => part))
  // A branch without more than the common part makes the rest true.
  if (rests.some((rest) => rest.length === 0)) return conjunction(parts)
  return conjunction([...parts, { ...e, args: rests.map(conjunction) }])
}

/** The branches of an OR. */
export const disjuncts = (e: BoundExpression): readonly BoundExpression[] =>
  e.kind === 'call' && e.name === 'or' ? e.args.flatMap(disjuncts) : [e]

/**
 * What a disjunction over several inputs asks of one of them alone: of `(a = 1 and b = 2) or (a = 2 and b = 1)` the a's side
 * must be `a = 1 or a = 2`. Null if some branch asks nothing of it.
 */
export function impliedBy(e: BoundExpression, isOfSide: (part: BoundExpression) => boolean): BoundExpression | null {
  if (e.kind !== 'call' || e.name !== 'or') return null
  const branches: BoundExpression[] = []
  for (const branch of disjuncts(e)) {
    const own = conjuncts(branch).filter(isOfSide)
    if (own.length === 0) return null
    branches.push(conjunction(own))
  }
  const or: BoundCall = { ...e, args: branches, nullable: branches.some((b) => b.nullable) }
  return or
}
