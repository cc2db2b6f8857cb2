import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileTable, Session } from '@deltaworks/engine'
import { textOf, utcContext } from '@deltaworks/expression'

/*
 * node tools/interop/dist/tpch.js [--scale 0.01] [--threads N]
 *
 * The 22 queries of TPC-H, in DuckDB's own text, over tables that DuckDB's generator made: our rows must be DuckDB's. Its `tpch`
 * extension comes from PyPI (duckdb-extension-tpch, of the version of @duckdb/node-api), where DuckDB's own server is out of reach.
 */

const workspace = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const tableNames = ['region', 'nation', 'supplier', 'customer', 'part', 'partsupp', 'orders', 'lineitem']

const option = (name: string, otherwise: string): string => {
  const place = process.argv.indexOf(`--${name}`)
  return place < 0 ? otherwise : (process.argv[place + 1] ?? otherwise)
}

/** The path of the extension, downloaded if need be; null if it cannot be had. */
function extensionFile(version: string): string | null {
  const folder = join(workspace, '.tools', `duckdb-extension-tpch-${version}`)
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
    const pip = ['-m', 'pip', 'install', '-q', '--no-deps', '--target', folder, `duckdb-extension-tpch==${version}`]
    execFileSync('python3', pip, { stdio: 'pipe' })
  } catch {
    return null
  }
  return find()
}

/** Equal texts, or numbers that differ by rounding (averages of decimals are decimals here, doubles there). */
function sameValue(a: string, b: string): boolean {
  if (a === b) return true
  const [x, y] = [Number(a), Number(b)]
  return a !== '' && b !== '' && Math.abs(x - y) <= 1e-6 * Math.max(1, Math.abs(x))
}

async function main(): Promise<number> {
  const { DuckDBInstance, version } = await import('@duckdb/node-api')
  const extension = extensionFile(version().replace(/^v/, ''))
  if (extension === null) {
    process.stdout.write('skip TPC-H: duckdb-extension-tpch cannot be had from PyPI\n')
    return 0
  }
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-tpch-'))
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const session = Session.create({ threads: Number(option('threads', '2')) })
  let failed = 0
  try {
    await connection.run(`load '${extension}'`)
    await connection.run(`call dbgen(sf = ${Number(option('scale', '0.01'))})`)
    const tables: Record<string, Awaited<ReturnType<typeof fileTable>>> = {}
    for (const name of tableNames) {
      const file = join(folder, `${name}.parquet`)
      await connection.run(`copy ${name} to '${file}' (format parquet)`)
      tables[name] = await fileTable(file, 'parquet')
    }
    const queries = (await connection.runAndReadAll('select query_nr, query from tpch_queries() order by 1')).getRows()
    for (const [number, text] of queries) {
      const expected = (await connection.runAndReadAll(String(text))).getRows().map((row) => row.map(String))
      const problem = await difference(session, String(text), tables, expected)
      if (problem !== null) failed++
      process.stdout.write(
        `${problem === null ? 'ok  ' : 'FAIL'} TPC-H ${String(number)}${problem === null ? '' : `: ${problem}`}\n`,
      )
    }
    process.stdout.write(`${queries.length - failed} passed, ${failed} failed\n`)
  } finally {
    connection.closeSync()
    await session.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return failed === 0 ? 0 : 1
}

/** What is different from the expected rows; null if nothing is. */
async function difference(
  session: Session,
  text: string,
  tables: Parameters<Session['sql']>[1],
  expected: readonly (readonly string[])[],
): Promise<string | null> {
  try {
    const { schema, rows } = await session.sql(text, tables)
    const mine = rows.map((row) =>
      row.map((value, i) => (value === null ? 'null' : textOf(schema.fields[i]!.type, value, utcContext))),
    )
    if (mine.length !== expected.length) return `${mine.length} rows, not ${expected.length}`
    const at = mine.findIndex((row, i) => !row.every((value, column) => sameValue(value, expected[i]![column]!)))
    return at < 0 ? null : `row ${at + 1} is ${mine[at]!.join(' | ')}, not ${expected[at]!.join(' | ')}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

process.exitCode = await main()
