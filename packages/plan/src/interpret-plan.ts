import {
  expressionKey,
  interpret,
  interpretAggregate,
  utcContext,
  valuesCompare,
  type BoundAggregate,
  type BoundExpression,
  type BoundSortKey,
  type BoundWindow,
  type EvaluationContext,
} from '@deltaworks/expression'
import type { Value } from '@deltaworks/schema'
import { invalidPlan } from './errors.js'
import type { Join, LogicalPlan, Recursive, TableScan, Unnest, Window } from './logical-plan.js'
import { memoryTable } from './memory-table.js'
import { stepOver } from './plan-node.js'

type Row = readonly Value[]

/**
 * The rows of a plan, row by row and in memory: what every node means, and the twin that engines and the optimizer are tested
 * against. Tables must be memory tables.
 */
export function interpretPlan(plan: LogicalPlan, context: EvaluationContext = utcContext): readonly Row[] {
  const valueOf = (e: BoundExpression, row: Row): Value => interpret(e, row, context)
  switch (plan.kind) {
    case 'scan':
      return scanRows(plan, context)
    case 'values':
      return plan.rows
    case 'projection':
      return interpretPlan(plan.input, context).map((row) => plan.expressions.map((e) => valueOf(e, row)))
    case 'filter':
      return interpretPlan(plan.input, context).filter((row) => valueOf(plan.predicate, row) === true)
    case 'aggregate': {
      const rows = interpretPlan(plan.input, context)
      const groups = groupRows(rows, plan.groupBy, context)
      if (plan.groupBy.length === 0 && groups.length === 0) groups.push([])
      return groups.map((group) => [
        ...plan.groupBy.map((e) => valueOf(e, group[0]!)),
        ...plan.aggregates.map((a) => interpretAggregate(a, group, context)),
      ])
    }
    case 'join':
      return joinRows(plan, context)
    case 'sort':
      return sortRows(interpretPlan(plan.input, context), plan.keys, context).slice(0, plan.fetch ?? undefined)
    case 'limit':
      return interpretPlan(plan.input, context).slice(
        plan.skip,
        plan.fetch === null ? undefined : plan.skip + plan.fetch,
      )
    case 'union':
      return plan.inputs.flatMap((input) => interpretPlan(input, context))
    case 'window':
      return windowRows(plan, context)
    case 'unnest':
      return unnestRows(plan, context)
    case 'recursive':
      return recursiveRows(plan, context)
  }
}

function scanRows(plan: TableScan, context: EvaluationContext): readonly Row[] {
  const scan = plan.table.scan({ projection: plan.projection, filters: plan.filters, fetch: plan.fetch })
  if (scan instanceof Promise) throw invalidPlan('only memory tables can be interpreted')
  return scan.splits
    .flatMap((split) => {
      if (split.kind !== 'rows') throw invalidPlan('only memory tables can be interpreted')
      return split.rows
    })
    .filter((row) => plan.filters.every((e) => interpret(e, row, context) === true))
    .slice(0, plan.fetch ?? undefined)
    .map((row) => plan.projection.map((i) => row[i]!))
}

/** Rows with equal keys; null equals null. Groups in the order of their first rows. */
function groupRows(rows: readonly Row[], keys: readonly BoundExpression[], context: EvaluationContext): Row[][] {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = expressionKey(keys.map((e) => interpret(e, row, context)))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
}

function joinRows(plan: Join, context: EvaluationContext): readonly Row[] {
  const [left, right] = [interpretPlan(plan.left, context), interpretPlan(plan.right, context)]
  const matched = new Set<Row>()
  const nulls = (count: number): Row => new Array<Value>(count).fill(null)
  const matches = (l: Row, r: Row): boolean =>
    plan.keys.every((key) => {
      const [a, b] = [interpret(key.left, l, context), interpret(key.right, r, context)]
      if (a === null || b === null) return key.nullSafe && a === null && b === null
      return valuesCompare(key.left.type, a, b) === 0
    }) &&
    (plan.residual === null || interpret(plan.residual, [...l, ...r], context) === true)
  const result: Row[] = []
  for (const l of left) {
    const found = right.filter((r) => matches(l, r))
    for (const r of found) matched.add(r)
    if (plan.joinType === 'left_semi' || plan.joinType === 'left_anti') {
      if (found.length > 0 === (plan.joinType === 'left_semi')) result.push(l)
      continue
    }
    for (const r of found) result.push([...l, ...r])
    const keepsLeft = plan.joinType === 'left' || plan.joinType === 'full'
    if (found.length === 0 && keepsLeft) result.push([...l, ...nulls(plan.right.schema.fields.length)])
  }
  if (plan.joinType === 'right' || plan.joinType === 'full') {
    const width = plan.left.schema.fields.length
    for (const r of right) if (!matched.has(r)) result.push([...nulls(width), ...r])
  }
  return result
}

