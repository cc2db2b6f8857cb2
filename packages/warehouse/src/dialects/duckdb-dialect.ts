import { formatDate, formatDecimal, formatTimestamp, typeName, type DataType, type Value } from '@deltaworks/schema'
import { unsupportedType } from '../errors.js'
import type { WarehouseTable } from '../warehouse-table.js'
import type { SqlDialect } from './sql-dialect.js'

const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

const simpleTypes: Readonly<Partial<Record<DataType['kind'], string>>> = {
  null: 'INTEGER',
  boolean: 'BOOLEAN',
  int8: 'TINYINT',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  int64: 'BIGINT',
  float32: 'FLOAT',
  float64: 'DOUBLE',
  string: 'VARCHAR',
  binary: 'BLOB',
  date: 'DATE',
  timestamp: 'TIMESTAMPTZ',
  timestamp_ntz: 'TIMESTAMP',
  variant: 'VARCHAR',
}

/** Every logical type has its DuckDB type, without loss; a variant is its JSON text. */
function duckTypeName(type: DataType): string {
  switch (type.kind) {
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'list':
      return `${duckTypeName(type.element)}[]`
    case 'map':
      return `MAP(${duckTypeName(type.key)}, ${duckTypeName(type.value)})`
    case 'struct':
      return `STRUCT(${type.fields.map((f) => `${quote(f.name)} ${duckTypeName(f.type)}`).join(', ')})`
    default:
      return simpleTypes[type.kind]!
  }
}

function literal(value: Value, type: DataType): string {
  if (value === null) return `CAST(NULL AS ${duckTypeName(type)})`
  switch (type.kind) {
    case 'boolean':
      return value === true ? 'true' : 'false'
    case 'string':
    case 'variant':
      return text(value as string)
    case 'date':
      return `DATE ${text(formatDate(value as number))}`
    case 'timestamp':
      return `TIMESTAMPTZ ${text(`${formatTimestamp(value as bigint)}+00`)}`
    case 'timestamp_ntz':
      return `TIMESTAMP ${text(formatTimestamp(value as bigint))}`
    case 'decimal':
      return `CAST(${text(formatDecimal(value as bigint, type.scale))} AS ${duckTypeName(type)})`
    case 'binary':
      return `from_hex(${text(Buffer.from(value as Uint8Array).toString('hex'))})`
    default:
      return `CAST(${text(String(value as number | bigint))} AS ${duckTypeName(type)})`
  }
}

function createTable(table: WarehouseTable): string {
  const columns = table.schema.fields.map((field) => {
    if (field.type.kind === 'struct' && field.type.fields.length === 0) {
      throw unsupportedType('DuckDB', table.name, field.name, typeName(field.type))
    }
    return `  ${quote(field.name)} ${duckTypeName(field.type)}${field.nullable ? '' : ' NOT NULL'}`
  })
  return `CREATE OR REPLACE TABLE ${quote(table.name)} (\n${columns.join(',\n')}\n)`
}

function comments(table: WarehouseTable): readonly string[] {
  const said = [
    ...(table.comment === null ? [] : [table.comment]),
    ...(table.primaryKey.length === 0 ? [] : [`Primary key: ${table.primaryKey.join(', ')}.`]),
    ...table.foreignKeys.map(
      (key) => `${key.columns.join(', ')} refers to ${key.table}(${key.references.join(', ')}).`,
    ),
  ]
  return said.length === 0 ? [] : [`COMMENT ON TABLE ${quote(table.name)} IS ${text(said.join(' '))}`]
}

export const duckDbDialect: SqlDialect = {
  name: 'DuckDB',
  quote,
  literal,
  typeName: duckTypeName,
  createTable,
  comments,
}
