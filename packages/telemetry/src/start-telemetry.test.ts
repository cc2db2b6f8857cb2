import { channel } from 'node:diagnostics_channel'
import { createSocket } from 'node:dgram'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { awsAnswer } from './testing/aws-answers.js'
import { HttpReceiver } from './testing/http-receiver.js'
import { ResourceMonitor } from './resources/resource-monitor.js'
import { SecretMask } from './secrets/secret-mask.js'
import { startTelemetry, type TelemetryOptions } from './start-telemetry.js'
import type { Messages } from './events.js'

const publish = <Name extends keyof Messages>(name: Name, message: Messages[Name]): void =>
  channel(name).publish(message)
const tick = () => new Promise((resolve) => setTimeout(resolve, 1))

const step = {
  step: 'build days',
  kind: 'build',
  table: 'days',
  layer: 'analytics',
  status: 'written',
  startMs: 0,
  endMs: 20,
  rowsIn: 7,
  rowsOut: 3,
  rowsQuarantined: 1,
  filesWritten: 1,
  bytesWritten: 900,
  version: 4,
  attempts: 2,
}
const rule = {
  table: 'days',
  rule: 'complete',
  level: 'warning',
  status: 'failed',
  metric: 0.9,
  threshold: '>= 1',
  rowsFailed: 1,
  message: 'hunter2-secret of bob@x.example',
}
const head = { runId: 'run-1', lakehouse: 'shop', environment: 'test', root: 'file:///lake' }
const scan = {}
const metrics = {
  rowsOut: 3,
  batches: 1,
  durationMs: 5,
  filesTotal: 4,
  filesPruned: 1,
  spilledBytes: 10,
  scan,
  stages: [
    { stage: 1, name: 'scan', morsels: 1, rows: 1, durationMs: 1, tasks: [], spilledBytes: 5, exchangedBytes: 64 },
  ],
}

/** Two steps side by side, each with a query in stages: what a run publishes. */
async function aRun(): Promise<void> {
  publish('deltaworks:run:start', head)
  // The steps execute the same plan.
  const plan = { kind: 'aggregate' }
  const build = async (name: string): Promise<void> => {
    await tick()
    publish('deltaworks:step:start', { runId: 'run-1', step: name, kind: 'build' })
    await tick()
    const execution = { ...metrics }
    publish('deltaworks:query:start', { plan, metrics: execution })
    await tick()
    publish('deltaworks:stage:start', { stage: 1, name: 'scan', morsels: 2 })
    publish('deltaworks:task:start', { stage: 1, name: 'scan', task: 1 })
    await tick()
    publish('deltaworks:task:finish', {
      stage: 1,
      name: 'scan',
      task: 1,
      morsels: 2,
      rows: 7,
      durationMs: 1,
      heapBytes: 4096,
    })
    publish('deltaworks:stage:finish', {
      stage: 1,
      name: 'scan',
      morsels: 2,
      rows: 7,
      exchangedBytes: 64,
      spilledBytes: 5,
      durationMs: 2,
    })
    publish('deltaworks:query:finish', { plan, metrics: execution })
    publish('deltaworks:commit:finish', { table: 'file:///lake/days', version: 4, operation: 'WRITE', attempts: 1 })
    publish('deltaworks:quality:failed', rule)
    publish('deltaworks:step:finish', {
      runId: 'run-1',
      step: name,
      kind: 'build',
      durationMs: 20,
      rows: 3,
      result: { ...step, step: name },
      failure: name === 'build other' ? { code: 'DW-X', message: 'broken by hunter2-secret' } : null,
    })
  }
  await Promise.all([build('build days'), build('build other')])
  const table = { table: 'days', layer: 'analytics', version: 4, rowCount: 3, files: 1, sizeBytes: 900 }
  const revenue = { name: 'revenue', description: 'What was sold', unit: 'EUR', value: 1234.5 }
  publish('deltaworks:run:finish', {
    ...head,
    error: null,
    result: {
      status: 'warnings',
      durationMs: 50,
      quarantined: 1,
      steps: [step],
      quality: [rule],
      tables: [table],
      metrics: [revenue, { ...revenue, name: 'unknown', value: null }],
    },
  })
}

