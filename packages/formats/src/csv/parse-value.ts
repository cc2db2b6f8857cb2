import { instantFromLocal } from '@deltaworks/expression'
import {
  microsPerDay,
  tryParseDate,
  tryParseDecimal,
  tryParseTimestamp,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import type { TemporalPattern } from './temporal-pattern.js'

/** How a column's texts become values, beside its type. */
export interface ValueFormat {
  readonly pattern: TemporalPattern | null
  readonly timezone: string
}

/** The value could not be made of the text. */
export const invalid = Symbol('invalid')

/**
 * A text as a value of a type: the definition that the kernels are held against, and what is asked when one of them gives up.
 * Blanks around anything but text are ignored; nothing left is null.
 */
export function parseValue(type: DataType, text: string, format: ValueFormat): Value | typeof invalid {
  if (type.kind === 'string' || type.kind === 'variant') return text
  if (type.kind === 'binary') return new TextEncoder().encode(text)
  const trimmed = text.replace(/^[ \t]+|[ \t]+$/g, '')
  if (trimmed === '') return null
  switch (type.kind) {
    case 'boolean': {
      const lower = trimmed.toLowerCase()
      return lower === 'true' ? true : lower === 'false' ? false : invalid
    }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return parseInteger(trimmed, type.kind)
    case 'float32':
    case 'float64': {
      const value = parseFloating(trimmed)
      return value === null ? invalid : type.kind === 'float32' ? Math.fround(value) : value
    }
    case 'decimal':
      return tryParseDecimal(trimmed, type) ?? invalid
    case 'date':
      return parseDate(trimmed, format)
    case 'timestamp':
    case 'timestamp_ntz':
      return parseTimestamp(trimmed, type.kind, format)
    default:
      return invalid
  }
}

const bits = { int8: 8, int16: 16, int32: 32, int64: 64 } as const

function parseInteger(text: string, kind: keyof typeof bits): Value | typeof invalid {
  if (!/^[+-]?\d+$/.test(text)) return invalid
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text)
  if (BigInt.asIntN(bits[kind], value) !== value) return invalid
  return kind === 'int64' ? value : Number(value)
}

const finite = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const special = /^([+-]?)(?:(nan)|inf(?:inity)?)$/i

function parseFloating(text: string): number | null {
  if (finite.test(text)) return Number(text)
  const match = special.exec(text)
  if (match === null) return null
  return match[2] !== undefined ? NaN : match[1] === '-' ? -Infinity : Infinity
}

function parseDate(text: string, { pattern }: ValueFormat): Value | typeof invalid {
  if (pattern === null) return tryParseDate(text) ?? invalid
  const parsed = pattern.parse(text)
  if (parsed === null) return invalid
  const { micros } = parsed
  return Number((micros - (((micros % microsPerDay) + microsPerDay) % microsPerDay)) / microsPerDay)
}

function parseTimestamp(
  text: string,
  kind: 'timestamp' | 'timestamp_ntz',
  { pattern, timezone }: ValueFormat,
): Value | typeof invalid {
  if (pattern !== null) {
    const parsed = pattern.parse(text)
    if (parsed === null) return invalid
    return kind === 'timestamp' && !parsed.isInstant ? instantFromLocal(parsed.micros, timezone) : parsed.micros
  }
  const parsed = tryParseTimestamp(text)
  if (parsed === null) return invalid
  if (kind === 'timestamp_ntz') return parsed.localMicros
  if (parsed.offsetMinutes !== null) return parsed.localMicros - BigInt(parsed.offsetMinutes) * 60_000_000n
  return instantFromLocal(parsed.localMicros, timezone)
}
