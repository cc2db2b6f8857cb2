import type { DataType, Field, Value } from '@deltaworks/schema'
import type { Grant } from '../table-layout.js'
import { postgresLiteral } from './postgres-dialect.js'
import {
  columnLine,
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
import type { SqlDialect, TableDefinition } from './sql-dialect.js'
import { decimalOf, floatOf, integerOf, other, textOf, type SqlType } from './sql-type.js'

/** What a column of no given length takes (SQL reference, "String & binary data types"). */
const textCharacters = 16_777_216

/** Snowflake's types; integers are numbers without a scale. Nested values and variants are VARIANT. */
function snowflakeType({ type, metadata }: Field): SqlType {
  const declared = metadataText(metadata, 'snowflake_type')
  return declared === null ? plainType(type, metadataNumber(metadata, 'maxlength')) : other(declared)
}

function plainType(type: DataType, length: number | null): SqlType {
  switch (type.kind) {
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
    case 'null': {
      const digits = { int8: 3, int16: 5, int32: 10, int64: 19, null: 10 }[type.kind]
      return integerOf(`NUMBER(${digits},0)`, digits)
    }
    case 'boolean':
      return other('BOOLEAN')
    case 'float32':
    case 'float64':
      return floatOf('FLOAT', 64)
    case 'decimal':
      return decimalOf(`NUMBER(${type.precision},${type.scale})`, type.precision, type.scale)
    case 'string':
      return length === null ? textOf('VARCHAR', textCharacters) : textOf(`VARCHAR(${length})`, length)
    case 'binary':
      return other('BINARY')
    case 'date':
      return other('DATE')
    case 'timestamp':
      return other('TIMESTAMP_LTZ(6)')
    case 'timestamp_ntz':
      return other('TIMESTAMP_NTZ(6)')
    case 'list':
    case 'map':
    case 'struct':
    case 'variant':
      return other('VARIANT')
  }
}

/** Backslashes are escapes in Snowflake's texts. */
const escapedText = (value: string): string => text(value.replaceAll('\\', '\\\\'))

function literal(value: Value, type: DataType): string {
  if (value === null) return `CAST(NULL AS ${plainType(type, null).sql})`
  if (type.kind === 'string' || type.kind === 'variant') return escapedText(value as string)
  if (type.kind === 'binary') return `TO_BINARY('${Buffer.from(value as Uint8Array).toString('hex')}', 'HEX')`
  return postgresLiteral(value, type)
}

const grantee = (to: Grant['to']): string =>
  // Privileges on objects go to roles only.
  to.kind === 'public' ? 'ROLE PUBLIC' : `ROLE ${quote(to.name)}`

function createTable(definition: TableDefinition): readonly string[] {
  const { layout } = definition
  const lines = [
    ...definition.columns.map(
      (column) => `${columnLine(column)}${column.comment === null ? '' : ` COMMENT ${escapedText(column.comment)}`}`,
    ),
    ...declaredKeys(definition),
  ]
  const comment = tableComment(definition, 'without keys')
  const sorted = layout.sort !== undefined && layout.sort.style !== 'auto' ? layout.sort.columns : []
  const clustered = layout.clusterBy ?? sorted
  const options = [
    ...(layout.retentionDays === undefined ? [] : [` DATA_RETENTION_TIME_IN_DAYS = ${layout.retentionDays}`]),
    ...(comment === null ? [] : [` COMMENT = ${escapedText(comment)}`]),
    ...(clustered.length === 0 ? [] : [` CLUSTER BY (${nameList(clustered)})`]),
  ]
  const kind = layout.transient === true ? 'TRANSIENT TABLE' : 'TABLE'
  // An export that failed after it, or was killed, has left the table, empty: DDL commits by itself.
  return [`CREATE ${kind} IF NOT EXISTS ${definition.relation} (\n${lines.join(',\n')}\n)${options.join('')}`]
}

/** Text columns of personal data show a digest to all but the named roles. */
function masking(definition: TableDefinition): readonly string[] {
  const masked = maskedColumns(definition).filter(({ field }) => field.type.kind === 'string')
  if (masked.length === 0) return []
  const policy = `${definition.prefix}${quote('deltaworks_masked_text')}`
  const allowed = definition.layout
    .unmaskedRoles!.map((role) => `IS_ROLE_IN_SESSION(${escapedText(role)})`)
    .join(' OR ')
  return [
    `CREATE MASKING POLICY IF NOT EXISTS ${policy} AS (v VARCHAR) RETURNS VARCHAR -> CASE WHEN ${allowed === '' ? 'FALSE' : allowed} THEN v ELSE SHA2(v, 256) END`,
    ...masked.map(
      ({ name }) =>
        `ALTER TABLE ${definition.relation} MODIFY COLUMN ${quote(name)} SET MASKING POLICY ${policy} FORCE`,
    ),
  ]
}

export const snowflakeDialect: SqlDialect = {
  name: 'Snowflake',
  limits: { identifierBytes: 255, columns: 2000, textBytes: textCharacters, statementBytes: 1_000_000 },
  declaresForeignKeys: true,
  transactionalDdl: false,
  textType: 'VARCHAR',
  quote,
  text: escapedText,
  literal,
  byBytes: (expression) => expression,
  epochMicros: (column, type) =>
    `DATEDIFF(microsecond, CAST('1970-01-01 00:00:00${type.kind === 'timestamp' ? "+00:00' AS TIMESTAMP_LTZ" : "' AS TIMESTAMP_NTZ"}), ${column})`,
  epochDays: (column) => `DATEDIFF(day, CAST('1970-01-01' AS DATE), ${column})`,
  hex: (column) => `LOWER(HEX_ENCODE(${column}))`,
  columnType: snowflakeType,
  createTable,
  // Snowflake's CREATE TABLE carries them.
  comments: () => [],
  access: (definition) => [...grants(definition.relation, definition.layout.grants, grantee), ...masking(definition)],
  createView: (view, { relation }) => `CREATE VIEW IF NOT EXISTS ${view} AS SELECT * FROM ${relation}`,
  addColumn: (relation, { name, type }) => `ALTER TABLE ${relation} ADD COLUMN ${quote(name)} ${type.sql}`,
  widenColumn: (relation, { name, type }) =>
    `ALTER TABLE ${relation} ALTER COLUMN ${quote(name)} SET DATA TYPE ${type.sql}`,
  // A number gets more digits, never other decimal places; all DDL stands for itself.
  widening: ({ type }, from) =>
    type.kind === 'decimal' && from.kind === 'decimal' && type.scale !== from.scale ? 'never' : 'before',
  // Micro-partitions are clustered by the service.
  maintain: () => [],
}
