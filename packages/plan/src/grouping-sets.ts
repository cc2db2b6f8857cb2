import { bindCall, type BoundAggregate, type BoundExpression, type Call, type Expression } from '@deltaworks/expression'
import { int32 } from '@deltaworks/schema'
import type { LogicalPlan } from './logical-plan.js'
import {
  aggregateNode,
  columnOf,
  columnsNamed,
  joinNode,
  projectionNode,
  unionNode,
  valuesNode,
  type Named,
} from './plan-node.js'

/** Which of the group expressions (by place) a result is grouped by. */
export type GroupingSet = readonly number[]

const integer = (value: number): BoundExpression => ({ kind: 'literal', value, type: int32, nullable: false })

/**
 * Several groupings in one pass: each row is taken once for every set, with the group expressions that are not in the set as
 * nulls, and grouped by these and the number of the set. The empty set gives a row even of no rows.
 * @returns the groups, the aggregates, and last the number of the set in `sets`
 */
export function groupingSetsNode(
  input: LogicalPlan,
  groups: readonly Named<BoundExpression>[],
  aggregates: readonly Named<BoundAggregate>[],
  sets: readonly GroupingSet[],
): LogicalPlan {
  const grouped = sets.map((set, id) => ({ set, id })).filter(({ set }) => set.length > 0)
  const total = sets.map((set, id) => ({ set, id })).filter(({ set }) => set.length === 0)
  const parts: LogicalPlan[] = []
  if (grouped.length > 0) parts.push(groupedParts(input, groups, aggregates, grouped))
  for (const { id } of total) {
    const all = aggregateNode(input, [], aggregates)
    const nothing = groups.map(({ name, of }): Named<BoundExpression> => ({
      name,
      of: { kind: 'literal', value: null, type: of.type, nullable: true },
    }))
    parts.push(projectionNode(all, [...nothing, ...columnsNamed(all), { name: 'set', of: integer(id) }]))
  }
  return parts.length === 1 ? parts[0]! : unionNode(parts)
}

function groupedParts(
  input: LogicalPlan,
  groups: readonly Named<BoundExpression>[],
  aggregates: readonly Named<BoundAggregate>[],
  grouped: readonly { readonly set: GroupingSet; readonly id: number }[],
): LogicalPlan {
  const width = input.schema.fields.length
  const ids = valuesNode(
    { fields: [{ name: 'set', type: int32, nullable: false }] },
    grouped.map(({ id }) => [id]),
  )
  const expanded = joinNode(input, ids, 'cross', [])
  const set = columnOf(expanded.schema, width)
  const masked = groups.map(({ name, of }, place): Named<BoundExpression> => {
    const within = grouped.filter((each) => each.set.includes(place)).map(({ id }) => integer(id))
    if (within.length === grouped.length) return { name, of }
    if (within.length === 0) return { name, of: { kind: 'literal', value: null, type: of.type, nullable: true } }
    const when = bindCall('in', [set, ...within])
    return {
      name,
      of: { kind: 'case', branches: [{ when, then: of }], otherwise: null, type: of.type, nullable: true },
    }
  })
  const node = aggregateNode(expanded, [...masked, { name: 'set', of: set }], aggregates)
  const columns = columnsNamed(node)
  return projectionNode(node, [
    ...columns.slice(0, groups.length),
    ...columns.slice(groups.length + 1),
    columns[groups.length]!,
  ])
}

/**
 * `grouping(a, b)`: a bit for each argument, the first the highest, that is 1 where the row is not grouped by it.
 * @param placeOf where an argument is among the group expressions
 */
export function groupingExpression(
  call: Call,
  groupCount: number,
  sets: readonly GroupingSet[],
  set: Expression,
  placeOf: (argument: Expression) => number,
): Expression {
  const places = call.args.length === 0 ? Array.from({ length: groupCount }, (_, i) => i) : call.args.map(placeOf)
  const literal = (value: number): Expression => ({ kind: 'literal', value, type: int32 })
  const bits = sets.map((members) => places.reduce((n, place) => n * 2 + (members.includes(place) ? 0 : 1), 0))
  return {
    kind: 'case',
    branches: bits.slice(1).map((value, i) => ({
      when: { kind: 'call', name: 'eq', args: [set, literal(i + 1)] },
      then: literal(value),
    })),
    otherwise: literal(bits[0] ?? 0),
  }
}

/** All prefixes, the longest first. */
export const rollup = (places: readonly GroupingSet[]): GroupingSet[] =>
  Array.from({ length: places.length + 1 }, (_, i) => places.slice(0, places.length - i).flat())

/** All subsets, the largest first. */
export const cube = (places: readonly GroupingSet[]): GroupingSet[] =>
  Array.from({ length: 2 ** places.length }, (_, mask) =>
    places.filter((_place, i) => (mask & (2 ** (places.length - 1 - i))) === 0).flat(),
  )

/** Several grouping items side by side: every combination of their sets. */
export const combined = (items: readonly (readonly GroupingSet[])[]): GroupingSet[] =>
  items.reduce<GroupingSet[]>(
    (sets, item) => sets.flatMap((set) => item.map((more) => [...new Set([...set, ...more])])),
    [[]],
  )
