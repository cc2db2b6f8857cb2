import { tryParseDate, tryParseDecimal, tryParseTimestamp, type DataType, type Value } from '@deltaworks/schema'
import { isExactNumber, parseExactJson, type ExactJson } from './exact-json.js'

/** Bounds of a column in a file. */
export interface ColumnBounds {
  /** At most the least value; null: not known. */
  readonly min: Value
  /** At least the greatest value; null: not known. */
  readonly max: Value
  readonly nullCount: number | null
}

/** Per-file statistics (PROTOCOL.md, "Per-file Statistics"), converted when asked for. */
export class FileStatistics {
  /** Records in the data file, those that a deletion vector removes included. */
  readonly rowCount: number | null
  /** false: a deletion vector may have removed the rows that made the bounds. */
  readonly tightBounds: boolean
  readonly #min: ExactJson | undefined
  readonly #max: ExactJson | undefined
  readonly #nullCount: ExactJson | undefined

  constructor(json: { readonly [key: string]: ExactJson }) {
    this.rowCount = countOf(json['numRecords'])
    this.tightBounds = json['tightBounds'] !== false
    this.#min = json['minValues']
    this.#max = json['maxValues']
    this.#nullCount = json['nullCount']
  }

  /** @param path physical names from the top-level column down @returns null if nothing is known of the column */
  column(path: readonly string[], type: DataType): ColumnBounds | null {
    const [min, max, nulls] = [member(this.#min, path), member(this.#max, path), member(this.#nullCount, path)]
    return columnBounds(type, min, max, nulls, this.rowCount, this.tightBounds)
  }
}

/** Bounds from what stands in `minValues`, `maxValues` and `nullCount`. @returns null if that says nothing */
export function columnBounds(
  type: DataType,
  minValue: ExactJson | undefined,
  maxValue: ExactJson | undefined,
  nullValue: ExactJson | undefined,
  rowCount: number | null,
  tightBounds: boolean,
): ColumnBounds | null {
  const min = boundOf(type, minValue, 'min')
  const max = boundOf(type, maxValue, 'max')
  const nulls = countOf(nullValue)
  // With wide bounds only "none" and "all" say anything.
  const nullCount = tightBounds || nulls === 0 || nulls === rowCount ? nulls : null
  return min === null && max === null && nullCount === null ? null : { min, max, nullCount }
}

/** @returns null if the text is not what it should be: statistics are only an aid */
export function parseStatistics(text: string | null): FileStatistics | null {
  if (text === null || text === '') return null
  try {
    const json = parseExactJson(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? new FileStatistics(json as { readonly [key: string]: ExactJson })
      : null
  } catch {
    return null
  }
}

function member(of: ExactJson | undefined, path: readonly string[]): ExactJson | undefined {
  let at = of
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || isExactNumber(at)) return undefined
    at = (at as { readonly [key: string]: ExactJson })[name]
  }
  return at
}

function countOf(json: ExactJson | undefined): number | null {
  const value = typeof json === 'number' ? json : json !== undefined && isExactNumber(json) ? Number(json.digits) : NaN
  return Number.isSafeInteger(value) && value >= 0 ? value : null
}

/** Longest prefix that writers keep of a string. */
export const stringPrefixLength = 32

/** A bound as its writer put it, without the room that readers leave for values that were cut off. */
export const statisticsValue = (type: DataType, json: ExactJson): Value => boundOf(type, json, 'min')

function boundOf(type: DataType, json: ExactJson | undefined, side: 'min' | 'max'): Value {
  if (json === undefined || json === null) return null
  switch (type.kind) {
    case 'string':
      if (typeof json !== 'string') return null
      // A maximum of full length may be cut off: whatever begins with it must stay below the bound.
      return side === 'max' && json.length >= stringPrefixLength ? `${json}\u{10ffff}` : json
    case 'boolean':
      return typeof json === 'boolean' ? json : null
    case 'int8':
    case 'int16':
    case 'int32':
      return typeof json === 'number' && Number.isInteger(json) ? json : null
    case 'int64':
      return integerOf(json)
    case 'float32':
      return floatingOf(json, true)
    case 'float64':
      return floatingOf(json, false)
    case 'decimal': {
      const text = digitsOf(json)
      return text === null ? null : tryParseDecimal(text, type)
    }
    case 'date':
      return typeof json === 'string' ? tryParseDate(json) : null
    case 'timestamp':
    case 'timestamp_ntz':
      return typeof json === 'string' ? instantOf(json, side) : null
    default:
      return null
  }
}

function digitsOf(json: ExactJson): string | null {
  if (isExactNumber(json)) return json.digits
  return typeof json === 'number' ? String(json) : typeof json === 'string' ? json : null
}

function integerOf(json: ExactJson): bigint | null {
  const text = digitsOf(json)
  return text !== null && /^-?\d+$/.test(text) ? BigInt(text) : null
}

function floatingOf(json: ExactJson, single: boolean): number | null {
  const text = digitsOf(json)
  const value = text === null ? NaN : Number(text)
  // A NaN bound says nothing, and NaN in a file is greater than any bound that its writer may have left it out of.
  if (Number.isNaN(value)) return null
  return single ? Math.fround(value) : value
}

function instantOf(text: string, side: 'min' | 'max'): bigint | null {
  const parsed = tryParseTimestamp(text)
  if (parsed === null) return null
  const micros = parsed.localMicros - BigInt(parsed.offsetMinutes ?? 0) * 60_000_000n
  // Writers cut timestamps down to milliseconds (protocol, footnote 1).
  return side === 'max' && micros % 1000n === 0n ? micros + 999n : micros
}
