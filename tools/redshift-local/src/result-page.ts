import type { QueryResult, ResultColumn } from './database/database.js'

/** A page of a result as GetStatementResult gives it. */
export const resultPage = ({ columns, rows }: QueryResult, start: number, pageRows: number) => {
  const end = Math.min(rows.length, start + pageRows)
  return {
    ColumnMetadata: columns.map(columnMetadata),
    Records: rows.slice(start, end).map((row) => row.map((value, i) => fieldOf(value, columns[i]!.typeOid))),
    TotalNumRows: rows.length,
    ...(end < rows.length ? { NextToken: String(end) } : {}),
  }
}

/** Numbers of pg_type: the names that Redshift gives them. */
const typeNames: Readonly<Record<number, string>> = {
  16: 'bool',
  17: 'varbyte',
  20: 'int8',
  21: 'int2',
  23: 'int4',
  25: 'text',
  700: 'float4',
  701: 'float8',
  1042: 'bpchar',
  1043: 'varchar',
  1082: 'date',
  1114: 'timestamp',
  1184: 'timestamptz',
  1700: 'numeric',
  3802: 'super',
}

const columnMetadata = ({ name, typeOid }: ResultColumn) => ({
  name,
  label: name,
  typeName: typeNames[typeOid] ?? 'varchar',
  isCaseSensitive: true,
  isCurrency: false,
  isSigned: true,
  nullable: 1,
  precision: 0,
  scale: 0,
  length: 0,
  schemaName: '',
  tableName: '',
})

/** Decimals, dates and times are texts; 64-bit integers are JSON numbers, as they are of the service. */
function fieldOf(value: string | null, typeOid: number) {
  if (value === null) return { isNull: true }
  switch (typeOid) {
    case 16:
      return { booleanValue: value === 't' || value === 'true' }
    case 20:
    case 21:
    case 23:
      return { longValue: Number(value) }
    case 700:
    case 701:
      return { doubleValue: Number(value) }
    case 17:
      return { blobValue: Buffer.from(value.slice(2), 'hex').toString('base64') }
    default:
      return { stringValue: value }
  }
}

export const resultBytes = ({ rows }: QueryResult): number =>
  rows.reduce((sum, row) => sum + row.reduce((n, value) => n + (value?.length ?? 0), 0), 0)
