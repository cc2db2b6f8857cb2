import { columnsOf, conjunction, conjuncts, remapColumns, type BoundExpression } from '@deltaworks/expression'
import { boolean } from '@deltaworks/schema'
import type { Join, JoinKey, LogicalPlan } from '../logical-plan.js'
import { keyOf } from '../plan-builder.js'
import { columnOf, inputsOf, joinNode, projectionNode, withInputs } from '../plan-node.js'
import { estimateRows, tableRows } from './estimate-rows.js'
import type { OptimizerRule } from './optimizer-rule.js'

/**
 * Inner joins of three or more relations in an order in which each next one shares a key with those before (no needless
 * cross products) and keeps the result small. The largest relation comes first: it streams past the others' hash tables.
 * How many values a key has is taken to be at most the rows of the smallest table that has the key.
 */
export const reorderJoins: OptimizerRule = { name: 'reorder_joins', apply: (plan) => visit(plan) }

function visit(plan: LogicalPlan): LogicalPlan {
  if (!isInner(plan)) return withInputs(plan, inputsOf(plan).map(visit))
  const tree = flatten(plan)
  const relations = tree.relations.map(visit)
  const sameRelations = relations.every((r, i) => r === tree.relations[i])
  const order = relations.length < 3 || relations.length > 24 ? null : bestOrder(relations, tree)
  const isInOrder = order === null || (tree.isLeftDeep && order.every((r, i) => r === i))
  if (!isInOrder) return inOrder(relations, tree, order)
  return sameRelations ? plan : inPlace(plan, relations[Symbol.iterator]())
}

const isInner = (plan: LogicalPlan): plan is Join =>
  plan.kind === 'join' && (plan.joinType === 'inner' || plan.joinType === 'cross')

/** A tree of inner joins as a list: relations with their columns one after the other, conditions over all of them. */
interface JoinTree {
  readonly relations: readonly LogicalPlan[]
  /** Where each relation's columns start. */
  readonly starts: readonly number[]
  readonly conditions: readonly BoundExpression[]
  readonly isLeftDeep: boolean
}

function flatten(root: Join): JoinTree {
  const relations: LogicalPlan[] = []
  const starts: number[] = []
  const conditions: BoundExpression[] = []
  let isLeftDeep = true
  const visitTree = (plan: LogicalPlan, start: number): void => {
    if (!isInner(plan)) {
      relations.push(plan)
      starts.push(start)
      return
    }
    const middle = start + plan.left.schema.fields.length
    if (isInner(plan.right)) isLeftDeep = false
    visitTree(plan.left, start)
    visitTree(plan.right, middle)
    const shift = (by: number) => (e: BoundExpression) => (by === 0 ? e : remapColumns(e, (i) => i + by))
    for (const key of plan.keys)
      conditions.push(asCondition(shift(start)(key.left), shift(middle)(key.right), key.nullSafe))
    if (plan.residual !== null) conditions.push(...conjuncts(plan.residual).map(shift(start)))
  }
  visitTree(root, 0)
  return { relations, starts, conditions, isLeftDeep }
}

const asCondition = (left: BoundExpression, right: BoundExpression, nullSafe: boolean): BoundExpression => ({
  kind: 'call',
  name: nullSafe ? 'is_not_distinct_from' : 'eq',
  args: [left, right],
  type: boolean,
  nullable: !nullSafe && (left.nullable || right.nullable),
})

const relationOf = (tree: JoinTree, column: number): number => {
  let relation = 0
  while (relation + 1 < tree.starts.length && tree.starts[relation + 1]! <= column) relation++
  return relation
}

/** An equality of plain columns of two relations. */
interface Link {
  readonly a: number
  readonly b: number
  readonly values: number
}

