import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { col, lit } from '@deltaworks/expression'
import { RedshiftLocal } from '@deltaworks/redshift-local'
import { S3Local } from '@deltaworks/s3-local'
import { generateLanding } from '@deltaworks/sample-data'
import { Checks } from './checks.js'
import { lastLine, PythonEnvironment, run } from './python.js'
import { freePort } from './free-port.js'
import { checkGrammar } from './warehouse-grammar.js'

/*
 * node tools/interop/dist/warehouses.js [--only redshift|snowflake|grammar] [--scale 1]
 *
 * The export app against warehouses that are not ours to write: Redshift's SDK and redshift-local over PostgreSQL (PGlite, or
 * a server whose URL is in REDSHIFT_LOCAL_DATABASE), Snowflake's driver and fakesnow. Each loads the whole shop, reconciles,
 * gets 1 % of the facts changed, loads that, and reconciles again. Every statement of 500 generated definitions is parsed by sqlglot.
 */

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const app = (name: string): string => join(workspace, 'apps', name, 'bin', `deltaworks-${name}.cjs`)
const fakesnowPackages = ['fakesnow[server]==0.12.1', 'snowflake-connector-python<5']

interface Exported {
  readonly rowsLoaded: number
  readonly tables: readonly {
    readonly table: string
    readonly mode: string | null
    readonly rowCount: number
    readonly reconciliation: { readonly equal: boolean } | null
  }[]
}

