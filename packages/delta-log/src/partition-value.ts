import {
  fitsPrecision,
  formatDate,
  formatDecimal,
  formatTimestamp,
  tryParseDate,
  tryParseDecimal,
  tryParseTimestamp,
  typeName,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { invalidPartitionValue } from './errors.js'

const integerRanges = { int8: 2 ** 7, int16: 2 ** 15, int32: 2 ** 31 }
const integerText = /^\s*[+-]?\d+\s*$/

/**
 * The value of a serialised partition value (PROTOCOL.md, "Partition Value Serialization"). Null and the empty string are
 * null; a timestamp without a zone is taken as UTC.
 * @throws DeltaError DW-DELTA-0014
 */
export function parsePartitionValue(type: DataType, text: string | null | undefined, column: string): Value {
  if (text === null || text === undefined || text === '') return null
  const value = tryParse(type, text)
  if (value === null) throw invalidPartitionValue(column, text, typeName(type))
  return value
}

function tryParse(type: DataType, text: string): Value {
  switch (type.kind) {
    case 'string':
    case 'variant':
      return text
    case 'boolean': {
      const lower = text.toLowerCase()
      return lower === 'true' ? true : lower === 'false' ? false : null
    }
    case 'int8':
    case 'int16':
    case 'int32': {
      const value = integerText.test(text) ? Number(text) : NaN
      const limit = integerRanges[type.kind]
      return value >= -limit && value < limit ? value : null
    }
    case 'int64':
      return integerText.test(text) ? BigInt(text.trim().replace(/^\+/, '')) : null
    case 'float32':
    case 'float64':
      return parseFloating(text, type.kind === 'float32')
    case 'decimal': {
      const value = tryParseDecimal(text, type)
      return value !== null && fitsPrecision(value, type.precision) ? value : null
    }
    case 'date':
      return tryParseDate(text)
    case 'timestamp':
    case 'timestamp_ntz': {
      const parsed = tryParseTimestamp(text)
      if (parsed === null) return null
      return type.kind === 'timestamp_ntz' || parsed.offsetMinutes === null
        ? parsed.localMicros
        : parsed.localMicros - BigInt(parsed.offsetMinutes) * 60_000_000n
    }
    case 'binary':
      return Uint8Array.from(Buffer.from(text, 'utf8'))
    default:
      return null
  }
}

function parseFloating(text: string, single: boolean): number | null {
  const trimmed = text.trim()
  const named = {
    nan: NaN,
    infinity: Infinity,
    '+infinity': Infinity,
    '-infinity': -Infinity,
    inf: Infinity,
    '-inf': -Infinity,
  }[trimmed.toLowerCase()]
  if (named !== undefined) return named
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) return null
  return single ? Math.fround(Number(trimmed)) : Number(trimmed)
}

/** The serialised form as Spark writes it; null for null, and for an empty string, which the protocol cannot tell from null. */
export function formatPartitionValue(type: DataType, value: Value): string | null {
  if (value === null || value === '') return null
  switch (type.kind) {
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'date':
      return formatDate(value as number)
    case 'timestamp':
      return `${formatTimestamp(value as bigint, 'T', 6)}Z`
    case 'timestamp_ntz':
      return formatTimestamp(value as bigint)
    case 'float32':
      return formatFloating(shortestFloat(value as number))
    case 'float64':
      return formatFloating(value as number)
    case 'binary':
      return Buffer.from(value as Uint8Array).toString('utf8')
    default:
      return String(value)
  }
}

/**
 * As Java's Double.toString, since equal texts make equal partitions: plain from 10^-3 to below 10^7, else with an exponent, and always with
 * a digit behind the point.
 */
function formatFloating(value: number): string {
  if (!Number.isFinite(value) || value === 0) return value === 0 ? '0.0' : String(value)
  const [mantissa = '', exponentText = ''] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent >= 7 || exponent < -3) return `${withPoint(mantissa)}E${exponent}`
  return withPoint(String(value))
}

const withPoint = (digits: string): string => (digits.includes('.') ? digits : `${digits}.0`)

/** The double with the fewest digits that rounds to the same float32. */
function shortestFloat(value: number): number {
  for (let precision = 1; precision <= 9; precision++) {
    const shorter = Number(value.toPrecision(precision))
    if (Math.fround(shorter) === value) return shorter
  }
  return value
}
