import {
  expressionKey,
  outputName,
  rewriteExpression,
  type AggregateCall,
  type Expression,
  type WindowCall,
} from '@deltaworks/expression'
import { positionalReference } from './plan-scope.js'

export { rewriteExpression }

/*
 * `sum(x) / count(*)` is an aggregate node with two columns, and a projection over it that divides them: aggregates and
 * window functions are taken out of the expressions around them, each different one once.
 */

/** The calls found so far, in the order of their columns. */
export interface ExtractedCalls<C extends AggregateCall | WindowCall> {
  readonly calls: C[]
  readonly names: string[]
  readonly keys: Map<string, number>
}

export const noCalls = <C extends AggregateCall | WindowCall>(): ExtractedCalls<C> => ({
  calls: [],
  names: [],
  keys: new Map(),
})

/** The expression with each call of `kind` replaced by a reference to column `firstColumn` + its place among the calls. */
export function extractCalls<K extends 'aggregate' | 'window'>(
  expression: Expression,
  kind: K,
  firstColumn: number,
  into: ExtractedCalls<K extends 'aggregate' ? AggregateCall : WindowCall>,
): Expression {
  return rewriteExpression(expression, (node) => {
    if (node.kind !== kind) return null
    const call = node as K extends 'aggregate' ? AggregateCall : WindowCall
    const key = expressionKey(call)
    let place = into.keys.get(key)
    if (place === undefined) {
      place = into.calls.length
      into.keys.set(key, place)
      into.calls.push(call)
      into.names.push(expressionName(call))
    }
    return positionalReference(firstColumn + place, into.names[place]!)
  })
}

export const containsCall = (expression: Expression, kind: Expression['kind']): boolean => {
  let found = false
  rewriteExpression(expression, (node) => {
    if (node.kind === kind) found = true
    return found ? node : null
  })
  return found
}

/** What a column is called that has no alias: a column's own name, else the expression's text. */
export const expressionName = (expression: Expression): string =>
  outputName(
    rewriteExpression(expression, (node) =>
      node.kind === 'column' && node.qualifier?.startsWith('#') ? { kind: 'column', name: node.name } : null,
    ),
  )
