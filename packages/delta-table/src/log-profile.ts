import { stringPrefixLength, type Snapshot } from '@deltaworks/delta-log'
import { formatDate, formatDecimal, typeName, type DataType, type Value } from '@deltaworks/schema'
import { FileStatisticsSource, visibleRowCount } from './file-statistics-source.js'

/** What the log alone says of a table, and only what it says exactly: no data file is read. */
export interface LogProfile {
  /** Null: a file has no statistics. */
  readonly rowCount: number | null
  readonly columns: readonly LogColumnProfile[]
}

/** Figures that the log cannot tell exactly (rows deleted by vectors, texts cut off, floats, moments) are null. */
export interface LogColumnProfile {
  readonly name: string
  readonly type: string
  readonly nullCount: number | null
  /** Share of rows that are not null; 1 of no rows. */
  readonly completeness: number | null
  /** As SQL shows it; null also if all rows are null. */
  readonly min: string | null
  readonly max: string | null
}

interface Found {
  nullCount: number | null
  min: Value
  max: Value
  hasBounds: boolean
}

export function profileFromLog(snapshot: Snapshot): LogProfile {
  const source = new FileStatisticsSource(snapshot)
  const { fields } = snapshot.schema
  const found = fields.map(({ type }): Found => ({ nullCount: 0, min: null, max: null, hasBounds: areExact(type) }))
  let rowCount: number | null = 0
  snapshot.files.forEachFacts((facts) => {
    const rows = visibleRowCount(facts)
    rowCount = rowCount === null || rows === null ? null : rowCount + rows
    source.at(facts)
    fields.forEach(({ type }, i) => add(found[i]!, source.column(i), facts.deletedRowCount > 0, rows, type))
  })
  return {
    rowCount,
    columns: fields.map(({ name, type }, i) => {
      const { nullCount, min, max, hasBounds } = found[i]!
      const nulls = rowCount === null ? null : nullCount
      return {
        name,
        type: typeName(type),
        nullCount: nulls,
        completeness: nulls === null ? null : rowCount === 0 ? 1 : 1 - nulls / rowCount!,
        min: hasBounds ? shown(min, type) : null,
        max: hasBounds ? shown(max, type) : null,
      }
    }),
  }
}

function add(
  found: Found,
  bounds: { readonly min: Value; readonly max: Value; readonly nullCount: number | null } | null,
  hasDeleted: boolean,
  rows: number | null,
  type: DataType,
): void {
  const nulls = bounds?.nullCount ?? null
  // Of the rows that a vector deletes it is not known which were null, unless none was.
  found.nullCount =
    found.nullCount === null || nulls === null || (hasDeleted && nulls > 0) ? null : found.nullCount + nulls
  if (rows === 0 || (rows !== null && nulls === rows && !hasDeleted)) return
  const [min, max] = [bounds?.min ?? null, bounds?.max ?? null]
  if (hasDeleted || min === null || max === null || isCut(min, type) || isCut(max, type)) {
    found.hasBounds = false
    return
  }
  if (found.min === null || isLess(min, found.min)) found.min = min
  if (found.max === null || isLess(found.max, max)) found.max = max
}

/** Floats may be NaN, which no bound tells; moments are cut down to milliseconds. */
function areExact({ kind }: DataType): boolean {
  return ['boolean', 'int8', 'int16', 'int32', 'int64', 'decimal', 'date', 'string'].includes(kind)
}

const isCut = (value: Value, { kind }: DataType): boolean =>
  kind === 'string' && (value as string).length >= stringPrefixLength

function isLess(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
  return (a as number) < (b as number)
}

function shown(value: Value, type: DataType): string | null {
  if (value === null) return null
  if (type.kind === 'decimal') return formatDecimal(value as bigint, type.scale)
  if (type.kind === 'date') return formatDate(value as number)
  return typeof value === 'string' ? value : String(value as number | bigint | boolean)
}