describe('telemetry', () => {
  const mask = new SecretMask()
  mask.hide('hunter2-secret')
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-telemetry-'))
  let http: HttpReceiver
  beforeAll(async () => {
    http = await HttpReceiver.start(awsAnswer())
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_REGION: 'us-east-1' })
  })
  afterAll(async () => {
    await http.close()
    rmSync(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    http.requests.length = 0
  })
  const watch = async (options: TelemetryOptions): Promise<readonly Error[]> => {
    const telemetry = await startTelemetry(options, { lakehouse: 'shop', environment: 'test' }, mask)
    await aRun()
    telemetry.sample({
      cpuShare: 1.5,
      rssBytes: 1e8,
      wasmBytes: 1e7,
      poolBytes: 1e6,
      spilledBytes: 5e5,
      diskFreeBytes: 1e9,
    })
    telemetry.freshness(new Map([['days', 0]]), 60_000)
    return telemetry.close()
  }

  interface OtlpSpan {
    readonly name: string
    readonly traceId: string
    readonly spanId: string
    readonly parentSpanId?: string
    readonly status: { readonly message?: string }
    readonly attributes: readonly { readonly key: string; readonly value: Record<string, unknown> }[]
    readonly events: readonly { readonly name: string }[]
  }
  const spansOf = (): readonly OtlpSpan[] =>
    http.requests
      .filter(({ path }) => path === '/v1/traces')
      .flatMap(
        ({ body }) => (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] }).resourceSpans,
      )
      .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))

  it('O-14 M-090: traces arrive at an OTLP receiver as run, step, query, stage and task, also of steps side by side', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
    expect(
      await watch({ otlp: { endpoint: http.url, protocol: 'http/json', headers: { 'x-key': 'v' } }, traceparent }),
    ).toEqual([])
    const spans = spansOf()
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    const pathOf = (span: OtlpSpan): string => {
      const parent = byId.get(span.parentSpanId ?? '')
      return parent === undefined ? span.name : `${pathOf(parent)} > ${span.name}`
    }
    expect(spans.map(pathOf).sort()).toEqual([
      'run shop',
      ...['build days', 'build other'].flatMap((name) => {
        const query = `run shop > ${name} > query aggregate`
        return [`run shop > ${name}`, query, `${query} > stage scan`, `${query} > stage scan > task scan`]
      }),
    ])
    const run = spans.find(({ name }) => name === 'run shop')!
    expect([run.traceId, run.parentSpanId]).toEqual(['a'.repeat(32), 'b'.repeat(16)])
    expect(http.requests[0]!.headers['x-key']).toBe('v')
    const failed = spans.find(({ name }) => name === 'build other')!
    expect(failed.status.message).toBe('DW-X: broken by ••••')
    expect(failed.events.map(({ name }) => name)).toEqual(['commit', 'quality failed'])
    expect(failed.attributes).toContainEqual({ key: 'deltaworks.rows.out', value: { intValue: 3 } })
    expect(JSON.stringify(http.requests)).not.toContain('hunter2')
  })

  it('O-14 M-094: metrics arrive at the receiver: rows, bytes, spills, quality, tables, freshness, the process', async () => {
    await watch({ otlp: { endpoint: http.url, protocol: 'http/json' } })
    interface Point {
      readonly asDouble?: number
      readonly asInt?: number | string
    }
    interface Metric {
      readonly name: string
      readonly sum?: { dataPoints: Point[] }
      readonly gauge?: { dataPoints: Point[] }
    }
    const metricsSent = http.requests
      .filter(({ path }) => path === '/v1/metrics')
      .flatMap(
        ({ body }) =>
          (JSON.parse(body) as { resourceMetrics: { scopeMetrics: { metrics: Metric[] }[] }[] }).resourceMetrics,
      )
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    const valueOf = (name: string): number => {
      const metric = metricsSent.find((m) => m.name === `deltaworks.${name}`)
      const point = (metric?.sum ?? metric?.gauge)?.dataPoints[0]
      return Number(point?.asDouble ?? point?.asInt)
    }
    expect([valueOf('rows.out'), valueOf('rows.in'), valueOf('bytes.written')]).toEqual([6, 14, 1800])
    expect([valueOf('spilled.bytes'), valueOf('exchanged.bytes'), valueOf('files.pruned')]).toEqual([30, 128, 2])
    expect([valueOf('quality.metric'), valueOf('quality.passed'), valueOf('table.age')]).toEqual([0.9, 0, 60])
    expect([valueOf('process.cpu'), valueOf('table.rows'), valueOf('run.count')]).toEqual([1.5, 3, 1])
  })

  it('O-14: protobuf is the default; a receiver that is not there is told in a sentence, and disturbs nothing', async () => {
    expect(await watch({ otlp: { endpoint: http.url } })).toEqual([])
    expect(http.requests.map(({ headers }) => headers['content-type'])).toContain('application/x-protobuf')
    expect(http.requests.some(({ body }) => body.includes('query aggregate'))).toBe(true)
    const failures = await watch({ otlp: { endpoint: 'http://127.0.0.1:9', protocol: 'http/json' } })
    expect(failures.map(({ message }) => message)).toEqual([
      expect.stringMatching(/could not be sent to the OTLP collector \(.*the run was not disturbed/),
    ])
  })

  it('O-14 M-092: CloudWatch gets lines in the embedded metric format, or PutMetricData', async () => {
    const file = join(folder, 'emf.log')
    await watch({ cloudWatch: { namespace: 'Shop', by: 'emf', file } })
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as Record<string, unknown> & {
            _aws: {
              CloudWatchMetrics: {
                Namespace: string
                Dimensions: string[][]
                Metrics: { Name: string; Unit: string }[]
              }[]
            }
          },
      )
    const rows = lines.find((line) => line['deltaworks.rows.out'] !== undefined)!
    expect(rows).toMatchObject({ table: 'days', layer: 'analytics', environment: 'test', 'deltaworks.rows.out': 6 })
    const [declared] = rows._aws.CloudWatchMetrics
    expect(declared).toMatchObject({
      Namespace: 'Shop',
      Dimensions: [['environment', 'kind', 'lakehouse', 'layer', 'table']],
    })
    expect(declared!.Metrics).toContainEqual({ Name: 'deltaworks.bytes.written', Unit: 'Bytes' })
    for (const line of lines)
      for (const { Name } of line._aws.CloudWatchMetrics[0]!.Metrics) expect(line[Name]).toBeDefined()
    expect(await watch({ cloudWatch: { namespace: 'Shop', by: 'api', endpoint: http.url } })).toEqual([])
    expect(http.requests.length).toBeGreaterThan(0)
    expect(JSON.stringify([http.requests[0]!.headers, http.requests[0]!.body])).toMatch(/PutMetricData/)
  })

  it('O-14 M-093: DataDog gets DogStatsD packets', async () => {
    const socket = createSocket('udp4')
    const received: string[] = []
    socket.on('message', (packet) => received.push(...packet.toString().split('\n')))
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    const { port } = socket.address()
    await watch({ statsd: { host: '127.0.0.1', port } })
    for (let i = 0; i < 100 && !received.some((line) => line.includes('table.age')); i++)
      await new Promise((r) => setTimeout(r, 10))
    expect(received).toContain(
      'deltaworks.rows.out:6|c|#lakehouse:shop,environment:test,table:days,layer:analytics,kind:build',
    )
    expect(received).toContain('deltaworks.table.age:60|g|#lakehouse:shop,environment:test,table:days')
    await new Promise<void>((resolve) => socket.close(() => resolve()))
  })

  it('O-14 M-094: Prometheus finds a text file, or a gateway has it', async () => {
    const file = join(folder, 'deltaworks.prom')
    await watch({ prometheus: { file, pushgateway: http.url } })
    const text = readFileSync(file, 'utf8')
    expect(text).toMatch(/# TYPE deltaworks_rows_out_total counter/)
    expect(text).toMatch(/deltaworks_rows_out_total\{.*table="days".*\} 6/)
    expect(http.requests.at(-1)).toMatchObject({
      method: 'PUT',
      path: '/metrics/job/deltaworks/lakehouse/shop/environment/test',
    })
    expect(http.requests.at(-1)!.body).toContain('deltaworks_table_age')
    // M-094: a figure of the business, where it is known.
    expect(text).toMatch(/deltaworks_business_revenue\{.*lakehouse="shop".*\} 1234\.5/)
    expect(text).not.toContain('deltaworks_business_unknown')
  })

  it('O-13 M-091: log lines carry the ids of run, step and span, levels, and no secret or person', async () => {
    const file = join(folder, 'run.log')
    await watch({ logs: { file, level: 'debug' }, otlp: { endpoint: http.url, protocol: 'http/json' } })
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
    const failed = lines.find(({ msg }) => msg === 'step failed' || msg === 'step finished')!
    expect(failed).toMatchObject({ run_id: 'run-1', step_id: expect.stringMatching(/^build/) as string, level: 'info' })
    expect(failed['trace_id']).toMatch(/^[\da-f]{32}$/)
    expect(lines.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining(['run started', 'step started', 'committed', 'quality rule failed', 'run finished']),
    )
    const text = readFileSync(file, 'utf8')
    expect(text).not.toMatch(/hunter2|bob@/)
    expect(text).toContain('b•••@•••')
  })

  it('O-13: a log that cannot be written is told before the run begins', async () => {
    const logs = { file: '/dev/null/x.log' }
    await expect(watch({ logs })).rejects.toMatchObject({ code: 'DW-TELEMETRY-0007' })
  })

  it('M-098: the monitor tells of a resource before its limit, once, with its highest share', () => {
    const told: unknown[] = []
    const listener = (message: unknown): void => void told.push(message)
    channel('deltaworks:resources:pressure').subscribe(listener)
    let usedBytes = 50
    const samples: unknown[] = []
    const sources = { wasmBytes: () => 1, pool: () => ({ usedBytes, limitBytes: 100 }) }
    const monitor = new ResourceMonitor(
      sources,
      { memory: null, pool: 0.8, disk: null, spill: null, cpu: null },
      60_000,
      (s) => samples.push(s),
    )
    monitor.sample()
    expect(monitor.pressures).toEqual([])
    for (usedBytes of [85, 95, 60]) monitor.sample()
    monitor.close()
    channel('deltaworks:resources:pressure').unsubscribe(listener)
    expect(told).toHaveLength(1)
    expect(monitor.pressures).toMatchObject([{ resource: 'pool', share: 0.95 }])
    expect(samples).toHaveLength(5)
  })

  it('M-098: a spill that came and went between two looks is told at its highest, against its limit or the room there is', () => {
    const spill = { usedBytes: 0, peakBytes: 70, limitBytes: 100 }
    const sources = { wasmBytes: () => 1, pool: () => ({ usedBytes: 0, limitBytes: 1 }), spill: () => spill }
    const limits = { memory: null, pool: null, disk: null, spill: 0.8, cpu: null }
    const monitor = new ResourceMonitor(sources, limits, 60_000, () => undefined)
    monitor.sample()
    expect(monitor.pressures).toEqual([])
    spill.peakBytes = 90
    monitor.sample()
    expect(monitor.pressures).toMatchObject([{ resource: 'spill', share: 0.9, used: '90 B', limit: '100 B' }])
    monitor.close()
    const unbounded = { ...sources, spill: () => ({ usedBytes: 0, peakBytes: 1e18, limitBytes: Infinity }) }
    const second = new ResourceMonitor(unbounded, limits, 60_000, () => undefined)
    second.sample()
    expect(second.pressures).toMatchObject([{ resource: 'spill' }])
    second.close()
  })
})
