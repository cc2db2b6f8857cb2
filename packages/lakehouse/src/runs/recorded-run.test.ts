import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { DeltaTable } from '@deltaworks/delta-table'
import { agg, col, lit } from '@deltaworks/expression'
import { scan } from '@deltaworks/plan'
import { bigint, integer } from '../column-definition.js'
import { defineLakehouse, type LakehouseDefinition } from '../lakehouse-definition.js'
import { csvFiles } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { errorOf, TestLake, testClock } from '../testing/test-lake.js'
import { orderLines, shopConfiguration, smallShop } from '../testing/small-shop.js'
import { latestPublication, publishedLake, republish } from './publication.js'
import { publishLake, runRecorded, type RecordedRunOptions } from './recorded-run.js'
import { replayRun } from './replay-run.js'
import { resumeRun } from './resume-run.js'
import { readJournal } from './run-journal.js'
import { RunLease } from './run-lease.js'
import { runIds, unfinishedRun } from './run-manifest.js'
import { stepHistory } from './step-history.js'
import { selectedTables, stepGraph } from './step-graph.js'
import { openStore } from '@deltaworks/storage'

const day = 86_400_000_000n

/** Calls back when the first step of a run has ended. @returns ends it */
function subscribeToSteps(listener: () => void): () => void {
  subscribe('deltaworks:step:finish', listener)
  return () => unsubscribe('deltaworks:step:finish', listener)
}

