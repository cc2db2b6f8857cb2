import { fileURLToPath } from 'node:url'
import type { Field } from '@deltaworks/schema'
import { duckDbDialect } from '../dialects/duckdb-dialect.js'
import type { ParquetFiles, WarehouseTable } from '../warehouse-table.js'

const { quote, literal } = duckDbDialect
const fileColumn = '__deltaworks_file'

/** The statement that fills a table from its Parquet files; null if it has none. */
export function insertFromParquet(table: WarehouseTable, source: ParquetFiles, relation: string): string | null {
  if (source.files.length === 0) return null
  const varying = varyingConstants(table, source)
  const columns = table.schema.fields.map((field) => selected(field, source, varying))
  const files = source.files.map((file) => text(pathOf(file.location)))
  const options = [
    'hive_partitioning = false',
    ...(source.files.length > 1 ? ['union_by_name = true'] : []),
    ...(varying.length > 0 ? [`filename = ${text(fileColumn)}`] : []),
  ]
  const from = `read_parquet([${files.join(', ')}], ${options.join(', ')}) AS f`
  const joined = varying.length === 0 ? '' : `\n  JOIN ${constantsByFile(source, varying)} USING (${quote(fileColumn)})`
  return `INSERT INTO ${relation}\n  SELECT ${columns.join(', ')}\n  FROM ${from}${joined}`
}

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
