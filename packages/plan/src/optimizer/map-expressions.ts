import type { BoundAggregate, BoundExpression, BoundSortKey, BoundWindow } from '@deltaworks/expression'
import type { LogicalPlan } from '../logical-plan.js'

type Change = (e: BoundExpression) => BoundExpression

/** The list with each item changed; the same list if no item changed. */
export function mapSame<T>(items: readonly T[], change: (item: T) => T): readonly T[] {
  let result: T[] | null = null
  for (let i = 0; i < items.length; i++) {
    const changed = change(items[i]!)
    if (result === null && changed !== items[i]) result = items.slice(0, i)
    result?.push(changed)
  }
  return result ?? items
}

export function mapAggregate(a: BoundAggregate, change: Change): BoundAggregate {
  const args = mapSame(a.args, change)
  const filter = a.filter === null ? null : change(a.filter)
  return args === a.args && filter === a.filter ? a : { ...a, args, filter }
}

export function mapSortKey(key: BoundSortKey, change: Change): BoundSortKey {
  const expression = change(key.expression)
  return expression === key.expression ? key : { ...key, expression }
}

function mapFrame(frame: BoundWindow['frame'], change: Change): BoundWindow['frame'] {
  if (frame?.range === undefined) return frame
  const { key, start, end } = frame.range
  const range = {
    key: change(key),
    start: start === null ? null : change(start),
    end: end === null ? null : change(end),
  }
  const same = range.key === key && range.start === start && range.end === end
  return same ? frame : { ...frame, range }
}

export function mapWindow(w: BoundWindow, change: Change): BoundWindow {
  const args = mapSame(w.args, change)
  const filter = w.filter === null ? null : change(w.filter)
  const partitionBy = mapSame(w.partitionBy, change)
  const orderBy = mapSame(w.orderBy, (key) => mapSortKey(key, change))
  const frame = mapFrame(w.frame, change)
  const same =
    args === w.args &&
    filter === w.filter &&
    frame === w.frame &&
    partitionBy === w.partitionBy &&
    orderBy === w.orderBy
  return same ? w : { ...w, args, filter, frame, partitionBy, orderBy }
}

/** The node with each of its own expressions changed; the node itself if none changed. Types must stay as they are. */
export function mapExpressions(plan: LogicalPlan, change: Change): LogicalPlan {
  switch (plan.kind) {
    case 'values':
    case 'limit':
    case 'union':
    case 'recursive':
      return plan
    case 'unnest': {
      const lists = mapSame(plan.lists, change)
      return lists === plan.lists ? plan : { ...plan, lists }
    }
    case 'scan': {
      const filters = mapSame(plan.filters, change)
      return filters === plan.filters ? plan : { ...plan, filters }
    }
    case 'projection': {
      const expressions = mapSame(plan.expressions, change)
      return expressions === plan.expressions ? plan : { ...plan, expressions }
    }
    case 'filter': {
      const predicate = change(plan.predicate)
      return predicate === plan.predicate ? plan : { ...plan, predicate }
    }
    case 'aggregate': {
      const groupBy = mapSame(plan.groupBy, change)
      const aggregates = mapSame(plan.aggregates, (a) => mapAggregate(a, change))
      return groupBy === plan.groupBy && aggregates === plan.aggregates ? plan : { ...plan, groupBy, aggregates }
    }
    case 'join': {
      const keys = mapSame(plan.keys, (key) => {
        const [left, right] = [change(key.left), change(key.right)]
        return left === key.left && right === key.right ? key : { ...key, left, right }
      })
      const residual = plan.residual === null ? null : change(plan.residual)
      return keys === plan.keys && residual === plan.residual ? plan : { ...plan, keys, residual }
    }
    case 'sort': {
      const keys = mapSame(plan.keys, (key) => mapSortKey(key, change))
      return keys === plan.keys ? plan : { ...plan, keys }
    }
    case 'window': {
      const windows = mapSame(plan.windows, (w) => mapWindow(w, change))
      return windows === plan.windows ? plan : { ...plan, windows }
    }
  }
}
