/*
 * In which order inner joins are done, found by dynamic programming over the sets of relations that conditions connect (after
 * Moerkotte & Neumann's DPsub): for each set the cheapest pair of smaller ones. Cost counts the rows that come out of each join,
 * and those that are put into its hash table.
 */

/** A join tree over relations by their places. */
export type JoinOrder = number | readonly [JoinOrder, JoinOrder]

/** An equality of columns of two relations: those of one class are all equal to each other. */
export interface JoinLink {
  readonly a: number
  readonly b: number
  /** Which class of equal columns it is of. */
  readonly group: number
  /** How many values the columns of the class have. */
  readonly values: number
}

export interface JoinGraph {
  /** Expected rows of each relation. */
  readonly rows: readonly number[]
  /** Rows of each relation's table before filters: a bound for how many values a key of several columns has. */
  readonly tables: readonly number[]
  readonly links: readonly JoinLink[]
  /** Other conditions, by the set of relations that they need, as bits. */
  readonly others: readonly number[]
}

interface Planned {
  readonly order: JoinOrder
  readonly rows: number
  readonly cost: number
}

/** More relations than this are ordered greedily: the sets to look at grow threefold with each. */
const maxRelations = 12
const buildCost = 1.5
/** Pairs that no condition links are looked at one by one. */
const crossCost = 10
/** What a condition that is no equality leaves. */
const otherSelectivity = 0.4

const bitsOf = (set: number): number[] => {
  const bits: number[] = []
  for (let i = 0; set >> i !== 0; i++) if (((set >> i) & 1) === 1) bits.push(i)
  return bits
}

/** Rows of the join of two disjoint sets. */
function joinedRows(graph: JoinGraph, left: Planned, leftSet: number, right: Planned, rightSet: number): number {
  const values = new Map<number, number>()
  const touched = new Map<number, number>()
  for (const { a, b, group, values: count } of graph.links) {
    const crosses =
      (((leftSet >> a) & 1) === 1 && ((rightSet >> b) & 1) === 1) ||
      (((leftSet >> b) & 1) === 1 && ((rightSet >> a) & 1) === 1)
    if (!crosses || values.has(group)) continue
    values.set(group, count)
    for (const relation of [a, b]) touched.set(relation, (touched.get(relation) ?? 0) + 1)
  }
  let divisor = 1
  for (const count of values.values()) divisor *= count
  // A key of several columns has no more values than its table has rows, however many its columns have.
  if (values.size > 1) {
    for (const [relation, times] of touched) if (times > 1) divisor = Math.min(divisor, graph.tables[relation]!)
  }
  const both = leftSet | rightSet
  const ready = graph.others.filter(
    (set) => (set & both) === set && (set & leftSet) !== set && (set & rightSet) !== set,
  )
  return Math.max(1, ((left.rows * right.rows) / Math.max(1, divisor)) * otherSelectivity ** ready.length)
}

const isLinked = (graph: JoinGraph, left: number, right: number): boolean =>
  graph.links.some(
    ({ a, b }) =>
      (((left >> a) & 1) === 1 && ((right >> b) & 1) === 1) || (((left >> b) & 1) === 1 && ((right >> a) & 1) === 1),
  )

function joined(graph: JoinGraph, left: Planned, leftSet: number, right: Planned, rightSet: number): Planned {
  const rows = joinedRows(graph, left, leftSet, right, rightSet)
  const [probe, build] = left.rows >= right.rows ? [left, right] : [right, left]
  return {
    order: [probe.order, build.order],
    rows,
    cost: left.cost + right.cost + rows * (isLinked(graph, leftSet, rightSet) ? 1 : crossCost) + buildCost * build.rows,
  }
}

const single = (graph: JoinGraph, relation: number): Planned => ({
  order: relation,
  rows: graph.rows[relation]!,
  cost: 0,
})

/** What an order costs, by the same measure. */
export function costOf(graph: JoinGraph, order: JoinOrder): number {
  const visit = (of: JoinOrder): readonly [Planned, number] => {
    if (typeof of === 'number') return [single(graph, of), 1 << of]
    const [[left, leftSet], [right, rightSet]] = [visit(of[0]), visit(of[1])]
    return [joined(graph, left, leftSet, right, rightSet), leftSet | rightSet]
  }
  return visit(order)[0].cost
}

/** The cheapest order that is found. */
export function bestJoinOrder(graph: JoinGraph): JoinOrder {
  const count = graph.rows.length
  const plans = new Map<number, Planned>()
  graph.rows.forEach((_, i) => plans.set(1 << i, single(graph, i)))
  if (count <= maxRelations) {
    for (const component of components(graph)) planConnected(graph, component, plans)
  }
  return greedily(
    graph,
    count <= maxRelations ? components(graph).map((set) => [set, plans.get(set)!] as const) : [...plans],
  ).order
}

/** The sets of relations that conditions connect, directly or through others. */
function components(graph: JoinGraph): number[] {
  let sets = graph.rows.map((_, i) => 1 << i)
  for (const { a, b } of graph.links) {
    const [x, y] = [sets.find((s) => ((s >> a) & 1) === 1)!, sets.find((s) => ((s >> b) & 1) === 1)!]
    if (x !== y) sets = [...sets.filter((s) => s !== x && s !== y), x | y]
  }
  return sets
}

/** The best plan of every connected set within `whole`, smaller sets first. */
function planConnected(graph: JoinGraph, whole: number, plans: Map<number, Planned>): void {
  const places = bitsOf(whole)
  for (let index = 1; index < 1 << places.length; index++) {
    const set = places.reduce((bits, place, i) => (((index >> i) & 1) === 1 ? bits | (1 << place) : bits), 0)
    if (plans.has(set)) continue
    let best: Planned | null = null
    // Each split once: the part with the lowest relation on the left.
    const lowest = set & -set
    for (let left = (set - 1) & set; left > 0; left = (left - 1) & set) {
      if ((left & lowest) === 0) continue
      const right = set ^ left
      const [a, b] = [plans.get(left), plans.get(right)]
      if (a === undefined || b === undefined || !isLinked(graph, left, right)) continue
      const candidate = joined(graph, a, left, b, right)
      if (best === null || candidate.cost < best.cost) best = candidate
    }
    if (best !== null) plans.set(set, best)
  }
}

/** The pair that costs least, again and again; pairs that a condition links first. */
function greedily(graph: JoinGraph, parts: readonly (readonly [number, Planned])[]): Planned {
  let rest = [...parts]
  while (rest.length > 1) {
    let best: { readonly x: number; readonly y: number; readonly plan: Planned; readonly linked: boolean } | null = null
    for (let x = 0; x < rest.length; x++) {
      for (let y = x + 1; y < rest.length; y++) {
        const [[leftSet, left], [rightSet, right]] = [rest[x]!, rest[y]!]
        const linked = isLinked(graph, leftSet, rightSet)
        if (best !== null && best.linked && !linked) continue
        const plan = joined(graph, left, leftSet, right, rightSet)
        if (best === null || (linked && !best.linked) || plan.cost < best.plan.cost) best = { x, y, plan, linked }
      }
    }
    const { x, y, plan } = best!
    const set = rest[x]![0] | rest[y]![0]
    rest = [...rest.filter((_, i) => i !== x && i !== y), [set, plan]]
  }
  return rest[0]![1]
}
