import { bindCall, remapColumns, type BoundAggregate, type BoundExpression } from '@deltaworks/expression'
import { int32, int64, type Value } from '@deltaworks/schema'
import { sqlUnsupported } from '../errors.js'
import type { Aggregate, Join, JoinKey, JoinType, Limit, LogicalPlan } from '../logical-plan.js'
import { joinOn } from '../plan-builder.js'
import {
  aggregateNode,
  columnOf,
  columnsNamed,
  distinctNode,
  filterNode,
  inputsOf,
  joinNode,
  projectionNode,
  sortNode,
  unionNode,
  unnestNode,
  windowNode,
  type Named,
} from '../plan-node.js'
import { mapAggregate, mapExpressions, mapSortKey, mapWindow } from '../optimizer/map-expressions.js'
import { outerColumns } from '../plan-scope.js'

/*
 * A subquery whose plan refers to columns of the query around it (positions from `outerColumns` on) is evaluated for all of
 * their combinations at once, after Neumann & Kemper, "Unnesting Arbitrary Queries" (BTW 2015): the distinct values of the
 * columns (the domain) are joined into the subquery's plan, carried along through every node, and joined back to the query.
 */

/** The distinct values of the outer columns that a subquery refers to. */
interface Domain {
  readonly plan: LogicalPlan
  readonly width: number
  /** Outer position → column of `plan`. */
  readonly places: ReadonlyMap<number, number>
}

/** Positions from `outerColumns` on in the plan's expressions. */
export function outerReferences(plan: LogicalPlan): Set<number> {
  const found = new Set<number>()
  const visit = (node: LogicalPlan): void => {
    mapExpressions(node, (e) => {
      collectOuter(e, found)
      return e
    })
    inputsOf(node).forEach(visit)
  }
  visit(plan)
  return found
}

function collectOuter(e: BoundExpression, into: Set<number>): void {
  remapColumns(e, (index) => {
    if (index >= outerColumns) into.add(index)
    return index
  })
}

/**
 * `left` with, for each of its rows, the rows of `right` (computed with that row's values in the place of outer columns).
 * References to queries further out remain, one level less far.
 * @param placeOf where in `left` an outer column is
 * @param condition over the columns of left, then right
 */
export function dependentJoin(
  left: LogicalPlan,
  right: LogicalPlan,
  joinType: Extract<JoinType, 'inner' | 'cross' | 'left'>,
  placeOf: (column: number) => number,
  condition: BoundExpression | null = null,
): LogicalPlan {
  const references = [...outerReferences(right)]
  const own = references.filter((index) => index < 2 * outerColumns)
  if (own.length === 0) return joinOn(left, nearer(right), joinType === 'left' ? 'left' : 'cross', condition)
  const places = [...new Set(own.map((index) => placeOf(index - outerColumns)))]
  const columns = places.map((place) => columnOf(left.schema, place))
  const values = projectionNode(
    left,
    columns.map((of, i) => ({ name: left.schema.fields[places[i]!]!.name, of })),
  )
  const domain: Domain = {
    plan: distinctNode(values),
    width: places.length,
    places: new Map(own.map((index) => [index, places.indexOf(placeOf(index - outerColumns))])),
  }
  const carried = nearer(withDomain(right, domain))
  const width = right.schema.fields.length
  const keys = columns.map((of, i): JoinKey => ({
    left: of,
    right: columnOf(carried.schema, width + i),
    nullSafe: true,
  }))
  const join = joinNode(left, carried, joinType === 'left' ? 'left' : 'inner', keys, condition)
  return projectionNode(join, columnsNamed(join).slice(0, left.schema.fields.length + width))
}

/** References to queries further out than the one around, one level less far. */
export function nearer(plan: LogicalPlan): LogicalPlan {
  if (outerReferences(plan).size === 0) return plan
  const inputs = inputsOf(plan).map(nearer)
  const changed = mapExpressions(plan, (e) => remapColumns(e, (i) => (i >= 2 * outerColumns ? i - outerColumns : i)))
  return replaceInputs(changed, inputs)
}

/** As `withInputs`, but the schema stays as it is: the new inputs have the same columns. */
function replaceInputs(plan: LogicalPlan, inputs: readonly LogicalPlan[]): LogicalPlan {
  switch (plan.kind) {
    case 'scan':
    case 'values':
      return plan
    case 'join':
      return { ...plan, left: inputs[0]!, right: inputs[1]! }
    case 'union':
      return { ...plan, inputs }
    case 'recursive':
      return { ...plan, initial: inputs[0]!, step: inputs[1]! }
    case 'projection':
    case 'filter':
    case 'aggregate':
    case 'sort':
    case 'limit':
    case 'window':
    case 'unnest':
      return { ...plan, input: inputs[0]! }
  }
}

