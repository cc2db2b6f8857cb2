import type { BoundExpression } from '@deltaworks/expression'
import { isInteger, type DataType, type Value } from '@deltaworks/schema'
import type { ColumnRange, TableStatistics } from '../table-provider.js'

/** What is known of a column by its position; null for nothing. */
export type RangeOf = (column: number) => ColumnRange | null
export const noRanges: RangeOf = () => null

/**
 * Which part of the rows a condition leaves: by the columns' ranges, where values are taken to be spread evenly, else by rules of
 * thumb.
 */
export function selectivity(e: BoundExpression, ranges: RangeOf = noRanges): number {
  if (e.kind !== 'call') return e.kind === 'literal' && e.value === true ? 1 : 0.5
  switch (e.name) {
    case 'eq':
    case 'is_not_distinct_from':
      return equality(e.args, ranges) ?? 0.1
    case 'is_null':
      return 0.1
    case 'in':
      return Math.min(0.5, (equality(e.args, ranges) ?? 0.1) * (e.args.length - 1))
    case 'ne':
    case 'is_not_null':
      return 0.9
    case 'lt':
    case 'le':
    case 'gt':
    case 'ge':
      return comparison(e, ranges) ?? 0.33
    case 'like':
    case 'starts_with':
    case 'contains':
      return 0.15
    case 'not':
      return 1 - selectivity(e.args[0]!, ranges)
    case 'or':
      return 1 - e.args.reduce((rest, arg) => rest * (1 - selectivity(arg, ranges)), 1)
    case 'and':
      return conjunction(e.args, ranges)
    default:
      return 0.33
  }
}

/** All of the conditions; a lower and an upper bound of one column are one range. */
export function conjunction(parts: readonly BoundExpression[], ranges: RangeOf): number {
  const spans = new Map<number, [number, number]>()
  let result = 1
  for (const part of parts) {
    const span = spanOf(part, ranges)
    if (span === null) {
      result *= selectivity(part, ranges)
      continue
    }
    const [low, high] = spans.get(span.column) ?? [0, 1]
    spans.set(span.column, [Math.max(low, span.low), Math.min(high, span.high)])
  }
  for (const [low, high] of spans.values()) result *= Math.max(0.0001, high - low)
  return result
}

interface Span {
  readonly column: number
  /** Where it begins and ends, 0 the least and 1 the greatest value of the column. */
  readonly low: number
  readonly high: number
}

/** A comparison of a column of known range with a constant, as a part of the range. */
function spanOf(e: BoundExpression, ranges: RangeOf): Span | null {
  if (e.kind !== 'call' || !['lt', 'le', 'gt', 'ge'].includes(e.name)) return null
  const [left, right] = e.args.map(withoutCast) as [BoundExpression, BoundExpression]
  const isMirrored = left.kind === 'literal'
  const [column, literal] = isMirrored ? [right, left] : [left, right]
  if (column.kind !== 'column' || literal.kind !== 'literal' || literal.value === null) return null
  const range = ranges(column.index)
  const [low, high, at] = [
    numberOf(column.type, range?.min ?? null),
    numberOf(column.type, range?.max ?? null),
    numberOf(literal.type, literal.value),
  ]
  if (low === null || high === null || at === null) return null
  const place = high === low ? (at < low ? 0 : 1) : Math.min(1, Math.max(0, (at - low) / (high - low)))
  const isBelow = (e.name === 'lt' || e.name === 'le') !== isMirrored
  return { column: column.index, low: isBelow ? 0 : place, high: isBelow ? place : 1 }
}

const withoutCast = (e: BoundExpression): BoundExpression => (e.kind === 'cast' ? withoutCast(e.input) : e)

function comparison(e: BoundExpression, ranges: RangeOf): number | null {
  const span = spanOf(e, ranges)
  return span === null ? null : Math.max(0.0001, span.high - span.low)
}

function equality(args: readonly BoundExpression[], ranges: RangeOf): number | null {
  const [left, right] = args.map(withoutCast) as [BoundExpression, BoundExpression]
  const column = left.kind === 'column' ? left : right
  if (column.kind !== 'column') return null
  const values = distinctValues(column.type, ranges(column.index))
  return values === null ? null : 1 / values
}

/** How many values a column of whole numbers or dates can have at most; null if that is not known. */
export function distinctValues(type: DataType, range: ColumnRange | null): number | null {
  if (range === null || range.min === null || range.max === null) return null
  if (!isInteger(type) && type.kind !== 'date') return null
  return Math.max(1, Number(range.max) - Number(range.min) + 1)
}

function numberOf(type: DataType, value: Value): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'bigint') return null
  return type.kind === 'decimal' ? Number(value) / 10 ** type.scale : Number(value)
}

/** The ranges of a table's columns by their positions in its schema. */
export const rangesOf =
  ({ columns }: TableStatistics, names: readonly string[]): RangeOf =>
  (column) =>
    columns?.[names[column] ?? ''] ?? null
