import { lit, when, type Expr, type Expression } from '@deltaworks/expression'
import { typeName, type DataType } from '@deltaworks/schema'
import { patternSource } from '../checks/patterns.js'
import { atLeast, boundsOf, formatBounds, type Limits } from '../bounds.js'
import { invalidRule } from '../errors.js'
import { exprOf, expressionOf, makeRule, type ColumnInput, type RuleBuilder } from '../rule-builder.js'
import { forAtLeast, labelOf } from './label.js'

/**
 * A business rule: the predicate holds on at least `threshold` of the rows on which it is not null.
 * @param name becomes the rule's id, and its description unless that is given
 */
export const satisfies = (name: string, predicate: Expr | Expression, threshold = 1, description = name): RuleBuilder =>
  makeRule({
    id: name,
    description: `${description}${forAtLeast(threshold)}`,
    constraint: {
      kind: 'compliance',
      predicate: expressionOf(predicate),
      nulls: 'skip',
      subject: null,
      reason: description,
      bounds: atLeast(threshold),
    },
  })

export function isContainedIn(
  column: ColumnInput,
  values: readonly (string | number | bigint | boolean)[],
  threshold = 1,
): RuleBuilder {
  if (values.length === 0) throw invalidRule('isContainedIn needs at least one allowed value')
  const shown = values.length > 8 ? `${values.slice(0, 8).join(', ')}, …` : values.join(', ')
  return valueRule('contained', column, (value) => value.in_([...values]), `one of ${shown}`, threshold)
}

/** The regular expression is found in the value; anchor it with ^ and $ to match the whole. */
export const matchesPattern = (column: ColumnInput, pattern: string | RegExp, threshold = 1): RuleBuilder => {
  const source = patternSource(pattern)
  return valueRule('matches', column, (value) => value.rlike(source), `of the form /${source}/`, threshold)
}

/** What browsers accept in an e-mail field, and a dot in its domain. */
const email =
  "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?([.][A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$"

export const isEmail = (column: ColumnInput, threshold = 1): RuleBuilder =>
  valueRule('email', column, (value) => value.rlike(email), 'a valid e-mail address', threshold)

export const isPositive = (column: ColumnInput, threshold = 1): RuleBuilder =>
  valueRule('positive', column, (value) => value.gt(lit(0)), 'positive', threshold)

export const isNonNegative = (column: ColumnInput, threshold = 1): RuleBuilder =>
  valueRule('non_negative', column, (value) => value.ge(lit(0)), 'zero or more', threshold)

/** Values within limits, by the column's own exact arithmetic: `isWithin('age', { atLeast: 0, lessThan: 150 })`. */
export function isWithin(column: ColumnInput, limits: Limits, threshold = 1): RuleBuilder {
  const bounds = boundsOf(limits)
  const {
    atLeast: low,
    moreThan,
    atMost: high,
    lessThan,
    equalTo,
  } = typeof limits === 'number' ? ({ equalTo: limits } as Exclude<Limits, number>) : limits
  const holds = (value: Expr): Expr => {
    const parts: Expr[] = []
    if (equalTo !== undefined) parts.push(value.eq(lit(equalTo)))
    if (low !== undefined) parts.push(value.ge(lit(low)))
    if (moreThan !== undefined) parts.push(value.gt(lit(moreThan)))
    if (high !== undefined) parts.push(value.le(lit(high)))
    if (lessThan !== undefined) parts.push(value.lt(lit(lessThan)))
    return parts.reduce((a, b) => a.and(b))
  }
  return valueRule('within', column, holds, formatBounds(bounds), threshold)
}

/** The value, mostly text, can be read as the type without loss. */
export const hasDataType = (column: ColumnInput, type: DataType, threshold = 1): RuleBuilder =>
  valueRule(
    `type_${typeName(type)}`,
    column,
    (value) => when(value.isNotNull(), value.tryCast(type).isNotNull()).otherwise(lit(null, { kind: 'boolean' })),
    `a ${typeName(type)}`,
    threshold,
  )

/** `holds` must give null exactly where the value is null. */
export function valueRule(
  name: string,
  column: ColumnInput,
  holds: (value: Expr) => Expr,
  wanted: string,
  threshold: number,
): RuleBuilder {
  const subject = expressionOf(column)
  const label = labelOf(subject)
  return makeRule({
    id: `${name}:${label}`,
    description: `${label} is ${wanted}${forAtLeast(threshold)}`,
    constraint: {
      kind: 'compliance',
      predicate: holds(exprOf(column)).node,
      nulls: 'skip',
      subject,
      reason: `is not ${wanted}`,
      bounds: atLeast(threshold),
    },
  })
}
