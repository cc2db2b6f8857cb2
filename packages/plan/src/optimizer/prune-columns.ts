import { columnsOf, remapColumns, type BoundExpression } from '@deltaworks/expression'
import type { DataType } from '@deltaworks/schema'
import type {
  Aggregate,
  Join,
  LogicalPlan,
  Projection,
  Recursive,
  TableScan,
  Union,
  Unnest,
  Values,
  Window,
} from '../logical-plan.js'
import { columnOf, joinNode, projectionNode, scanNode, withInputs } from '../plan-node.js'
import { aggregateColumns, windowColumns } from './expression-facts.js'
import { mapAggregate, mapExpressions, mapWindow } from './map-expressions.js'
import type { OptimizerRule } from './optimizer-rule.js'

/**
 * Nothing is read or computed that nobody uses: scans read the columns in use, projections, aggregates and windows
 * compute those alone.
 */
export const pruneColumns: OptimizerRule = {
  name: 'prune_columns',
  apply(plan) {
    const all = plan.schema.fields.map((_, i) => i)
    const pruned = prune(plan, new Set(all))
    return narrowed(pruned, all)
  },
}

/** A plan with at least the required columns, and where each former column is in it (-1: gone). */
interface Pruned {
  readonly plan: LogicalPlan
  readonly places: readonly number[]
}

const unchanged = (plan: LogicalPlan): Pruned => ({ plan, places: plan.schema.fields.map((_, i) => i) })
const isIdentityMap = (places: readonly number[]): boolean => places.every((place, i) => place === i)

function prune(plan: LogicalPlan, required: ReadonlySet<number>): Pruned {
  switch (plan.kind) {
    case 'scan':
      return pruneScan(plan, required)
    case 'values':
      return pruneValues(plan, required)
    case 'projection':
      return pruneProjection(plan, required)
    case 'filter':
      return pruneThrough(plan, required, columnsOf(plan.predicate))
    case 'sort':
      return pruneThrough(
        plan,
        required,
        plan.keys.flatMap((k) => columnsOf(k.expression)),
      )
    case 'limit':
      return pruneThrough(plan, required, [])
    case 'aggregate':
      return pruneAggregate(plan, required)
    case 'join':
      return pruneJoin(plan, required)
    case 'union':
      return pruneUnion(plan, required)
    case 'unnest':
      return pruneUnnest(plan, required)
    case 'recursive':
      return pruneRecursive(plan)
    case 'window':
      return pruneWindow(plan, required)
  }
}

/** Columns that are kept of `count`, in order; one at least (`cheapest`), since batches without columns are not made. */
function kept(count: number, required: ReadonlySet<number>, cheapest: () => number): number[] {
  const result: number[] = []
  for (let i = 0; i < count; i++) if (required.has(i)) result.push(i)
  if (result.length === 0 && count > 0) result.push(cheapest())
  return result
}

function placesOf(count: number, keep: readonly number[]): number[] {
  const places = new Array<number>(count).fill(-1)
  keep.forEach((column, place) => (places[column] = place))
  return places
}

const widthBytes = (type: DataType): number => {
  switch (type.kind) {
    case 'boolean':
    case 'int8':
      return 1
    case 'int16':
      return 2
    case 'int32':
    case 'float32':
    case 'date':
      return 4
    case 'int64':
    case 'float64':
    case 'timestamp':
    case 'timestamp_ntz':
      return 8
    case 'decimal':
      return type.precision <= 18 ? 8 : 16
    default:
      return 32
  }
}

function cheapestOf(fields: LogicalPlan['schema']['fields']): number {
  let best = 0
  fields.forEach((f, i) => {
    if (widthBytes(f.type) < widthBytes(fields[best]!.type)) best = i
  })
  return best
}

function pruneScan(plan: TableScan, required: ReadonlySet<number>): Pruned {
  const count = plan.projection.length
  const keep = kept(count, required, () => cheapestOf(plan.schema.fields))
  if (keep.length === count) return unchanged(plan)
  const projection = keep.map((i) => plan.projection[i]!)
  return {
    plan: scanNode(plan.table, { projection, filters: plan.filters, fetch: plan.fetch }),
    places: placesOf(count, keep),
  }
}

