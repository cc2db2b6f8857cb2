import { agg, expr, type Expr, type Expression } from '@deltaworks/expression'
import { isNumeric, type DataType, type Value } from '@deltaworks/schema'
import type { AggregateRequirement, Answers } from './analyzer.js'

/** count(*), of the rows that a rule asks about. */
export const countRows = (filter: Expression | null): Expr => filtered(agg.count(), filter)

export const filtered = (aggregate: Expr, filter: Expression | null): Expr =>
  filter === null ? aggregate : aggregate.filter(expr(filter))

/** Rows on which all of the predicates are true. */
export const countWhere = (predicate: Expr, filter: Expression | null): Expr =>
  agg.count().filter(filter === null ? predicate : predicate.and(expr(filter)))

export const countValues = (input: Expression, filter: Expression | null): Expr =>
  filtered(agg.count(expr(input)), filter)

export const aggregate = (expression: Expr): AggregateRequirement => ({
  kind: 'aggregate',
  expression: expression.node,
})

export const countOf = (answers: Answers, expression: Expr): number =>
  Number(answers.aggregate(expression.node).value ?? 0n)

/** A numeric, date or timestamp value as a double; null for null. */
export function asNumber(value: Value, type: DataType): number | null {
  if (value === null) return null
  if (type.kind === 'decimal') return Number(value as bigint) / 10 ** type.scale
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value)
  return null
}

export const isOrdered = (type: DataType): boolean => isNumeric(type) || type.kind === 'date'

/** At most six decimals, no trailing zeros. */
export const formatMetric = (metric: number): string =>
  Number.isInteger(metric) ? String(metric) : String(Number(metric.toFixed(6)))

/** `2,823`. By hand: the first use of `Intl` in a process costs 15 ms. */
export const formatCount = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')

/** `12 of 2,823 rows` */
export const ofRows = (count: number, rows: number, noun = 'rows'): string =>
  `${formatCount(count)} of ${formatCount(rows)} ${noun}`

/** The share, and null of nothing. */
export const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

export const both = (failing: Expr, filter: Expression | null): Expr =>
  filter === null ? failing : failing.and(expr(filter))