const compareBy =
  (keys: readonly BoundSortKey[], context: EvaluationContext) =>
  (x: Row, y: Row): number => {
    for (const key of keys) {
      const [a, b] = [interpret(key.expression, x, context), interpret(key.expression, y, context)]
      if (a === null && b === null) continue
      if (a === null || b === null) return (a === null) === key.nullsFirst ? -1 : 1
      const order = valuesCompare(key.expression.type, a, b)
      if (order !== 0) return key.descending ? -order : order
    }
    return 0
  }

const sortRows = (rows: readonly Row[], keys: readonly BoundSortKey[], context: EvaluationContext): Row[] =>
  [...rows].sort(compareBy(keys, context))

function windowRows(plan: Window, context: EvaluationContext): readonly Row[] {
  const rows = interpretPlan(plan.input, context)
  const values = new Map<Row, Value[]>(rows.map((row) => [row, []]))
  // Two equal rows must stay apart: they are told by identity.
  const own = rows.map((row) => [...row])
  own.forEach((row) => values.set(row, []))
  for (const window of plan.windows) {
    for (const partition of groupRows(own, window.partitionBy, context)) {
      const sorted = sortRows(partition, window.orderBy, context)
      sorted.forEach((row, i) => values.get(row)!.push(windowValue(window, sorted, i, context)))
    }
  }
  return own.map((row) => [...row, ...values.get(row)!])
}

function windowValue(window: BoundWindow, rows: readonly Row[], at: number, context: EvaluationContext): Value {
  const compare = compareBy(window.orderBy, context)
  const arg = (i: number, row: Row): Value => interpret(window.args[i]!, row, context)
  const peers = (i: number): boolean => compare(rows[i]!, rows[at]!) === 0
  const firstPeer = rows.findIndex((_, i) => peers(i))
  switch (window.name) {
    case 'row_number':
      return at + 1
    case 'rank':
      return firstPeer + 1
    case 'dense_rank':
      return rows.slice(0, at + 1).filter((row, i) => i === 0 || compare(rows[i - 1]!, row) !== 0).length
    case 'percent_rank':
      return rows.length === 1 ? 0 : firstPeer / (rows.length - 1)
    case 'cume_dist':
      return rows.filter((row) => compare(row, rows[at]!) <= 0).length / rows.length
    case 'ntile': {
      const buckets = Number(arg(0, rows[at]!))
      const [size, larger] = [Math.floor(rows.length / buckets), rows.length % buckets]
      const split = larger * (size + 1)
      return at < split ? Math.floor(at / (size + 1)) + 1 : larger + Math.floor((at - split) / Math.max(1, size)) + 1
    }
    case 'lag':
    case 'lead': {
      const offset = window.args.length > 1 ? Number(arg(1, rows[at]!)) : 1
      const other = rows[window.name === 'lag' ? at - offset : at + offset]
      if (other !== undefined) return arg(0, other)
      return window.args.length > 2 ? arg(2, rows[at]!) : null
    }
    default:
      return overFrame(window, frameRows(window, rows, at, compare, context), rows[at]!, context)
  }
}