function bestOrder(relations: readonly LogicalPlan[], tree: JoinTree): readonly number[] {
  const rows = relations.map(estimateRows)
  const tables = relations.map(tableRows)
  const links = linksOf(tree, tables)
  const order = [rows.indexOf(Math.max(...rows))]
  let resultRows = rows[order[0]!]!
  while (order.length < relations.length) {
    let best = -1
    let bestRows = Infinity
    let bestLinked = false
    for (let r = 0; r < relations.length; r++) {
      if (order.includes(r)) continue
      const own = links.filter((l) => (l.a === r && order.includes(l.b)) || (l.b === r && order.includes(l.a)))
      // A key of several columns has no more values than its table has rows, however many its columns have.
      const values = Math.min(
        own.reduce((n, l) => n * l.values, 1),
        tables[r]!,
      )
      const joined = (resultRows * rows[r]!) / (own.length === 0 ? 1 : values)
      const isLinked = own.length > 0
      if (best < 0 || (isLinked && !bestLinked) || (isLinked === bestLinked && joined < bestRows)) {
        ;[best, bestRows, bestLinked] = [r, joined, isLinked]
      }
    }
    order.push(best)
    resultRows = Math.max(1, bestRows)
  }
  return order
}

/** Columns that are equal to each other form a class; the class has as many values as its smallest table has rows. */
function linksOf(tree: JoinTree, rows: readonly number[]): Link[] {
  const parent = new Map<number, number>()
  const root = (column: number): number => {
    const up = parent.get(column)
    return up === undefined || up === column ? column : root(up)
  }
  const pairs: [number, number][] = []
  const others: [number, number][] = []
  for (const condition of tree.conditions) {
    if (condition.kind !== 'call' || (condition.name !== 'eq' && condition.name !== 'is_not_distinct_from')) continue
    const [left, right] = condition.args.map((e) => (e.kind === 'cast' ? e.input : e))
    if (left?.kind === 'column' && right?.kind === 'column') {
      pairs.push([left.index, right.index])
      parent.set(root(left.index), root(right.index))
      continue
    }
    const touched = [...new Set(columnsOf(condition).map((c) => relationOf(tree, c)))]
    if (touched.length === 2) others.push([touched[0]!, touched[1]!])
  }
  const values = new Map<number, number>()
  for (const column of pairs.flat()) {
    const classRoot = root(column)
    values.set(classRoot, Math.min(values.get(classRoot) ?? Infinity, rows[relationOf(tree, column)]!))
  }
  return [
    ...pairs.map(([a, b]) => ({
      a: relationOf(tree, a),
      b: relationOf(tree, b),
      values: Math.max(1, values.get(root(a))!),
    })),
    ...others.map(([a, b]) => ({ a, b, values: Math.max(1, Math.min(rows[a]!, rows[b]!)) })),
  ]
}

/** Left-deep joins in the given order, and a projection that puts the columns back in their places. */
function inOrder(relations: readonly LogicalPlan[], tree: JoinTree, order: readonly number[]): LogicalPlan {
  const places = new Array<number>(relations.reduce((n, r) => n + r.schema.fields.length, 0))
  const place = (relation: number, from: number) =>
    relations[relation]!.schema.fields.forEach((_, i) => (places[tree.starts[relation]! + i] = from + i))
  let plan = relations[order[0]!]!
  place(order[0]!, 0)
  const available = new Set([order[0]!])
  let waiting = tree.conditions
  for (const next of order.slice(1)) {
    const right = relations[next]!
    const width = plan.schema.fields.length
    place(next, width)
    available.add(next)
    const isReady = (e: BoundExpression) => columnsOf(e).every((c) => available.has(relationOf(tree, c)))
    const ready = waiting.filter(isReady).map((e) => remapColumns(e, (i) => places[i]!))
    waiting = waiting.filter((e) => !isReady(e))
    plan = joined(plan, right, ready, width)
  }
  return projectionNode(
    plan,
    places.map((at) => ({ name: plan.schema.fields[at]!.name, of: columnOf(plan.schema, at) })),
  )
}

function joined(left: LogicalPlan, right: LogicalPlan, conditions: readonly BoundExpression[], width: number): Join {
  const keys: JoinKey[] = []
  const rest: BoundExpression[] = []
  for (const condition of conditions) {
    const key = keyOf(condition, width)
    if (key === null) rest.push(condition)
    else keys.push(key)
  }
  const joinType = conditions.length === 0 ? 'cross' : 'inner'
  return joinNode(left, right, joinType, keys, rest.length === 0 ? null : conjunction(rest))
}

/** The same tree over relations that were improved themselves. */
function inPlace(plan: LogicalPlan, relations: Iterator<LogicalPlan>): LogicalPlan {
  if (!isInner(plan)) return relations.next().value as LogicalPlan
  const left = inPlace(plan.left, relations)
  return withInputs(plan, [left, inPlace(plan.right, relations)])
}
