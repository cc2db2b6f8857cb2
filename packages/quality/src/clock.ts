import { Expr, lit, rewriteExpression, type Expression } from '@deltaworks/expression'
import { microsPerDay, timestamp } from '@deltaworks/schema'
import type { Constraint, Rule } from './rule.js'

/*
 * Conditions may speak of now: `ColumnValues "load_date" > (now() - 3 days)`. Rules are made once and evaluated often, so what
 * stands in them is a mark, for which the verification's clock is put when it is evaluated.
 */

const mark = 'quality_clock'

/** @param timeOfDayMicros a time of the clock's day instead of the clock's own */
export const clockMark = (offsetMicros: bigint, timeOfDayMicros: bigint | null = null): Expr =>
  new Expr({ kind: 'call', name: mark, args: [lit(offsetMicros).node, lit(timeOfDayMicros).node] })

/** The rule with the clock in it; most rules do not speak of it and stay as they are. */
export function pinClock(rule: Rule, nowMicros: bigint): Rule {
  if (!speaksOfNow(rule.constraint)) return rule
  const { id, description, level, action, filter, constraint, hint, labels } = rule
  return {
    id,
    description,
    level,
    action,
    filter,
    constraint: pinned(constraint, nowMicros),
    ...(hint !== undefined && { hint }),
    ...(labels !== undefined && { labels }),
  }
}

const speaksOfNow = (constraint: Constraint): boolean =>
  constraint.kind === 'compliance'
    ? constraint.clock === true
    : constraint.kind === 'composite' && constraint.parts.some(speaksOfNow)

function pinned(constraint: Constraint, nowMicros: bigint): Constraint {
  if (constraint.kind === 'composite')
    return { ...constraint, parts: constraint.parts.map((part) => pinned(part, nowMicros)) }
  if (constraint.kind !== 'compliance' || constraint.clock !== true) return constraint
  return { ...constraint, predicate: rewriteExpression(constraint.predicate, (node) => valueOf(node, nowMicros)) }
}

function valueOf(node: Expression, nowMicros: bigint): Expression | null {
  if (node.kind !== 'call' || node.name !== mark) return null
  const [offset, timeOfDay] = node.args.map((arg) => (arg.kind === 'literal' ? (arg.value as bigint | null) : null))
  const day = nowMicros - (nowMicros % BigInt(microsPerDay))
  const from = timeOfDay === null || timeOfDay === undefined ? nowMicros : day + timeOfDay
  return lit(from + (offset ?? 0n), timestamp).node
}
