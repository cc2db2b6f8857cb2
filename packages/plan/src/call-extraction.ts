import {
  expressionKey,
  outputName,
  type AggregateCall,
  type Expression,
  type SortKey,
  type WindowCall,
} from '@deltaworks/expression'
import { positionalReference } from './plan-scope.js'

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

/** Rebuilds the tree from the top; where `change` gives an expression it stands instead of the node and what is under it. */
export function rewriteExpression(expression: Expression, change: (node: Expression) => Expression | null): Expression {
  const changed = change(expression)
  if (changed !== null) return changed
  const each = (e: Expression) => rewriteExpression(e, change)
  const sortKey = (key: SortKey): SortKey => ({ ...key, expression: each(key.expression) })
  switch (expression.kind) {
    case 'column':
    case 'literal':
    case 'subquery':
      return expression
    case 'call':
      return { ...expression, args: expression.args.map(each) }
    case 'cast':
    case 'alias':
      return { ...expression, input: each(expression.input) }
    case 'case':
      return {
        ...expression,
        branches: expression.branches.map(({ when, then }) => ({ when: each(when), then: each(then) })),
        otherwise: expression.otherwise === null ? null : each(expression.otherwise),
      }
    case 'aggregate':
      return {
        ...expression,
        args: expression.args.map(each),
        filter: expression.filter === null ? null : each(expression.filter),
      }
    case 'window':
      return {
        ...expression,
        args: expression.args.map(each),
        partitionBy: expression.partitionBy.map(each),
        orderBy: expression.orderBy.map(sortKey),
      }
  }
}

/** What a column is called that has no alias: a column's own name, else the expression's text. */
export const expressionName = (expression: Expression): string =>
  outputName(
    rewriteExpression(expression, (node) =>
      node.kind === 'column' && node.qualifier?.startsWith('#') ? { kind: 'column', name: node.name } : null,
    ),
  )
