import {
  divideHalfUp,
  fitsPrecision,
  formatDate,
  formatDecimal,
  formatTimestamp,
  isFloat,
  isInteger,
  isInterval,
  isNumeric,
  isTimestamp,
  microsPerDay,
  pow10,
  rescale,
  tryParseDate,
  tryParseDecimal,
  tryParseTimestamp,
  typesEqual,
  type DataType,
  type DecimalType,
  type IntegerType,
  type Value,
} from '@deltaworks/schema'
import { parseExactJson, valueOfJson, type CastText } from './json-value.js'
import { castNotSupported } from './errors.js'
import type { EvaluationContext } from './evaluation.js'
import { formatFloat, tryParseFloat } from './float-text.js'
import { formatInterval, intervalValue, parseInterval } from './interval-text.js'
import { formatVariant } from './variant-text.js'
import { instantFromLocal, localFromInstant, isTimezone } from './zone.js'

/** Converts a non-null value; `undefined` says that it does not fit (an error, or null for try_cast). */
export type CastKernel = (value: Value, context: EvaluationContext) => Value | undefined

const limits = {
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-2_147_483_648, 2_147_483_647],
} as const
export const minInt64 = -(2n ** 63n)
export const maxInt64 = 2n ** 63n - 1n

/** An exact integer as a value of an integer type, or undefined if it does not fit. */
export function integerValue(value: bigint, type: IntegerType): Value | undefined {
  if (type.kind === 'int64') return value >= minInt64 && value <= maxInt64 ? value : undefined
  const [low, high] = limits[type.kind]
  return value >= BigInt(low) && value <= BigInt(high) ? Number(value) : undefined
}

export function integerFits(value: number, kind: 'int8' | 'int16' | 'int32'): boolean {
  const [low, high] = limits[kind]
  return value >= low && value <= high
}

/** Whether Spark's ANSI mode knows the cast. */
export function canCast(from: DataType, to: DataType): boolean {
  try {
    castKernel(from, to)
    return true
  } catch {
    return false
  }
}

/** The conversion, chosen once. @throws ExpressionError DW-EXPRESSION-0005 */
export function castKernel(from: DataType, to: DataType): CastKernel {
  if (typesEqual(from, to)) return (value) => value
  if (from.kind === 'null') return () => null
  const kernel = kernelFor(from, to)
  if (kernel === null) throw castNotSupported(from, to)
  return kernel
}

function kernelFor(from: DataType, to: DataType): CastKernel | null {
  if (isInteger(to)) return toInteger(from, to)
  if (isFloat(to)) return toFloat(from, to.kind === 'float32')
  switch (to.kind) {
    case 'null':
      return null
    case 'decimal':
      return toDecimal(from, to)
    case 'boolean':
      return toBoolean(from)
    case 'string':
      return toText(from)
    case 'binary':
      return from.kind === 'string' ? (v) => new TextEncoder().encode(v as string) : null
    case 'date':
      return toDate(from)
    case 'timestamp':
    case 'timestamp_ntz':
      return toTimestamp(from, to.kind === 'timestamp')
    case 'variant': {
      if (from.kind === 'string') return (v) => v
      return (v, context) => formatVariant(from, v, (type, inner) => textOf(type, inner, context))
    }
    case 'list':
    case 'struct':
    case 'map':
      return toNested(from, to)
  }
  return null
}

const integerPattern = /^[+-]?\d+$/

function toInteger(from: DataType, to: IntegerType): CastKernel | null {
  const exact = (value: bigint): Value | undefined => integerValue(value, to)
  if (isInteger(from)) return (v) => exact(BigInt(v as number | bigint))
  if (isFloat(from)) {
    return (v) => {
      const truncated = Math.trunc(v as number)
      return Number.isFinite(truncated) ? exact(BigInt(truncated)) : undefined
    }
  }
  if (from.kind === 'decimal') {
    const unit = pow10(from.scale)
    return (v) => exact((v as bigint) / unit)
  }
  if (from.kind === 'string' || from.kind === 'variant') {
    return (v) => {
      const text = (v as string).trim()
      return integerPattern.test(text) && text.length < 64 ? exact(BigInt(text.replace('+', ''))) : undefined
    }
  }
  if (from.kind === 'boolean') return (v) => exact(v === true ? 1n : 0n)
  if (from.kind === 'timestamp') return (v) => exact(floorDivide(v as bigint, 1_000_000n))
  return null
}

