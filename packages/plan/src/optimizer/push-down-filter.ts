import {
  columnsOf,
  conjunction,
  conjuncts,
  remapColumns,
  substituteColumns,
  type BoundExpression,
} from '@deltaworks/expression'
import type {
  Aggregate,
  Filter,
  Join,
  JoinKey,
  LogicalPlan,
  Projection,
  TableScan,
  Union,
  Unnest,
  Window,
} from '../logical-plan.js'
import { keyOf, sideOf } from '../plan-builder.js'
import { filterNode, joinNode, withInputs } from '../plan-node.js'
import { isVolatile } from './expression-facts.js'
import { impliedBy } from './factor-disjunctions.js'
import type { OptimizerRule } from './optimizer-rule.js'

/**
 * Rows are dropped as early as possible: a filter moves through projections, groups, joins, unions, sorts and windows,
 * and at last into the scan, where it prunes files and row groups. A join's own condition moves likewise.
 */
export const pushDownFilter: OptimizerRule = {
  name: 'push_down_filter',
  apply: (plan) => push(plan),
}

/** Top down: what a filter becomes below is pushed further at once. */
function push(plan: LogicalPlan): LogicalPlan {
  let node = plan
  if (node.kind === 'filter') node = pushed(node)
  else if (node.kind === 'join') node = pushCondition(node)
  switch (node.kind) {
    case 'scan':
    case 'values':
      return node
    case 'join':
      return withInputs(node, [push(node.left), push(node.right)])
    case 'union':
      return withInputs(node, node.inputs.map(push))
    case 'recursive':
      return withInputs(node, [push(node.initial), push(node.step)])
    default:
      return withInputs(node, [push(node.input)])
  }
}

/** The plan under `parts`: a filter of those that are left, if there are any. */
const filtered = (input: LogicalPlan, parts: readonly BoundExpression[]): LogicalPlan =>
  parts.length === 0 ? input : filterNode(input, conjunction(parts))

function pushed(filter: Filter): LogicalPlan {
  const parts = conjuncts(filter.predicate)
  const movable = parts.filter((e) => !isVolatile(e))
  const fixed = parts.filter(isVolatile)
  if (movable.length === 0) return filter
  const { input } = filter
  switch (input.kind) {
    case 'filter':
      return pushed(filterNode(input.input, conjunction([...conjuncts(input.predicate), ...parts])))
    case 'projection':
      return throughProjection(filter, input, movable, fixed)
    case 'aggregate':
      return throughGroups(filter, input, movable, fixed)
    case 'join':
      return throughJoin(filter, input, movable, fixed)
    case 'union':
      return filtered(throughUnion(input, movable), fixed)
    case 'window':
      return throughWindow(filter, input, movable, fixed)
    case 'sort':
      if (input.fetch !== null) return filter
      return filtered(withInputs(input, [filtered(input.input, movable)]), fixed)
    case 'scan':
      return intoScan(filter, input, movable, fixed)
    case 'unnest':
      return throughUnnest(filter, input, movable, fixed)
    case 'limit':
    case 'values':
    case 'recursive':
      return filter
  }
}

function throughProjection(
  filter: Filter,
  input: Projection,
  movable: readonly BoundExpression[],
  fixed: readonly BoundExpression[],
): LogicalPlan {
  const isFixed = (e: BoundExpression) => columnsOf(e).some((i) => isVolatile(input.expressions[i]!))
  const below = movable.filter((e) => !isFixed(e))
  if (below.length === 0) return filter
  const substituted = below.map((e) => substituteColumns(e, (i) => input.expressions[i]!))
  return filtered(withInputs(input, [filtered(input.input, substituted)]), [...movable.filter(isFixed), ...fixed])
}

function throughGroups(
  filter: Filter,
  input: Aggregate,
  movable: readonly BoundExpression[],
  fixed: readonly BoundExpression[],
): LogicalPlan {
  const isOnGroups = (e: BoundExpression) => {
    const columns = columnsOf(e)
    return columns.length > 0 && columns.every((i) => i < input.groupBy.length && !isVolatile(input.groupBy[i]!))
  }
  const below = movable.filter(isOnGroups)
  if (below.length === 0) return filter
  const substituted = below.map((e) => substituteColumns(e, (i) => input.groupBy[i]!))
  const rest = [...movable.filter((e) => !isOnGroups(e)), ...fixed]
  return filtered(withInputs(input, [filtered(input.input, substituted)]), rest)
}

function throughUnion(input: Union, movable: readonly BoundExpression[]): LogicalPlan {
  const predicate = conjunction(movable)
  return withInputs(
    input,
    input.inputs.map((each) => filterNode(each, predicate)),
  )
}

/** A condition on what every window of the node is partitioned by drops whole partitions, and so may go first. */
function throughWindow(
  filter: Filter,
  input: Window,
  movable: readonly BoundExpression[],
  fixed: readonly BoundExpression[],
): LogicalPlan {
  const partitionColumns = input.windows.map(
    (w) => new Set(w.partitionBy.map((e) => (e.kind === 'column' ? e.index : -1))),
  )
  const isOnPartitions = (e: BoundExpression) => {
    const columns = columnsOf(e)
    return columns.length > 0 && columns.every((i) => partitionColumns.every((keys) => keys.has(i)))
  }
  const below = movable.filter(isOnPartitions)
  if (below.length === 0) return filter
  const rest = [...movable.filter((e) => !isOnPartitions(e)), ...fixed]
  return filtered(withInputs(input, [filtered(input.input, below)]), rest)
}

