import type { BoundExpression } from './expression.js'
import { castTo } from './bind.js'

/** The direct operands. */
export function childrenOf(expression: BoundExpression): readonly BoundExpression[] {
  switch (expression.kind) {
    case 'column':
    case 'literal':
      return []
    case 'cast':
      return [expression.input]
    case 'call':
      return expression.args
    case 'case': {
      const children = expression.branches.flatMap((b) => [b.when, b.then])
      return expression.otherwise === null ? children : [...children, expression.otherwise]
    }
  }
}

/** The same node over other operands (in the order of `childrenOf`); the node itself if none changed. */
export function withChildren(expression: BoundExpression, children: readonly BoundExpression[]): BoundExpression {
  const before = childrenOf(expression)
  if (before.every((child, i) => child === children[i])) return expression
  switch (expression.kind) {
    case 'column':
    case 'literal':
      return expression
    case 'cast':
      return { ...expression, input: children[0]! }
    case 'call':
      return { ...expression, args: children }
    case 'case': {
      const branches = expression.branches.map((_, i) => ({ when: children[2 * i]!, then: children[2 * i + 1]! }))
      return {
        ...expression,
        branches,
        otherwise: expression.otherwise === null ? null : children[children.length - 1]!,
      }
    }
  }
}

/** Rebuilds from the leaves up; `change` sees nodes whose operands are changed already. */
export const transform = (
  expression: BoundExpression,
  change: (e: BoundExpression) => BoundExpression,
): BoundExpression =>
  change(
    withChildren(
      expression,
      childrenOf(expression).map((child) => transform(child, change)),
    ),
  )

export const someNode = (expression: BoundExpression, test: (e: BoundExpression) => boolean): boolean =>
  test(expression) || childrenOf(expression).some((child) => someNode(child, test))

/** The positions of the columns that the expression reads, ascending, each once. */
export function columnsOf(expression: BoundExpression): number[] {
  const found = new Set<number>()
  const visit = (e: BoundExpression): void => {
    if (e.kind === 'column') found.add(e.index)
    else childrenOf(e).forEach(visit)
  }
  visit(expression)
  return [...found].sort((a, b) => a - b)
}

/** The same expression where the columns stand at other positions. */
export const remapColumns = (expression: BoundExpression, position: (index: number) => number): BoundExpression =>
  transform(expression, (e) => {
    if (e.kind !== 'column') return e
    const index = position(e.index)
    return index === e.index ? e : { ...e, index }
  })

/** Puts an expression in the place of each column (pushing a filter through a projection, say). */
export const substituteColumns = (
  expression: BoundExpression,
  replacement: (index: number) => BoundExpression,
): BoundExpression => transform(expression, (e) => (e.kind === 'column' ? castTo(replacement(e.index), e.type) : e))

/** The operands of a tree of ANDs, from left to right. */
export const conjuncts = (expression: BoundExpression): BoundExpression[] =>
  expression.kind === 'call' && expression.name === 'and'
    ? expression.args.flatMap(conjuncts)
    : expression.kind === 'literal' && expression.value === true
      ? []
      : [expression]

/** All of them by AND; `true` for none. */
export function conjunction(list: readonly BoundExpression[]): BoundExpression {
  if (list.length === 1) return list[0]!
  if (list.length === 0) return { kind: 'literal', value: true, type: { kind: 'boolean' }, nullable: false }
  return { kind: 'call', name: 'and', args: list, type: { kind: 'boolean' }, nullable: list.some((e) => e.nullable) }
}
