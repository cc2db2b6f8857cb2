import { childrenOf, expressionKey, scalarFunction, withChildren, type BoundExpression } from '@deltaworks/expression'

export interface SharedExpressions {
  /** Computed once a row; a column each, behind those that there are. */
  readonly shared: readonly BoundExpression[]
  /** The expressions, over these columns as well. */
  readonly rewritten: readonly BoundExpression[]
}

/**
 * Finds what several expressions compute of each row (a rule's verdict and its metric ask the same), to be computed once.
 * @param width columns that there are
 */
export function shareExpressions(expressions: readonly BoundExpression[], width: number): SharedExpressions {
  const counts = new Map<string, number>()
  const always = new Set<string>()
  const count = (e: BoundExpression, isAlways: boolean): void => {
    if (isPlain(e)) return
    const key = expressionKey(e)
    counts.set(key, (counts.get(key) ?? 0) + 1)
    if (isAlways) always.add(key)
    const operands = new Set(isAlways ? alwaysComputed(e) : [])
    for (const child of childrenOf(e)) count(child, operands.has(child))
  }
  for (const e of expressions) count(e, true)
  const shared = new Map<string, { readonly of: BoundExpression; readonly index: number }>()
  const rewrite = (e: BoundExpression): BoundExpression => {
    if (isPlain(e)) return e
    const key = expressionKey(e)
    if (always.has(key) && counts.get(key)! > 1) {
      const { index } = shared.get(key) ?? shared.set(key, { of: e, index: width + shared.size }).get(key)!
      return { kind: 'column', name: `__shared_${index}`, index, type: e.type, nullable: e.nullable }
    }
    return withChildren(e, childrenOf(e).map(rewrite))
  }
  const rewritten = expressions.map(rewrite)
  return { shared: [...shared.values()].map(({ of }) => of), rewritten }
}

const isPlain = ({ kind }: BoundExpression): boolean => kind === 'column' || kind === 'literal'

/** Operands that are computed for each row, whatever the others are: to compute them apart makes no error that there was not. */
function alwaysComputed(e: BoundExpression): readonly BoundExpression[] {
  switch (e.kind) {
    case 'column':
    case 'literal':
      return []
    case 'cast':
      return [e.input]
    case 'case':
      return e.branches.slice(0, 1).map(({ when }) => when)
    case 'call':
      return scalarFunction(e.name).definition.lazy === undefined ? e.args : e.args.slice(0, 1)
  }
}