/** The rows of the frame, each with its place among `rows`, without those that EXCLUDE and FILTER leave out. */
function frameRows(
  window: BoundWindow,
  rows: readonly Row[],
  at: number,
  compare: (a: Row, b: Row) => number,
  context: EvaluationContext,
): readonly Row[] {
  const frame = window.frame ?? { mode: 'range', start: null, end: null }
  const { mode, start, end, exclude } = frame
  const place = (i: number): number => {
    if (mode === 'rows') return i - at
    const [low, high] = i < at ? [i, at] : [at, i]
    const groups = rows.slice(low + 1, high + 1).filter((row, k) => compare(rows[low + k]!, row) !== 0).length
    return i < at ? -groups : groups
  }
  const isWithin = (row: Row, i: number): boolean => {
    if (mode === 'range' && frame.range !== undefined) return isInRange(window, rows[at]!, row, place(i), context)
    return (start === null || place(i) >= start) && (end === null || place(i) <= end)
  }
  return rows.filter((row, i) => {
    if (!isWithin(row, i)) return false
    if (exclude === 'current row' && i === at) return false
    if (exclude === 'group' && compare(row, rows[at]!) === 0) return false
    if (exclude === 'ties' && i !== at && compare(row, rows[at]!) === 0) return false
    return window.filter === null || interpret(window.filter, row, context) === true
  })
}

/** Whether a row's order key lies between the keys that the current row computes. Nulls are only near to nulls. */
function isInRange(window: BoundWindow, current: Row, row: Row, groups: number, context: EvaluationContext): boolean {
  const { start, end, range } = window.frame!
  const sign = window.orderBy[0]!.descending ? -1 : 1
  const [key, own] = [interpret(range!.key, row, context), interpret(range!.key, current, context)]
  const from = (bound: BoundExpression | null, side: 1 | -1, offset: number | null): boolean => {
    if (offset === null) return true
    if (bound === null || own === null) return side * groups >= 0
    if (key === null) return false
    return side * sign * valuesCompare(range!.key.type, key, interpret(bound, current, context)!) >= 0
  }
  return from(range!.start, 1, start) && from(range!.end, -1, end)
}

function overFrame(window: BoundWindow, all: readonly Row[], current: Row, context: EvaluationContext): Value {
  const valueAt = (row: Row | undefined): Value => (row === undefined ? null : interpret(window.args[0]!, row, context))
  const ignoresNulls = window.args.length > 1 && interpret(window.args[1]!, current, context) === true
  const rows = ignoresNulls ? all.filter((row) => valueAt(row) !== null) : all
  switch (window.name) {
    case 'first_value':
    case 'first':
      return valueAt(rows[0])
    case 'last_value':
    case 'last':
      return valueAt(rows[rows.length - 1])
    case 'nth_value':
      return valueAt(rows[Number(interpret(window.args[1]!, current, context)) - 1])
    default: {
      const { name, args, type, nullable, distinct = false } = window
      const aggregate: BoundAggregate = { name, args, distinct, filter: null, type, nullable }
      return interpretAggregate(aggregate, rows, context)
    }
  }
}

function unnestRows(plan: Unnest, context: EvaluationContext): readonly Row[] {
  return interpretPlan(plan.input, context).flatMap((row) => {
    const lists = plan.lists.map((e) => (interpret(e, row, context) ?? []) as readonly Value[])
    const count = Math.max(0, ...lists.map((values) => values.length))
    const elements = (i: number): readonly Value[] =>
      plan.lists.flatMap(({ type }, place): readonly Value[] => {
        const value = lists[place]![i] ?? null
        return type.kind === 'map' ? ((value as readonly Value[] | null) ?? [null, null]) : [value]
      })
    const rows = Array.from({ length: count }, (_, i) => [
      ...row,
      ...elements(i),
      ...(plan.ordinality ? [BigInt(i + 1)] : []),
    ])
    return rows.length === 0 && plan.outer ? [[...row, ...elements(0), ...(plan.ordinality ? [null] : [])]] : rows
  })
}

function recursiveRows(plan: Recursive, context: EvaluationContext): readonly Row[] {
  const seen = new Set<string>()
  const result: Row[] = []
  let rows = interpretPlan(plan.initial, context)
  for (;;) {
    const fresh = rows.filter((row) => {
      const key = expressionKey(row)
      if (plan.distinct && seen.has(key)) return false
      seen.add(key)
      return true
    })
    if (fresh.length === 0) return result
    result.push(...fresh)
    rows = interpretPlan(stepOver(plan, memoryTable(plan.schema, fresh)), context)
  }
}
