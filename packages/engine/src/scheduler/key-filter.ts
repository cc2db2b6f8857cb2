import {
  estimateRows,
  joinNode,
  scanNode,
  tableRows,
  type Join,
  type JoinKey,
  type JoinType,
  type LogicalPlan,
  type TableScan,
} from '@deltaworks/plan'
import { columnsOf, type BoundExpression } from '@deltaworks/expression'
import { boolean, type Value } from '@deltaworks/schema'
import type { Side } from '../operators/join/join-roles.js'
import { boundsOf, type BoundedScan, type BroadcastJoin, type StageTable } from './stage.js'

/*
 * Rows of one input of a join that can have no match in the other are dropped where they are read, once the other input is
 * known: a semi join with its keys right above the scan, and bounds that the scan prunes files and row groups by.
 */

/** A semi join put above a scan; the splits of its right input are told by the planner. */
export interface KeyFilter extends BroadcastJoin {
  readonly keyFilter: true
}

export const isKeyFilter = (plan: Join): plan is KeyFilter => 'keyFilter' in plan

/** An input that is larger than this is not looked at first for the sake of the other. */
const mostRows = 2_000_000
/** It is worth it if that is several times larger. */
const timesLarger = 2
/** The filter keeps about so much of the other input; more is not worth looking at each row once more. */
const selective = 0.3

/** Whether rows of the other side that match nothing of `side` can be dropped. */
function filtersOther(joinType: JoinType, side: Side): boolean {
  switch (joinType) {
    case 'inner':
    case 'left_semi':
      return true
    case 'left':
    case 'left_anti':
      return side === 'left'
    case 'right':
      return side === 'right'
    case 'full':
    case 'cross':
      return false
  }
}

/** The input that is to be computed first, because the other can be filtered by what it has; null: neither. */
export function firstSide({ joinType, keys, left, right }: Join): Side | null {
  if (keys.length === 0) return null
  const rows = { left: expectedRows(left), right: expectedRows(right) }
  const first = rows.left < rows.right ? 'left' : 'right'
  const other = first === 'left' ? 'right' : 'left'
  if (!filtersOther(joinType, first)) return null
  return rows[first] <= mostRows && rows[first] * timesLarger <= rows[other] ? first : null
}

/** Like `estimateRows`, but a join of a large input with a part of its other table keeps only that part. */
export function expectedRows(plan: LogicalPlan): number {
  switch (plan.kind) {
    case 'projection':
      return expectedRows(plan.input)
    case 'aggregate':
      return Math.min(estimateRows(plan), expectedRows(plan.input))
    case 'join': {
      if (plan.joinType !== 'inner' || plan.keys.length === 0) return estimateRows(plan)
      const [left, right] = [expectedRows(plan.left), expectedRows(plan.right)]
      const smaller: Side = left < right ? 'left' : 'right'
      const all = Math.max(...plan.keys.map((key) => baseRows(plan[smaller], key[smaller])))
      const kept = all === 0 ? 1 : Math.min(1, Math.min(left, right) / all)
      return Math.max(1, Math.max(left, right) * kept)
    }
    default:
      return estimateRows(plan)
  }
}

/** Where a column of a plan is read, and what lies between. */
interface Origin {
  readonly scan: TableScan
  /** Of the scan's output. */
  readonly column: number
  /** Something is computed of many rows in between: it is worth dropping them before. */
  readonly isFar: boolean
}

/** Null: the column is not one of a scan, or rows without it cannot be told apart in between. */
export function originOf(plan: LogicalPlan, column: number, isShared: (plan: LogicalPlan) => boolean): Origin | null {
  if (isShared(plan)) return null
  switch (plan.kind) {
    case 'scan':
      return plan.fetch === null ? { scan: plan, column, isFar: false } : null
    case 'filter':
      return originOf(plan.input, column, isShared)
    case 'projection':
    case 'aggregate': {
      const of: BoundExpression | undefined =
        plan.kind === 'projection' ? plan.expressions[column] : plan.groupBy[column]
      if (of?.kind !== 'column') return null
      const origin = originOf(plan.input, of.index, isShared)
      return origin === null || plan.kind === 'projection' ? origin : { ...origin, isFar: true }
    }
    case 'join':
      return joinOrigin(plan, column, isShared)
    default:
      return null
  }
}

function joinOrigin(plan: Join, column: number, isShared: (plan: LogicalPlan) => boolean): Origin | null {
  const width = plan.left.schema.fields.length
  const side: Side = column < width ? 'left' : 'right'
  const keeps =
    plan.joinType === 'inner' ||
    plan.joinType === 'cross' ||
    (side === 'left' ? plan.joinType !== 'right' && plan.joinType !== 'full' : plan.joinType === 'right')
  if (!keeps) return null
  const origin = originOf(plan[side], side === 'left' ? column : column - width, isShared)
  return origin === null ? null : { ...origin, isFar: true }
}

