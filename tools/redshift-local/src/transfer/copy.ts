import { createContext, unlimited, type ColumnarContext } from '@deltaworks/columnar'
import { copyText, fileScan, readParquetSchema, scanFile } from '@deltaworks/formats'
import { field, typeName, type DataType, type Field, type Schema } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import type { DatabaseSession } from '../database/database.js'
import { existingOid } from '../database/catalog.js'
import { sqlError, SqlFailure } from '../sql-failure.js'
import type { CopyStatement } from '../sql/copy-statement.js'
import { quoteName, relationSql } from '../sql/tokens.js'
import { filesOf, type CopyFile } from './copy-files.js'
import { loadErrorCodes, type LoadErrors } from './load-error.js'

export interface CopyContext {
  readonly session: DatabaseSession
  readonly openStore: (uri: string) => ObjectStore
  readonly loadErrors: LoadErrors
  /** Number of the query, for STL_LOAD_ERRORS. */
  readonly query: number
  readonly startMs: number
}

interface TargetColumn {
  readonly name: string
  /** PostgreSQL's name of its type, with length. */
  readonly type: string
}

const heapBytes = 256 * 1024 * 1024

/** Loads files into a table. @returns rows @throws SqlFailure, whose row is in STL_LOAD_ERRORS if it is of the data */
export async function copy(statement: CopyStatement, context: CopyContext): Promise<number> {
  const { session } = context
  const oid = await existingOid(session, statement.relation)
  const columns = await targetColumns(session, oid, statement)
  const files = await filesOf(statement, context.openStore)
  const names = columns.map(({ name }) => quoteName(name)).join(', ')
  const sql = `COPY ${relationSql(statement.relation)} (${names}) FROM STDIN`
  // One heap a statement, so that nothing of a load that failed stays behind.
  const columnar = createContext({ limitBytes: heapBytes })
  let rows = 0
  for (const file of files) {
    try {
      rows += await session.copyIn(sql, await textOf(columnar, statement, file, columns))
    } catch (error) {
      throw told(error, file, oid, context)
    }
  }
  await session.query(`SELECT set_config('redshift_local.copy_count', '${rows}', false)`)
  return rows
}

async function targetColumns(
  session: DatabaseSession,
  oid: string,
  { columns }: CopyStatement,
): Promise<readonly TargetColumn[]> {
  const { rows } = await session.query(
    `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = ${oid} AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  )
  const all = rows.map(([name, type]) => ({ name: name!, type: type! }))
  return (columns ?? all.map(({ name }) => name)).map((name) => {
    const found = all.find((column) => column.name === name)
    if (found === undefined) throw sqlError('42703', `column "${name}" of the relation does not exist`)
    return found
  })
}

async function textOf(
  columnar: ColumnarContext,
  statement: CopyStatement,
  file: CopyFile,
  columns: readonly TargetColumn[],
): Promise<AsyncIterable<Uint8Array<ArrayBuffer>>> {
  const { store, path, sizeBytes } = file
  switch (statement.format) {
    case 'PARQUET': {
      const schema = await readParquetSchema(store, path, sizeBytes)
      checkColumns(file, schema, columns, statement)
      const scan = fileScan({ store, path, sizeBytes, schema })
      return copyText(columnar.heap, schema, scanFile(columnar, unlimited, 'parquet', scan, null))
    }
    case 'CSV': {
      const schema: Schema = { fields: columns.map(({ name }) => field(name, { kind: 'string' })) }
      const scan = fileScan({ store, path, sizeBytes, schema })
      const options = { header: statement.ignoreHeader > 0, separator: statement.delimiter, mode: 'failfast' }
      return copyText(columnar.heap, schema, scanFile(columnar, unlimited, 'csv', scan, options))
    }
    case 'JSON':
      throw sqlError('0A000', 'COPY of JSON is not supported')
  }
}

/** Files and table must have as many columns, by position, and of types that fit each other exactly. */
function checkColumns(
  { uri }: CopyFile,
  { fields }: Schema,
  columns: readonly TargetColumn[],
  { serializeToJson, fillRecord }: CopyStatement,
): void {
  if (fields.length !== columns.length && !(fillRecord && fields.length < columns.length))
    throw sqlError(
      'XX000',
      `Spectrum Scan Error: Unmatched number of columns between table and file. Table columns: ${columns.length}, Data columns: ${fields.length}, File name: ${uri}`,
    )
  fields.forEach((inFile, i) => {
    const column = columns[i]!
    if (fits(inFile, column.type, serializeToJson)) return
    throw sqlError(
      'XX000',
      `Spectrum Scan Error: File '${uri}' has an incompatible Parquet schema for column '${column.name}'. Column type: ${column.type.toUpperCase()}, Parquet type: ${typeName(inFile.type)}`,
    )
  })
}

const isNested = (type: DataType): boolean => ['list', 'map', 'struct'].includes(type.kind)

function fits({ type }: Field, target: string, serializeToJson: boolean): boolean {
  if (target === 'jsonb') return isNested(type) ? serializeToJson : true
  switch (type.kind) {
    case 'boolean':
      return target === 'boolean'
    case 'int8':
    case 'int16':
      return target === 'smallint'
    case 'int32':
      return target === 'integer' || target === 'smallint'
    case 'int64':
      return target === 'bigint'
    case 'float32':
      return target === 'real'
    case 'float64':
      return target === 'double precision'
    case 'decimal': {
      const [, precision, scale] = /^numeric\((\d+),(\d+)\)$/.exec(target) ?? []
      return Number(scale) === type.scale && Number(precision) >= type.precision
    }
    case 'string':
      return target.startsWith('character')
    case 'binary':
      return target === 'bytea' || target.startsWith('character')
    case 'date':
      return target === 'date'
    case 'timestamp':
    case 'timestamp_ntz':
      return target.startsWith('timestamp')
    default:
      return false
  }
}

/** What PostgreSQL says of a row, as Redshift does, and as a row of STL_LOAD_ERRORS. */
function told(error: unknown, file: CopyFile, tableOid: string, context: CopyContext): unknown {
  if (error instanceof SqlFailure) return error
  const {
    message = '',
    code,
    where = '',
    detail = '',
  } = error as Readonly<Record<'message' | 'code' | 'where' | 'detail', string>>
  const line = Number(/line (\d+)/.exec(where)?.[1] ?? 0)
  const column = /redshift_bytes_(\w+)/.exec(message)?.[1] ?? /column "?(\w+)"?/.exec(`${message} ${where}`)?.[1] ?? ''
  const isLength = message.includes('redshift_bytes_') || code === '22001'
  const reason = isLength
    ? `The length of the data column ${column} is longer than the length defined in the table`
    : message.split('\n')[0]!
  context.loadErrors.add({
    query: context.query,
    startMs: context.startMs,
    file: file.uri,
    line,
    column,
    type: isLength ? 'varchar' : '',
    value: detail,
    code: isLength ? loadErrorCodes.textTooLong : code === '23502' ? loadErrorCodes.notNull : loadErrorCodes.general,
    reason,
    tableOid,
  })
  return sqlError('XX000', `Load into table failed. Check 'stl_load_errors' system table for details: ${reason}`)
}
