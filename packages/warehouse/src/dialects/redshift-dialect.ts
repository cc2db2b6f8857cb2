import type { DataType, Field } from '@deltaworks/schema'
import { invalidLayout } from '../errors.js'
import type { Distribution, Grant, SortOrder } from '../table-layout.js'
import type { ColumnProfile } from '../warehouse-table.js'
import { postgresLiteral } from './postgres-dialect.js'
import { adviseEncoding } from './redshift-encoding.js'
import {
  columnLine,
  commentStatements,
  declaredKeys,
  grants,
  maskedColumns,
  metadataNumber,
  metadataText,
  nameList,
  quote,
  tableComment,
  text,
} from './sql-text.js'
import type { ColumnDefinition, SqlDialect, TableDefinition } from './sql-dialect.js'
import { decimalOf, floatOf, integerOf, other, textOf, type SqlType } from './sql-type.js'

export const redshiftTextBytes = 65_535
/** What Redshift itself takes TEXT for, where nothing is known of a column's values. */
const unknownTextBytes = 256

/**
 * Amazon Redshift's types (Database Developer Guide, "Data types"). VARCHAR lengths are bytes: `maxlength` of the column's
 * metadata, else the next power of two above the longest value, else 256. `redshift_type` of the metadata is taken as it is.
 */
function redshiftType({ type, metadata }: Field, profile: ColumnProfile | undefined): SqlType {
  const declared = metadataText(metadata, 'redshift_type')
  if (declared !== null) return typeOfText(declared)
  const length = metadataNumber(metadata, 'maxlength')
  return plainType(type, length ?? roomFor(profile?.maxBytes))
}

function plainType(type: DataType, bytes: number): SqlType {
  switch (type.kind) {
    case 'null':
    case 'int32':
      return integerOf('INTEGER', 32)
    case 'int8':
    case 'int16':
      return integerOf('SMALLINT', 16)
    case 'int64':
      return integerOf('BIGINT', 64)
    case 'boolean':
      return other('BOOLEAN')
    case 'float32':
      return floatOf('REAL', 32)
    case 'float64':
      return floatOf('DOUBLE PRECISION', 64)
    case 'decimal':
      return decimalOf(`DECIMAL(${type.precision},${type.scale})`, type.precision, type.scale)
    case 'string':
      return textOf(`VARCHAR(${bytes})`, bytes)
    case 'binary':
      return textOf(`VARBYTE(${bytes})`, bytes)
    case 'date':
      return other('DATE')
    case 'timestamp':
      return other('TIMESTAMPTZ')
    case 'timestamp_ntz':
      return other('TIMESTAMP')
    case 'list':
    case 'map':
    case 'struct':
    case 'variant':
      return other('SUPER')
  }
}

const roomFor = (maxBytes: number | undefined): number => {
  if (maxBytes === undefined) return unknownTextBytes
  let room = 16
  while (room < maxBytes) room *= 2
  return Math.max(maxBytes, Math.min(room, redshiftTextBytes))
}

function typeOfText(sql: string): SqlType {
  const length = /^(?:VARCHAR|CHAR|CHARACTER VARYING|VARBYTE)\s*\((\d+)\)$/i.exec(sql)
  if (length !== null) return textOf(sql, Number(length[1]))
  const number = /^(?:DECIMAL|NUMERIC)\s*\((\d+)\s*,\s*(\d+)\)$/i.exec(sql)
  return number === null ? other(sql) : decimalOf(sql, Number(number[1]), Number(number[2]))
}

const distribution = (wanted: Distribution | undefined): string => {
  if (wanted === undefined) return 'DISTSTYLE AUTO'
  // Keys stand on the table, not the column: the grammars that check us know only that.
  if (wanted.style === 'key') return `DISTSTYLE KEY DISTKEY (${quote(wanted.column)})`
  return `DISTSTYLE ${wanted.style.toUpperCase()}`
}

const sortKey = (wanted: SortOrder | undefined): string => {
  // SORTKEY AUTO is what a table has of which nothing is said; not every grammar knows the words.
  if (wanted === undefined || wanted.style === 'auto') return ''
  return ` ${wanted.style.toUpperCase()} SORTKEY (${nameList(wanted.columns)})`
}

function createTable(definition: TableDefinition): readonly string[] {
  const { layout } = definition
  if (layout.distribution?.style === 'all' && layout.sort?.style === 'interleaved')
    throw invalidLayout(
      definition.name,
      'it is copied to all nodes (DISTSTYLE ALL), for which an interleaved sort key is of no use',
    )
  const lines = [
    ...definition.columns.map(
      (column) => `${columnLine(column)} ENCODE ${adviseEncoding(column, definition).encoding}`,
    ),
    ...declaredKeys(definition),
  ]
  return [
    `CREATE TABLE ${definition.relation} (\n${lines.join(',\n')}\n) ${distribution(layout.distribution)}${sortKey(layout.sort)}`,
  ]
}

