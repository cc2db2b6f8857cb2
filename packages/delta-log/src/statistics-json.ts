import { formatDate, formatDecimal, formatTimestamp, type DataType, type Value } from '@deltaworks/schema'
import { stringPrefixLength } from './statistics.js'

/** Statistics of one leaf column, as a Parquet writer measured them. */
export interface LeafStatistics {
  /** Physical names from the top-level column down. */
  readonly path: readonly string[]
  readonly type: DataType
  readonly min: Value
  readonly max: Value
  readonly nullCount: number | null
}

type Tree = Map<string, Tree | string>

/** The `stats` text of an add action: numRecords, minValues, maxValues, nullCount, in Spark's form. */
export function formatStatistics(rowCount: number, leaves: readonly LeafStatistics[]): string {
  const min: Tree = new Map()
  const max: Tree = new Map()
  const nulls: Tree = new Map()
  for (const leaf of leaves) {
    if (leaf.nullCount !== null) put(nulls, leaf.path, String(leaf.nullCount))
    if (leaf.min === null || leaf.max === null) continue
    const low = boundText(leaf.type, leaf.min, 'min')
    const high = boundText(leaf.type, leaf.max, 'max')
    if (low !== null && high !== null) {
      put(min, leaf.path, low)
      put(max, leaf.path, high)
    }
  }
  return `{"numRecords":${rowCount},"minValues":${text(min)},"maxValues":${text(max)},"nullCount":${text(nulls)}}`
}

function put(tree: Tree, path: readonly string[], value: string): void {
  let at = tree
  for (const name of path.slice(0, -1)) {
    let next = at.get(name)
    if (!(next instanceof Map)) {
      next = new Map()
      at.set(name, next)
    }
    at = next
  }
  at.set(path[path.length - 1]!, value)
}

const text = (tree: Tree): string =>
  `{${[...tree].map(([name, value]) => `${JSON.stringify(name)}:${typeof value === 'string' ? value : text(value)}`).join(',')}}`

/** JSON of a bound, or null where Delta keeps none: booleans, binary, nested types, values that JSON cannot say. */
function boundText(type: DataType, value: Value, side: 'min' | 'max'): string | null {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return String(value)
    case 'float32':
    case 'float64':
      return Number.isFinite(value) ? (Object.is(value, -0) ? '-0.0' : String(value)) : null
    case 'decimal':
      return formatDecimal(value as bigint, type.scale)
    case 'date':
      return JSON.stringify(formatDate(value as number))
    case 'timestamp':
    case 'timestamp_ntz':
      return timestampBound(value as bigint, side, type.kind === 'timestamp')
    case 'string': {
      const bound = side === 'min' ? truncateMin(value as string) : truncateMax(value as string)
      return bound === null ? null : JSON.stringify(bound)
    }
    default:
      return null
  }
}

/**
 * Milliseconds, the minimum down. The maximum goes up, where Spark cuts it down and leaves it to readers to allow for that:
 * so it is a bound for readers that do not.
 */
function timestampBound(micros: bigint, side: 'min' | 'max', zoned: boolean): string {
  const down = micros - (((micros % 1000n) + 1000n) % 1000n)
  const bound = side === 'max' && down !== micros ? down + 1000n : down
  return JSON.stringify(`${formatTimestamp(bound, 'T', 6).slice(0, -3)}${zoned ? 'Z' : ''}`)
}

/** The first 32 characters (code points); never splits one. */
function truncateMin(value: string): string {
  return value.length <= stringPrefixLength ? value : codePoints(value, stringPrefixLength).join('')
}

/**
 * 32 characters and one that sorts behind whatever was cut off: 0x7F if that begins with ASCII, else U+10FFFF.
 * @returns null if there is no such bound
 */
function truncateMax(value: string): string | null {
  if (value.length <= stringPrefixLength) return value
  const characters = codePoints(value, stringPrefixLength + 1)
  if (characters.length <= stringPrefixLength) return value
  const next = characters[stringPrefixLength]!.codePointAt(0)!
  if (next === 0x10ffff) return null
  return characters.slice(0, stringPrefixLength).join('') + (next < 0x7f ? '\x7f' : '\u{10ffff}')
}

function codePoints(value: string, count: number): string[] {
  const result: string[] = []
  for (const character of value) {
    result.push(character)
    if (result.length === count) break
  }
  return result
}
