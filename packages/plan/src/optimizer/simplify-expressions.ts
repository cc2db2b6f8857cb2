import {
  interpret,
  simplify,
  transform,
  utcContext,
  type BoundExpression,
  type EvaluationContext,
} from '@deltaworks/expression'
import { isDeltaworksError } from '@deltaworks/schema'
import { transformUp } from '../plan-node.js'
import { mapExpressions } from './map-expressions.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** What was simplified before is not looked at again in the next round; by what was known of the session. */
const simpleBy = new WeakMap<object, WeakSet<BoundExpression>>()
const noContext = {}

/** Folds constants and simplifies every expression of the plan. */
export const simplifyExpressions: OptimizerRule = {
  name: 'simplify_expressions',
  apply(plan, evaluation = null) {
    const owner = evaluation ?? noContext
    const simple = simpleBy.get(owner) ?? new WeakSet<BoundExpression>()
    simpleBy.set(owner, simple)
    const simplified = (e: BoundExpression): BoundExpression => {
      if (e.kind === 'column' || e.kind === 'literal' || simple.has(e)) return e
      const result = simplify(transform(e, foldZoneless), evaluation)
      simple.add(result)
      return result
    }
    return transformUp(plan, (node) => mapExpressions(node, simplified))
  },
}

/** Date arithmetic asks for the session's zone, but it does not matter where no timestamp is about. */
function foldZoneless(e: BoundExpression): BoundExpression {
  if (e.kind !== 'call' || e.args.length === 0 || e.type.kind === 'timestamp') return e
  if (!e.args.every((arg) => arg.kind === 'literal' && arg.type.kind !== 'timestamp')) return e
  if (!zoneless.has(e.name)) return e
  try {
    return literalOf(e, utcContext)
  } catch (error) {
    if (isDeltaworksError(error)) return e
    throw error
  }
}

const zoneless: ReadonlySet<string> = new Set([
  'timestamp_add',
  'date_add',
  'date_sub',
  'date_part',
  'year',
  'month',
  'day',
])

function literalOf(e: BoundExpression, context: EvaluationContext): BoundExpression {
  const value = interpret(e, [], context)
  return { kind: 'literal', value, type: e.type, nullable: value === null }
}
