import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance, version, type DuckDBConnection } from '@duckdb/node-api'

const tools = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '.tools')

export const tableNames = [
  'region',
  'nation',
  'supplier',
  'customer',
  'part',
  'partsupp',
  'orders',
  'lineitem',
] as const
export type TableName = (typeof tableNames)[number]

/** A DuckDB with TPC-H's tables as views over the Parquet files that its own generator made. */
export interface TpchData {
  readonly connection: DuckDBConnection
  readonly files: Readonly<Record<TableName, string>>
  /** The 22 queries in DuckDB's text, by their numbers from 1. */
  readonly queries: readonly string[]
}

/** @returns null if the generator cannot be had: DuckDB's `tpch` extension comes from PyPI, its own server being out of reach */
export async function tpchData(scale: number, threads: number): Promise<TpchData | null> {
  const extension = extensionFile(version().replace(/^v/, ''))
  if (extension === null) return null
  const connection = await (await DuckDBInstance.create(':memory:', { threads: String(threads) })).connect()
  await connection.run(`load '${extension}'`)
  const folder = join(tools, 'tpch', `scale-${scale}`)
  if (!existsSync(folder)) await generate(extension, scale, folder)
  const files = Object.fromEntries(tableNames.map((name) => [name, join(folder, `${name}.parquet`)]))
  for (const [name, file] of Object.entries(files)) {
    await connection.run(`create view ${name} as select * from read_parquet('${file}')`)
  }
  const rows = (await connection.runAndReadAll('select query from tpch_queries() order by query_nr')).getRows()
  return { connection, files: files as TpchData['files'], queries: rows.map(([text]) => String(text)) }
}

/** Kept for other runs; a folder that was not finished is not taken for one. */
async function generate(extension: string, scale: number, folder: string): Promise<void> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  try {
    await connection.run(`load '${extension}'`)
    await connection.run(`call dbgen(sf = ${scale})`)
    const unfinished = `${folder}.${process.pid}`
    mkdirSync(unfinished, { recursive: true })
    for (const name of tableNames) {
      await connection.run(`copy ${name} to '${join(unfinished, `${name}.parquet`)}' (format parquet)`)
    }
    renameSync(unfinished, folder)
  } finally {
    connection.closeSync()
  }
}

/** The path of the extension, downloaded if need be; null if it cannot be had. */
function extensionFile(release: string): string | null {
  const folder = join(tools, `duckdb-extension-tpch-${release}`)
  const find = (): string | null => {
    if (!existsSync(folder)) return null
    const found = readdirSync(folder, { recursive: true }).map(String)
    const file = found.find((name) => name.endsWith('tpch.duckdb_extension'))
    return file === undefined ? null : join(folder, file)
  }
  const known = find()
  if (known !== null) return known
  mkdirSync(folder, { recursive: true })
  try {
    const pip = ['-m', 'pip', 'install', '-q', '--no-deps', '--target', folder, `duckdb-extension-tpch==${release}`]
    execFileSync('python3', pip, { stdio: 'pipe' })
  } catch {
    return null
  }
  return find()
}