/** Puts filters where the keys of `other` are read. */
export interface KeyFilterRequest {
  readonly join: Join
  readonly first: Side
  /** What is known of the first input: its rows, and where they are. */
  readonly table: StageTable
  readonly rows: number
  /** The least and greatest key, by column of the first input. */
  bounds(column: number): readonly [Value, Value] | null
  isShared(plan: LogicalPlan): boolean
}

/** The other input with filters; itself if none is worth it. */
export function withKeyFilter(request: KeyFilterRequest): LogicalPlan {
  const { join, first, isShared } = request
  const other = first === 'left' ? 'right' : 'left'
  const targets = new Map<TableScan, { readonly origin: Origin; readonly key: JoinKey }[]>()
  for (const key of join.keys) {
    const [own, theirs] = [key[first], key[other]]
    if (own.kind !== 'column' || theirs.kind !== 'column' || key.nullSafe) continue
    const origin = originOf(join[other], theirs.index, isShared)
    if (origin === null) continue
    const known = targets.get(origin.scan)
    if (known === undefined) targets.set(origin.scan, [{ origin, key }])
    else known.push({ origin, key })
  }
  let plan = join[other]
  for (const [scan, keys] of targets) plan = replaceScan(plan, scan, filtered(request, scan, keys))
  return plan
}

/** Whether the other input is held as a whole, so that each row that is dropped before is one less to hold. */
const isHeld = ({ joinType }: Join, first: Side): boolean =>
  first === 'left' && (joinType === 'left_semi' || joinType === 'left_anti' || joinType === 'left')

function filtered(
  request: KeyFilterRequest,
  scan: TableScan,
  keys: readonly { readonly origin: Origin; readonly key: JoinKey }[],
): LogicalPlan {
  const { first, table, rows, join } = request
  const keyBounds = [...boundsOf(scan), ...keys.flatMap((key) => keyBoundsOf(request, scan, key))]
  const bounded: BoundedScan = { ...scan, keyBounds }
  const isSelective = keys.some(({ key }) => rows <= selective * baseRows(join[first], key[first]))
  if (!isSelective || !(isHeld(join, first) || keys.some(({ origin }) => origin.isFar))) return bounded
  const projection = keys.map(({ key }) => columnsOf(key[first])[0]!)
  const built = scanNode(table, { projection })
  const joinKeys = keys.map(({ origin, key }, i): JoinKey => {
    const left = columnAt(bounded, origin.column)
    return { left, right: columnAt(built, i), nullSafe: key.nullSafe }
  })
  const semi = joinNode(bounded, built, 'left_semi', joinKeys)
  return { ...semi, buildSide: 'right', retainBuild: true, keyFilter: true } as KeyFilter
}

/** How many rows there would be of the first input's key without any filter. */
function baseRows(plan: LogicalPlan, key: BoundExpression): number {
  const origin = key.kind === 'column' ? originOf(plan, key.index, () => false) : null
  return origin === null ? 0 : tableRows({ ...origin.scan, filters: [] })
}

function keyBoundsOf(
  { bounds, first }: KeyFilterRequest,
  scan: TableScan,
  { origin, key }: { readonly origin: Origin; readonly key: JoinKey },
): readonly BoundExpression[] {
  const own = key[first]
  const known = own.kind === 'column' ? bounds(own.index) : null
  if (known === null) return []
  const index = scan.projection[origin.column]!
  const column = { ...columnAt(scan, origin.column), index }
  const { type, nullable } = column
  const compared = (name: 'ge' | 'le', value: Value): BoundExpression => ({
    kind: 'call',
    name,
    args: [column, { kind: 'literal', value, type, nullable: false }],
    type: boolean,
    nullable,
  })
  return [compared('ge', known[0]), compared('le', known[1])]
}

function columnAt({ schema }: LogicalPlan, index: number) {
  const { name, type, nullable } = schema.fields[index]!
  return { kind: 'column', index, name, type, nullable } as const
}

function replaceScan(plan: LogicalPlan, scan: TableScan, by: LogicalPlan): LogicalPlan {
  if (plan === scan) return by
  switch (plan.kind) {
    case 'filter':
    case 'projection':
    case 'aggregate':
      return { ...plan, input: replaceScan(plan.input, scan, by) }
    case 'join':
      return { ...plan, left: replaceScan(plan.left, scan, by), right: replaceScan(plan.right, scan, by) }
    default:
      return plan
  }
}
