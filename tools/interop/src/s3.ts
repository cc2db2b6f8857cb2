import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DeltaTable, type TableSession } from '@deltaworks/delta-table'
import { scan } from '@deltaworks/plan'
import { generateLanding } from '@deltaworks/sample-data'
import { S3Store } from '@deltaworks/storage'
import { canonicalRow } from './canonical.js'
import { Checks } from './checks.js'
import { PythonEnvironment, run } from './python.js'
import { accessKey, secretKey, servers, type RunningServer, type S3Server } from './s3-servers.js'
import { openSession } from './session.js'

/*
 * node tools/interop/dist/s3.js [--only SERVER] [--scale 0.2]
 *
 * The store and the whole pipeline on S3 servers that others wrote: versitygw (Go) and moto (Python) must serve, s3rver (npm),
 * which ignores If-None-Match, must be refused. Our own s3-local goes the same way.
 */

const here = dirname(fileURLToPath(import.meta.url))
const workspace = join(here, '..', '..', '..')
const tools = join(workspace, '.tools')
const program = (app: string): string => join(workspace, 'apps', app, 'bin', `deltaworks-${app}.cjs`)
const clock = '2026-01-01T00:00:00Z'
const MiB = 1024 * 1024

interface Report {
  readonly status: string
  readonly tables: readonly { readonly table: string; readonly path: string; readonly rowCount: number }[]
}

/** Buckets of a server: a process opens each once, so every server has its own. */
interface Buckets {
  readonly landing: string
  readonly lake: string
}

const bucketsOf = (server: number): Buckets => ({ landing: `landing-${server}`, lake: `lake-${server}` })

/** What the pipeline gives on a disk: each table's rows, as a hash. */
interface Expected {
  readonly landing: string
  readonly tables: ReadonlyMap<string, string>
  /** For what the checks make besides. */
  readonly folder: string
}

async function main(args: readonly string[]): Promise<number> {
  const option = (name: string): string | null => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? null) : null)
  const only = option('--only')
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-interop-s3-'))
  const checks = new Checks()
  const session = openSession(false)
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
  mkdirSync(join(tools, 'bin'), { recursive: true })
  try {
    const expected = await onDisk(folder, session, Number(option('--scale') ?? 0.2))
    for (const [number, server] of servers.entries()) {
      if (only !== null && only !== server.name) continue
      const objects = join(folder, server.name.replaceAll(' ', '-'))
      mkdirSync(objects)
      const running = await server.start(tools, objects)
      if (typeof running === 'string') {
        checks.skip(server.name, running)
        continue
      }
      try {
        await checkServer(server, running, { ...expected, buckets: bucketsOf(number) }, session, checks)
      } finally {
        await running.stop()
      }
    }
  } finally {
    await session.close?.()
    rmSync(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

async function onDisk(folder: string, session: TableSession, scale: number): Promise<Expected> {
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

async function checkServer(
  server: S3Server,
  running: RunningServer,
  expected: Expected & { readonly buckets: Buckets },
  session: TableSession,
  checks: Checks,
): Promise<void> {
  const { landing: landingBucket, lake } = expected.buckets
  const [id, secret] = server.keys ?? [accessKey, secretKey]
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret })
  const environment = { DELTAWORKS_S3_ENDPOINT: running.endpoint }
  Object.assign(process.env, environment)
  const check = (name: string, task: () => Promise<string | null>): Promise<void> =>
    checks.run(`${server.name}: ${name}`, task)
  await createBuckets(running.endpoint, [landingBucket, lake])
  if (!server.keepsConditions) {
    await check('is refused by name', () => refusal(environment, expected, running.endpoint, lake))
    return
  }
  const store = new S3Store(`s3://${lake}/objects`, { endpoint: running.endpoint })
  await check('objects', () => objects(store))
  await check('8 writers, 40 keys, one winner each', () => race(running.endpoint, lake))
  await check('an object in parts', () => parts(running.endpoint, lake))
  const landing = new S3Store(`s3://${landingBucket}/shop`, { endpoint: running.endpoint })
  for (const name of readdirSync(expected.landing)) {
    await landing.put(name, readFileSync(join(expected.landing, name)), 'overwrite')
  }
  await check('the pipeline, twice', () => twice(environment, expected, session, 'one'))
  await check('maintained and exported, as npm start does', () => carriedOn(environment, expected, session, 'one'))
  await check('the pipeline, two runs at once', () => atOnce(environment, expected, session, 'two'))
  await deltaRs(server, running.endpoint, expected, checks)
}

async function createBuckets(endpoint: string, names: readonly string[]): Promise<void> {
  const { CreateBucketCommand, S3Client } = await import('@aws-sdk/client-s3')
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true })
  for (const Bucket of names) await client.send(new CreateBucketCommand({ Bucket })).catch(() => undefined)
  client.destroy()
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => Buffer.from(data).toString('utf8')
const difference = (expected: unknown, actual: unknown): string | null =>
  JSON.stringify(expected) === JSON.stringify(actual)
    ? null
    : `expected ${JSON.stringify(expected).slice(0, 400)}, got ${JSON.stringify(actual).slice(0, 400)}`

