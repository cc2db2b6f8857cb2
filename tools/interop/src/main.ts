import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable, type TableSession } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { canonicalRow } from './canonical.js'
import { Checks } from './checks.js'
import { difference, readLines } from './difference.js'
import { PythonEnvironment } from './python.js'
import { openSession } from './session.js'
import { tables } from './tables.js'

/*
 * node tools/interop/dist/main.js [--quick] [--keep] [--only NAME] [--reference]
 *
 * Our writer writes tables; delta-rs, DuckDB's delta extension and Spark read them, and must get our rows.
 * Then delta-rs and (without --quick) Spark write tables, and we must get theirs.
 */

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const script = (name: string): string => join(here, '..', 'python', name)

const quickPackages = ['deltalake', 'pyarrow', 'duckdb==1.5.5', 'duckdb-extension-delta==1.5.5']
const sparkPackages = ['pyspark==4.1.*']

interface ManifestEntry {
  readonly name: string
  readonly path: string
  readonly version: number
  readonly expected: string
}

async function writeTables(
  session: TableSession,
  folder: string,
  only: string | null,
  checks: Checks,
): Promise<ManifestEntry[]> {
  const manifest: ManifestEntry[] = []
  for (const [name, write] of Object.entries(tables)) {
    if (only !== null && only !== name) continue
    try {
      const path = join(folder, name)
      const [table, versions] = await write(session, path)
      for (const version of versions) {
        const expected = join(folder, `${name}.v${version}.jsonl`)
        writeFileSync(expected, (await linesOf(session, await table.at({ version }))).join('\n'))
        manifest.push({ name: `${name} v${version}`, path, version, expected })
      }
      checks.report(`write ${name}`, null)
    } catch (error) {
      checks.report(`write ${name}`, error instanceof Error ? (error.stack ?? error.message) : String(error))
    }
  }
  return manifest
}

async function linesOf(session: TableSession, table: DeltaTable): Promise<string[]> {
  const { schema, rows } = await session.collect(scan(table.provider()).plan)
  return rows.map((row) => canonicalRow(schema, row))
}

async function readByOthers(
  python: PythonEnvironment,
  reader: string,
  manifestPath: string,
  checks: Checks,
): Promise<void> {
  for (const answer of await python.script(script('readers.py'), [reader, manifestPath])) {
    if (typeof answer['unavailable'] === 'string') checks.skip(`${reader} reads`, answer['unavailable'])
    else
      checks.report(
        `${reader} reads ${String(answer['name'])}`,
        answer['ok'] === true ? null : String(answer['message']),
      )
  }
}

async function readTheirs(
  python: PythonEnvironment,
  session: TableSession,
  writer: string,
  folder: string,
  checks: Checks,
): Promise<void> {
  for (const answer of await python.script(script('writers.py'), [writer, folder])) {
    if (typeof answer['unavailable'] === 'string') {
      checks.skip(`${writer} writes`, answer['unavailable'])
      continue
    }
    const { name, path, version, lines } = answer as unknown as {
      name: string
      path: string
      version: number
      lines: string
    }
    let message: string | null
    try {
      const ours = await linesOf(session, await DeltaTable.open(session, path, { version }))
      message = difference(readLines(lines), ours)
    } catch (error) {
      message = error instanceof Error ? error.message : String(error)
    }
    checks.report(`we read ${name} v${version} of ${writer}`, message)
  }
}

async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes('--quick')
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? null) : null
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-interop-'))
  const checks = new Checks()
  const python = new PythonEnvironment(join(workspace, '.tools', 'interop-venv'))
  const session = openSession(args.includes('--reference'))
  try {
    const manifest = await writeTables(session, folder, only, checks)
    const manifestPath = join(folder, 'manifest.json')
    writeFileSync(manifestPath, JSON.stringify(manifest))
    mkdirSync(join(folder, 'theirs'))
    const failure = await python.install(quickPackages)
    if (failure !== null) checks.skip('delta-rs and DuckDB', `Python packages could not be installed: ${failure}`)
    else {
      await readByOthers(python, 'delta-rs', manifestPath, checks)
      await readByOthers(python, 'duckdb', manifestPath, checks)
      await readTheirs(python, session, 'delta-rs', join(folder, 'theirs'), checks)
    }
    const sparkFailure = failure ?? (await python.install(sparkPackages))
    if (sparkFailure !== null) checks.skip('Spark', `pyspark could not be installed: ${sparkFailure}`)
    else {
      await readByOthers(python, 'spark', manifestPath, checks)
      if (quick) checks.skip('tables written by Spark', '--quick')
      else await readTheirs(python, session, 'spark', join(folder, 'theirs'), checks)
    }
  } finally {
    await session.close?.()
    if (args.includes('--keep')) process.stdout.write(`tables are in ${folder}\n`)
    else rmSync(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

process.exitCode = await main(process.argv.slice(2))