function toFloat(from: DataType, single: boolean): CastKernel | null {
  const round = single ? Math.fround : (v: number): number => v
  if (isInteger(from) || isFloat(from)) return (v) => round(Number(v))
  if (from.kind === 'decimal') {
    const { scale } = from
    return (v) => round(decimalToNumber(v as bigint, scale))
  }
  if (from.kind === 'string' || from.kind === 'variant') {
    return (v) => {
      const parsed = tryParseFloat(v as string)
      return parsed === null ? undefined : round(parsed)
    }
  }
  if (from.kind === 'boolean') return (v) => (v === true ? 1 : 0)
  if (from.kind === 'timestamp') return (v) => round(Number(v as bigint) / 1e6)
  return null
}

/** The double nearest to a decimal. */
export function decimalToNumber(unscaled: bigint, scale: number): number {
  // Both exact as doubles: one correctly rounded division is the nearest double.
  if (scale <= 22 && unscaled <= 9_007_199_254_740_992n && unscaled >= -9_007_199_254_740_992n) {
    return Number(unscaled) / Number(pow10(scale))
  }
  return Number(formatDecimal(unscaled, scale))
}

function toDecimal(from: DataType, to: DecimalType): CastKernel | null {
  const checked = (unscaled: bigint): Value | undefined =>
    fitsPrecision(unscaled, to.precision) ? unscaled : undefined
  if (isInteger(from)) return (v) => checked(BigInt(v as number | bigint) * pow10(to.scale))
  if (from.kind === 'decimal') {
    const { scale } = from
    return (v) => checked(rescale(v as bigint, scale, to.scale))
  }
  if (isFloat(from)) {
    return (v) => {
      // The digits of the double, of a float too, as Spark takes them.
      return Number.isFinite(v as number) ? (tryParseDecimal(formatFloat(v as number), to) ?? undefined) : undefined
    }
  }
  if (from.kind === 'string' || from.kind === 'variant') return (v) => tryParseDecimal(v as string, to) ?? undefined
  if (from.kind === 'boolean') return (v) => checked(v === true ? pow10(to.scale) : 0n)
  if (from.kind === 'timestamp') {
    return (v) =>
      checked(to.scale >= 6 ? (v as bigint) * pow10(to.scale - 6) : divideHalfUp(v as bigint, pow10(6 - to.scale)))
  }
  return null
}

const trueTexts = new Set(['t', 'true', 'y', 'yes', '1'])
const falseTexts = new Set(['f', 'false', 'n', 'no', '0'])

function toBoolean(from: DataType): CastKernel | null {
  if (isNumeric(from)) return (v) => (typeof v === 'bigint' ? v !== 0n : v !== 0)
  if (from.kind !== 'string' && from.kind !== 'variant') return null
  return (v) => {
    const text = (v as string).trim().toLowerCase()
    return trueTexts.has(text) ? true : falseTexts.has(text) ? false : undefined
  }
}

/** A year or a month alone is its first day. */
function completeDate(text: string): string {
  const match = /^\s*([+-]?\d{4,7})(?:-(\d{1,2}))?\s*$/.exec(text)
  return match === null ? text : `${match[1]!}-${match[2] ?? '1'}-1`
}

/** Takes a region that ends a timestamp's text, as `Europe/Berlin`, from it; one that does not exist stays. */
function withoutRegion(text: string): { readonly text: string; readonly zone: string | null } {
  const match = /^(.*\d)\s+([A-Za-z]+(?:\/[A-Za-z_+-]+\d*)+)\s*$/.exec(text)
  return match === null || !isTimezone(match[2]!) ? { text, zone: null } : { text: match[1]!, zone: match[2]! }
}

function toDate(from: DataType): CastKernel | null {
  if (from.kind === 'string' || from.kind === 'variant')
    return (v) => tryParseDate(completeDate(v as string)) ?? undefined
  if (from.kind === 'timestamp_ntz') return (v) => Number(floorDivide(v as bigint, microsPerDay))
  if (from.kind === 'timestamp') {
    return (v, context) => Number(floorDivide(localFromInstant(v as bigint, context.timezone), microsPerDay))
  }
  return null
}

const within64Bits = (micros: bigint): bigint | undefined =>
  micros >= minInt64 && micros <= maxInt64 ? micros : undefined