/** A condition on the input's own columns drops rows before they are multiplied. */
function throughUnnest(
  filter: Filter,
  input: Unnest,
  movable: readonly BoundExpression[],
  fixed: readonly BoundExpression[],
): LogicalPlan {
  const width = input.input.schema.fields.length
  const isOnInput = (e: BoundExpression) => columnsOf(e).every((i) => i < width)
  const below = movable.filter(isOnInput)
  if (below.length === 0) return filter
  const rest = [...movable.filter((e) => !isOnInput(e)), ...fixed]
  return filtered(withInputs(input, [filtered(input.input, below)]), rest)
}

function intoScan(
  filter: Filter,
  input: TableScan,
  movable: readonly BoundExpression[],
  fixed: readonly BoundExpression[],
): LogicalPlan {
  if (input.fetch !== null) return filter
  const toTable = movable.map((e) => remapColumns(e, (i) => input.projection[i]!))
  return filtered({ ...input, filters: [...input.filters, ...toTable] }, fixed)
}

/** Which sides of a join a condition on its output may move to. */
const outputMoves: Readonly<Record<Join['joinType'], { readonly left: boolean; readonly right: boolean }>> = {
  inner: { left: true, right: true },
  cross: { left: true, right: true },
  left: { left: true, right: false },
  right: { left: false, right: true },
  full: { left: false, right: false },
  left_semi: { left: true, right: false },
  left_anti: { left: true, right: false },
}

/** Which sides a part of the join's own condition may move to: those whose rows it may drop without a trace. */
const conditionMoves: typeof outputMoves = {
  inner: { left: true, right: true },
  cross: { left: true, right: true },
  left: { left: false, right: true },
  right: { left: true, right: false },
  full: { left: false, right: false },
  left_semi: { left: true, right: true },
  left_anti: { left: false, right: true },
}

function throughJoin(
  filter: Filter,
  join: Join,
  movable: readonly BoundExpression[],
  fixed: readonly BoundExpression[],
): LogicalPlan {
  const width = join.left.schema.fields.length
  const moves = outputMoves[join.joinType]
  const [left, right, condition, rest]: BoundExpression[][] = [[], [], [], []]
  const isInner = join.joinType === 'inner' || join.joinType === 'cross'
  for (const e of movable) {
    const side = sideOf(e, width)
    if (side === 'left' && moves.left) left!.push(e)
    else if (side === 'right' && moves.right) right!.push(remapColumns(e, (i) => i - width))
    else if (isInner) {
      condition!.push(e)
      // Only here, where the condition first meets the join: in the join it would be found again and again.
      const [ofLeft, ofRight] = (['left', 'right'] as const).map((own) =>
        impliedBy(e, (part) => sideOf(part, width) === own),
      )
      if (ofLeft) left!.push(ofLeft)
      if (ofRight) right!.push(remapColumns(ofRight, (i) => i - width))
    } else rest!.push(e)
  }
  if (left!.length + right!.length + condition!.length === 0) return filter
  const below = joinNode(
    filtered(join.left, left!),
    filtered(join.right, right!),
    join.joinType,
    join.keys,
    join.residual,
  )
  return filtered(pushCondition(withCondition(below, condition!)), [...rest!, ...fixed])
}

/** The inner join with more conditions: equalities of the two sides as keys. */
function withCondition(join: Join, parts: readonly BoundExpression[]): Join {
  if (parts.length === 0) return join
  const width = join.left.schema.fields.length
  const keys: JoinKey[] = [...join.keys]
  const rest = join.residual === null ? [] : [join.residual]
  for (const part of parts) {
    const key = keyOf(part, width)
    if (key === null) rest.push(part)
    else keys.push(key)
  }
  return joinNode(join.left, join.right, 'inner', keys, rest.length === 0 ? null : conjunction(rest))
}

/** Moves the parts of the residual that concern one side to that side. */
function pushCondition(join: Join): Join {
  if (join.residual === null) return join
  const width = join.left.schema.fields.length
  const moves = conditionMoves[join.joinType]
  const [left, right, rest]: BoundExpression[][] = [[], [], []]
  const keys: JoinKey[] = [...join.keys]
  for (const part of conjuncts(join.residual)) {
    const side = isVolatile(part) ? 'both' : sideOf(part, width)
    const key = keyOf(part, width)
    if (key !== null) keys.push(key)
    else if (side === 'left' && moves.left) left!.push(part)
    else if (side === 'right' && moves.right) right!.push(remapColumns(part, (i) => i - width))
    else rest!.push(part)
  }
  if (left!.length + right!.length === 0 && keys.length === join.keys.length) return join
  return joinNode(
    filtered(join.left, left!),
    filtered(join.right, right!),
    join.joinType,
    keys,
    rest!.length === 0 ? null : conjunction(rest!),
  )
}
