import { Arena, batchFromRows, createContext, unlimited } from '@deltaworks/columnar'
import { csvLine, ParquetWriter } from '@deltaworks/formats'
import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float32,
  float64,
  int16,
  int32,
  int64,
  parseDecimal,
  schema as schemaOf,
  string,
  timestamp,
  timestampNtz,
  tryParseDate,
  tryParseTimestamp,
  variant,
  type DataType,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import { splitUri, type ObjectStore } from '@deltaworks/storage'
import type { DatabaseSession, QueryResult } from '../database/database.js'
import { sqlError } from '../sql-failure.js'
import type { UnloadStatement } from '../sql/copy-statement.js'

const pageRows = 20_000
const fileRows = 1_000_000

export interface UnloadContext {
  readonly session: DatabaseSession
  readonly openStore: (uri: string) => ObjectStore
}

/**
 * Writes a query's rows under a prefix: `<prefix>0000_part_00.parquet` and so on, and `<prefix>manifest`. The session has a
 * transaction open, for its cursor. @param query in PostgreSQL's words @returns rows
 */
export async function unload(
  statement: UnloadStatement,
  query: string,
  { session, openStore }: UnloadContext,
): Promise<number> {
  const { store: storeUri, path: prefix } = splitUri(statement.to)
  const isFolder = statement.to.endsWith('/') && prefix !== ''
  const store = openStore(storeUri)
  await makeRoom(statement, store, prefix)
  const schema = await resultSchema(session, query)
  await session.query(`DECLARE redshift_local_unload CURSOR FOR ${query}`)
  const files: { readonly path: string; readonly sizeBytes: number; readonly rowCount: number }[] = []
  let total = 0
  for (let page = await nextPage(session); ;) {
    const part = `0000_part_${String(files.length).padStart(2, '0')}${statement.format === 'PARQUET' ? '.parquet' : ''}`
    const path = `${prefix}${isFolder ? '/' : ''}${part}`
    const file = new UnloadFile(schema, statement)
    for (; page.rows.length > 0 && file.rowCount < fileRows; page = await nextPage(session)) file.write(page.rows)
    const parts = file.finish()
    await store.put(path, parts, 'overwrite')
    files.push({ path, sizeBytes: parts.reduce((sum, { length }) => sum + length, 0), rowCount: file.rowCount })
    total += file.rowCount
    if (page.rows.length === 0) break
  }
  await session.query('CLOSE redshift_local_unload')
  if (statement.hasManifest) {
    const entries = files.map(({ path, sizeBytes, rowCount }) => ({
      url: `${storeUri}/${path}`,
      meta: { content_length: sizeBytes, record_count: rowCount },
    }))
    const text = JSON.stringify({ entries }, null, 1)
    await store.put(`${prefix}${isFolder ? '/' : ''}manifest`, Buffer.from(text), 'overwrite')
  }
  await session.query(`SELECT set_config('redshift_local.unload_count', '${total}', false)`)
  return total
}

const nextPage = (session: DatabaseSession): Promise<QueryResult> =>
  session.query(`FETCH ${pageRows} FROM redshift_local_unload`)

/** A result does not tell the digits of its numbers; a view of the query does. */
async function resultSchema(session: DatabaseSession, query: string): Promise<Schema> {
  await session.query(`CREATE TEMPORARY VIEW redshift_local_unloaded AS ${query}`)
  const { rows } = await session.query(
    `SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'redshift_local_unloaded'::regclass AND attnum > 0 ORDER BY attnum`,
  )
  await session.query('DROP VIEW redshift_local_unloaded')
  return schemaOf(rows.map(([name, type]) => field(name!, typeOfName(type!))))
}

/** @throws SqlFailure if there are files, and nothing was said of them */
async function makeRoom(
  { allowOverwrite, cleanPath }: UnloadStatement,
  store: ObjectStore,
  prefix: string,
): Promise<void> {
  const folder = prefix.split('/').slice(0, -1).join('/')
  const there = (await store.list(folder)).filter(({ path }) => path.startsWith(prefix))
  if (there.length === 0 || allowOverwrite) return
  if (!cleanPath)
    throw sqlError(
      'XX000',
      'Specified unload destination on S3 is not empty. Consider using a different bucket / prefix, manually removing the target files in S3, or using the ALLOWOVERWRITE option.',
    )
  await store.delete(there.map(({ path }) => path))
}

/** One file, being written. */
class UnloadFile {
  readonly #schema: Schema
  readonly #statement: UnloadStatement
  readonly #context = createContext()
  readonly #writer: ParquetWriter | null
  readonly #lines: Uint8Array[] = []
  rowCount = 0

  constructor(schema: Schema, statement: UnloadStatement) {
    this.#statement = statement
    this.#schema = schema
    this.#writer = statement.format === 'PARQUET' ? new ParquetWriter(this.#context, unlimited, schema) : null
    if (statement.header && this.#writer === null)
      this.#lines.push(Buffer.from(`${schema.fields.map(({ name }) => name).join(',')}\n`))
  }

  write(rows: QueryResult['rows']): void {
    this.rowCount += rows.length
    const { fields } = this.#schema
    const values = rows.map((row) => row.map((text, i) => (text === null ? null : valueOf(text, fields[i]!.type))))
    if (this.#writer === null) {
      this.#lines.push(Buffer.from(values.map((row) => `${csvLine(this.#schema, row)}\n`).join('')))
      return
    }
    const arena = new Arena(this.#context.heap)
    this.#writer.write(batchFromRows(arena, this.#schema, values))
    arena.close()
  }

  finish(): readonly Uint8Array[] {
    return this.#statement.format === 'PARQUET' ? this.#writer!.finish().parts : this.#lines
  }
}

/** Digits of a NUMERIC that says nothing of its own. */
const anyDecimal = decimal(38, 10)

/** The type that `format_type` names. */
function typeOfName(name: string): DataType {
  const digits = /^numeric\((\d+),(\d+)\)$/.exec(name)
  if (digits !== null) return decimal(Number(digits[1]), Number(digits[2]))
  switch (name) {
    case 'boolean':
      return boolean
    case 'smallint':
      return int16
    case 'integer':
      return int32
    case 'bigint':
      return int64
    case 'real':
      return float32
    case 'double precision':
      return float64
    case 'numeric':
      return anyDecimal
    case 'date':
      return date
    case 'timestamp without time zone':
      return timestampNtz
    case 'timestamp with time zone':
      return timestamp
    case 'bytea':
      return binary
    case 'jsonb':
      return variant
    default:
      return string
  }
}

function valueOf(text: string, type: DataType): Value {
  switch (type.kind) {
    case 'boolean':
      return text === 't' || text === 'true'
    case 'int16':
    case 'int32':
    case 'float32':
    case 'float64':
      return Number(text)
    case 'int64':
      return BigInt(text)
    case 'decimal':
      return parseDecimal(text, type)
    case 'date':
      return tryParseDate(text)
    case 'timestamp':
    case 'timestamp_ntz':
      // Sessions are in UTC.
      return tryParseTimestamp(text.replace(/\+00$/, ''))!.localMicros
    case 'binary':
      return Uint8Array.from(Buffer.from(text.slice(2), 'hex'))
    default:
      return text
  }
}
