import {
  asDecimal,
  decimal,
  float32,
  float64,
  int64,
  isFloat,
  isInteger,
  isNumeric,
  isTimestamp,
  typesEqual,
  widerType,
  type DataType,
  type DecimalType,
  type IntegerType,
} from '@deltaworks/schema'
import type { BoundExpression } from './expression.js'

/*
 * Spark 4 ANSI type coercion (AnsiTypeCoercion): integers widen; a decimal beside an integer stays exact; beside a float all
 * become double; a string beside an integer becomes bigint, beside a float or decimal double, beside anything else that type.
 */

const integerRank = { int8: 0, int16: 1, int32: 2, int64: 3 } as const

export const widerInteger = (a: IntegerType, b: IntegerType): IntegerType =>
  integerRank[a.kind] >= integerRank[b.kind] ? a : b

/** The type that holds both operands of a comparison, of a CASE, UNION, COALESCE or IN; null if there is none. */
export function commonType(a: DataType, b: DataType): DataType | null {
  if (typesEqual(a, b)) return a
  if (a.kind === 'null') return b
  if (b.kind === 'null') return a
  if (isNumeric(a) && isNumeric(b)) return commonNumericType(a, b)
  if (a.kind === 'string' || b.kind === 'string') {
    const other = a.kind === 'string' ? b : a
    if (isInteger(other)) return int64
    if (isNumeric(other)) return float64
    return other.kind === 'list' || other.kind === 'struct' || other.kind === 'map' ? null : other
  }
  if (a.kind === 'date' && isTimestamp(b)) return b
  if (b.kind === 'date' && isTimestamp(a)) return a
  if (isTimestamp(a) && isTimestamp(b)) return { kind: 'timestamp' }
  return commonNestedType(a, b)
}

function commonNumericType(a: DataType, b: DataType): DataType {
  if (isInteger(a) && isInteger(b)) return widerInteger(a, b)
  if (isFloat(a) || isFloat(b)) {
    if (a.kind === 'float64' || b.kind === 'float64' || a.kind === 'decimal' || b.kind === 'decimal') return float64
    return float32
  }
  return widerType(asDecimal(a)!, asDecimal(b)!)
}

function commonNestedType(a: DataType, b: DataType): DataType | null {
  if (a.kind === 'list' && b.kind === 'list') {
    const element = commonType(a.element, b.element)
    return element === null ? null : { kind: 'list', element, elementNullable: a.elementNullable || b.elementNullable }
  }
  if (a.kind === 'map' && b.kind === 'map') {
    const key = commonType(a.key, b.key)
    const value = commonType(a.value, b.value)
    if (key === null || value === null) return null
    return { kind: 'map', key, value, valueNullable: a.valueNullable || b.valueNullable }
  }
  if (a.kind === 'struct' && b.kind === 'struct' && a.fields.length === b.fields.length) {
    const fields = a.fields.map((field, i) => {
      const twin = b.fields[i]!
      const type = commonType(field.type, twin.type)
      return type === null ? null : { name: field.name, type, nullable: field.nullable || twin.nullable }
    })
    return fields.every((f) => f !== null) ? { kind: 'struct', fields } : null
  }
  return null
}

export const commonTypeOf = (types: readonly DataType[]): DataType | null =>
  types.reduce<DataType | null>((known, type) => (known === null ? null : commonType(known, type)), { kind: 'null' })

/** The decimal type of an operand; an integer literal takes its own number of digits (Spark: literalPickMinimumPrecision). */
export function decimalOfOperand(operand: BoundExpression): DecimalType | null {
  if (operand.kind === 'literal' && isInteger(operand.type) && operand.value !== null) {
    const digits = String(operand.value).replace('-', '').length
    return decimal(Math.max(1, digits), 0)
  }
  return asDecimal(operand.type)
}

/** The common type of two operands, where an integer literal beside a decimal counts by its own digits. */
export function commonOperandType(a: BoundExpression, b: BoundExpression): DataType | null {
  if ((a.type.kind === 'decimal') !== (b.type.kind === 'decimal')) {
    const [x, y] = [decimalOfOperand(a), decimalOfOperand(b)]
    if (x !== null && y !== null) return widerType(x, y)
  }
  return commonType(a.type, b.type)
}
