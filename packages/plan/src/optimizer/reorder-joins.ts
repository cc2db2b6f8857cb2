import { columnsOf, conjunction, conjuncts, remapColumns, type BoundExpression } from '@deltaworks/expression'
import { boolean, typesEqual } from '@deltaworks/schema'
import type { Join, JoinKey, LogicalPlan } from '../logical-plan.js'
import { keyOf } from '../plan-builder.js'
import { columnOf, inputsOf, joinNode, projectionNode, withInputs } from '../plan-node.js'
import { estimateRows, tableRows } from './estimate-rows.js'
import { bestJoinOrder, costOf, type JoinGraph, type JoinLink, type JoinOrder } from './join-order.js'
import type { OptimizerRule } from './optimizer-rule.js'

/**
 * Inner joins of three or more relations in the order that costs least by the tables' statistics (`bestJoinOrder`). How many
 * values a key has is taken to be at most the rows of the smallest table that has the key.
 */
export const reorderJoins: OptimizerRule = { name: 'reorder_joins', apply: (plan) => visit(plan) }

/** Bits of a set of relations are those of a 32-bit integer. */
const maxRelations = 30
/** An order is kept unless another one is so much cheaper: guesses are not worth a change. */
const worthIt = 0.98

function visit(plan: LogicalPlan): LogicalPlan {
  if (!isInner(plan)) return withInputs(plan, inputsOf(plan).map(visit))
  const tree = flatten(plan)
  const relations = tree.relations.map(visit)
  const sameRelations = relations.every((r, i) => r === tree.relations[i])
  if (relations.length >= 3 && relations.length <= maxRelations) {
    const graph = graphOf(relations, tree)
    const order = bestJoinOrder(graph)
    if (costOf(graph, order) < costOf(graph, tree.order) * worthIt) return inOrder(relations, tree, order)
  }
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
  /** As the plan has them. */
  readonly order: JoinOrder
}