const grantee = (to: Grant['to']): string => {
  switch (to.kind) {
    case 'public':
      return 'PUBLIC'
    case 'role':
      return `ROLE ${quote(to.name)}`
    case 'group':
      return `GROUP ${quote(to.name)}`
    case 'user':
      return quote(to.name)
  }
}

/** Dynamic data masking: everyone sees a digest, the named roles the value (a higher priority wins). */
function masking(definition: TableDefinition): readonly string[] {
  return maskedColumns(definition).flatMap((column) => {
    if (column.type.kind !== 'text') return []
    const [masked, plain] = ['masked', 'plain'].map((kind) =>
      quote(`deltaworks_${kind}_${column.type.kind === 'text' ? column.type.length : 0}`),
    )
    const policy = (name: string, using: string) =>
      `CREATE MASKING POLICY ${name} IF NOT EXISTS WITH (v ${column.type.sql}) USING (${using})`
    const attach = (name: string, to: string, priority: number) =>
      `ATTACH MASKING POLICY ${name} ON ${definition.relation} (${quote(column.name)}) TO ${to} PRIORITY ${priority}`
    return [
      policy(masked!, `CAST(SUBSTRING(SHA2(v, 256), 1, ${column.type.length}) AS ${column.type.sql})`),
      policy(plain!, 'v'),
      attach(masked!, 'PUBLIC', 0),
      ...definition.layout.unmaskedRoles!.map((role) => attach(plain!, `ROLE ${quote(role)}`, 10)),
    ]
  })
}

/** Late-binding views name their tables with the schema, or Redshift refuses them ("CREATE VIEW"). */
function createView(view: string, { name, prefix, relation, layout }: TableDefinition): string {
  if (layout.lateBinding === true && prefix === '')
    throw invalidLayout(name, 'its other names are to bind late, for which the tables need a schema; give --schema')
  return `CREATE VIEW ${view} AS SELECT * FROM ${relation}${layout.lateBinding === true ? ' WITH NO SCHEMA BINDING' : ''}`
}

const addColumn = (relation: string, { name, type }: ColumnDefinition): string =>
  `ALTER TABLE ${relation} ADD COLUMN ${quote(name)} ${type.sql}`

const unalterableEncodings = ['BYTEDICT', 'RUNLENGTH', 'TEXT255', 'TEXT32K']

/** Only a VARCHAR's length can be altered, of a column in no key or view and of some encodings, and in no transaction ("ALTER TABLE"). */
const lengthening: SqlDialect['widening'] = (column, from, definition) => {
  const { name, type } = column
  const isKey =
    definition.primaryKey.includes(name) || definition.declaredKeys.some((key) => key.columns.includes(name))
  // A view would hold on to the column's type.
  const canAlter =
    definition.aliases.length === 0 &&
    !isKey &&
    !unalterableEncodings.includes(adviseEncoding(column, definition).encoding)
  return type.kind === 'text' && from.kind === 'text' && type.sql.startsWith('VARCHAR') && canAlter
    ? 'before'
    : 'rebuild'
}

export const redshiftDialect: SqlDialect = {
  name: 'Amazon Redshift',
  limits: { identifierBytes: 127, columns: 1600, textBytes: redshiftTextBytes, statementBytes: 100_000 },
  declaresForeignKeys: true,
  transactionalDdl: true,
  // Without a length it is one of 256 bytes, and longer texts are cut.
  textType: 'VARCHAR(65535)',
  quote,
  text,
  literal: postgresLiteral,
  // Redshift orders text by its bytes unless a column is declared otherwise.
  byBytes: (expression) => expression,
  epochMicros: (column) => `DATEDIFF(microsecond, TIMESTAMP '1970-01-01 00:00:00', ${column})`,
  epochDays: (column) => `DATEDIFF(day, DATE '1970-01-01', ${column})`,
  hex: (column) => `TO_HEX(${column})`,
  columnType: redshiftType,
  createTable,
  comments: (definition) => commentStatements(definition, tableComment(definition, 'without keys')),
  access: (definition) => [...grants(definition.relation, definition.layout.grants, grantee), ...masking(definition)],
  createView,
  addColumn,
  widenColumn: (relation, { name, type }) => `ALTER TABLE ${relation} ALTER COLUMN ${quote(name)} TYPE ${type.sql}`,
  widening: lengthening,
  maintain: ({ relation, layout }) => [
    ...(layout.vacuum === true ? [`VACUUM FULL ${relation}`] : []),
    `ANALYZE ${relation}`,
  ],
  notes: (definition) =>
    definition.columns.map((column) => {
      const { encoding, reason } = adviseEncoding(column, definition)
      return `${column.name}: ${encoding} (${reason})`
    }),
}