describe('recorded runs', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', '2,doll,12,1.00,2026-01-02'))
  })
  afterEach(() => lake.close())

  const options = (change: Partial<RecordedRunOptions> = {}): RecordedRunOptions => ({
    ...lake.options(smallShop(), shopConfiguration),
    environment: 'test',
    ...change,
  })
  const root = (): string => `file://${lake.root}`
  const rowsOf = async (path: string): Promise<number> => {
    const { session } = lake
    const table = await (await publishedLake(session, root())).existing(path)
    return (await session.collect(scan(table.provider()))).rows.length
  }

  it('O-22 N-02: publishes all tables of a run at once; readers see the former ones until then', async () => {
    expect(await latestPublication(root())).toBeNull()
    expect(await runRecorded(options())).toMatchObject({ kind: 'ran', result: { status: 'succeeded' } })
    const first = await latestPublication(root())
    expect(first).toMatchObject({
      versions: { 'raw/orders': 0, 'processed/products': 0, 'analytics/days': 0 },
    })
    lake.land('orders_2.csv', orderLines('3,kite,1,2.00,2026-01-03'))
    // Tables that were written by a run which has not published yet.
    await lake.run(smallShop(), shopConfiguration, testClock + day)
    expect(await lake.count('analytics/days')).toBe(3)
    expect([await rowsOf('raw/orders'), await rowsOf('analytics/days')]).toEqual([2, 2])
    const second = await runRecorded(options({ nowMicros: testClock + 2n * day }))
    expect(second).toMatchObject({ kind: 'ran', result: { status: 'unchanged' } })
    expect([await rowsOf('raw/orders'), await rowsOf('analytics/days')]).toEqual([3, 3])
  })

  it('N-02: what a critical rule or an error stops is not published', async () => {
    await runRecorded(options())
    const published = await latestPublication(root())
    lake.land('orders_2.csv', orderLines('3,,1,2.00,2026-01-03'))
    const failed = await runRecorded(options({ lakehouse: smallShop({ critical: true }), nowMicros: testClock + day }))
    expect(failed).toMatchObject({ kind: 'ran', result: { status: 'quality_failed' } })
    expect(await latestPublication(root())).toEqual(published)
  })

  it('O-22: leaves a row a step in the journal, and no trace of a run that had nothing to do', async () => {
    await runRecorded(options())
    const files = lake.files().filter((file) => !file.includes('/leases/'))
    expect(await runRecorded(options({ nowMicros: testClock + day }))).toMatchObject({
      result: { status: 'unchanged' },
    })
    expect(lake.files().filter((file) => !file.includes('/leases/'))).toEqual(files)
    expect(await readJournal(lake.session, root(), 10)).toMatchObject([
      { runId: '20260101T000000000Z', status: 'succeeded', environment: 'test', rowsIn: 2 },
    ])
    const steps = await lake.rows('operations/runs', 'step', 'status', 'version')
    expect(steps).toContain('{"step":"build days","status":"written","version":0}')
    expect((await stepHistory(lake.session, root())).get('build days')).toMatchObject({
      runs: 1,
      durationMs: { deviation: 0 },
    })
  })

  it('O-22: of runs that are started at once one runs, and the others say so', async () => {
    const store = openStore(root())
    for (let round = 0; round < 10; round++) {
      lake.land(`orders_${round + 10}.csv`, orderLines(`${round + 10},ball,1,1.00,2026-01-01`))
      const runs = await Promise.all(
        [1, 2, 3].map(() => runRecorded(options({ nowMicros: testClock + BigInt(round) }))),
      )
      // A run that comes after the first has ended finds nothing to do.
      const wrote = runs.filter((run) => run.kind === 'ran' && run.result.status !== 'unchanged')
      expect(wrote).toHaveLength(1)
      expect(runs.some((run) => run.kind === 'busy')).toBe(true)
      expect(await store.list('operations/leases')).toEqual([])
    }
    expect(new Set(await lake.rows('raw/orders', 'id')).size).toBe(12)
  })

  it('O-22: a lease ends if it is not renewed, and its holder publishes nothing then', async () => {
    const store = openStore(root())
    let now = 1000
    const take = (runId: string) => RunLease.acquire(store, { runId, name: 'run', durationMs: 60_000, now: () => now })
    const first = await take('a')
    expect(await take('b')).toMatchObject({ kind: 'taken', holder: { runId: 'a', pid: process.pid } })
    if (first.kind !== 'held') throw new Error('not held')
    await first.lease.renew()
    now += 60_001
    const second = await take('b')
    expect(second.kind).toBe('held')
    expect(await errorOf(() => first.lease.check())).toMatchObject({ code: 'DW-LAKEHOUSE-0041', fault: 'conflict' })
    await first.lease.release()
    expect(await take('c')).toMatchObject({ kind: 'taken', holder: { runId: 'b' } })
    if (second.kind === 'held') await second.lease.release()
    const third = await take('c')
    expect(third.kind).toBe('held')
    if (third.kind === 'held') await third.lease.release()
  })

  it('O-22: a run that was broken off is resumed with its own clock and configuration', async () => {
    const broken = new AbortController()
    const channel = subscribeToSteps(() => broken.abort())
    await errorOf(() => runRecorded(options({ signal: broken.signal })))
    channel()
    expect(await unfinishedRun(root())).toMatchObject({ runId: '20260101T000000000Z', finished: null })
    const { landing: _, nowMicros: __, configuration: ___, ...rest } = options()
    const resumed = await resumeRun(rest)
    expect(resumed).toMatchObject({ kind: 'ran', result: { runId: '20260101T000000000Z', status: 'succeeded' } })
    expect(await unfinishedRun(root())).toBeNull()
    expect(await errorOf(() => resumeRun(rest))).toMatchObject({ code: 'DW-LAKEHOUSE-0043' })
    expect(await errorOf(() => resumeRun({ ...rest, runId: '20260101T00000000Z' }))).toMatchObject({
      code: 'DW-LAKEHOUSE-0042',
      message: expect.stringContaining('20260101T000000000Z'),
    })
  })

  it('O-22: a run of an id that has ended well is not run again', async () => {
    expect(await runRecorded(options({ runId: 'day-1' }))).toMatchObject({ kind: 'ran' })
    lake.land('orders_2.csv', orderLines('3,kite,1,2.00,2026-01-03'))
    expect(await runRecorded(options({ runId: 'day-1' }))).toMatchObject({ kind: 'done' })
    expect(await lake.count('raw/orders')).toBe(2)
    expect(await runIds(root())).toEqual(['day-1'])
  })

  it('N-07: a replay makes the same tables again, also those that were merged into', async () => {
    await runRecorded(options({ runId: 'one' }))
    lake.land('orders_2.csv', orderLines('3,ball,1,2.00,2026-01-03', '4,kite,-1,2.00,2026-01-03'))
    await runRecorded(options({ runId: 'two', nowMicros: testClock + day }))
    lake.land('orders_3.csv', orderLines('5,ball,1,2.00,2026-01-04'))
    await runRecorded(options({ runId: 'three', nowMicros: testClock + 2n * day }))
    for (const runId of ['one', 'two']) {
      const { lakehouse, session } = options()
      const into = `file://${lake.folder}/replay-${runId}`
      const { tables, software } = await replayRun({ lakehouse, session, root: root(), runId, into })
      expect(tables.map(({ table, how, equal }) => [table, how, equal])).toEqual([
        ['orders', 'read', true],
        ['products', 'built', true],
        ['days', 'built', true],
      ])
      expect(software.then).toEqual(software.now)
    }
    const { session } = options()
    const changed = { lakehouse: smallShop({ build: 'other' }), session, root: root(), runId: 'two', into: 'file:///x' }
    expect(await errorOf(() => replayRun(changed))).toMatchObject({
      code: 'DW-LAKEHOUSE-0044',
      message: expect.stringContaining('days'),
    })
    const ruled = { ...changed, lakehouse: smallShop({ drop: true }) }
    expect(await errorOf(() => replayRun(ruled))).toMatchObject({
      code: 'DW-LAKEHOUSE-0044',
      message: expect.stringContaining('the rules of orders have changed'),
    })
  })

  it('N-17: a run whose budget is too small is refused before it reads', async () => {
    const small = options({ budget: { memoryBytes: 1000 } })
    expect(await errorOf(() => runRecorded(small))).toMatchObject({ code: 'DW-LAKEHOUSE-0046', fault: 'resources' })
    lake.land('orders_2.csv', orderLines(...Array.from({ length: 40_000 }, (_, i) => `${i},ball,1,1.00,2026-01-01`)))
    lake.land('orders_3.csv', `${' '.repeat(70_000_000)}\n`)
    const disk = options({ budget: { memoryBytes: 64 * 1024 * 1024, temporaryBytes: 1000 } })
    expect(await errorOf(() => runRecorded(disk))).toMatchObject({
      code: 'DW-LAKEHOUSE-0046',
      message: expect.stringContaining('temporary disk'),
    })
    await openStore(`file://${lake.landing}`).delete(['orders_3.csv'])
    expect(await errorOf(() => runRecorded(options({ budget: { timeMs: 0 } })))).toMatchObject({
      code: 'DW-LAKEHOUSE-0047',
    })
    expect(await DeltaTable.openIfExists(lake.session, `${root()}/raw/orders`)).toBeNull()
  })

  it('M-070 N-02: maintenance moves what is published along, and nothing else', async () => {
    await runRecorded(options())
    const optimized = await (await lake.open('analytics/days')).optimize()
    const to = optimized.version + 1
    await republish(root(), [{ path: 'analytics/days', from: 0, to }], 1)
    expect((await latestPublication(root()))?.versions['analytics/days']).toBe(to)
    expect(await republish(root(), [{ path: 'analytics/days', from: 0, to: 9 }], 1)).toBeNull()
  })
})