function flatten(root: Join): JoinTree {
  const relations: LogicalPlan[] = []
  const starts: number[] = []
  const conditions: BoundExpression[] = []
  const visitTree = (plan: LogicalPlan, start: number): JoinOrder => {
    if (!isInner(plan)) {
      starts.push(start)
      return relations.push(plan) - 1
    }
    const middle = start + plan.left.schema.fields.length
    const order: JoinOrder = [visitTree(plan.left, start), visitTree(plan.right, middle)]
    const shift = (by: number) => (e: BoundExpression) => (by === 0 ? e : remapColumns(e, (i) => i + by))
    for (const key of plan.keys)
      conditions.push(asCondition(shift(start)(key.left), shift(middle)(key.right), key.nullSafe))
    if (plan.residual !== null) conditions.push(...conjuncts(plan.residual).map(shift(start)))
    return order
  }
  const order = visitTree(root, 0)
  return { relations, starts, conditions, order }
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

/** What the order is chosen by. */
function graphOf(relations: readonly LogicalPlan[], tree: JoinTree): JoinGraph {
  const tables = relations.map(tableRows)
  const { links, linked } = linksOf(tree, tables)
  const others = tree.conditions
    .filter((condition) => !linked.has(condition))
    .map((condition) => columnsOf(condition).reduce((set, c) => set | (1 << relationOf(tree, c)), 0))
  return { rows: relations.map(estimateRows), tables, links, others: others.filter((set) => set !== 0) }
}

/** Columns that are equal to each other form a class; the class has as many values as its smallest table has rows. */
function linksOf(tree: JoinTree, rows: readonly number[]) {
  const parent = new Map<number, number>()
  const root = (column: number): number => {
    const up = parent.get(column)
    return up === undefined || up === column ? column : root(up)
  }
  const linked = new Set<BoundExpression>()
  const columns = new Set<number>()
  const links: JoinLink[] = []
  for (const condition of tree.conditions) {
    if (condition.kind !== 'call' || (condition.name !== 'eq' && condition.name !== 'is_not_distinct_from')) continue
    const [left, right] = condition.args.map((e) => (e.kind === 'cast' ? e.input : e))
    if (left?.kind === 'column' && right?.kind === 'column') {
      columns.add(left.index).add(right.index)
      parent.set(root(left.index), root(right.index))
      linked.add(condition)
      continue
    }
    const touched = [...new Set(columnsOf(condition).map((c) => relationOf(tree, c)))]
    if (touched.length !== 2) continue
    const [a, b] = touched as [number, number]
    // A class of its own: no other condition says the same.
    links.push({ a, b, group: -1 - links.length, values: Math.max(1, Math.min(rows[a]!, rows[b]!)) })
    linked.add(condition)
  }
  const classes = new Map<number, number[]>()
  for (const column of columns) classes.set(root(column), [...(classes.get(root(column)) ?? []), column])
  for (const [group, members] of classes) {
    const values = Math.max(1, Math.min(...members.map((c) => rows[relationOf(tree, c)]!)))
    members.forEach((first, i) => {
      for (const second of members.slice(i + 1)) {
        const [a, b] = [relationOf(tree, first), relationOf(tree, second)]
        if (a !== b) links.push({ a, b, group, values })
      }
    })
  }
  return { links, linked }
}

/** Joins in the given order, and a projection that puts the columns back in their places. */
function inOrder(relations: readonly LogicalPlan[], tree: JoinTree, order: JoinOrder): LogicalPlan {
  const waiting = new Set(withImplied(tree))
  const classOf = plainClasses(tree.conditions)
  const build = (of: JoinOrder): Placed => {
    if (typeof of === 'number') {
      const plan = relations[of]!
      return { plan, places: new Map(plan.schema.fields.map((_, i) => [tree.starts[of]! + i, i])) }
    }
    const [left, right] = [build(of[0]), build(of[1])]
    const width = left.plan.schema.fields.length
    const places = new Map([...left.places, ...[...right.places].map(([column, at]) => [column, at + width] as const)])
    const ready = [...waiting].filter((e) => columnsOf(e).every((c) => places.has(c)))
    for (const e of ready) waiting.delete(e)
    const conditions = needed(ready, left.places, classOf).map((e) => remapColumns(e, (i) => places.get(i)!))
    return { plan: joined(left.plan, right.plan, conditions, width), places }
  }
  const { plan, places } = build(order)
  const count = relations.reduce((n, r) => n + r.schema.fields.length, 0)
  return projectionNode(
    plan,
    Array.from({ length: count }, (_, column) => {
      const at = places.get(column)!
      return { name: plan.schema.fields[at]!.name, of: columnOf(plan.schema, at) }
    }),
  )
}

interface Placed {
  readonly plan: LogicalPlan
  /** Where each column of the whole tree is. */
  readonly places: ReadonlyMap<number, number>
}

/** The conditions of the tree, and the equalities that follow from them: a = b and b = c give a = c. */
function withImplied(tree: JoinTree): readonly BoundExpression[] {
  const plain = tree.conditions.filter(isPlainEquality) as readonly (BoundExpression & { readonly kind: 'call' })[]
  const implied: BoundExpression[] = []
  const known = new Set(plain.map((e) => columnsOf(e).join(' ')))
  for (let grown = true; grown;) {
    grown = false
    for (const first of [...plain, ...implied]) {
      for (const second of plain) {
        const merged = merge(first, second)
        if (merged === null || known.has(columnsOf(merged).join(' '))) continue
        known.add(columnsOf(merged).join(' '))
        implied.push(merged)
        grown = true
      }
    }
  }
  return [...tree.conditions, ...implied]
}

function merge(first: BoundExpression, second: BoundExpression): BoundExpression | null {
  if (first.kind !== 'call' || second.kind !== 'call') return null
  const [a, b] = [first.args, second.args].map((args) => args.map((arg) => (arg.kind === 'column' ? arg : null)))
  for (const x of [0, 1]) {
    for (const y of [0, 1]) {
      const [shared, other] = [a![x], b![y]]
      const [left, right] = [a![1 - x], b![1 - y]]
      if (shared?.index !== other?.index || left === null || right === null || left!.index === right!.index) continue
      return asCondition(left!, right!, false)
    }
  }
  return null
}

/**
 * Of the equalities between two sides only one of each class of equal columns: the others follow, since on either side all columns
 * of the class are equal already.
 */
function needed(
  ready: readonly BoundExpression[],
  leftPlaces: ReadonlyMap<number, number>,
  classOf: (column: number) => number,
): readonly BoundExpression[] {
  const seen = new Set<number>()
  return ready.filter((e) => {
    if (!isPlainEquality(e)) return true
    const [a, b] = columnsOf(e)
    if (b === undefined || leftPlaces.has(a!) === leftPlaces.has(b)) return true
    if (seen.has(classOf(a!))) return false
    seen.add(classOf(a!))
    return true
  })
}

/** An equality of two columns of one type as they are. */
const isPlainEquality = (e: BoundExpression): boolean =>
  e.kind === 'call' &&
  e.name === 'eq' &&
  e.args.every((arg) => arg.kind === 'column') &&
  typesEqual(e.args[0]!.type, e.args[1]!.type)

/** The classes of columns that plain equalities make equal. */
function plainClasses(conditions: readonly BoundExpression[]): (column: number) => number {
  const parent = new Map<number, number>()
  const root = (column: number): number => {
    const up = parent.get(column)
    return up === undefined || up === column ? column : root(up)
  }
  for (const e of conditions.filter(isPlainEquality)) {
    const [a, b] = columnsOf(e)
    if (b !== undefined) parent.set(root(a!), root(b))
  }
  return root
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
