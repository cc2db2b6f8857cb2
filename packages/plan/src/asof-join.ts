import {
  bindCall,
  castTo,
  columnsOf,
  commonType,
  conjuncts,
  remapColumns,
  type BoundExpression,
  type BoundSortKey,
  type BoundWindow,
} from '@deltaworks/expression'
import { boolean, int32, string, struct } from '@deltaworks/schema'
import { invalidJoin } from './errors.js'
import type { LogicalPlan } from './logical-plan.js'
import { castOf } from './plan-builder.js'
import { columnOf, columnsNamed, filterNode, projectionNode, unionNode, windowNode, type Named } from './plan-node.js'

/*
 * As-of join: each left row with the one right row of equal keys that is nearest before it (or after it, by the condition's
 * direction). Both sides are united, ordered by key and moment, and each left row takes the last right row before it: one sort,
 * no pair of rows is looked at. Of several right rows at one moment the greatest by its columns is taken.
 */

interface AsofCondition {
  readonly keys: readonly { readonly left: BoundExpression; readonly right: BoundExpression }[]
  readonly left: BoundExpression
  readonly right: BoundExpression
  /** Whether rows of one moment match. */
  readonly orEqual: boolean
  /** The nearest right row before the left one, or after it. */
  readonly before: boolean
}

const opposite: Readonly<Record<string, string>> = { ge: 'le', le: 'ge', gt: 'lt', lt: 'gt' }

/** @throws PlanError DW-PLAN-0005 unless it is equalities and one inequality */
function conditionOf(condition: BoundExpression, width: number): AsofCondition {
  const keys: { left: BoundExpression; right: BoundExpression }[] = []
  let order: Omit<AsofCondition, 'keys'> | null = null
  const sideOf = (e: BoundExpression): 'left' | 'right' | null => {
    const columns = columnsOf(e)
    if (columns.length === 0) return null
    return columns.every((i) => i < width) ? 'left' : columns.every((i) => i >= width) ? 'right' : null
  }
  const onRight = (e: BoundExpression): BoundExpression => remapColumns(e, (i) => i - width)
  for (const part of conjuncts(condition)) {
    const [a, b] = part.kind === 'call' ? part.args : []
    const sides = a === undefined || b === undefined ? null : ([sideOf(a), sideOf(b)] as const)
    if (part.kind !== 'call' || sides === null || sides[0] === null || sides[1] === null || sides[0] === sides[1]) {
      throw invalidJoin('an as-of join takes comparisons of a left with a right expression only')
    }
    const [left, right] = sides[0] === 'left' ? [a!, b!] : [b!, a!]
    const name = sides[0] === 'left' ? part.name : (opposite[part.name] ?? part.name)
    if (name === 'eq') keys.push({ left, right: onRight(right) })
    else if (opposite[name] !== undefined && order === null) {
      order = {
        left,
        right: onRight(right),
        orEqual: name === 'ge' || name === 'le',
        before: name === 'ge' || name === 'gt',
      }
    } else throw invalidJoin('an as-of join takes equalities and one of >=, >, <= and <')
  }
  if (order === null) throw invalidJoin('an as-of join needs one of >=, >, <= and <')
  return { ...order, keys }
}

/** @param condition over left columns, then right columns @param outer whether left rows without a match stay */
export function asofJoin(
  left: LogicalPlan,
  right: LogicalPlan,
  condition: BoundExpression,
  outer: boolean,
): LogicalPlan {
  const [leftWidth, rightWidth] = [left.schema.fields.length, right.schema.fields.length]
  const asof = conditionOf(condition, leftWidth)
  const moment = common(asof.left, asof.right)
  const keys = asof.keys.map((key) => common(key.left, key.right))
  const row = struct(right.schema.fields.map((f, i) => ({ name: `c${i}`, type: f.type, nullable: f.nullable })))
  const members = columnsNamed(right).flatMap(({ of }, i) => [literal(`c${i}`), of])
  const rightRow: BoundExpression = { kind: 'call', name: 'named_struct', args: members, type: row, nullable: false }
  const sideOf = (side: number): Named<BoundExpression> => ({
    name: 'side',
    of: { kind: 'literal', value: side, type: int32, nullable: false },
  })
  const missing = (type: BoundExpression['type']): BoundExpression => ({
    kind: 'literal',
    value: null,
    type,
    nullable: true,
  })
  const leftRows = projectionNode(left, [
    ...columnsNamed(left),
    ...keys.map((key, i) => ({ name: `key${i}`, of: key.left })),
    { name: 'moment', of: moment.left },
    sideOf(1),
    { name: 'row', of: missing(row) },
  ])
  const known = [...keys.map((key) => key.right), moment.right].map((e) => bindCall('is_not_null', [e]))
  const rightRows = projectionNode(filterNode(right, bindCall('and', [...known, trueLiteral])), [
    ...left.schema.fields.map((f) => ({ name: f.name, of: missing(f.type) })),
    ...keys.map((key, i) => ({ name: `key${i}`, of: key.right })),
    { name: 'moment', of: moment.right },
    sideOf(0),
    { name: 'row', of: rightRow },
  ])
  const both = unionNode([leftRows, rightRows])
  const at = (i: number): BoundExpression => columnOf(both.schema, i)
  const key = (i: number, descending: boolean): BoundSortKey => ({ expression: at(i), descending, nullsFirst: true })
  const momentPlace = leftWidth + keys.length
  const nearest: BoundWindow = {
    name: 'last_value',
    args: [at(momentPlace + 2), { kind: 'literal', value: true, type: boolean, nullable: false }],
    partitionBy: keys.map((_, i) => at(leftWidth + i)),
    // Right rows of the same moment come before the left ones if they match, else after; among themselves by their columns.
    orderBy: [key(momentPlace, !asof.before), key(momentPlace + 1, !asof.orEqual), key(momentPlace + 2, false)],
    frame: { mode: 'rows', start: null, end: 0 },
    filter: null,
    type: row,
    nullable: true,
  }
  const joined = windowNode(both, [{ name: 'nearest', of: nearest }])
  const found = columnOf(joined.schema, momentPlace + 3)
  const isLeft = bindCall('eq', [
    columnOf(joined.schema, momentPlace + 1),
    { kind: 'literal', value: 1, type: int32, nullable: false },
  ])
  const kept = filterNode(joined, outer ? isLeft : bindCall('and', [isLeft, bindCall('is_not_null', [found])]))
  return projectionNode(kept, [
    ...left.schema.fields.map((f, i) => ({ name: f.name, of: { ...columnOf(kept.schema, i), nullable: f.nullable } })),
    ...Array.from({ length: rightWidth }, (_, i): Named<BoundExpression> => ({
      name: right.schema.fields[i]!.name,
      of: {
        kind: 'call',
        name: 'get_field',
        args: [found, literal(`c${i}`)],
        type: row.fields[i]!.type,
        nullable: true,
      },
    })),
  ])
}

const literal = (value: string): BoundExpression => ({ kind: 'literal', value, type: string, nullable: false })
const trueLiteral: BoundExpression = { kind: 'literal', value: true, type: boolean, nullable: false }

function common(left: BoundExpression, right: BoundExpression) {
  const type = commonType(left.type, right.type)
  if (type === null) throw invalidJoin('the sides of an as-of join have no common type')
  return { left: castOf(left, type), right: castTo(right, type) }
}
