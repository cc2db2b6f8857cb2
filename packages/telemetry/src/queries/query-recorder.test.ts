import { channel } from 'node:diagnostics_channel'
import { renderHtml } from '../html/page.js'
import { parseReport, renderJson, runReport } from '../run-report.js'
import { QueryRecorder } from './query-recorder.js'

const publish = (name: string, message: unknown): void => channel(`deltaworks:${name}`).publish(message)
const nap = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

/** Of every step: the same table is read by many. */
const plan = { kind: 'aggregate' }

/** A step with one query on two workers. */
async function aStep(step: string, rows: number): Promise<void> {
  publish('step:start', { runId: 'r', step, kind: 'build' })
  await nap()
  const metrics = {
    rowsOut: rows,
    durationMs: 12,
    filesTotal: 7,
    filesPruned: 5,
    spilledBytes: 8,
    stages: [] as object[],
  }
  publish('query:start', { plan, metrics })
  await nap()
  publish('stage:start', { stage: 1, name: 'scan <facts>', morsels: 8 })
  await nap()
  const task = { task: 0, morsels: 4, rows, durationMs: 3, heapBytes: 1024 }
  const tasks = [task, { ...task, task: 1, durationMs: 9 }]
  const stage = {
    stage: 1,
    name: 'scan <facts>',
    morsels: 8,
    rows,
    durationMs: 9,
    exchangedBytes: 64,
    spilledBytes: 32,
    tasks,
  }
  metrics.stages.push(stage)
  publish('query:finish', { plan, metrics })
}

describe('queries of a run', () => {
  it('M-090: queries, stages and tasks belong to the step that they run in, also of steps at once, and the page shows them', async () => {
    const recorder = new QueryRecorder(
      (metrics) => `Aggregate rows ${(metrics as { rowsOut: number }).rowsOut} & <more>`,
    )
    publish('run:start', { runId: 'r', lakehouse: 'shop', environment: '', root: '' })
    await Promise.all([aStep('build days', 10), aStep('build weeks', 20)])
    recorder.close()
    await aStep('build after', 30)
    const { queries } = recorder
    expect(queries.map(({ step, rows, plan }) => [step, rows, plan])).toEqual([
      ['build days', 10, 'Aggregate rows 10 & <more>'],
      ['build weeks', 20, 'Aggregate rows 20 & <more>'],
    ])
    const [query] = queries
    expect(query).toMatchObject({ kind: 'aggregate', filesTotal: 7, filesPruned: 5, spilledBytes: 40, durationMs: 12 })
    expect(query!.stages[0]).toMatchObject({ stage: 1, morsels: 8, rows: 10, exchangedBytes: 64, durationMs: 9 })
    expect(query!.stages[0]!.startMs).toBeGreaterThan(query!.startMs)
    expect(query!.stages[0]!.tasks.map(({ durationMs }) => durationMs)).toEqual([3, 9])

    const facts = { runId: 'r', command: 'run', lakehouse: 'shop', status: 'succeeded', root: '' } as const
    const report = runReport({ ...facts, startedMs: 0, durationMs: 100, queries })
    const html = renderHtml(report)
    const section = html.slice(html.indexOf('<section id="queries">'))
    expect(section).toContain('2 queries, 2 stages and 4 tasks on worker threads')
    expect(section).toContain('<summary>build weeks<span>1 query, 12 ms</span></summary>')
    expect(section).toContain('2 of 7 files read')
    expect(section).toContain('Aggregate rows 20 &amp; &lt;more&gt;')
    expect(section).toContain('3 ms to 9 ms')
    // A bar a query and a bar a stage.
    expect(section.match(/<rect class="(build|ingest)"/g)).toHaveLength(4)
    expect(section).not.toContain('<facts>')
    expect(parseReport(renderJson(report)).queries).toEqual(queries)
  })

  it('M-090: of very many queries the longest are kept, and a plan is cut', async () => {
    const recorder = new QueryRecorder(() => 'x'.repeat(10_000))
    publish('run:start', { runId: 'r', lakehouse: 'shop', environment: '', root: '' })
    for (let i = 0; i < 450; i++) {
      const metrics = { rowsOut: 1, durationMs: i, filesTotal: 0, filesPruned: 0, spilledBytes: 0, stages: [] }
      publish('query:start', { plan, metrics })
      publish('query:finish', { plan, metrics })
    }
    recorder.close()
    expect([recorder.queries.length, recorder.left]).toEqual([400, 50])
    expect(Math.min(...recorder.queries.map(({ durationMs }) => durationMs))).toBe(50)
    expect(recorder.queries[0]!.plan).toHaveLength(6002)
  })
})
