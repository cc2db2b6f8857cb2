import {
  isFloat,
  isInteger,
  isNumeric,
  isTimestamp,
  parseDecimal,
  type DataType,
  type Field,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import {
  canonicalText,
  columnChecksum,
  hasChecksum,
  keyBucket,
  valueNumber,
  wholeRowChecksum,
  wholeSum,
  type ProbeDialect,
  type ValueNumber,
} from './checksum.js'
import type { ColumnTotals, TableTotals } from './warehouse-table.js'

/** Answers of a query: everything as text, so that nothing is rounded on the way. */
export type TextRows = readonly (readonly (string | null)[])[]

/** Asks one side of a reconciliation; the lake and every warehouse answer the same questions. */
export interface TableProbe {
  /** Totals and checksums of these columns. */
  totals(wanted: WantedSums): Promise<TableTotals>
  /** Rows and checksums by a column's value (as text; null as null), or by bucket of the key. */
  groups(grouping: Grouping, columns: readonly Field[]): Promise<ReadonlyMap<string | null, string>>
  /** Key and values, as text, of the rows of one bucket. */
  bucketRows(bucket: number, buckets: number, keys: readonly Field[], columns: readonly Field[]): Promise<TextRows>
}

export interface WantedSums {
  readonly columns: readonly TotalsRequest[]
  /** Columns of the checksum of whole rows; none: it is not wanted. */
  readonly rows: readonly Field[]
}

export interface TotalsRequest {
  readonly column: string
  readonly type: DataType
  readonly nullCount: boolean
  readonly sum: boolean
  readonly minMax: boolean
  readonly checksum: boolean
}

export type Grouping =
  | { readonly by: 'column'; readonly column: Field }
  | { readonly by: 'keyBucket'; readonly keys: readonly Field[]; readonly buckets: number }

/** Everything that can be compared between any two engines. */
export const allTotals = (schema: Schema): WantedSums => ({
  columns: schema.fields.map(({ name, type }) => ({
    column: name,
    type,
    nullCount: true,
    sum: isNumeric(type),
    minMax: isNumeric(type) || isTimestamp(type) || type.kind === 'date' || type.kind === 'string',
    checksum: hasChecksum(type),
  })),
  rows: schema.fields.filter(({ type }) => hasChecksum(type)),
})

export const noTotals: WantedSums = { columns: [], rows: [] }

/** The totals that `expected` has. */
export const totalsLike = (schema: Schema, expected: TableTotals): WantedSums => ({
  columns: schema.fields.flatMap(({ name, type }) => {
    const totals = expected.columns[name]
    if (totals === undefined) return []
    const has = (value: unknown) => value !== undefined && value !== null
    return [
      {
        column: name,
        type,
        nullCount: has(totals.nullCount),
        sum: has(totals.sum),
        minMax: has(totals.min) || has(totals.max),
        checksum: has(totals.checksum),
      },
    ]
  }),
  rows: typeof expected.rowChecksum === 'bigint' ? allTotals(schema).rows : [],
})

interface Asked {
  readonly column: string
  readonly type: DataType
  readonly total: keyof ColumnTotals
  readonly sql: string
}

/**
 * The query for totals of a relation. Its one row: the number of rows, their checksum, then a value for each of `asked`. Columns
 * `v…` are the relation's, and `k…` the numbers that stand for their values in checksums.
 */
export function totalsQuery(
  dialect: ProbeDialect,
  relation: string,
  wanted: WantedSums,
): { readonly sql: string; readonly asked: readonly Asked[] } {
  const inner = new Map<string, string>()
  const value = (column: string): string => {
    const quoted = dialect.quote(column)
    const name = inner.get(quoted) ?? `v${inner.size}`
    inner.set(quoted, name)
    return name
  }
  const number = (column: string, type: DataType): ValueNumber => {
    const { sql, isDigest } = valueNumber(dialect, dialect.quote(column), type)
    const name = inner.get(sql) ?? `k${inner.size}`
    inner.set(sql, name)
    return { sql: name, isDigest }
  }
  const asked = wanted.columns.flatMap((request): Asked[] => {
    const { column, type } = request
    const one = (total: keyof ColumnTotals, sql: string): Asked => ({ column, type, total, sql })
    const comparable = () => orderedValue(dialect, value(column), type)
    return [
      ...(request.nullCount ? [one('nullCount', `COUNT(*) - COUNT(${value(column)})`)] : []),
      ...(request.sum
        ? [one('sum', isInteger(type) ? wholeSum(dialect, value(column)) : `SUM(${value(column)})`)]
        : []),
      ...(request.minMax ? [one('min', `MIN(${comparable()})`), one('max', `MAX(${comparable()})`)] : []),
      ...(request.checksum ? [one('checksum', columnChecksum(dialect, number(column, type)))] : []),
    ]
  })
  const columns = asked.map(({ sql }, i) => `CAST(${sql} AS ${dialect.textType}) AS c${i}`)
  const rowNumbers = wanted.rows.map(({ name, type }) => number(name, type).sql)
  const whole =
    rowNumbers.length === 0 ? 'NULL' : `CAST(${wholeRowChecksum(dialect, rowNumbers)} AS ${dialect.textType})`
  const values = [...inner].map(([sql, name]) => `${sql} AS ${name}`)
  const from =
    values.length === 0 ? relation : `(SELECT ${values.join(', ')} FROM ${relation}${dialect.fence ?? ''}) AS told`
  return { sql: `SELECT ${['COUNT(*) AS n', `${whole} AS h`, ...columns].join(', ')} FROM ${from}`, asked }
}

const orderedValue = (dialect: ProbeDialect, quoted: string, type: DataType): string => {
  if (type.kind === 'date') return dialect.epochDays(quoted)
  if (isTimestamp(type)) return dialect.epochMicros(quoted, type)
  return type.kind === 'string' ? dialect.byBytes(quoted) : quoted
}

/** A probe of whatever executes the dialect's SQL. */
export class SqlProbe implements TableProbe {
  readonly #dialect: ProbeDialect
  readonly #relation: string
  readonly #query: (sql: string) => Promise<TextRows>

  /** @param relation the table as it is written in SQL */
  constructor(dialect: ProbeDialect, relation: string, query: (sql: string) => Promise<TextRows>) {
    this.#dialect = dialect
    this.#relation = relation
    this.#query = query
  }

  async totals(wanted: WantedSums): Promise<TableTotals> {
    const { sql, asked } = totalsQuery(this.#dialect, this.#relation, wanted)
    const limit = this.#dialect.limits?.statementBytes ?? null
    if (limit !== null && wanted.columns.length > 1 && Buffer.byteLength(sql) > limit) return this.#halved(wanted)
    const [row] = await this.#query(sql)
    const columns: Record<string, Partial<Record<keyof ColumnTotals, Value>>> = {}
    asked.forEach(({ column, type, total }, i) => {
      ;(columns[column] ??= {})[total] = totalOfText(row![i + 2] ?? null, type, total)
    })
    const rowChecksum = row![1] ?? null
    return {
      rowCount: Number(row![0]),
      rowChecksum: rowChecksum === null ? null : wholeOf(rowChecksum),
      columns: columns as TableTotals['columns'],
    }
  }

  /** A table of many columns is asked in several statements. */
  async #halved({ columns, rows }: WantedSums): Promise<TableTotals> {
    const half = columns.length >> 1
    const first = await this.totals({ columns: columns.slice(0, half), rows })
    const second = await this.totals({ columns: columns.slice(half), rows: [] })
    return { ...first, columns: { ...first.columns, ...second.columns } }
  }

  async groups(grouping: Grouping, columns: readonly Field[]): Promise<ReadonlyMap<string | null, string>> {
    const dialect = this.#dialect
    const key =
      grouping.by === 'column'
        ? canonicalText(dialect, dialect.quote(grouping.column.name), grouping.column.type)
        : `CAST(${keyBucket(dialect, grouping.keys, grouping.buckets)} AS ${dialect.textType})`
    const numbers = columns.map(({ name, type }) => valueNumber(dialect, dialect.quote(name), type))
    const sums = numbers.map((number, i) => `CAST(${columnChecksum(dialect, number)} AS ${dialect.textType}) AS c${i}`)
    const whole = `CAST(${wholeRowChecksum(
      dialect,
      numbers.map(({ sql }) => sql),
    )} AS ${dialect.textType}) AS h`
    const select = [`${key} AS g`, 'COUNT(*) AS n', whole, ...sums].join(', ')
    const rows = await this.#query(`SELECT ${select} FROM ${this.#relation} GROUP BY 1`)
    return new Map(rows.map(([group, ...values]) => [group ?? null, values.map((value) => value ?? '').join(' ')]))
  }

  async bucketRows(
    bucket: number,
    buckets: number,
    keys: readonly Field[],
    columns: readonly Field[],
  ): Promise<TextRows> {
    const dialect = this.#dialect
    const select = [...keys, ...columns].map(
      ({ name, type }, i) => `${canonicalText(dialect, dialect.quote(name), type)} AS c${i}`,
    )
    return this.#query(
      `SELECT ${select.join(', ')} FROM ${this.#relation} WHERE ${keyBucket(dialect, keys, buckets)} = ${bucket}`,
    )
  }
}

function totalOfText(text: string | null, type: DataType, total: keyof ColumnTotals): Value {
  if (text === null) return null
  if (total === 'nullCount') return Number(text)
  if (total === 'checksum') return wholeOf(text)
  if (total === 'sum') return sumOfText(text, type)
  switch (type.kind) {
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return wholeOf(text)
    case 'decimal':
      return parseDecimal(text, { ...type, precision: 38 })
    case 'string':
      return text
    default:
      return Number(text)
  }
}

const sumOfText = (text: string, type: DataType): Value => {
  if (isFloat(type)) return Number(text)
  return type.kind === 'decimal' ? parseDecimal(text, { ...type, precision: 38 }) : wholeOf(text)
}

/** `12`, `12.0` and `12.000` are one number. */
const wholeOf = (text: string): bigint => BigInt(text.replace(/\.0*$/, ''))
