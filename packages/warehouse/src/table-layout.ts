import { invalidLayout } from './errors.js'
import type { WarehouseTable } from './warehouse-table.js'

/** Compression encodings of Amazon Redshift (Database Developer Guide, "Compression encodings"). */
export const redshiftEncodings = [
  'AUTO',
  'RAW',
  'AZ64',
  'BYTEDICT',
  'DELTA',
  'DELTA32K',
  'LZO',
  'MOSTLY8',
  'MOSTLY16',
  'MOSTLY32',
  'RUNLENGTH',
  'TEXT255',
  'TEXT32K',
  'ZSTD',
] as const
export type RedshiftEncoding = (typeof redshiftEncodings)[number]

export type Distribution =
  { readonly style: 'auto' | 'even' | 'all' } | { readonly style: 'key'; readonly column: string }

export type SortOrder =
  { readonly style: 'auto' } | { readonly style: 'compound' | 'interleaved'; readonly columns: readonly string[] }

export interface Grant {
  readonly privileges: readonly ('SELECT' | 'INSERT' | 'UPDATE' | 'DELETE' | 'REFERENCES')[]
  readonly to: { readonly kind: 'role' | 'user' | 'group'; readonly name: string } | { readonly kind: 'public' }
}

/**
 * How a table lies in a warehouse, beyond its columns. Each warehouse takes what it has a word for: Redshift distribution,
 * sort order and encodings; Snowflake clustering keys, transience and retention; all of them grants.
 */
export interface TableLayout {
  /** Redshift; default: by key if the table is joined by one, else AUTO. */
  readonly distribution?: Distribution
  /** Redshift; Snowflake takes its columns as clustering keys if it has no others. */
  readonly sort?: SortOrder
  /** Redshift, by column; what is not named is chosen (`adviseEncoding`). */
  readonly encodings?: Readonly<Record<string, RedshiftEncoding>>
  /** Snowflake. */
  readonly clusterBy?: readonly string[]
  /** Snowflake: without fail-safe. */
  readonly transient?: boolean
  /** Snowflake: days of time travel, 0 to 90. */
  readonly retentionDays?: number
  readonly grants?: readonly Grant[]
  /** Columns with a personal-data tag are masked for all but these roles (Redshift, Snowflake). Absent: not masked. */
  readonly unmaskedRoles?: readonly string[]
  /** Redshift, PostgreSQL: sort and reclaim space after each load. Default: only statistics are renewed. */
  readonly vacuum?: boolean
  /**
   * How rows that the warehouse has already get their new values, by primary key: DELETE and INSERT (`replace`, the default), or one
   * MERGE. Tables of key columns alone are always replaced.
   */
  readonly upsert?: 'replace' | 'merge'
  /** Redshift: other names of the table are views that bind to it when they are read; they need `--schema`. */
  readonly lateBinding?: boolean
  /** Statements run in the load's transaction, before and after; `{table}` stands for the table's quoted name. */
  readonly preActions?: readonly string[]
  readonly postActions?: readonly string[]
}

/** @throws WarehouseError DW-WAREHOUSE-0007 for a column that the table has not, and for combinations that no warehouse takes */
export function checkLayout(table: WarehouseTable): void {
  const { layout } = table
  if (layout === undefined) return
  const types = new Map(table.schema.fields.map((field) => [field.name, field.type.kind]))
  const wrong = (problem: string) => invalidLayout(table.name, problem)
  const require = (column: string, role: string): void => {
    const kind = types.get(column)
    if (kind === undefined) throw wrong(`its ${role} "${column}" is not one of its columns`)
    if (role !== 'encoded column' && ['list', 'map', 'struct', 'variant'].includes(kind))
      throw wrong(`its ${role} "${column}" is of the type ${kind}, which cannot be compared`)
  }
  const { distribution, sort, retentionDays, upsert } = layout
  if (upsert !== undefined && upsert !== 'replace' && upsert !== 'merge')
    throw wrong(`its upsert is "${String(upsert)}"; it is "replace" or "merge"`)
  if (distribution?.style === 'key') require(distribution.column, 'distribution key')
  if (sort !== undefined && sort.style !== 'auto') checkSort(sort, require, wrong)
  for (const column of layout.clusterBy ?? []) require(column, 'clustering key')
  for (const [column, encoding] of Object.entries(layout.encodings ?? {})) {
    require(column, 'encoded column')
    checkEncoding(column, types.get(column)!, encoding, wrong)
  }
  if (retentionDays !== undefined && !(Number.isInteger(retentionDays) && retentionDays >= 0 && retentionDays <= 90))
    throw wrong(`its retention is ${retentionDays} days; Snowflake takes 0 to 90`)
  if (retentionDays !== undefined && retentionDays > 1 && layout.transient === true)
    throw wrong(`it is transient, and then Snowflake keeps 0 or 1 day, not ${retentionDays}`)
}

function checkSort(
  sort: Exclude<SortOrder, { readonly style: 'auto' }>,
  require: (column: string, role: string) => void,
  wrong: (problem: string) => Error,
): void {
  for (const column of sort.columns) require(column, 'sort key')
  const limit = sort.style === 'interleaved' ? 8 : 400
  if (sort.columns.length === 0) throw wrong(`its ${sort.style} sort key has no columns`)
  if (sort.columns.length > limit)
    throw wrong(`its ${sort.style} sort key has ${sort.columns.length} columns, and Redshift takes ${limit}`)
  if (new Set(sort.columns).size < sort.columns.length) throw wrong('its sort key names a column twice')
}

/** Which kinds of columns an encoding is for (the guide's table of encodings). */
const encodable: Readonly<Record<RedshiftEncoding, readonly string[] | 'all'>> = {
  AUTO: 'all',
  RAW: 'all',
  AZ64: ['int8', 'int16', 'int32', 'int64', 'decimal', 'date', 'timestamp', 'timestamp_ntz'],
  BYTEDICT: [
    'int16',
    'int32',
    'int64',
    'decimal',
    'float32',
    'float64',
    'string',
    'date',
    'timestamp',
    'timestamp_ntz',
  ],
  DELTA: ['int16', 'int32', 'int64', 'decimal', 'date', 'timestamp', 'timestamp_ntz'],
  DELTA32K: ['int32', 'int64', 'decimal', 'date', 'timestamp', 'timestamp_ntz'],
  LZO: [
    'int8',
    'int16',
    'int32',
    'int64',
    'decimal',
    'date',
    'timestamp',
    'timestamp_ntz',
    'string',
    'list',
    'map',
    'struct',
    'variant',
  ],
  MOSTLY8: ['int8', 'int16', 'int32', 'int64', 'decimal'],
  MOSTLY16: ['int32', 'int64', 'decimal'],
  MOSTLY32: ['int64', 'decimal'],
  RUNLENGTH: [
    'boolean',
    'int8',
    'int16',
    'int32',
    'int64',
    'decimal',
    'float32',
    'float64',
    'string',
    'date',
    'timestamp',
    'timestamp_ntz',
  ],
  TEXT255: ['string'],
  TEXT32K: ['string'],
  ZSTD: 'all',
}

function checkEncoding(
  column: string,
  kind: string,
  encoding: RedshiftEncoding,
  wrong: (problem: string) => Error,
): void {
  const kinds = encodable[encoding]
  if (kinds === undefined)
    throw wrong(`its column "${column}" has the encoding ${String(encoding)}, which Redshift does not know`)
  if (kinds !== 'all' && !kinds.includes(kind))
    throw wrong(`its column "${column}" is of the type ${kind}, which the encoding ${encoding} is not for`)
}
