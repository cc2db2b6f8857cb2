import { decimal, type DataType, type DecimalType, type IntegerType } from './data-type.js'
import { invalidValue } from './errors.js'

/*
 * Exact decimals. A decimal value is its unscaled bigint; 12.34 as decimal(12,2) is 1234n.
 * Result types follow Spark's DecimalPrecision with allowPrecisionLoss = true: a result wider than 38 digits keeps its
 * integral digits and gives up scale, but never below min(scale, 6).
 */

export const maxDecimalPrecision = 38
const minAdjustedScale = 6

function bounded(precision: number, scale: number): DecimalType {
  if (precision <= maxDecimalPrecision) return decimal(precision, scale)
  const integral = precision - scale
  return decimal(maxDecimalPrecision, Math.max(maxDecimalPrecision - integral, Math.min(scale, minAdjustedScale)))
}

export const addType = (a: DecimalType, b: DecimalType): DecimalType => {
  const scale = Math.max(a.scale, b.scale)
  return bounded(Math.max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale)
}
export const multiplyType = (a: DecimalType, b: DecimalType): DecimalType =>
  bounded(a.precision + b.precision + 1, a.scale + b.scale)
export const divideType = (a: DecimalType, b: DecimalType): DecimalType => {
  const scale = Math.max(minAdjustedScale, a.scale + b.precision + 1)
  return bounded(a.precision - a.scale + b.scale + scale, scale)
}
export const remainderType = (a: DecimalType, b: DecimalType): DecimalType => {
  const scale = Math.max(a.scale, b.scale)
  return bounded(Math.min(a.precision - a.scale, b.precision - b.scale) + scale, scale)
}
/** The least decimal that holds both without loss (for UNION, CASE, comparison), bounded to 38 digits. */
export const widerType = (a: DecimalType, b: DecimalType): DecimalType => {
  const scale = Math.max(a.scale, b.scale)
  return bounded(Math.max(a.precision - a.scale, b.precision - b.scale) + scale, scale)
}
/** Spark: sum(decimal(p,s)) is decimal(p+10,s). */
export const sumType = (of: DecimalType): DecimalType =>
  decimal(Math.min(maxDecimalPrecision, of.precision + 10), of.scale)
/** Spark: avg(decimal(p,s)) is decimal(p+4,s+4). */
export const averageType = (of: DecimalType): DecimalType => bounded(of.precision + 4, of.scale + 4)

/** The decimal that holds every value of an integer type: int → decimal(10,0). */
export function decimalOfInteger(type: IntegerType): DecimalType {
  switch (type.kind) {
    case 'int8':
      return decimal(3, 0)
    case 'int16':
      return decimal(5, 0)
    case 'int32':
      return decimal(10, 0)
    case 'int64':
      return decimal(20, 0)
  }
}

const powers: bigint[] = [1n]
/** 10^n as a bigint, 0 <= n <= 76. */
export function pow10(n: number): bigint {
  while (powers.length <= n) powers.push(powers[powers.length - 1]! * 10n)
  return powers[n]!
}

/** a / b, rounded half up (away from zero on a tie), as Spark rounds decimals. b must not be 0. */
export function divideHalfUp(a: bigint, b: bigint): bigint {
  const quotient = a / b
  const twice = (a % b) * 2n
  const magnitude = twice < 0n ? -twice : twice
  const divisor = b < 0n ? -b : b
  if (magnitude < divisor) return quotient
  return a < 0n === b < 0n ? quotient + 1n : quotient - 1n
}

/** The same number at another scale, rounded half up where digits are lost. */
export function rescale(unscaled: bigint, from: number, to: number): bigint {
  if (to >= from) return unscaled * pow10(to - from)
  return divideHalfUp(unscaled, pow10(from - to))
}

export const fitsPrecision = (unscaled: bigint, precision: number): boolean => {
  const limit = pow10(precision)
  return unscaled < limit && unscaled > -limit
}

export function formatDecimal(unscaled: bigint, scale: number): string {
  if (scale === 0) return unscaled.toString()
  const negative = unscaled < 0n
  const digits = (negative ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  const point = digits.length - scale
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}

const decimalPattern = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?\s*$/

/**
 * Exact parse; digits beyond the scale are rounded half up.
 * @returns the unscaled value, or null if the text is no number or does not fit the precision
 */
export function tryParseDecimal(text: string, type: DecimalType): bigint | null {
  const match = decimalPattern.exec(text)
  if (match === null) return null
  const [, sign, whole = '', fraction = '', exponent] = match
  if (whole === '' && fraction === '') return null
  const scale = fraction.length - (exponent === undefined ? 0 : Number(exponent))
  if (scale > 400 || scale < -400)
    return whole.length + fraction.length > 0 && /^0*$/.test(whole + fraction) ? 0n : null
  let unscaled = BigInt(`${whole}${fraction}`)
  unscaled =
    scale < 0
      ? unscaled * 10n ** BigInt(-scale) * pow10(type.scale)
      : scale <= type.scale
        ? unscaled * pow10(type.scale - scale)
        : divideHalfUp(unscaled, 10n ** BigInt(scale - type.scale))
  if (sign === '-') unscaled = -unscaled
  return fitsPrecision(unscaled, type.precision) ? unscaled : null
}

/** @throws SchemaError DW-SCHEMA-0003 */
export function parseDecimal(text: string, type: DecimalType): bigint {
  const value = tryParseDecimal(text, type)
  if (value === null) {
    throw invalidValue(text, `decimal(${type.precision},${type.scale})`, 'it is no number, or has too many digits')
  }
  return value
}

export const asDecimal = (type: DataType): DecimalType | null =>
  type.kind === 'decimal'
    ? type
    : type.kind === 'int8' || type.kind === 'int16' || type.kind === 'int32' || type.kind === 'int64'
      ? decimalOfInteger(type)
      : null
