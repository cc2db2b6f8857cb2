import { lit, rewriteExpression, type Expression } from '@deltaworks/expression'
import { date, type Schema } from '@deltaworks/schema'
import type { Constraint, Rule } from './rule.js'

/*
 * `ColumnValues "a" > "2024-01-31"` is made without knowing whether the column holds dates, timestamps or texts: the first ten
 * letters of its text are compared. Where the column has days, the days are.
 */

const comparisons = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in'])
const dayPattern = /^\d{4}-\d{2}-\d{2}$/

/** The rule with conditions on days as the table's types have them. */
export function typeDays(rule: Rule, schema: Schema): Rule {
  const constraint = typed(rule.constraint, schema)
  if (constraint === rule.constraint) return rule
  const { id, description, level, action, filter, hint, labels } = rule
  return {
    id,
    description,
    level,
    action,
    filter,
    constraint,
    ...(hint !== undefined && { hint }),
    ...(labels !== undefined && { labels }),
  }
}

function typed(constraint: Constraint, schema: Schema): Constraint {
  if (constraint.kind === 'composite') {
    const parts = constraint.parts.map((part) => typed(part, schema))
    return parts.every((part, i) => part === constraint.parts[i]) ? constraint : { ...constraint, parts }
  }
  if (constraint.kind !== 'compliance') return constraint
  let isChanged = false
  const predicate = rewriteExpression(constraint.predicate, (node) => {
    const compared = comparedDays(node, schema)
    if (compared !== null) isChanged = true
    return compared
  })
  return isChanged ? { ...constraint, predicate } : constraint
}

/** A comparison of days, if the node is one of the texts of a column that has days. */
function comparedDays(node: Expression, schema: Schema): Expression | null {
  if (node.kind !== 'call' || !comparisons.has(node.name)) return null
  const [first, ...others] = node.args
  const day = dayOf(first!, schema)
  const literals = others.map(dayLiteral)
  return day === null || literals.includes(null) ? null : { ...node, args: [day, ...(literals as Expression[])] }
}

/** The column of `left(cast(column as string), 10)`, as a date. */
function dayOf(node: Expression, schema: Schema): Expression | null {
  if (node.kind !== 'call' || node.name !== 'left') return null
  const [text, length] = node.args
  if (length?.kind !== 'literal' || length.value !== 10 || text?.kind !== 'cast') return null
  const { input } = text
  if (input.kind !== 'column' || text.type.kind !== 'string') return null
  const type = schema.fields.find(({ name }) => name.toLowerCase() === input.name.toLowerCase())?.type
  if (type?.kind === 'date') return input
  return type?.kind === 'timestamp' || type?.kind === 'timestamp_ntz' ? { ...text, type: date } : null
}

function dayLiteral(node: Expression): Expression | null {
  if (node.kind !== 'literal' || typeof node.value !== 'string' || !dayPattern.test(node.value)) return null
  const at = new Date(`${node.value}T00:00:00Z`)
  const isDay = !Number.isNaN(at.getTime()) && at.toISOString().startsWith(node.value)
  return isDay ? lit(at.getTime() / 86_400_000, date).node : null
}
