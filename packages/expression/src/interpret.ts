import type { Value } from '@deltaworks/schema'
import { castKernel } from './cast.js'
import { invalidCast } from './errors.js'
import { utcContext, type Evaluate, type EvaluationContext } from './evaluation.js'
import type { BoundCall, BoundCase, BoundCast, BoundExpression } from './expression.js'
import { scalarFunction } from './function-registry.js'

/*
 * The scalar interpreter: the specification of what an expression means. A node is turned into a closure once, with every
 * decision that depends on types alone made then; the closures are kept as long as the node.
 */

const prepared = new WeakMap<BoundExpression, Evaluate>()

/** The expression as a function of a row; cheap to call again for the same expression. */
export function evaluatorOf(expression: BoundExpression): Evaluate {
  let evaluate = prepared.get(expression)
  if (evaluate === undefined) {
    evaluate = prepare(expression)
    prepared.set(expression, evaluate)
  }
  return evaluate
}

/**
 * The value of an expression for one row.
 * @param row the values of the input's columns, by position
 * @throws ExpressionError (fault `data`) where ANSI SQL demands one: overflow, division by zero, an invalid cast or argument
 */
export const interpret = (
  expression: BoundExpression,
  row: readonly Value[],
  context: EvaluationContext = utcContext,
): Value => evaluatorOf(expression)(row, context)

function prepare(expression: BoundExpression): Evaluate {
  switch (expression.kind) {
    case 'column': {
      const { index } = expression
      return (row) => row[index]!
    }
    case 'literal': {
      const { value } = expression
      return () => value
    }
    case 'cast':
      return prepareCast(expression)
    case 'case':
      return prepareCase(expression)
    case 'call':
      return prepareCall(expression)
  }
}

function prepareCast({ input, type, lenient }: BoundCast): Evaluate {
  const evaluate = evaluatorOf(input)
  const convert = castKernel(input.type, type)
  return (row, context) => {
    const value = evaluate(row, context)
    if (value === null) return null
    const result = convert(value, context)
    if (result !== undefined) return result
    if (lenient) return null
    throw invalidCast(value, input.type, type)
  }
}

function prepareCase({ branches, otherwise }: BoundCase): Evaluate {
  const whens = branches.map((b) => evaluatorOf(b.when))
  const thens = branches.map((b) => evaluatorOf(b.then))
  const last = otherwise === null ? () => null : evaluatorOf(otherwise)
  return (row, context) => {
    for (let i = 0; i < whens.length; i++) if (whens[i]!(row, context) === true) return thens[i]!(row, context)
    return last(row, context)
  }
}

type Kernel = (context: EvaluationContext, ...args: Value[]) => Value

function prepareCall(call: BoundCall): Evaluate {
  const { definition } = scalarFunction(call.name)
  const args = call.args.map(evaluatorOf)
  if (definition.lazy !== undefined) return definition.lazy(call, args)
  const kernel = definition.kernel!(call) as Kernel
  const own = definition.nulls === 'own'
  if (args.length === 1) {
    const [first] = args as [Evaluate]
    if (own) return (row, context) => kernel(context, first(row, context))
    return (row, context) => {
      const a = first(row, context)
      return a === null ? null : kernel(context, a)
    }
  }
  if (args.length === 2 && !own) {
    const [first, second] = args as [Evaluate, Evaluate]
    return (row, context) => {
      const a = first(row, context)
      const b = second(row, context)
      return a === null || b === null ? null : kernel(context, a, b)
    }
  }
  return (row, context) => {
    const values: Value[] = []
    let missing = false
    for (const arg of args) {
      const value = arg(row, context)
      if (value === null) missing = true
      values.push(value)
    }
    return missing && !own ? null : kernel(context, ...values)
  }
}