function pruneValues(plan: Values, required: ReadonlySet<number>): Pruned {
  const count = plan.schema.fields.length
  const keep = kept(count, required, () => cheapestOf(plan.schema.fields))
  if (keep.length === count) return unchanged(plan)
  const rows = plan.rows.map((row) => keep.map((i) => row[i]!))
  return {
    plan: { kind: 'values', rows, schema: { fields: keep.map((i) => plan.schema.fields[i]!) } },
    places: placesOf(count, keep),
  }
}

function pruneProjection(plan: Projection, required: ReadonlySet<number>): Pruned {
  const count = plan.expressions.length
  const keep = kept(count, required, () => cheapestOf(plan.schema.fields))
  const below = prune(plan.input, new Set(keep.flatMap((i) => columnsOf(plan.expressions[i]!))))
  if (keep.length === count && below.plan === plan.input) return unchanged(plan)
  const columns = keep.map((i) => ({
    name: plan.schema.fields[i]!.name,
    of: moved(plan.expressions[i]!, below.places),
  }))
  return { plan: projectionNode(below.plan, columns), places: placesOf(count, keep) }
}

const moved = (e: BoundExpression, places: readonly number[]): BoundExpression =>
  isIdentityMap(places) ? e : remapColumns(e, (i) => places[i]!)

/** Of nodes whose columns are their input's. */
function pruneThrough(
  plan: LogicalPlan & { readonly input: LogicalPlan },
  required: ReadonlySet<number>,
  own: number[],
): Pruned {
  const below = prune(plan.input, new Set([...required, ...own]))
  if (below.plan === plan.input) return unchanged(plan)
  const node = withInputs(plan, [below.plan])
  return { plan: mapExpressions(node, (e) => moved(e, below.places)), places: below.places }
}

/** Groups stay, or there would be other groups. */
function pruneAggregate(plan: Aggregate, required: ReadonlySet<number>): Pruned {
  const groups = plan.groupBy.length
  const count = plan.schema.fields.length
  const wanted = new Set([...required, ...plan.groupBy.keys()])
  const keep = kept(count, wanted, () => groups)
  const aggregates = keep.filter((i) => i >= groups).map((i) => plan.aggregates[i - groups]!)
  const below = prune(
    plan.input,
    new Set([...plan.groupBy.flatMap(columnsOf), ...aggregates.flatMap(aggregateColumns)]),
  )
  if (keep.length === count && below.plan === plan.input) return unchanged(plan)
  const change = (e: BoundExpression) => moved(e, below.places)
  return {
    plan: {
      kind: 'aggregate',
      input: below.plan,
      groupBy: plan.groupBy.map(change),
      aggregates: aggregates.map((a) => mapAggregate(a, change)),
      schema: { fields: keep.map((i) => plan.schema.fields[i]!) },
    },
    places: placesOf(count, keep),
  }
}

function pruneJoin(plan: Join, required: ReadonlySet<number>): Pruned {
  const width = plan.left.schema.fields.length
  const [left, right] = [new Set<number>(), new Set<number>()]
  const add = (i: number) => (i < width ? left.add(i) : right.add(i - width))
  required.forEach(add)
  if (plan.residual !== null) columnsOf(plan.residual).forEach(add)
  for (const key of plan.keys) {
    columnsOf(key.left).forEach((i) => left.add(i))
    columnsOf(key.right).forEach((i) => right.add(i))
  }
  const [a, b] = [exactly(plan.left, left), exactly(plan.right, right)]
  if (a.plan === plan.left && b.plan === plan.right) return unchanged(plan)
  const newWidth = a.plan.schema.fields.length
  const places = [...a.places, ...b.places.map((place) => (place < 0 ? -1 : place + newWidth))]
  const keys = plan.keys.map((key) => ({
    ...key,
    left: moved(key.left, a.places),
    right: moved(key.right, b.places),
  }))
  const residual = plan.residual === null ? null : moved(plan.residual, places)
  return {
    plan: joinNode(a.plan, b.plan, plan.joinType, keys, residual),
    places: places.slice(0, plan.schema.fields.length),
  }
}

