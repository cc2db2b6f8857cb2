import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateLanding } from '@deltaworks/sample-data'
import { Checks } from './checks.js'
import { attribute, OtlpCollector, type Span, type Taken } from './otlp-collector.js'
import { lastLine, run } from './python.js'
import { ownGoProgram } from './running-server.js'

/*
 * node tools/interop/dist/collector.js
 *
 * Traces and metrics of the shop's run at OpenTelemetry's own collector, built by Go from its modules, by both our protocols: what
 * it took is compared with the run's report.
 */

const workspace = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const batch = join(workspace, 'apps', 'batch', 'bin', 'deltaworks-batch.cjs')
const secret = 'hunter2-of-the-collector'

interface Step {
  readonly step: string
  readonly kind: string
  readonly table: string
  readonly rowsOut: number
}
interface Report {
  readonly runId: string
  readonly steps: readonly Step[]
}
interface Watched {
  readonly taken: Taken
  readonly report: Report
}

async function watchedRun(program: string, folder: string, protocol: string, landing: string): Promise<Watched> {
  const collector = await OtlpCollector.start(program, folder)
  try {
    const otlp = { endpoint: collector.endpoint, protocol, headers: { 'x-api-key': { variable: 'OTLP_KEY' } } }
    const environment = {
      ...process.env,
      OTLP_KEY: secret,
      DELTAWORKS_CONFIG__operations: JSON.stringify({ telemetry: { otlp } }),
    }
    const args = ['run', '--json', '--threads', '2', '--landing', landing, '--root', join(folder, 'lake')]
    const { code, stdout, stderr } = await run(process.execPath, [batch, ...args], environment)
    if (code !== 0 || stderr !== '') throw new Error(`the run ended with ${code}: ${lastLine(stderr)}`)
    return { taken: await collector.stop(), report: JSON.parse(stdout) as Report }
  } finally {
    await collector.stop()
  }
}

type Kind = 'run' | 'step' | 'query' | 'stage' | 'task'

/** Below what a span of each kind may stand. */
const parents: Readonly<Record<Kind, readonly (Kind | null)[]>> = {
  run: [null],
  step: ['run'],
  query: ['run', 'step', 'query'],
  stage: ['query'],
  task: ['stage'],
}

function kindOf({ name, attributes = [] }: Span): Kind {
  if (attributes.some(({ key }) => key === 'deltaworks.step.kind')) return 'step'
  return name.slice(0, name.indexOf(' ')) as Kind
}

/** Rows that are set aside are told of in the step that found them. */
const toldSteps = ({ steps }: Report): readonly Step[] => steps.filter(({ kind }) => kind !== 'quarantine')

function treeFailure({ taken: { spans }, report }: Watched): string | null {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  if (byId.size !== spans.length) return `${spans.length - byId.size} spans came twice`
  if (new Set(spans.map(({ traceId }) => traceId)).size !== 1) return 'they are not of one trace'
  for (const span of spans) {
    const above = byId.get(span.parentSpanId ?? '')
    const allowed = parents[kindOf(span)] as readonly (Kind | null)[] | undefined
    if (allowed?.includes(above === undefined ? null : kindOf(above)) !== true)
      return `${span.name} stands below ${above?.name ?? 'nothing'}`
    if (BigInt(span.endTimeUnixNano) < BigInt(span.startTimeUnixNano)) return `${span.name} ends before it begins`
  }
  const kinds = new Set(spans.map(kindOf))
  const kind = Object.keys(parents).find((name) => !kinds.has(name as Kind))
  if (kind !== undefined) return `there is no span of a ${kind}`
  const [first] = spans.filter((span) => kindOf(span) === 'run')
  if (attribute(first?.attributes, 'deltaworks.run.id') !== report.runId) return 'the run has another id'
  const steps = new Set(spans.filter((span) => kindOf(span) === 'step').map(({ name }) => name))
  const step = toldSteps(report).find((of) => !steps.has(of.step))
  return step === undefined ? null : `the step ${step.step} has no span`
}

const wanted = [
  'run.count',
  'step.duration',
  'bytes.written',
  'query.count',
  'quality.metric',
  'table.rows',
  'table.age',
]

function metricFailure({ taken: { metrics }, report }: Watched): string | null {
  const points = metrics.flatMap(({ name, sum }) => (name === 'deltaworks.rows.out' ? (sum?.dataPoints ?? []) : []))
  const rows = new Map<string, number>()
  for (const { attributes, asInt, asDouble } of points) {
    const of = `${attribute(attributes, 'kind')} ${attribute(attributes, 'table')}`
    rows.set(of, Number(asInt ?? asDouble))
  }
  const expected = toldSteps(report).filter(({ rowsOut }) => rowsOut > 0)
  if (expected.length === 0) return 'no step of the run has rows'
  const wrong = expected.find(({ kind, table, rowsOut }) => rows.get(`${kind} ${table}`) !== rowsOut)
  if (wrong !== undefined)
    return `${wrong.step}: ${wrong.rowsOut} rows, its metric says ${rows.get(`${wrong.kind} ${wrong.table}`)}`
  const names = new Set(metrics.map(({ name }) => name))
  const missing = wanted.find((name) => !names.has(`deltaworks.${name}`))
  return missing === undefined ? null : `deltaworks.${missing} did not arrive`
}

async function check(program: string, folder: string, checks: Checks): Promise<void> {
  const landing = join(folder, 'landing')
  // Large enough for queries to be spread over threads.
  generateLanding({ out: landing, scale: 350 })
  for (const protocol of ['http/protobuf', 'http/json']) {
    let watched: Watched | undefined
    await checks.run(`${protocol}: the collector takes a run`, async () => {
      watched = await watchedRun(program, join(folder, protocol.replace('/', '-')), protocol, landing)
      const services = [...watched.taken.services].join()
      return services === 'deltaworks' ? null : `it came from ${services}`
    })
    if (watched === undefined) continue
    const { taken } = watched
    checks.report(
      `${protocol}: ${taken.spans.length} spans, one tree of run, steps, queries, stages, tasks`,
      treeFailure(watched),
    )
    checks.report(
      `${protocol}: the rows of every step, as its report says, and the other metrics`,
      metricFailure(watched),
    )
    checks.report(`${protocol}: no secret`, taken.text.includes(secret) ? 'the header is in it' : null)
  }
}

async function main(): Promise<number> {
  const checks = new Checks()
  const source = join(workspace, 'tools', 'interop', 'go', 'collector')
  const program = await ownGoProgram(join(workspace, '.tools'), source, 'otlp-collector')
  if (typeof program === 'string') {
    checks.skip("OpenTelemetry's collector", program)
    return checks.finish()
  }
  const folder = mkdtempSync(join(tmpdir(), 'deltaworks-collector-'))
  try {
    await check(program.path, folder, checks)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return checks.finish()
}

process.exitCode = await main()
