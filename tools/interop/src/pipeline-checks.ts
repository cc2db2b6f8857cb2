import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable, type TableSession } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { generateLanding } from '@deltaworks/sample-data'
import { openStore } from '@deltaworks/storage'
import { canonicalRow } from './canonical.js'
import type { Checks } from './checks.js'
import { PythonEnvironment, run } from './python.js'
import { differs } from './store-checks.js'

/* The whole pipeline in a bucket of any cloud, as checks: null, or what is wrong. */

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
/** Where programs that others wrote are installed. */
export const tools = join(workspace, '.tools')
const program = (app: string): string => join(workspace, 'apps', app, 'bin', `deltaworks-${app}.cjs`)
const clock = '2026-01-01T00:00:00Z'

interface Report {
  readonly status: string
  readonly tables: readonly { readonly table: string; readonly path: string; readonly rowCount: number }[]
}

/** What the pipeline gives on a disk. */
export interface Expected {
  readonly landing: string
  /** Rows of each table: their number and a hash. */
  readonly tables: ReadonlyMap<string, string>
  /** For what the checks make besides. */
  readonly folder: string
}

/** Where it runs; every server has buckets of its own, for a process opens each once. */
export interface Setting extends Expected {
  readonly session: TableSession
  /** How the apps reach the server. */
  readonly environment: NodeJS.ProcessEnv
  /** URIs of two buckets: `s3://landing-1`, `s3://lake-1`. */
  readonly buckets: { readonly landing: string; readonly lake: string }
}

export async function onDisk(folder: string, session: TableSession, scale: number): Promise<Expected> {
  const landing = join(folder, 'landing')
  generateLanding({ out: landing, scale })
  const { code, stdout, stderr } = await runBatch({}, ['--landing', landing, '--root', join(folder, 'lake')])
  if (code !== 0) throw new Error(`the run on a disk ended with ${code}: ${stderr}`)
  return { landing, tables: await hashes(session, JSON.parse(stdout) as Report), folder }
}

const runBatch = (environment: NodeJS.ProcessEnv, args: readonly string[]) =>
  run(process.execPath, [program('batch'), 'run', '--json', '--now', clock, ...args], {
    ...process.env,
    ...environment,
  })

const runShop = ({ environment, buckets }: Setting, root: string) =>
  runBatch(environment, ['--root', `${buckets.lake}/${root}`, '--landing', `${buckets.landing}/shop`])

/** Rows of every table of a report, in one hash each. */
async function hashes(session: TableSession, report: Report): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const { table, path } of report.tables) {
    const opened = await DeltaTable.open(session, path)
    const { schema, rows } = await session.collect(scan(opened.provider()).plan)
    const lines = rows.map((row) => canonicalRow(schema, row)).sort()
    found.set(table, `${lines.length} rows ${createHash('sha256').update(lines.join('\n')).digest('hex')}`)
  }
  return found
}

/** Whether a further run has nothing to do, and the tables are those of the disk. */
async function isDone(setting: Setting, root: string): Promise<string | null> {
  const last = await runShop(setting, root)
  if (last.code !== 0) return `a further run ended with ${last.code}: ${last.stderr}`
  const report = JSON.parse(last.stdout) as Report
  return differs(['unchanged', ...setting.tables], [report.status, ...(await hashes(setting.session, report))])
}

export async function land({ landing, buckets }: Setting): Promise<void> {
  const store = openStore(`${buckets.landing}/shop`)
  for (const name of readdirSync(landing)) await store.put(name, readFileSync(join(landing, name)), 'overwrite')
}

export async function twice(setting: Setting, root: string): Promise<string | null> {
  const first = await runShop(setting, root)
  return first.code === 0 ? isDone(setting, root) : `the run ended with ${first.code}: ${first.stderr}`
}

/** What `npm start` does behind a run. Tables keep their rows, and a further run has nothing to do. */
export async function carriedOn(setting: Setting, root: string): Promise<string | null> {
  const { environment, tables, buckets, folder } = setting
  const lake = ['--root', `${buckets.lake}/${root}`, '--json']
  const warehouse = join(folder, `${buckets.lake.replace('://', '-')}.duckdb`)
  let exported = ''
  for (const [app, ...args] of [
    ['maintenance', 'zorder'],
    ['maintenance', 'vacuum'],
    ['export', 'duckdb', '--target', warehouse],
  ] as const) {
    const ended = await run(process.execPath, [program(app), ...args, ...lake], { ...process.env, ...environment })
    if (ended.code !== 0) return `${app} ${args[0]} ended with ${ended.code}: ${ended.stderr}`
    exported = ended.stdout
  }
  const loaded = (JSON.parse(exported) as { readonly tables: readonly { table: string; rowCount: number }[] }).tables
  const wrong = loaded.filter(({ table, rowCount }) => Number(tables.get(table)?.split(' ')[0]) !== Number(rowCount))
  if (loaded.length === 0 || wrong.length > 0) return `the warehouse got ${JSON.stringify(wrong)}`
  return isDone(setting, root)
}

export async function atOnce(setting: Setting, root: string): Promise<string | null> {
  const both = await Promise.all([runShop(setting, root), runShop(setting, root)])
  const failed = both.find(({ code }) => code !== 0)
  return failed === undefined ? isDone(setting, root) : `a run ended with ${failed.code}: ${failed.stderr}`
}

/** A store that breaks the promise is refused by its address, before the first commit. */
export async function refusal(setting: Setting, endpoint: string): Promise<string | null> {
  const { environment, buckets, landing } = setting
  const { code, stderr } = await runBatch(environment, ['--root', `${buckets.lake}/one`, '--landing', landing])
  const { error } = JSON.parse(stderr) as { readonly error: { readonly code: string; readonly message: string } }
  const log = (await openStore(buckets.lake).list('')).filter(({ path }) => path.includes('_delta_log'))
  return differs([1, 'DW-STORAGE-0012', true, 0], [code, error.code, error.message.includes(endpoint), log.length])
}

const readTables: Readonly<Record<string, string>> = {
  transactions: 'raw',
  fact_transactions: 'processed',
  weekly: 'analytics',
}

/** delta-rs reads from the same server what we wrote there. @param options how it reaches the server */
export async function deltaRsReads(
  server: string,
  { tables, buckets }: Setting,
  root: string,
  options: Readonly<Record<string, string>>,
  checks: Checks,
): Promise<void> {
  const python = new PythonEnvironment(join(tools, 'interop-venv'))
  const failure = await python.install(['deltalake', 'pyarrow'])
  if (failure !== null) {
    checks.skip(`${server}: delta-rs reads`, `Python packages could not be installed: ${failure}`)
    return
  }
  const uris = Object.entries(readTables).map(([table, layer]) => `${buckets.lake}/${root}/${layer}/${table}`)
  const script = join(here, '..', 'python', 'store_reader.py')
  for (const answer of await python.script(script, [JSON.stringify(options), ...uris])) {
    const table = String(answer['name']).split('/').at(-1)!
    if (typeof answer['unavailable'] === 'string') checks.skip(`${server}: delta-rs reads`, answer['unavailable'])
    else {
      const rows = Number(tables.get(table)?.split(' ')[0])
      const message = answer['message'] === undefined ? differs(rows, answer['rows']) : String(answer['message'])
      checks.report(`${server}: delta-rs reads ${table}`, message)
    }
  }
}
