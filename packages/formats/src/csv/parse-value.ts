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
  /** Words of the dialect, where it has other ones than usual. */
  readonly words?: ValueWords
}

export interface ValueWords {
  readonly nan: string | null
  readonly positiveInf: string | null
  readonly negativeInf: string | null
  /** In lower case; null: true and false. */
  readonly trueValues: readonly string[] | null
  readonly falseValues: readonly string[] | null
  /** What numbers are grouped by, and their decimal point; null: as usual. */
  readonly number: { readonly group: string; readonly point: string } | null
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
      if ((format.words?.trueValues ?? ['true']).includes(lower)) return true
      return (format.words?.falseValues ?? ['false']).includes(lower) ? false : invalid
    }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return parseInteger(plainNumber(trimmed, format), type.kind)
    case 'float32':
    case 'float64': {
      const value = wordOf(trimmed, format) ?? parseFloating(plainNumber(trimmed, format))
      return value === null ? invalid : type.kind === 'float32' ? Math.fround(value) : value
    }
    case 'decimal':
      return tryParseDecimal(plainNumber(trimmed, format), type) ?? invalid
    case 'date':
      return parseDate(trimmed, format)
    case 'timestamp':
    case 'timestamp_ntz':
      return parseTimestamp(trimmed, type.kind, format)
    default:
      return invalid
  }
}

/** A number with a dot and no grouping; what cannot be one stays as it is. */
function plainNumber(text: string, { words }: ValueFormat): string {
  const number = words?.number ?? null
  if (number === null) return text
  const { group, point } = number
  const [whole, fraction, more] = text.split(point)
  if (more !== undefined || (point !== '.' && text.includes('.') && group !== '.')) return text
  const joined = group === '' ? whole! : whole!.replaceAll(group, '').replaceAll('\u00a0', '').replaceAll('\u202f', '')
  return fraction === undefined ? joined : `${joined}.${fraction.includes(group) && group !== '' ? 'x' : fraction}`
}

function wordOf(text: string, { words }: ValueFormat): number | null {
  if (words === undefined) return null
  if (text === words.nan) return NaN
  if (text === words.positiveInf) return Infinity
  return text === words.negativeInf ? -Infinity : null
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
