import type { DataType } from '@deltaworks/schema'

/**
 * How an engine spells what checksums and totals are made of. All of it gives the same value in every engine, so that each
 * side can be asked in its own words.
 */
export interface ProbeDialect {
  readonly name: string
  /** Absent: statements may be as long as they get. */
  readonly limits?: { readonly statementBytes: number | null }
  quote(identifier: string): string
  /** Text literal. */
  text(value: string): string
  /** Microseconds since the epoch (UTC), a bigint. */
  epochMicros(column: string, type: DataType): string
  /** Days since 1970-01-01. */
  epochDays(column: string): string
  /** Lower-case hexadecimal digits of a binary column. */
  hex(column: string): string
  /** Name of the type of texts in casts. */
  readonly textType: string
  /** Orders text by its bytes, whatever the database's collation is. */
  byBytes(expression: string): string
}

/** Kinds of values that look different in different engines (floats), or have no common text (nested ones). */
export const hasChecksum = (type: DataType): boolean => {
  switch (type.kind) {
    case 'float32':
    case 'float64':
    case 'list':
    case 'map':
    case 'struct':
    case 'variant':
    case 'null':
      return false
    default:
      return true
  }
}

/**
 * A number of 15 digits for a text: 15 hexadecimal digits of its MD5, letters put for digits. MD5, TRANSLATE and SUBSTRING are
 * the same in DuckDB, PostgreSQL, Redshift, Snowflake and our engine, which no way to turn hexadecimal into a number is.
 */
export const hashOfText = (text: string): string =>
  `CAST(TRANSLATE(SUBSTRING(MD5(${text}), 1, 15), 'abcdef', '012345') AS BIGINT)`

/** The column's value as text that is equal in all engines. Null stays null. */
export function canonicalText(dialect: ProbeDialect, column: string, type: DataType): string {
  const cast = (expression: string) => `CAST(${expression} AS ${dialect.textType})`
  switch (type.kind) {
    case 'boolean':
      return `CASE WHEN ${column} THEN '1' WHEN NOT ${column} THEN '0' END`
    case 'date':
      return cast(dialect.epochDays(column))
    case 'timestamp':
    case 'timestamp_ntz':
      return cast(dialect.epochMicros(column, type))
    case 'binary':
      return dialect.hex(column)
    case 'string':
      return column
    default:
      return cast(column)
  }
}

/** The value as a whole number, for types that have one that 38 digits hold; null for others. */
function wholeNumber(dialect: ProbeDialect, column: string, type: DataType): string | null {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return `CAST(${column} AS BIGINT)`
    case 'date':
      return `CAST(${dialect.epochDays(column)} AS BIGINT)`
    case 'timestamp':
    case 'timestamp_ntz':
      return dialect.epochMicros(column, type)
    case 'decimal':
      if (type.precision > 18) return null
      return `CAST(${column} * ${10n ** BigInt(type.scale)} AS BIGINT)`
    case 'boolean':
      return `CAST(CASE WHEN ${column} THEN 7919 WHEN NOT ${column} THEN 104729 END AS BIGINT)`
    default:
      return null
  }
}

/**
 * What is summed for a column's checksum. Texts are hashed. Numbers are multiplied by themselves, modulo two primes: unlike
 * their sum, it changes when what one row loses another one gets; and it costs two divisions, not a digest.
 */
export function rowChecksum(dialect: ProbeDialect, column: string, type: DataType): string {
  const number = wholeNumber(dialect, column, type)
  return number === null
    ? hashOfText(canonicalText(dialect, column, type))
    : `(MOD(${number}, 1000003) + 1) * (MOD(${number}, 998244353) + 7)`
}

/** Sum over the rows; null if there are none, or none but nulls. */
export const columnChecksum = (dialect: ProbeDialect, column: string, type: DataType): string =>
  `SUM(CAST(${rowChecksum(dialect, column, type)} AS DECIMAL(38,0)))`

/**
 * What is summed for a checksum of whole rows. Columns' own checksums stay as they are when values change places between rows;
 * this one does not.
 */
export function wholeRowChecksum(
  dialect: ProbeDialect,
  columns: readonly { readonly name: string; readonly type: DataType }[],
): string {
  const texts = columns.map(({ name, type }) => `COALESCE(${canonicalText(dialect, dialect.quote(name), type)}, '~')`)
  return hashOfText(texts.join(" || '|' || "))
}

/** One of `buckets` numbers (from 0), by the values of key columns. */
export function keyBucket(
  dialect: ProbeDialect,
  keys: readonly { readonly name: string; readonly type: DataType }[],
  buckets: number,
): string {
  const texts = keys.map(({ name, type }) => `COALESCE(${canonicalText(dialect, dialect.quote(name), type)}, '')`)
  return `MOD(${hashOfText(texts.join(" || '|' || "))}, ${buckets})`
}
