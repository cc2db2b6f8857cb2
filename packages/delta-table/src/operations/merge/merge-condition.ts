import { bind, columnsOf, conjunction, conjuncts, remapColumns, type BoundExpression } from '@deltaworks/expression'
import type { JoinKey } from '@deltaworks/plan'
import { boolean } from '@deltaworks/schema'
import { literalOf } from '../../plan-nodes.js'
import type { Condition } from '../../predicates.js'
import type { MergeScope } from './merge-scope.js'

/** What makes a source row and a target row a pair, as a join takes it. */
export interface MergeCondition {
  /** Over target columns and, separately numbered, source columns. */
  readonly keys: readonly JoinKey[]
  /** The rest, over target columns then source columns; null: nothing. */
  readonly residual: BoundExpression | null
}

/** Splits the condition into equalities of one side with the other, which a hash join can use, and the rest. */
export function mergeCondition(on: readonly string[] | Condition, scope: MergeScope): MergeCondition {
  const width = scope.targetWidth
  const parts = isNames(on) ? on.map((name) => equalColumns(name, scope)) : conjuncts(scope.bind(on))
  const keys: JoinKey[] = []
  const rest: BoundExpression[] = []
  for (const part of parts) {
    const key = joinKey(part, width)
    if (key === null) rest.push(part)
    else keys.push(key)
  }
  return { keys, residual: rest.length === 0 ? null : conjunction(rest) }
}

const isNames = (on: readonly string[] | Condition): on is readonly string[] => Array.isArray(on)

const equalColumns = (name: string, scope: MergeScope): BoundExpression =>
  bind(
    {
      kind: 'call',
      name: 'eq',
      args: [
        { kind: 'column', name, qualifier: 'target' },
        { kind: 'column', name, qualifier: 'source' },
      ],
    },
    scope,
  )

function joinKey(part: BoundExpression, width: number): JoinKey | null {
  if (part.kind !== 'call' || (part.name !== 'eq' && part.name !== 'is_not_distinct_from')) return null
  const [a, b] = part.args as readonly [BoundExpression, BoundExpression]
  const [sideA, sideB] = [sideOf(a, width), sideOf(b, width)]
  const nullSafe = part.name === 'is_not_distinct_from'
  const toSource = (e: BoundExpression): BoundExpression => remapColumns(e, (i) => i - width)
  if (sideA === 'target' && sideB === 'source') return { left: a, right: toSource(b), nullSafe }
  if (sideA === 'source' && sideB === 'target') return { left: b, right: toSource(a), nullSafe }
  return null
}

function sideOf(expression: BoundExpression, width: number): 'target' | 'source' | 'both' | 'none' {
  const columns = columnsOf(expression)
  const target = columns.some((i) => i < width)
  const source = columns.some((i) => i >= width)
  return target && source ? 'both' : target ? 'target' : source ? 'source' : 'none'
}

/** The residual with another condition. */
export const withResidual = (condition: MergeCondition, more: BoundExpression): BoundExpression =>
  condition.residual === null ? more : conjunction([condition.residual, more])

/** The condition with the sides exchanged: source columns first. */
export const mirrored = (condition: MergeCondition, targetWidth: number, sourceWidth: number): MergeCondition => ({
  keys: condition.keys.map(({ left, right, nullSafe }) => ({ left: right, right: left, nullSafe })),
  residual:
    condition.residual === null
      ? null
      : remapColumns(condition.residual, (i) => (i < targetWidth ? i + sourceWidth : i - targetWidth)),
})

export const always: BoundExpression = literalOf(true, boolean)