const dependsOn = (plan: LogicalPlan, domain: Domain): boolean =>
  [...outerReferences(plan)].some((index) => domain.places.has(index))

/** The plan's columns and then the domain's: for each combination of the domain's values what the plan gives for it. */
function withDomain(plan: LogicalPlan, domain: Domain): LogicalPlan {
  if (!dependsOn(plan, domain)) return joinNode(plan, domain.plan, 'cross', [])
  const width = plan.schema.fields.length
  switch (plan.kind) {
    case 'scan':
    case 'values':
    case 'recursive':
      throw sqlUnsupported('A reference to the query around it in WITH RECURSIVE', null)
    case 'projection': {
      const input = withDomain(plan.input, domain)
      const inner = plan.input.schema.fields.length
      const own = plan.expressions.map((e, i) => ({ name: plan.schema.fields[i]!.name, of: onto(e, domain, inner) }))
      return projectionNode(input, [...own, ...domainColumns(input, inner, domain)])
    }
    case 'filter': {
      const input = withDomain(plan.input, domain)
      return filterNode(input, onto(plan.predicate, domain, width))
    }
    case 'sort': {
      const input = withDomain(plan.input, domain)
      return sortNode(
        input,
        plan.keys.map((key) => mapSortKey(key, (e) => onto(e, domain, width))),
        plan.fetch,
      )
    }
    case 'limit':
      return limitOfEach(plan, domain)
    case 'aggregate':
      return aggregateOfEach(plan, domain)
    case 'union':
      return unionNode(plan.inputs.map((input) => withDomain(input, domain)))
    case 'window': {
      const inner = plan.input.schema.fields.length
      const input = withDomain(plan.input, domain)
      const keys = domainColumns(input, inner, domain).map((c) => c.of)
      const windows = plan.windows.map((w, i) => {
        const mapped = mapWindow(w, (e) => onto(e, domain, inner))
        return {
          name: plan.schema.fields[inner + i]!.name,
          of: { ...mapped, partitionBy: [...mapped.partitionBy, ...keys] },
        }
      })
      return domainLast(windowNode(input, windows), inner, domain)
    }
    case 'unnest': {
      const inner = plan.input.schema.fields.length
      const input = withDomain(plan.input, domain)
      const lists = plan.lists.map((e) => onto(e, domain, inner))
      const names = plan.schema.fields.slice(inner).map((f) => f.name)
      return domainLast(
        unnestNode(input, lists, { outer: plan.outer, ordinality: plan.ordinality, names }),
        inner,
        domain,
      )
    }
    case 'join':
      return joinOfEach(plan, domain)
  }
}

/** The expression with references to the domain as columns from `start` on. */
const onto = (e: BoundExpression, domain: Domain, start: number): BoundExpression =>
  remapColumns(e, (index) => {
    const place = domain.places.get(index)
    return place === undefined ? index : start + place
  })

const domainColumns = (plan: LogicalPlan, start: number, domain: Domain): Named<BoundExpression>[] =>
  columnsNamed(plan).slice(start, start + domain.width)

/** The domain's columns, which begin at `start`, behind all others. */
function domainLast(plan: LogicalPlan, start: number, domain: Domain): LogicalPlan {
  const columns = columnsNamed(plan)
  return projectionNode(plan, [
    ...columns.slice(0, start),
    ...columns.slice(start + domain.width),
    ...columns.slice(start, start + domain.width),
  ])
}

/** A limit counts the rows of each combination. */
function limitOfEach(plan: Limit, domain: Domain): LogicalPlan {
  const width = plan.schema.fields.length
  const input = withDomain(plan.input, domain)
  const orderBy =
    plan.input.kind === 'sort' ? plan.input.keys.map((key) => mapSortKey(key, (e) => onto(e, domain, width))) : []
  const partitionBy = domainColumns(input, width, domain).map((c) => c.of)
  const number = {
    name: 'row_number',
    of: { name: 'row_number', args: [], partitionBy, orderBy, frame: null, filter: null, type: int32, nullable: false },
  }
  const numbered = windowNode(input, [number])
  const place = columnOf(numbered.schema, width + domain.width)
  const integer = (value: number): BoundExpression => ({
    kind: 'literal',
    value: BigInt(value),
    type: int64,
    nullable: false,
  })
  const bounds = [
    ...(plan.skip === 0 ? [] : [bindCall('gt', [place, integer(plan.skip)])]),
    ...(plan.fetch === null ? [] : [bindCall('le', [place, integer(plan.skip + plan.fetch)])]),
  ]
  const kept = bounds.reduce<LogicalPlan>((rows, bound) => filterNode(rows, bound), numbered)
  return projectionNode(kept, columnsNamed(kept).slice(0, width + domain.width))
}

