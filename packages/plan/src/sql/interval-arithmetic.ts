import { parseInterval, type Expression, type Interval } from '@deltaworks/expression'
import type { A_Expr, FuncCall } from 'libpg-query'
import { sqlInvalid } from '../errors.js'
import { addInterval } from './interval.js'
import type { SqlText } from './sql-text.js'
import { locationOf, namesOf, type Node } from './syntax-tree.js'

/** What arithmetic with intervals needs of the conversion around it. */
export interface IntervalSite {
  readonly text: SqlText
  convert(node: Node): Expression
}

/** A date or timestamp plus or minus an interval that is written there; null if neither side is one. */
export function intervalArithmetic(site: IntervalSite, e: A_Expr, name: string): Expression | null {
  const scaled = name === '+' || name === '-' ? scaledInterval(site, e, name) : null
  if (scaled !== null) return scaled
  const [left, right] = [intervalOf(e.lexpr!, site.text), intervalOf(e.rexpr!, site.text)]
  if (left === null && right === null) return null
  if (right !== null && left === null && (name === '+' || name === '-') && !isIntervalValue(e.lexpr!)) {
    return addInterval(site.convert(e.lexpr!), right, name === '+' ? 1 : -1)
  }
  if (left !== null && right === null && name === '+' && !isIntervalValue(e.rexpr!)) {
    return addInterval(site.convert(e.rexpr!), left, 1)
  }
  return null
}

/** An interval that is written as one; null for anything else. */
export function intervalOf(node: Node, text: SqlText): Interval | null {
  if (!('TypeCast' in node)) return null
  const { arg, typeName } = node.TypeCast
  if (namesOf(typeName?.names).at(-1) !== 'interval') return null
  if (arg === undefined || !isText(arg)) return null
  const mask = typeName?.typmods?.[0]
  const bits = mask !== undefined && 'A_Const' in mask ? (mask.A_Const.ival?.ival ?? null) : null
  const source = ('sval' in arg.A_Const ? arg.A_Const.sval?.sval : '') ?? ''
  const parsed = parseInterval(source, bits)
  if (parsed === null) throw sqlInvalid(`'${source}' is no interval`, text.position(locationOf(node)))
  return parsed
}

export const isText = (node: Node): node is Extract<Node, { A_Const: unknown }> =>
  'A_Const' in node && 'sval' in node.A_Const

/** Whether the operand is an interval itself, as far as its writing tells. */
function isIntervalValue(node: Node): boolean {
  if ('TypeCast' in node) return namesOf(node.TypeCast.typeName?.names).at(-1) === 'interval'
  if ('FuncCall' in node) return intervalCalls.has(namesOf(node.FuncCall.funcname).at(-1) ?? '')
  if (!('A_Expr' in node) || node.A_Expr.kind !== 'AEXPR_OP') return false
  const { lexpr, rexpr } = node.A_Expr
  const sides = [lexpr, rexpr].filter((side) => side !== undefined)
  const name = namesOf(node.A_Expr.name).at(-1)
  return name === '*' || name === '/' ? sides.some(isIntervalValue) : sides.every(isIntervalValue)
}

/** date ± make_interval(days => n): part by part, so that a date plus days is a date. Null for what is not so simple. */
function madeInterval(site: IntervalSite, e: A_Expr, { args = [] }: FuncCall, sign: 1 | -1): Expression | null {
  const names = ['years', 'months', 'weeks', 'days', 'hours', 'mins', 'secs']
  const parts = args.map((arg, i) =>
    'NamedArgExpr' in arg
      ? { name: arg.NamedArgExpr.name ?? '', value: arg.NamedArgExpr.arg! }
      : { name: names[i] ?? '', value: arg },
  )
  const units = parts.map(({ name }) => parseInterval(`1 ${name}`, null))
  if (units.includes(null) || parts.some(({ name }) => name.startsWith('sec'))) return null
  return parts.reduce<Expression>(
    (value, part, i) => addInterval(value, units[i]!, sign, site.convert(part.value)),
    site.convert(e.lexpr!),
  )
}

/** date ± n * interval. */
function scaledInterval(site: IntervalSite, e: A_Expr, name: string): Expression | null {
  const sign = name === '-' ? -1 : 1
  const right = e.rexpr!
  if ('FuncCall' in right && namesOf(right.FuncCall.funcname).at(-1) === 'make_interval')
    return madeInterval(site, e, right.FuncCall, sign)
  if (!('A_Expr' in right) || right.A_Expr.kind !== 'AEXPR_OP' || namesOf(right.A_Expr.name).at(-1) !== '*') return null
  const { lexpr, rexpr } = right.A_Expr
  const [a, b] = [intervalOf(lexpr!, site.text), intervalOf(rexpr!, site.text)]
  if ((a === null && b === null) || isIntervalValue(e.lexpr!)) return null
  return addInterval(site.convert(e.lexpr!), (a ?? b)!, sign, site.convert(a === null ? lexpr! : rexpr!))
}

const intervalCalls: ReadonlySet<string> = new Set([
  'make_interval',
  'age',
  'to_years',
  'to_months',
  'to_weeks',
  'to_days',
  'to_hours',
  'to_minutes',
  'to_seconds',
])
