import {
  parseDecimal,
  string,
  tryParseDate,
  tryParseTimestamp,
  type DataType,
  type Value,
  type ValueOfType,
} from '@deltaworks/schema'
import { invalidCast } from './errors.js'
import { Expr } from './expr.js'
import type { LiteralValue, NullOf } from './expression-holder.js'
import { literalType, typedValue } from './literal.js'

/**
 * A constant. Without a type: whole numbers are int (or bigint), other numbers double, bigints bigint (or decimal). With a
 * type, text is parsed: `lit('2003-02-24', date)`, `lit('12.50', decimal(12, 2))`.
 */
export function lit<const T extends Value>(value: T): Expr<LiteralValue<T>>
export function lit<const T extends Value, const D extends DataType>(
  value: T,
  type: D,
): Expr<ValueOfType<D> | NullOf<T>>
export function lit(value: Value, type?: DataType): Expr {
  if (type === undefined) return new Expr({ kind: 'literal', value: typedValue(value), type: literalType(value) })
  return new Expr({ kind: 'literal', value: valueAs(value, type), type })
}

function valueAs(value: Value, type: DataType): Value {
  if (typeof value === 'string') {
    if (type.kind === 'date') return tryParseDate(value) ?? fail(value, type)
    if (type.kind === 'timestamp' || type.kind === 'timestamp_ntz') {
      const parsed = tryParseTimestamp(value)
      return parsed === null ? fail(value, type) : parsed.localMicros - BigInt(parsed.offsetMinutes ?? 0) * 60_000_000n
    }
    if (type.kind === 'decimal') return parseDecimal(value, type)
  }
  if (typeof value === 'number') {
    if (type.kind === 'int64') return BigInt(value)
    if (type.kind === 'decimal') return parseDecimal(String(value), type)
  }
  if (
    typeof value === 'bigint' &&
    (type.kind === 'int32' || type.kind === 'int16' || type.kind === 'int8' || type.kind === 'float64')
  )
    return Number(value)
  return value
}
function fail(value: string, type: DataType): never {
  throw invalidCast(value, string, type)
}
