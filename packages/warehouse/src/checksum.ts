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
  /** Sum of whole numbers of 64 bits that never overflows; absent: of decimals of 38 digits, which costs some engines much more. */
  wholeSum?(expression: string): string
  /** Ends a subquery that would be folded into the query around it, and its values be computed each time they are read. */
  readonly fence?: string
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

/** What stands for a value in checksums. */
export interface ValueNumber {
  readonly sql: string
  /** A number of a digest, spread already. */
  readonly isDigest: boolean
}

/** Whole numbers stand for themselves, which costs less than a digest. Null stays null. */
export function valueNumber(dialect: ProbeDialect, column: string, type: DataType): ValueNumber {
  const own = wholeNumber(dialect, column, type)
  return own === null
    ? { sql: hashOfText(canonicalText(dialect, column, type)), isDigest: true }
    : { sql: own, isDigest: false }
}

/** Multiplied by itself, modulo two primes: unlike a sum of numbers, that of these changes when one row loses what another gets. */
const spread = (number: string): string => `(MOD(${number}, 1000003) + 1) * (MOD(${number}, 998244353) + 7)`

/** Sum of integers over the rows, exact; null if there are none, or none but nulls. */
export const wholeSum = (dialect: ProbeDialect, expression: string): string =>
  dialect.wholeSum?.(expression) ?? `SUM(CAST(${expression} AS DECIMAL(38,0)))`

/** Sum over the rows; null if there are none, or none but nulls. */
export const columnChecksum = (dialect: ProbeDialect, { sql, isDigest }: ValueNumber): string =>
  wholeSum(dialect, isDigest ? sql : spread(sql))

/**
 * A checksum of whole rows. Columns' own checksums stay as they are when values change places between rows; this one does not:
 * a row's values, each with a weight of its own, become one number, and that is spread.
 */
export function wholeRowChecksum(dialect: ProbeDialect, numbers: readonly string[]): string {
  // Below 2^30 a value (null: the modulus) and 2^19 a weight: 16,384 columns stay below 2^63.
  const weighted = numbers.map((number, i) => `COALESCE(MOD(${number}, 998244353), 998244353) * ${weightOf(i)}`)
  return wholeSum(dialect, spread(`(${weighted.join(' + ')})`))
}

/** Another one for each column, as far as any warehouse has columns: 524,287 is a prime. */
const weightOf = (index: number): number => (((index + 1) * 40_503) % 524_287) + 1

/** One of `buckets` numbers (from 0), by the values of key columns. */
export function keyBucket(
  dialect: ProbeDialect,
  keys: readonly { readonly name: string; readonly type: DataType }[],
  buckets: number,
): string {
  const texts = keys.map(({ name, type }) => `COALESCE(${canonicalText(dialect, dialect.quote(name), type)}, '')`)
  return `MOD(${hashOfText(texts.join(" || '|' || "))}, ${buckets})`
}