/** Groups within each combination. Without groups there is a row for every combination, also where there are no rows. */
function aggregateOfEach(plan: Aggregate, domain: Domain): LogicalPlan {
  const inner = plan.input.schema.fields.length
  const input = withDomain(plan.input, domain)
  const groups = plan.groupBy.map((e, i) => ({ name: plan.schema.fields[i]!.name, of: onto(e, domain, inner) }))
  const aggregates = plan.aggregates.map((a, i) => ({
    name: plan.schema.fields[groups.length + i]!.name,
    of: mapAggregate(a, (e) => onto(e, domain, inner)),
  }))
  const node = aggregateNode(input, [...groups, ...domainColumns(input, inner, domain)], aggregates)
  if (groups.length > 0) return domainLast(node, groups.length, domain)
  const keys = columnsNamed(domain.plan).map(({ of }, i) => ({
    left: of,
    right: columnOf(node.schema, i),
    nullSafe: true,
  }))
  const all = joinNode(domain.plan, node, 'left', keys)
  const results = aggregates.map(({ name, of }, i) => ({
    name,
    of: ofNoRows(columnOf(all.schema, 2 * domain.width + i), of),
  }))
  return projectionNode(all, [...results, ...columnsNamed(all).slice(0, domain.width)])
}

/** An aggregate's column after an outer join: what the aggregate of no rows is, instead of null. */
function ofNoRows(column: BoundExpression, { nullable, type }: BoundAggregate): BoundExpression {
  if (nullable) return column
  const value: Value = type.kind === 'list' ? [] : type.kind === 'int64' ? 0n : 0
  return bindCall('coalesce', [column, { kind: 'literal', value, type, nullable: false }])
}

function joinOfEach(plan: Join, domain: Domain): LogicalPlan {
  const [leftWidth, rightWidth] = [plan.left.schema.fields.length, plan.right.schema.fields.length]
  const [leftDepends, rightDepends] = [dependsOn(plan.left, domain), dependsOn(plan.right, domain)]
  const { joinType } = plan
  const isInner = joinType === 'inner' || joinType === 'cross'
  // The domain comes in where rows must be told apart: on the side whose rows are all kept, and wherever it is referred to.
  const onLeft = leftDepends || (isInner ? !rightDepends : joinType !== 'right')
  const onRight = rightDepends || joinType === 'right' || joinType === 'full'
  const left = onLeft ? withDomain(plan.left, domain) : plan.left
  const right = onRight ? withDomain(plan.right, domain) : plan.right
  const newLeft = left.schema.fields.length
  const start = onLeft ? leftWidth : newLeft + rightWidth
  const place = (index: number): number => {
    const of = domain.places.get(index)
    if (of !== undefined) return start + of
    return index >= outerColumns || index < leftWidth ? index : index + newLeft - leftWidth
  }
  const keys = plan.keys.map((key) => ({
    ...key,
    left: onto(key.left, domain, leftWidth),
    right: onto(key.right, domain, rightWidth),
  }))
  if (onLeft && onRight) {
    for (let i = 0; i < domain.width; i++) {
      keys.push({
        left: columnOf(left.schema, leftWidth + i),
        right: columnOf(right.schema, rightWidth + i),
        nullSafe: true,
      })
    }
  }
  const residual = plan.residual === null ? null : remapColumns(plan.residual, place)
  const type = joinType === 'cross' && (keys.length > 0 || residual !== null) ? 'inner' : joinType
  const join = joinNode(left, right, type, keys, residual)
  if (joinType === 'left_semi' || joinType === 'left_anti') return join
  const columns = columnsNamed(join)
  const domainOf = (from: number) => columns.slice(from, from + domain.width)
  const ofLeft = onLeft ? domainOf(leftWidth) : null
  const ofRight = onRight ? domainOf(newLeft + rightWidth) : null
  const whole =
    joinType === 'full'
      ? ofLeft!.map(({ name, of }, i) => ({ name, of: bindCall('coalesce', [of, ofRight![i]!.of]) }))
      : ((joinType === 'right' ? ofRight : (ofLeft ?? ofRight)) as Named<BoundExpression>[])
  return projectionNode(join, [
    ...columns.slice(0, leftWidth),
    ...columns.slice(newLeft, newLeft + rightWidth),
    ...whole,
  ])
}