/** Pruned to the required columns and no others: where columns are copied (joins), those for a filter below are in the way. */
function exactly(plan: LogicalPlan, required: ReadonlySet<number>): Pruned {
  const pruned = prune(plan, required)
  const count = plan.schema.fields.length
  const keep = kept(count, required, () =>
    Math.max(
      0,
      pruned.places.findIndex((place) => place >= 0),
    ),
  )
  if (pruned.plan.schema.fields.length === keep.length) return pruned
  return { plan: narrowed(pruned, keep), places: placesOf(count, keep) }
}

/** The wanted former columns, in their order. */
function narrowed({ plan, places }: Pruned, wanted: readonly number[]): LogicalPlan {
  if (wanted.length === plan.schema.fields.length && wanted.every((i, place) => places[i] === place)) return plan
  return projectionNode(
    plan,
    wanted.map((i) => ({ name: plan.schema.fields[places[i]!]!.name, of: columnOf(plan.schema, places[i]!) })),
  )
}

function pruneUnion(plan: Union, required: ReadonlySet<number>): Pruned {
  const count = plan.schema.fields.length
  const keep = kept(count, required, () => cheapestOf(plan.schema.fields))
  const wanted = new Set(keep)
  const inputs = plan.inputs.map((input) => narrowed(prune(input, wanted), keep))
  if (keep.length === count && inputs.every((input, i) => input === plan.inputs[i])) return unchanged(plan)
  return {
    plan: { kind: 'union', inputs, schema: { fields: keep.map((i) => plan.schema.fields[i]!) } },
    places: placesOf(count, keep),
  }
}

function pruneWindow(plan: Window, required: ReadonlySet<number>): Pruned {
  const width = plan.input.schema.fields.length
  const keep = plan.windows.map((_, i) => i).filter((i) => required.has(width + i))
  const windows = keep.map((i) => plan.windows[i]!)
  const wanted = new Set([...required].filter((i) => i < width))
  windows.flatMap(windowColumns).forEach((i) => wanted.add(i))
  const below = prune(plan.input, wanted)
  const newWidth = below.plan.schema.fields.length
  const places = [...below.places, ...placesOf(plan.windows.length, keep).map((p) => (p < 0 ? -1 : p + newWidth))]
  if (windows.length === 0) return { plan: below.plan, places }
  if (windows.length === plan.windows.length && below.plan === plan.input) return unchanged(plan)
  return {
    plan: {
      kind: 'window',
      input: below.plan,
      windows: windows.map((w) => mapWindow(w, (e) => moved(e, below.places))),
      schema: { fields: [...below.plan.schema.fields, ...keep.map((i) => plan.schema.fields[width + i]!)] },
    },
    places,
  }
}

/** What is unnested stays; of the input what the lists and the rest of the plan need. */
function pruneUnnest(plan: Unnest, required: ReadonlySet<number>): Pruned {
  const width = plan.input.schema.fields.length
  const wanted = new Set([...[...required].filter((i) => i < width), ...plan.lists.flatMap(columnsOf)])
  const below = prune(plan.input, wanted)
  if (below.plan === plan.input) return unchanged(plan)
  const newWidth = below.plan.schema.fields.length
  const added = plan.schema.fields.slice(width)
  return {
    plan: {
      ...plan,
      input: below.plan,
      lists: plan.lists.map((e) => moved(e, below.places)),
      schema: { fields: [...below.plan.schema.fields, ...added] },
    },
    places: [...below.places, ...added.map((_, i) => newWidth + i)],
  }
}

/** Every column feeds the next round; inside the two parts there may be some that nobody needs. */
function pruneRecursive(plan: Recursive): Pruned {
  const all = plan.schema.fields.map((_, i) => i)
  const [initial, step] = [plan.initial, plan.step].map((part) => narrowed(prune(part, new Set(all)), all))
  return unchanged(withInputs(plan, [initial!, step!]))
}