describe('steps of a run', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
    lake.land('numbers.csv', 'n\n1\n2\n')
  })
  afterEach(() => lake.close())

  /** `broken` fails, `behind` depends on it, `apart` does not. */
  const numbers = (): LakehouseDefinition => {
    const raw = defineTable({
      name: 'numbers',
      layer: 'raw',
      columns: { n: integer() },
      source: csvFiles('numbers.csv'),
    })
    const broken = defineTable({
      name: 'broken',
      layer: 'processed',
      columns: { n: integer() },
      from: { raw },
      build: ({ raw: rows }) =>
        rows.select(
          lit(1)
            .div(col('n').sub(lit(1)))
            .cast({ kind: 'int32' })
            .as('n'),
        ),
    })
    const behind = defineTable({
      name: 'behind',
      layer: 'analytics',
      columns: { n: integer() },
      from: { broken },
      build: ({ broken: rows }) => rows,
    })
    const apart = defineTable({
      name: 'apart',
      layer: 'analytics',
      columns: { n: bigint() },
      from: { raw },
      build: ({ raw: rows }) => rows.agg({ n: agg.count() }),
    })
    return defineLakehouse({
      name: 'numbers',
      description: 'For a test.',
      tables: [raw, broken, behind, apart],
      configuration: { safeParse: (data: unknown) => ({ success: true, data }) } as never,
      environments: '.',
    })
  }

  it('M-066 O-22: what depends on a failed step is skipped, the rest is done', async () => {
    for (const parallelism of [1, 3]) {
      const run = await runRecorded({ ...lake.options(numbers()), environment: 'test', parallelism })
      if (run.kind !== 'ran') throw new Error(run.kind)
      const { result } = run
      expect(result.status).toBe('failed')
      expect(result.failures).toMatchObject([{ step: 'build broken', code: expect.stringMatching(/^DW-/) }])
      expect(result.steps.find(({ step }) => step === 'build behind')).toMatchObject({
        status: 'skipped',
        note: 'broken failed',
      })
      expect(await lake.rows('analytics/apart')).toEqual(['{"n":2}'])
      expect(await latestPublication(`file://${lake.root}`)).toBeNull()
    }
  })

  it('M-083: the steps and what they depend on are those of the definitions', () => {
    expect(stepGraph(numbers())).toEqual([
      { table: 'numbers', layer: 'raw', kind: 'ingest', dependsOn: [] },
      { table: 'broken', layer: 'processed', kind: 'build', dependsOn: ['numbers'] },
      { table: 'behind', layer: 'analytics', kind: 'build', dependsOn: ['broken'] },
      { table: 'apart', layer: 'analytics', kind: 'build', dependsOn: ['numbers'] },
    ])
    const names = (steps: Parameters<typeof selectedTables>[1]) =>
      [...selectedTables(numbers(), steps)].map(({ name }) => name)
    expect(names({})).toEqual(['numbers', 'broken', 'behind', 'apart'])
    expect(names({ only: ['apart'] })).toEqual(['apart'])
    expect(names({ from: ['broken'] })).toEqual(['broken', 'behind'])
    expect(names({ to: ['behind'] })).toEqual(['numbers', 'broken', 'behind'])
    expect(names({ from: ['broken'], to: ['broken', 'apart'] })).toEqual(['broken'])
    expect(() => names({ only: ['aprat'] })).toThrow('apart')
  })

  it('O-22: steps run one by one, as a scheduler’s tasks; the last one publishes', async () => {
    const shop = { ...lake.options(smallShop(), shopConfiguration), environment: 'test' }
    lake.land('orders.csv', orderLines('1,ball,2,1.50,2026-01-01'))
    const root = `file://${lake.root}`
    const step = (table: string) => runRecorded({ ...shop, steps: { only: [table] } })
    await step('orders')
    expect(await errorOf(() => publishLake(shop))).toMatchObject({ code: 'DW-LAKEHOUSE-0045' })
    await step('products')
    await step('days')
    expect(await latestPublication(root)).toBeNull()
    expect(await publishLake(shop)).toBe(true)
    expect(await latestPublication(root)).toMatchObject({ versions: { 'raw/orders': 0, 'analytics/days': 0 } })
    expect(await publishLake(shop)).toBe(false)
  })
})
