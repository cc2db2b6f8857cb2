import { fileURLToPath } from 'node:url'
import type { Field } from '@deltaworks/schema'
import { duckDbDialect } from '../dialects/duckdb-dialect.js'
import type { ParquetFiles, ParquetSource, WarehouseTable } from '../warehouse-table.js'

const { quote, literal } = duckDbDialect
const fileColumn = '__deltaworks_file'

/** Files, and bytes of them, that one statement reads: DuckDB keeps open what a statement names. */
const maxFiles = 32
const maxBytes = 64 * 1024 * 1024

/** The statements that fill a table from its Parquet files, a bounded number of files each. */
export const insertsFromParquet = (table: WarehouseTable, source: ParquetFiles, relation: string): readonly string[] =>
  partsOf(source).map((part) => insertFromParquet(table, part, relation))

function partsOf(source: ParquetFiles): readonly ParquetFiles[] {
  const parts: ParquetSource[][] = []
  let bytes = 0
  for (const file of source.files) {
    const part = parts.at(-1)
    if (part === undefined || part.length >= maxFiles || bytes + file.sizeBytes > maxBytes) {
      parts.push([file])
      bytes = file.sizeBytes
    } else {
      part.push(file)
      bytes += file.sizeBytes
    }
  }
  return parts.map((files) => ({ ...source, files }))
}

function insertFromParquet(table: WarehouseTable, source: ParquetFiles, relation: string): string {
  const varying = varyingConstants(table, source)
  const columns = table.schema.fields.map((field) => selected(field, source, varying))
  const files = source.files.map((file) => text(pathOf(file.location)))
  const options = [
    'hive_partitioning = false',
    ...(source.files.length > 1 ? ['union_by_name = true'] : []),
    ...(varying.length > 0 ? [`filename = ${text(fileColumn)}`] : []),
  ]
  const read = `read_parquet([${files.join(', ')}], ${options.join(', ')})`
  // Columns that came to the table after its files are in none of them: here they are null.
  const empty = fileColumns(table, source).map((name) => `NULL AS ${quote(name)}`)
  const from =
    empty.length === 0
      ? `${read} AS f`
      : `(SELECT ${empty.join(', ')} WHERE false UNION ALL BY NAME SELECT * FROM ${read}) AS f`
  const joined = varying.length === 0 ? '' : `\n  JOIN ${constantsByFile(source, varying)} USING (${quote(fileColumn)})`
  return `INSERT INTO ${relation}\n  SELECT ${columns.join(', ')}\n  FROM ${from}${joined}`
}

/** Names in the files of the columns that are read from them. */
const fileColumns = ({ schema }: WarehouseTable, { files, physicalNames }: ParquetFiles): readonly string[] =>
  schema.fields.flatMap(({ name }) => (Object.hasOwn(files[0]!.constants, name) ? [] : [physicalNames?.[name] ?? name]))

/** Fields that are constants of files, and not the same in all of them. */
const varyingConstants = ({ schema }: WarehouseTable, { files }: ParquetFiles): readonly Field[] =>
  schema.fields.filter(({ name }) => {
    const first = files[0]!.constants[name]
    return first !== undefined && files.some((file) => file.constants[name] !== first)
  })

function selected({ name, type }: Field, source: ParquetFiles, varying: readonly Field[]): string {
  if (varying.some((field) => field.name === name)) return `c.${quote(name)}`
  const constant = source.files[0]!.constants[name]
  if (constant !== undefined) return literal(constant, type)
  return `f.${quote(source.physicalNames?.[name] ?? name)}`
}

function constantsByFile(source: ParquetFiles, varying: readonly Field[]): string {
  const rows = source.files.map((file) => {
    const values = varying.map(({ name, type }) => literal(file.constants[name] ?? null, type))
    return `(${[text(pathOf(file.location)), ...values].join(', ')})`
  })
  const names = [fileColumn, ...varying.map((field) => field.name)].map(quote)
  return `(VALUES ${rows.join(', ')}) AS c(${names.join(', ')})`
}

const pathOf = (location: string): string => (location.startsWith('file:') ? fileURLToPath(location) : location)
const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