async function main(args: readonly string[]): Promise<number> {
  const option = (name: string): string | null => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? null) : null)
  const only = option('--only')
  const wanted = (name: string): boolean => only === null || only === name
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-interop-warehouses-'))
  const checks = new Checks()
  try {
    const scale = Number(option('--scale') ?? 1)
    if (wanted('redshift')) await redshift(join(folder, 'redshift'), scale, checks)
    if (wanted('snowflake')) await snowflake(join(folder, 'snowflake'), scale, checks)
    if (wanted('grammar'))
      await checkGrammar(join(workspace, '.tools', 'sqlglot-venv'), join(here, '..', 'python'), checks)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

async function redshift(folder: string, scale: number, checks: Checks): Promise<void> {
  const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test12345' }
  Object.assign(process.env, credentials)
  const s3 = await S3Local.start({ buckets: ['staging'] })
  process.env['DELTAWORKS_S3_ENDPOINT'] = s3.endpoint
  const databaseUrl = process.env['REDSHIFT_LOCAL_DATABASE']
  const server = await RedshiftLocal.start(databaseUrl === undefined ? {} : { databaseUrl })
  try {
    const args = ['redshift', '--workgroup', 'shop', '--endpoint', server.endpoint, '--region', 'eu-central-1']
    args.push('--staging', 's3://staging/loads', '--iam-role', 'arn:aws:iam::123456789012:role/loader')
    const count = async (table: string) => Number((await server.query(`SELECT COUNT(*) FROM "${table}"`))[0]![0])
    const name = `Redshift (redshift-local on ${databaseUrl === undefined ? 'PGlite' : 'PostgreSQL'})`
    await loadTwice(name, folder, scale, args, { ...process.env }, count, checks)
    await checks.run(`${name}: the facts come back as a Delta table, and reconcile`, async () => {
      const into = join(folder, 'returned')
      const unload = [...args, '--unload', 'fact_transactions', '--into', into, '--json']
      const { code, stdout, stderr } = await run(process.execPath, [app('export'), ...unload])
      if (code !== 0) return lastLine(stderr)
      const { rowCount } = JSON.parse(stdout) as { readonly rowCount: number }
      const expected = await count('fact_transactions')
      return rowCount === expected && expected > 0 ? null : `${rowCount} of ${expected} rows`
    })
    await checks.run(`${name}: nothing is left in the staging folder`, () =>
      Promise.resolve(s3.buckets.get('staging')!.size === 0 ? null : `${s3.buckets.get('staging')!.size} objects`),
    )
  } finally {
    await server.stop()
    await s3.stop()
  }
}

async function snowflake(folder: string, scale: number, checks: Checks): Promise<void> {
  const python = new PythonEnvironment(join(workspace, '.tools', 'fakesnow-venv'))
  const failure = await python.install(fakesnowPackages)
  if (failure !== null) return checks.skip('Snowflake (fakesnow)', `it could not be installed: ${failure}`)
  const port = await freePort()
  const bridge = spawn(python.program('python'), [join(here, '..', 'python', 'fakesnow_bridge.py'), String(port)], {
    stdio: 'ignore',
  })
  try {
    await answers(port, bridge)
    const args = ['snowflake', '--account', 'fakesnow', '--user', 'fake', '--database', 'shop', '--schema', 'mart']
    args.push('--access-url', `http://127.0.0.1:${port}`, '--staging', join(folder, 'staging'))
    const environment = { ...process.env, SNOWFLAKE_PASSWORD: 'snow' }
    await loadTwice('Snowflake (snowflake-sdk, fakesnow)', folder, scale, args, environment, null, checks)
  } finally {
    bridge.kill()
  }
}

/** The shop, 1 % of its facts changed, and the shop again. */
async function loadTwice(
  name: string,
  folder: string,
  scale: number,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  count: ((table: string) => Promise<number>) | null,
  checks: Checks,
): Promise<void> {
  const [landing, lake] = [join(folder, 'landing'), join(folder, 'lake')]
  generateLanding({ out: landing, scale })
  const built = await run(process.execPath, [app('batch'), 'run', '--landing', landing, '--root', lake, '--quiet'])
  if (built.code !== 0) return checks.report(`${name}: the lake`, lastLine(built.stderr))
  const load = async (): Promise<Exported> => {
    const { code, stdout, stderr } = await run(
      process.execPath,
      [app('export'), ...args, '--root', lake, '--json'],
      environment,
    )
    if (code !== 0 || stderr !== '') throw new Error(`ended with ${code}: ${lastLine(stderr)}`)
    return JSON.parse(stdout) as Exported
  }
  const differing = (exported: Exported): string | null =>
    exported.tables.find(({ reconciliation }) => reconciliation?.equal === false)?.table ?? null
  await checks.run(`${name}: the whole shop is loaded and reconciled`, async () => {
    const first = await load()
    if (first.tables.length < 10) return `only ${first.tables.length} tables`
    for (const { table, rowCount } of count === null ? [] : first.tables)
      if ((await count!(table)) !== rowCount)
        return `${table} has ${await count!(table)} rows, and ${rowCount} were told`
    return differing(first)
  })
  await checks.run(`${name}: a second export loads nothing`, async () => {
    const { rowsLoaded } = await load()
    return rowsLoaded === 0 ? null : `${rowsLoaded} rows`
  })
  const changed = await changeFacts(lake)
  // What is exported is what readers see: the versions that a whole run has published.
  const after = await run(process.execPath, [app('batch'), 'run', '--landing', landing, '--root', lake, '--quiet'])
  if (after.code !== 0) return checks.report(`${name}: the run after the change`, lastLine(after.stderr))
  await checks.run(`${name}: ${changed} changed facts are loaded by their changes, and reconciled`, async () => {
    const again = await load()
    const facts = again.tables.find(({ table }) => table === 'fact_transactions')!
    if (facts.mode !== 'incremental') return `the facts were loaded by the mode ${facts.mode}`
    return differing(again)
  })
}

/** Every hundredth fact gets another quantity. @returns how many there are */
async function changeFacts(lake: string): Promise<number> {
  const session = Session.create()
  try {
    const facts = await DeltaTable.open(session, `file://${lake}/processed/fact_transactions`)
    const key = 'transaction_key'
    const { rows } = await session.sql(`SELECT ${key} FROM facts ORDER BY 1`, { facts: facts.provider() })
    const chosen = rows.filter((_, i) => i % 100 === 0).map(([value]) => lit(value as bigint))
    const measure = facts.schema.fields.find((field) => field.name === 'quantity')!
    await facts.update({ [measure.name]: col(measure.name).add(lit(1)).cast(measure.type) }, col(key).in_(chosen))
    return chosen.length
  } finally {
    await session.close()
  }
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (let waited = 0; waited < 60_000 && child.exitCode === null; waited += 200) {
    const isThere = await fetch(`http://127.0.0.1:${port}/session`).then(
      () => true,
      () => false,
    )
    if (isThere) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('fakesnow did not start')
}

process.exitCode = await main(process.argv.slice(2))