async function objects(store: S3Store): Promise<string | null> {
  const odd = 'odd/é x+y=1%2&(1)!.json'
  const outcomes = [await store.put('k', bytes('0123456789'), 'create'), await store.put('k', bytes('x'), 'create')]
  const ranges = [
    text(await store.get('k', { start: 2, end: 5 })),
    text(await store.get('k', { start: 8, end: 50 })),
    text(await store.get('k', { start: 50, end: 60 })),
  ]
  await store.put(odd, bytes('1'), 'create')
  await store.copy(odd, 'copy ü')
  for (let i = 0; i < 1100; i += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, j) => store.put(`many/${i + j}`, bytes('x'), 'overwrite')))
  }
  const many = await store.list('many')
  await store.delete([...many.map((meta) => meta.path), 'missing'])
  const left = (await store.list('')).map((meta) => meta.path)
  const after = (await store.list('', { startAfter: 'k' })).map((meta) => meta.path)
  const missing = await store.get('nothing').catch((error: { code: string }) => error.code)
  const sweepable = await store.sweep('', 0)
  return difference(
    [['written', 'exists'], ['234', '89', ''], 1100, ['copy ü', 'k', odd], [odd], '1', 'DW-STORAGE-0001', 0],
    [outcomes, ranges, many.length, left, after, text(await store.get('copy ü')), missing, sweepable],
  )
}

async function race(endpoint: string, lake: string): Promise<string | null> {
  // Eight stores have connections and probes of their own.
  const stores = Array.from({ length: 8 }, (_, i) => new S3Store(`s3://${lake}/race`, { endpoint, connections: i + 1 }))
  for (let round = 0; round < 40; round++) {
    const outcomes = await Promise.all(
      stores.map((store, i) => store.put(`${round}.json`, new Uint8Array(100_000).fill(i), 'create')),
    )
    const winners = outcomes.flatMap((outcome, i) => (outcome === 'written' ? [i] : []))
    const content = await stores[0]!.get(`${round}.json`)
    if (winners.length !== 1 || content.length !== 100_000 || content.some((byte) => byte !== winners[0])) {
      return `round ${round}: winners ${winners.join(', ')}, content of ${content[0]}`
    }
  }
  return null
}

async function parts(endpoint: string, lake: string): Promise<string | null> {
  const store = new S3Store(`s3://${lake}/parts`, { endpoint })
  const content = new Uint8Array(21 * MiB + 7).map((_, i) => i >>> 8)
  const writer = await store.writer('big')
  for (let at = 0; at < content.length; at += 3 * MiB) await writer.write(content.subarray(at, at + 3 * MiB))
  await writer.close()
  const given = await store.writer('given up')
  await given.write(content)
  await given.abort()
  const target = new Uint8Array(new SharedArrayBuffer(content.length + 10))
  const count = await store.getInto('big', 0, target)
  const same = Buffer.compare(content, target.subarray(0, count)) === 0
  return difference([content.length, true, ['big']], [count, same, (await store.list('')).map((meta) => meta.path)])
}