function toTimestamp(from: DataType, instant: boolean): CastKernel | null {
  const fromLocal = (local: bigint, context: EvaluationContext): bigint | undefined =>
    within64Bits(instant ? instantFromLocal(local, context.timezone) : local)
  if (from.kind === 'date') return (v, context) => fromLocal(BigInt(v as number) * microsPerDay, context)
  if (from.kind === 'string' || from.kind === 'variant') {
    return (v, context) => {
      const { text, zone } = withoutRegion(completeDate(v as string))
      const parsed = tryParseTimestamp(text)
      if (parsed === null || (zone !== null && parsed.offsetMinutes !== null)) return undefined
      if (instant && zone !== null) return instantFromLocal(parsed.localMicros, zone)
      if (!instant || parsed.offsetMinutes === null) return fromLocal(parsed.localMicros, context)
      return parsed.localMicros - BigInt(parsed.offsetMinutes) * 60_000_000n
    }
  }
  if (isTimestamp(from)) {
    return instant
      ? (v, context) => instantFromLocal(v as bigint, context.timezone)
      : (v, context) => localFromInstant(v as bigint, context.timezone)
  }
  if (!instant) return null
  if (isInteger(from)) {
    return (v) => {
      return within64Bits(BigInt(v as number | bigint) * 1_000_000n)
    }
  }
  if (isFloat(from)) {
    return (v) => {
      const micros = Math.trunc((v as number) * 1e6)
      return Number.isFinite(micros) && Math.abs(micros) < 9.2e18 ? BigInt(micros) : undefined
    }
  }
  if (from.kind === 'decimal') {
    const { scale } = from
    return (v) => {
      return within64Bits(scale <= 6 ? (v as bigint) * pow10(6 - scale) : (v as bigint) / pow10(scale - 6))
    }
  }
  return null
}

function toText(from: DataType): CastKernel | null {
  if (from.kind === 'variant') return (v) => v
  return (v, context) => textOf(from, v, context)
}

/** A non-null value as Spark casts it to string. */
export function textOf(type: DataType, value: Value, context: EvaluationContext): string {
  switch (type.kind) {
    case 'float32':
      return formatFloat(value as number, true)
    case 'float64':
      return formatFloat(value as number)
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'date':
      return formatDate(value as number)
    case 'timestamp':
      return formatTimestamp(localFromInstant(value as bigint, context.timezone))
    case 'timestamp_ntz':
      return formatTimestamp(value as bigint)
    case 'binary':
      return new TextDecoder().decode(value as Uint8Array)
    case 'list':
      return `[${(value as readonly Value[]).map((v) => nestedText(type.element, v, context)).join(', ')}]`
    case 'struct':
      if (isInterval(type)) return formatInterval(value)
      return `{${type.fields.map((f, i) => nestedText(f.type, (value as readonly Value[])[i]!, context)).join(', ')}}`
    case 'map': {
      const entries = value as readonly (readonly [Value, Value])[]
      return `{${entries.map(([k, v]) => `${nestedText(type.key, k, context)} -> ${nestedText(type.value, v, context)}`).join(', ')}}`
    }
    default:
      return String(value)
  }
}

const nestedText = (type: DataType, value: Value, context: EvaluationContext): string =>
  value === null ? 'NULL' : textOf(type, value, context)

function toNested(from: DataType, to: DataType): CastKernel | null {
  if (isInterval(to) && from.kind === 'string') {
    return (v) => {
      const parsed = parseInterval(v as string, null)
      return parsed === null ? undefined : intervalValue(parsed)
    }
  }
  if (from.kind === 'variant') {
    return (text, context) => {
      const json = parseExactJson(text as string)
      return json === undefined ? undefined : valueOfJson(json, to, castText(context))
    }
  }
  const inner = (a: DataType, b: DataType): CastKernel => castKernel(a, b)
  const each =
    (casts: readonly CastKernel[]): CastKernel =>
    (v, context) => {
      const values = v as readonly Value[]
      const result: Value[] = []
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!
        const converted = value === null ? null : casts[casts.length === 1 ? 0 : i]!(value, context)
        if (converted === undefined) return undefined
        result.push(converted)
      }
      return result
    }
  if (from.kind === 'list' && to.kind === 'list') return each([inner(from.element, to.element)])
  if (from.kind === 'struct' && to.kind === 'struct' && from.fields.length === to.fields.length) {
    return each(from.fields.map((f, i) => inner(f.type, to.fields[i]!.type)))
  }
  if (from.kind === 'map' && to.kind === 'map') {
    const entry = each([inner(from.key, to.key), inner(from.value, to.value)])
    return (v, context) => {
      const result: Value[] = []
      for (const pair of v as readonly Value[]) {
        const converted = entry(pair, context)
        if (converted === undefined) return undefined
        result.push(converted)
      }
      return result
    }
  }
  return null
}

/** Casts of texts, as they stand in JSON. */
export const castText =
  (context: EvaluationContext): CastText =>
  (text, type) =>
    castKernel({ kind: 'string' }, type)(text, context)

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return quotient * b !== a && a < 0n !== b < 0n ? quotient - 1n : quotient
}
