import { boundLiteral } from './bind.js'
import { isDeltaworksError } from '@deltaworks/schema'
import { utcContext, type EvaluationContext } from './evaluation.js'
import type { BoundCall, BoundCase, BoundExpression } from './expression.js'
import { scalarFunction } from './function-registry.js'
import { interpret } from './interpret.js'
import { expressionsEqual } from './serialise.js'
import { transform } from './traverse.js'

/**
 * An equal expression that is cheaper: constants folded, trivial booleans, CASEs and casts removed. What would fail stays, so
 * that it fails (or not) where rows are evaluated. With a context, clock and zone count as constants too.
 */
export const simplify = (expression: BoundExpression, context: EvaluationContext | null = null): BoundExpression =>
  transform(expression, (e) => simplifyNode(e, context))

function simplifyNode(e: BoundExpression, context: EvaluationContext | null): BoundExpression {
  switch (e.kind) {
    case 'column':
    case 'literal':
      return e
    case 'cast':
      return e.input.kind === 'literal' ? fold(e, context) : e
    case 'case':
      return simplifyCase(e)
    case 'call':
      return simplifyCall(e, context)
  }
}

function isContextual(e: BoundExpression): boolean {
  if (e.kind === 'call') return scalarFunction(e.name).definition.contextual === true
  return e.kind === 'cast' && (e.type.kind === 'timestamp' || e.input.type.kind === 'timestamp')
}

/** The value, where it can be known now; else the node as it is. */
function fold(e: BoundExpression, context: EvaluationContext | null): BoundExpression {
  if (context === null && isContextual(e)) return e
  try {
    return boundLiteral(interpret(e, [], context ?? utcContext), e.type)
  } catch (error) {
    if (isDeltaworksError(error) && error.fault === 'data') return e
    throw error
  }
}

function simplifyCall(e: BoundCall, context: EvaluationContext | null): BoundExpression {
  if (scalarFunction(e.name).definition.volatile === true) return e
  switch (e.name) {
    case 'and':
      return simplifyJunction(e, true)
    case 'or':
      return simplifyJunction(e, false)
    case 'not':
      return simplifyNot(e)
    case 'is_null':
    case 'is_not_null':
      // An operand that may fail must still be evaluated; a bare column cannot.
      if (!e.args[0]!.nullable && e.args[0]!.kind === 'column') return boundLiteral(e.name === 'is_not_null', e.type)
      break
    case 'coalesce':
      return simplifyCoalesce(e)
    case 'if': {
      const [condition, then, otherwise] = e.args as [BoundExpression, BoundExpression, BoundExpression]
      if (condition.kind === 'literal') return condition.value === true ? then : otherwise
      break
    }
  }
  if (e.args.every((arg) => arg.kind === 'literal')) return fold(e, context)
  const { definition } = scalarFunction(e.name)
  // Null in, null out; unless another operand could fail first.
  if (definition.nulls !== 'own' && definition.lazy === undefined) {
    const safe = e.args.every((arg) => arg.kind === 'literal' || arg.kind === 'column')
    if (safe && e.args.some((arg) => arg.kind === 'literal' && arg.value === null)) return boundLiteral(null, e.type)
  }
  return e
}

function simplifyJunction(e: BoundCall, neutral: boolean): BoundExpression {
  const args: BoundExpression[] = []
  for (const arg of e.args.flatMap((a) => (a.kind === 'call' && a.name === e.name ? a.args : [a]))) {
    if (arg.kind === 'literal' && arg.value === neutral) continue
    // What stands before may fail, so only a deciding constant cuts off what follows it.
    if (arg.kind === 'literal' && arg.value === !neutral) {
      if (args.length === 0 || args.every(cannotFail)) return boundLiteral(!neutral, e.type)
      args.push(arg)
      break
    }
    if (!args.some((known) => expressionsEqual(known, arg))) args.push(arg)
  }
  if (args.length === 0) return boundLiteral(neutral, e.type)
  if (args.length === 1) return args[0]!
  return { ...e, args, nullable: args.some((a) => a.nullable) }
}

const infallible = new Set([
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'is_null',
  'is_not_null',
  'is_not_distinct_from',
  'in',
  'and',
  'or',
  'not',
  'starts_with',
  'ends_with',
  'contains',
])
function cannotFail(e: BoundExpression): boolean {
  if (e.kind === 'column' || e.kind === 'literal') return true
  return e.kind === 'call' && infallible.has(e.name) && e.args.every(cannotFail)
}

const opposites: Readonly<Record<string, string>> = {
  eq: 'ne',
  ne: 'eq',
  lt: 'ge',
  ge: 'lt',
  gt: 'le',
  le: 'gt',
  is_null: 'is_not_null',
  is_not_null: 'is_null',
}

function simplifyNot(e: BoundCall): BoundExpression {
  const [arg] = e.args as [BoundExpression]
  if (arg.kind === 'literal') return boundLiteral(arg.value === null ? null : arg.value !== true, e.type)
  if (arg.kind !== 'call') return e
  if (arg.name === 'not') return arg.args[0]!
  const opposite = opposites[arg.name]
  return opposite === undefined ? e : { ...arg, name: opposite }
}

function simplifyCoalesce(e: BoundCall): BoundExpression {
  const args: BoundExpression[] = []
  for (const arg of e.args) {
    if (arg.kind === 'literal' && arg.value === null) continue
    args.push(arg)
    if (!arg.nullable) break
  }
  if (args.length === 0) return boundLiteral(null, e.type)
  if (args.length === 1) return args[0]!
  return args.length === e.args.length ? e : { ...e, args, nullable: args.every((a) => a.nullable) }
}

function simplifyCase(e: BoundCase): BoundExpression {
  const branches: { when: BoundExpression; then: BoundExpression }[] = []
  let { otherwise } = e
  for (const branch of e.branches) {
    if (branch.when.kind === 'literal') {
      if (branch.when.value !== true) continue
      otherwise = branch.then
      break
    }
    branches.push(branch)
  }
  if (branches.length === 0) return otherwise ?? boundLiteral(null, e.type)
  return branches.length === e.branches.length ? e : { ...e, branches, otherwise }
}
