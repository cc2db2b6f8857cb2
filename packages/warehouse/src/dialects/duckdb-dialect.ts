import { formatDate, formatDecimal, formatTimestamp, type DataType, type Value } from '@deltaworks/schema'
import { columnLine, commentStatements, quote, tableComment, text } from './sql-text.js'
import type { SqlDialect } from './sql-dialect.js'
import { decimalOf, floatOf, integerOf, other, textOf, type SqlType } from './sql-type.js'

const simpleTypes: Readonly<Partial<Record<DataType['kind'], SqlType>>> = {
  null: integerOf('INTEGER', 32),
  boolean: other('BOOLEAN'),
  int8: integerOf('TINYINT', 8),
  int16: integerOf('SMALLINT', 16),
  int32: integerOf('INTEGER', 32),
  int64: integerOf('BIGINT', 64),
  float32: floatOf('FLOAT', 32),
  float64: floatOf('DOUBLE', 64),
  string: textOf('VARCHAR', null),
  binary: other('BLOB'),
  date: other('DATE'),
  timestamp: other('TIMESTAMPTZ'),
  timestamp_ntz: other('TIMESTAMP'),
  variant: textOf('VARCHAR', null),
}

/** Every logical type has its DuckDB type, without loss; a variant is its JSON text. */
function duckType(type: DataType): SqlType {
  switch (type.kind) {
    case 'decimal':
      return decimalOf(`DECIMAL(${type.precision},${type.scale})`, type.precision, type.scale)
    case 'list':
      return other(`${duckType(type.element).sql}[]`)
    case 'map':
      return other(`MAP(${duckType(type.key).sql}, ${duckType(type.value).sql})`)
    case 'struct':
      return other(`STRUCT(${type.fields.map((f) => `${quote(f.name)} ${duckType(f.type).sql}`).join(', ')})`)
    default:
      return simpleTypes[type.kind]!
  }
}

function literal(value: Value, type: DataType): string {
  if (value === null) return `CAST(NULL AS ${duckType(type).sql})`
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
      return `CAST(${text(formatDecimal(value as bigint, type.scale))} AS ${duckType(type).sql})`
    case 'binary':
      return `from_hex(${text(Buffer.from(value as Uint8Array).toString('hex'))})`
    default:
      return `CAST(${text(String(value as number | bigint))} AS ${duckType(type).sql})`
  }
}

export const duckDbDialect: SqlDialect = {
  name: 'DuckDB',
  limits: { identifierBytes: 65_535, columns: 10_000, textBytes: null, statementBytes: null },
  declaresForeignKeys: false,
  transactionalDdl: true,
  textType: 'VARCHAR',
  quote,
  text,
  literal,
  byBytes: (expression) => expression,
  // BIGINT is summed up as HUGEINT.
  wholeSum: (expression) => `SUM(${expression})`,
  epochMicros: (column) => `epoch_us(${column})`,
  epochDays: (column) => `date_diff('day', DATE '1970-01-01', ${column})`,
  hex: (column) => `lower(hex(${column}))`,
  columnType: ({ type }) => (type.kind === 'struct' && type.fields.length === 0 ? null : duckType(type)),
  createTable: (definition) => [
    `CREATE OR REPLACE TABLE ${definition.relation} (\n${definition.columns.map(columnLine).join(',\n')}\n)`,
  ],
  comments: (definition) => commentStatements(definition, tableComment(definition, 'with keys')),
  // A DuckDB file has no users.
  access: () => [],
  addColumn: (relation, { name, type }) => `ALTER TABLE ${relation} ADD COLUMN ${quote(name)} ${type.sql}`,
  widenColumn: (relation, { name, type }) =>
    `ALTER TABLE ${relation} ALTER COLUMN ${quote(name)} SET DATA TYPE ${type.sql}`,
  widening: () => 'in transaction',
  maintain: () => [],
}
