import { columnsOf, substituteColumns, type BoundExpression } from '@deltaworks/expression'
import type { LogicalPlan, Projection } from '../logical-plan.js'
import { transformUp } from '../plan-node.js'
import { isVolatile } from './expression-facts.js'
import { mapAggregate } from './map-expressions.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** Adjacent projections become one, and one that changes nothing vanishes. */
export const mergeProjections: OptimizerRule = {
  name: 'merge_projections',
  apply: (plan) =>
    transformUp(plan, (node) => {
      if (node.kind === 'aggregate' && node.input.kind === 'projection') return withoutColumnMoves(node, node.input)
      if (node.kind !== 'projection') return node
      const merged = node.input.kind === 'projection' ? merge(node, node.input) : node
      if (merged.input.kind === 'aggregate' && isInPlace(merged)) return { ...merged.input, schema: merged.schema }
      return merged.kind === 'projection' && isTrivial(merged) ? merged.input : merged
    }),
}

/** All columns of the input in their places, if perhaps under other names. */
const isInPlace = ({ expressions, input }: Projection): boolean =>
  expressions.length === input.schema.fields.length && expressions.every((e, i) => e.kind === 'column' && e.index === i)

const isTrivial = (projection: Projection): boolean =>
  isInPlace(projection) && projection.input.schema.fields.every((f, i) => f.name === projection.schema.fields[i]!.name)

const isFree = (e: BoundExpression): boolean => e.kind === 'column' || e.kind === 'literal'

function merge(outer: Projection, inner: Projection): Projection {
  const uses = new Array<number>(inner.expressions.length).fill(0)
  for (const e of outer.expressions) countUses(e, uses)
  const isCheap = inner.expressions.every((e, i) => uses[i]! <= 1 || isFree(e))
  if (!isCheap || inner.expressions.some(isVolatile)) return outer
  const expressions = outer.expressions.map((e) => substituteColumns(e, (i) => inner.expressions[i]!))
  return { ...outer, input: inner.input, expressions }
}

function countUses(e: BoundExpression, uses: number[]): void {
  switch (e.kind) {
    case 'column':
      uses[e.index]!++
      return
    case 'literal':
      return
    case 'cast':
      countUses(e.input, uses)
      return
    case 'call':
      for (const arg of e.args) countUses(arg, uses)
      return
    case 'case':
      for (const { when, then } of e.branches) {
        countUses(when, uses)
        countUses(then, uses)
      }
      if (e.otherwise !== null) countUses(e.otherwise, uses)
  }
}

/** An aggregate reads what a projection of plain columns reads itself. */
function withoutColumnMoves(node: LogicalPlan & { readonly kind: 'aggregate' }, inner: Projection): LogicalPlan {
  const used = new Set(
    [...node.groupBy, ...node.aggregates.flatMap((a) => [...a.args, ...(a.filter === null ? [] : [a.filter])])].flatMap(
      columnsOf,
    ),
  )
  if (![...used].every((i) => inner.expressions[i]!.kind === 'column')) return node
  const change = (e: BoundExpression) => substituteColumns(e, (i) => inner.expressions[i]!)
  return {
    ...node,
    input: inner.input,
    groupBy: node.groupBy.map(change),
    aggregates: node.aggregates.map((a) => mapAggregate(a, change)),
  }
}
