import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { DeltaTable } from '@deltaworks/delta-table'
import { fileTable, Session } from '@deltaworks/engine'
import { scan } from '@deltaworks/plan'
import { resolveUri } from '@deltaworks/storage'
import { duckDbExtension, toolsFolder } from './duckdb-extension.js'

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
export type TableFormat = 'parquet' | 'delta'

/** TPC-H's tables: a Parquet file each, or a Delta table each. */
export interface TpchData {
  readonly format: TableFormat
  readonly tables: Readonly<Record<TableName, string>>
  /** The 22 queries in DuckDB's text, by their numbers from 1. */
  readonly queries: readonly string[]
}

export interface TpchOptions {
  readonly scale: string
  readonly format: TableFormat
  /** A folder with `<table>.parquet` of that scale; default: made by DuckDB's generator, and kept. */
  readonly folder: string | undefined
}

/** @returns null if the generator cannot be had */
export async function tpchData({ scale, format, folder: given }: TpchOptions): Promise<TpchData | null> {
  const extension = duckDbExtension('tpch')
  if (extension === null) return null
  const folder = given ?? join(toolsFolder, 'tpch', `scale-${scale}`)
  const instance = await DuckDBInstance.create(':memory:', { allow_unsigned_extensions: 'true' })
  const connection = await instance.connect()
  try {
    await connection.run(`load '${extension}'`)
    if (!existsSync(folder)) {
      await once(folder, async (unfinished) => {
        await connection.run(`call dbgen(sf = ${scale})`)
        for (const name of tableNames) {
          await connection.run(`copy ${name} to '${join(unfinished, `${name}.parquet`)}' (format parquet)`)
        }
      })
    }
    const files = pathsOf((name) => join(folder, `${name}.parquet`))
    const rows = (await connection.runAndReadAll('select query from tpch_queries() order by query_nr')).getRows()
    const queries = rows.map(([text]) => String(text))
    return { format, tables: format === 'parquet' ? files : await deltaTables(scale, files), queries }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

const pathsOf = (path: (name: TableName) => string): Readonly<Record<TableName, string>> =>
  Object.fromEntries(tableNames.map((name) => [name, path(name)])) as Record<TableName, string>

/** The same rows as Delta tables that we write. */
async function deltaTables(
  scale: string,
  files: Readonly<Record<TableName, string>>,
): Promise<Readonly<Record<TableName, string>>> {
  const folder = join(toolsFolder, 'tpch', `scale-${scale}-delta`)
  if (!existsSync(folder)) {
    await once(folder, async (unfinished) => {
      const session = Session.create()
      try {
        for (const name of tableNames) {
          const rows = scan(await fileTable(files[name], 'parquet'))
          await DeltaTable.createOrOverwrite(session, resolveUri(join(unfinished, name)), rows)
        }
      } finally {
        await session.close()
      }
    })
  }
  return pathsOf((name) => join(folder, name))
}

/** Makes a folder that is kept for other runs; one that was not finished is not taken for one. */
async function once(folder: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    await make(unfinished)
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