async function twice(
  environment: NodeJS.ProcessEnv,
  { tables, buckets }: Expected & { readonly buckets: Buckets },
  session: TableSession,
  root: string,
): Promise<string | null> {
  const places = ['--root', `s3://${buckets.lake}/${root}`, '--landing', `s3://${buckets.landing}/shop`]
  const first = await runBatch(environment, places)
  const again = await runBatch(environment, places)
  if (first.code !== 0 || again.code !== 0) return `${first.code} ${first.stderr} / ${again.code} ${again.stderr}`
  const report = JSON.parse(again.stdout) as Report
  return difference(['unchanged', ...tables], [report.status, ...(await hashes(session, report))])
}

/** What `npm start` does behind a run. Tables keep their rows, and a further run has nothing to do. */
async function carriedOn(
  environment: NodeJS.ProcessEnv,
  { tables, buckets, folder }: Expected & { readonly buckets: Buckets },
  session: TableSession,
  root: string,
): Promise<string | null> {
  const lake = ['--root', `s3://${buckets.lake}/${root}`, '--json']
  const warehouse = join(folder, `${buckets.lake}.duckdb`)
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
  const places = ['--root', `s3://${buckets.lake}/${root}`, '--landing', `s3://${buckets.landing}/shop`]
  const report = JSON.parse((await runBatch(environment, places)).stdout) as Report
  return difference(['unchanged', ...tables], [report.status, ...(await hashes(session, report))])
}

async function atOnce(
  environment: NodeJS.ProcessEnv,
  { tables, buckets }: Expected & { readonly buckets: Buckets },
  session: TableSession,
  root: string,
): Promise<string | null> {
  const places = ['--root', `s3://${buckets.lake}/${root}`, '--landing', `s3://${buckets.landing}/shop`]
  const both = await Promise.all([runBatch(environment, places), runBatch(environment, places)])
  const failed = both.find(({ code }) => code !== 0)
  if (failed !== undefined) return `a run ended with ${failed.code}: ${failed.stderr}`
  const last = await runBatch(environment, places)
  const report = JSON.parse(last.stdout) as Report
  return difference(['unchanged', ...tables], [report.status, ...(await hashes(session, report))])
}

async function refusal(
  environment: NodeJS.ProcessEnv,
  { landing }: Expected,
  endpoint: string,
  lake: string,
): Promise<string | null> {
  const { code, stderr } = await runBatch(environment, ['--root', `s3://${lake}/one`, '--landing', landing])
  const { error } = JSON.parse(stderr) as { readonly error: { readonly code: string; readonly message: string } }
  const log = (await new S3Store(`s3://${lake}`, { endpoint }).list('')).filter(({ path }) =>
    path.includes('_delta_log'),
  )
  return difference([1, 'DW-STORAGE-0012', true, 0], [code, error.code, error.message.includes(endpoint), log.length])
}

/** delta-rs reads from the same server what we wrote there. */
async function deltaRs(
  server: S3Server,
  endpoint: string,
  { tables, buckets }: Expected & { readonly buckets: Buckets },
  checks: Checks,
): Promise<void> {
  const python = new PythonEnvironment(join(tools, 'interop-venv'))
  const failure = await python.install(['deltalake', 'pyarrow'])
  if (failure !== null) {
    checks.skip(`${server.name}: delta-rs reads`, `Python packages could not be installed: ${failure}`)
    return
  }
  const layers: Readonly<Record<string, string>> = {
    transactions: 'raw',
    fact_transactions: 'processed',
    weekly: 'analytics',
  }
  const uris = Object.entries(layers).map(([table, layer]) => `s3://${buckets.lake}/one/${layer}/${table}`)
  const script = join(here, '..', 'python', 's3_reader.py')
  for (const answer of await python.script(script, [endpoint, accessKey, secretKey, ...uris])) {
    const table = String(answer['name']).split('/').at(-1)!
    if (typeof answer['unavailable'] === 'string') checks.skip(`${server.name}: delta-rs reads`, answer['unavailable'])
    else {
      const rows = Number(tables.get(table)?.split(' ')[0])
      const message = answer['message'] === undefined ? difference(rows, answer['rows']) : String(answer['message'])
      checks.report(`${server.name}: delta-rs reads ${table}`, message)
    }
  }
}

process.exitCode = await main(process.argv.slice(2))
