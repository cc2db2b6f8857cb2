import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { builtModule } from './testing/built-module.js'

const bin = fileURLToPath(new URL('../bin/deltaworks-batch.cjs', import.meta.url))
const secret = 'c0rrect-horse-battery'

/** A lakehouse whose environment asks for everything that there is, with services of this machine behind it. */
describe('operations of an environment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-operations-'))
  const at = (...parts: readonly string[]): string => join(folder, ...parts)
  const packets: string[] = []
  const socket = createSocket('udp4')
  let server: Server
  let requests: { readonly path: string; readonly body: string; readonly authorization: string | undefined }[] = []

  const batch = (...args: readonly string[]): Promise<{ status: number | null; stdout: string; stderr: string }> =>
    new Promise((resolve) => {
      const aws = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test-secret' }
      const hook = `${url()}/hook/${secret}`
      const env = { ...process.env, ...aws, DELTAWORKS_TEST_SECRET: secret, DELTAWORKS_TEST_HOOK: hook }
      const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', (text) => (stdout += String(text)))
      child.stderr.on('data', (text) => (stderr += String(text)))
      child.on('close', (status) => resolve({ status, stdout, stderr }))
    })
  const run = (env: string, ...more: readonly string[]) =>
    batch(
      'run',
      '--lakehouse',
      'stock.mjs',
      '--env',
      env,
      '--root',
      'lake',
      '--landing',
      'landing',
      '--report',
      'reports',
      ...more,
    )
  const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const hooks = () => requests.filter(({ path }) => path.startsWith('/hook'))
  const alertsOf = ({ body }: { readonly body: string }) =>
    (JSON.parse(body) as { alerts: { status: string; key: string }[] }).alerts.map(
      ({ status, key }) => `${status} ${key}`,
    )

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (part) => (body += String(part)))
      request.on('end', () => {
        requests.push({ path: request.url ?? '', body, authorization: request.headers.authorization })
        response.end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    socket.on('message', (packet) => packets.push(packet.toString()))
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    mkdirSync(at('landing'))
    const lakehouse = JSON.stringify(builtModule('lakehouse', 'definitions'))
    const expression = JSON.stringify(builtModule('expression'))
    writeFileSync(
      at('stock.mjs'),
      `import { bigint, csvFiles, defineLakehouse, defineTable, integer, onFailure, onResources, onSlow, onStale } from ${lakehouse}
import { agg, col } from ${expression}
const raw = defineTable({ name: 'stock', layer: 'raw', columns: { id: bigint(), items: integer() }, source: csvFiles('stock*.csv', { maxMalformed: 0.1 }) })
const total = defineTable({ name: 'total', layer: 'processed', columns: { items: integer().primaryKey(), rows: bigint() }, from: { raw },
  build: ({ raw }) => raw.groupBy(col('items')).agg({ rows: agg.count() }) })
export default defineLakehouse({ name: 'stock', description: 'For a test.', tables: [raw, total],
  alerts: [onFailure(), onResources(), onSlow(), onStale('total', { hours: 0.001 })],
  configuration: { safeParse: (data) => ({ success: true, data }) }, environments: ${JSON.stringify(folder)} })
`,
    )
    const reference = { variable: 'DELTAWORKS_TEST_SECRET' }
    const hook = { kind: 'webhook', url: { variable: 'DELTAWORKS_TEST_HOOK' }, headers: { authorization: reference } }
    // A secret in every text that an environment has, also where none belongs.
    const everything = {
      telemetry: {
        service: secret,
        otlp: { endpoint: url(), protocol: 'http/json', headers: { authorization: reference } },
        cloudWatch: { namespace: secret, by: 'emf', file: at('emf.log') },
        statsd: { host: '127.0.0.1', port: socket.address().port, prefix: `${secret}.` },
        prometheus: { file: at('metrics.prom') },
        logs: { file: at('run.log'), level: 'debug' },
      },
      resources: { interval: '1s' },
      alerts: {
        channels: {
          hook,
          mail: {
            kind: 'smtp',
            host: secret,
            user: secret,
            password: reference,
            from: `${secret}@x.example`,
            to: [secret],
          },
          topic: { kind: 'sns', topic: `arn:aws:sns:${secret}`, region: secret, endpoint: 'http://127.0.0.1:9' },
        },
        runbooks: `https://wiki.example/${secret}/{rule}`,
        reports: `https://reports.example/${secret}/{run}`,
      },
    }
    writeFileSync(at('everything.json'), JSON.stringify({ operations: everything }))
    writeFileSync(at('hook.json'), JSON.stringify({ operations: { alerts: { channels: { hook } } } }))
    writeFileSync(at('plain.json'), '{}')
  })
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve))
    await new Promise<void>((resolve) => socket.close(() => resolve()))
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    requests = []
  })

  it('O-15 M-085: a failure is told once, with run, step and error; its end once; stale tables without a run', async () => {
    writeFileSync(at('landing', 'stock1.csv'), 'id,items\n1,x\n2,y\n')
    expect((await run('hook')).status).toBe(1)
    expect(hooks()).toHaveLength(1)
    expect(alertsOf(hooks()[0]!)).toEqual(['firing failure:run', 'firing freshness_total'])
    expect(hooks()[0]!.body).toContain('DW-LAKEHOUSE-0010')
    expect(hooks()[0]!.authorization).toBe(secret)
    await run('hook')
    expect(hooks()).toHaveLength(1)
    writeFileSync(at('landing', 'stock1.csv'), 'id,items\n1,3\n2,4\n')
    expect((await run('hook')).status).toBe(0)
    expect(hooks().slice(1).map(alertsOf)).toEqual([['recovered failure:run', 'recovered freshness_total']])
    requests = []
    await new Promise((resolve) => setTimeout(resolve, 3700))
    const check = await batch('alerts', 'check', '--lakehouse', 'stock.mjs', '--env', 'hook', '--root', 'lake')
    expect([check.status, check.stdout, check.stderr]).toEqual([0, 'Done.\n', ''])
    expect(hooks().map(alertsOf)).toEqual([['firing freshness_total']])
    const listed = await batch('alerts', 'list', '--root', 'lake')
    expect(listed.stdout).toMatch(/critical +total last changed .* hook/)
    const tested = await batch('alerts', 'test', '--lakehouse', 'stock.mjs', '--env', 'hook', '--root', 'lake')
    expect([tested.status, hooks().length]).toEqual([0, 2])
  })

  it('O-13: a secret in every field of an environment is in no log, report, metric, trace, error or table', async () => {
    writeFileSync(at('landing', 'stock2.csv'), 'id,items\n3,3\n4,5\n')
    const { status, stdout, stderr } = await run('everything')
    expect([status, stderr]).toEqual([0, ''])
    writeFileSync(at('landing', 'stock3.csv'), `id,items\n${secret},x\n`)
    const failed = await run('everything')
    expect([failed.status, failed.stderr]).toEqual([1, expect.stringMatching(/DW-TELEMETRY-0005.*"mail"/) as string])
    rmSync(at('landing', 'stock3.csv'))
    const shown = await batch('config', 'show', '--lakehouse', 'stock.mjs', '--env', 'everything')
    expect(shown.status).toBe(0)
    const files = [at('run.log'), at('emf.log'), at('metrics.prom'), ...below(at('reports')), ...below(at('lake'))]
    const written = files.map((file) => readFileSync(file, 'latin1'))
    const sent = requests.map(({ body }) => body)
    // The report of a failed run, the log of steps, the trace and the metrics are there to be searched.
    expect(readFileSync(at('run.log'), 'utf8')).toMatch(/"step_id":"build total"/)
    expect(requests.map(({ path }) => path)).toEqual(expect.arrayContaining(['/v1/traces', '/v1/metrics']))
    expect(sent.join('')).toMatch(/query aggregate|query/)
    expect(packets.join('')).toMatch(/deltaworks\.rows\.out/)
    for (const text of [stdout, stderr, failed.stdout, failed.stderr, shown.stderr, ...written, ...sent, ...packets]) {
      expect(text).not.toContain(secret)
    }
  })

  it('O-14: a run that nobody watches loads nothing of it; a secret that is missing is told before anything is read', async () => {
    const before = below(at('lake')).length
    const missing = {
      operations: { alerts: { channels: { a: { kind: 'slack', url: { variable: 'DELTAWORKS_TEST_NONE' } } } } },
    }
    writeFileSync(at('missing.json'), JSON.stringify(missing))
    const { status, stderr } = await run('missing')
    expect([status, below(at('lake')).length]).toEqual([2, before])
    expect(stderr).toMatch(/DW-TELEMETRY-0002: The environment variable DELTAWORKS_TEST_NONE has no secret/)
    expect((await run('plain')).stderr).toBe('')
    expect(requests).toEqual([])
  })

  const below = (path: string): string[] =>
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .map((name) => join(path, name))
      .filter((file) => statSync(file).isFile())
})
