import { formatDate, formatDecimal, formatTimestamp, isNested, type DataType, type Value } from '@deltaworks/schema'
import type { Grant } from '../table-layout.js'
import { columnLine, commentStatements, grants, metadataNumber, quote, tableComment, text } from './sql-text.js'
import type { SqlDialect } from './sql-dialect.js'
import { decimalOf, floatOf, integerOf, other, textOf, type SqlType } from './sql-type.js'

/** PostgreSQL 15 manual, chapter 8. Nested values and variants are JSONB; 8-bit integers SMALLINT. */
function postgresType(type: DataType, length: number | null): SqlType {
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
      return decimalOf(`NUMERIC(${type.precision},${type.scale})`, type.precision, type.scale)
    case 'string':
      return length === null ? textOf('TEXT', null) : textOf(`VARCHAR(${length})`, length)
    case 'binary':
      return other('BYTEA')
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
      return other('JSONB')
  }
}

export function postgresLiteral(value: Value, type: DataType): string {
  const { sql } = postgresType(type, null)
  if (value === null) return `CAST(NULL AS ${sql})`
  if (isNested(type)) throw new TypeError(`no literal of type ${type.kind}`)
  switch (type.kind) {
    case 'boolean':
      return value === true ? 'TRUE' : 'FALSE'
    case 'date':
      return `DATE ${text(formatDate(value as number))}`
    case 'timestamp':
      return `CAST(${text(`${formatTimestamp(value as bigint)}+00`)} AS ${sql})`
    case 'timestamp_ntz':
      return `CAST(${text(formatTimestamp(value as bigint))} AS ${sql})`
    case 'decimal':
      return `CAST(${text(formatDecimal(value as bigint, type.scale))} AS ${sql})`
    case 'binary':
      return `CAST(${text(`\\x${Buffer.from(value as Uint8Array).toString('hex')}`)} AS BYTEA)`
    case 'string':
      return text(value as string)
    default:
      return `CAST(${text(String(value as number | bigint | string))} AS ${sql})`
  }
}

// Users, roles and groups are one thing in PostgreSQL.
const grantee = (to: Grant['to']): string => (to.kind === 'public' ? 'PUBLIC' : quote(to.name))

export const postgresDialect: SqlDialect = {
  name: 'PostgreSQL',
  limits: { identifierBytes: 63, columns: 1600, textBytes: null, statementBytes: null },
  declaresForeignKeys: false,
  transactionalDdl: true,
  textType: 'TEXT',
  quote,
  text,
  literal: postgresLiteral,
  byBytes: (expression) => `${expression} COLLATE "C"`,
  // bigint is summed up as numeric.
  wholeSum: (expression) => `SUM(${expression})`,
  epochMicros: (column) => `CAST(EXTRACT(EPOCH FROM ${column}) * 1000000 AS BIGINT)`,
  epochDays: (column) => `(${column} - DATE '1970-01-01')`,
  hex: (column) => `ENCODE(${column}, 'hex')`,
  fence: ' OFFSET 0',
  columnType: ({ type, metadata }) => postgresType(type, metadataNumber(metadata, 'maxlength')),
  createTable: (definition) => [
    `CREATE TABLE ${definition.relation} (\n${definition.columns.map(columnLine).join(',\n')}\n)`,
  ],
  comments: (definition) => commentStatements(definition, tableComment(definition, 'with keys')),
  access: ({ relation, layout }) => grants(relation, layout.grants, grantee),
  addColumn: (relation, { name, type }) => `ALTER TABLE ${relation} ADD COLUMN ${quote(name)} ${type.sql}`,
  widenColumn: (relation, { name, type }) => `ALTER TABLE ${relation} ALTER COLUMN ${quote(name)} TYPE ${type.sql}`,
  widening: () => 'in transaction',
  maintain: ({ relation, layout }) => [`${layout.vacuum === true ? 'VACUUM ANALYZE' : 'ANALYZE'} ${relation}`],
}
