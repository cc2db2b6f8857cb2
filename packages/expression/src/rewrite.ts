import type { Expression, SortKey, WindowFrame } from './expression.js'

/** Rebuilds the tree from the top; where `change` gives an expression it stands instead of the node and what is under it. */
export function rewriteExpression(expression: Expression, change: (node: Expression) => Expression | null): Expression {
  const changed = change(expression)
  if (changed !== null) return changed
  const each = (e: Expression) => rewriteExpression(e, change)
  const sortKey = (key: SortKey): SortKey => ({ ...key, expression: each(key.expression) })
  const frame = (of: WindowFrame): WindowFrame => ({
    ...of,
    ...(of.startKey === undefined ? {} : { startKey: each(of.startKey) }),
    ...(of.endKey === undefined ? {} : { endKey: each(of.endKey) }),
  })
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
        ...(expression.filter === undefined || expression.filter === null ? {} : { filter: each(expression.filter) }),
        ...(expression.frame === null ? {} : { frame: frame(expression.frame) }),
      }
  }
}
