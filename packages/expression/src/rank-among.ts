import { boolean, type Value } from '@deltaworks/schema'
import type { BoundExpression } from './expression.js'

/**
 * How many of the values a key is not below, as `leaf` says it: a binary search as nested CASEs. Null is below all.
 * @param values of the key's type, ascending
 */
export function rankAmong(
  key: BoundExpression,
  values: readonly Value[],
  leaf: (rank: number) => BoundExpression,
): BoundExpression {
  const search = (low: number, high: number): BoundExpression => {
    if (low === high) return leaf(low)
    const middle = (low + high) >> 1
    const value: BoundExpression = { kind: 'literal', value: values[middle]!, type: key.type, nullable: false }
    const atLeast: BoundExpression = {
      kind: 'call',
      name: 'ge',
      args: [key, value],
      type: boolean,
      nullable: key.nullable,
    }
    const [above, below] = [search(middle + 1, high), search(low, middle)]
    return {
      kind: 'case',
      branches: [{ when: atLeast, then: above }],
      otherwise: below,
      type: below.type,
      nullable: above.nullable || below.nullable,
    }
  }
  return search(0, values.length)
}
