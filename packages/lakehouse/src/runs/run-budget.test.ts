import { DeltaTable } from '@deltaworks/delta-table'
import { agg, col } from '@deltaworks/expression'
import { Session, type SessionOptions } from '@deltaworks/engine'
import { bigint, integer, string } from '../column-definition.js'
import { defineLakehouse } from '../lakehouse-definition.js'
import { csvFiles } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { errorOf, TestLake } from '../testing/test-lake.js'
import { runRecorded, type RecordedRunOptions } from './recorded-run.js'
import { estimateRun, threadsFor } from './run-budget.js'

const mebibyte = 1024 ** 2

/** Visits, and how often each visitor came: groups that take more memory than some budgets have. */
function visitors() {
  const visits = defineTable({
    name: 'visits',
    layer: 'raw',
    columns: { n: integer(), visitor: string() },
    source: csvFiles('visits*.csv'),
  })
  const counts = defineTable({
    name: 'counts',
    layer: 'analytics',
    columns: { visitor: string(), visits: bigint(), last: integer() },
    from: { visits },
    build: ({ visits: rows }) => rows.groupBy(col('visitor')).agg({ visits: agg.count(), last: agg.max(col('n')) }),
  })
  return defineLakehouse({
    name: 'visitors',
    description: 'For a test.',
    tables: [visits, counts],
    configuration: { safeParse: (data: unknown) => ({ success: true, data }) } as never,
    environments: '.',
  })
}

describe('budgets of a run', () => {
  let lake: TestLake
  const rows = (from: number, to: number): string =>
    `n,visitor\n${Array.from({ length: to - from }, (_, i) => `${from + i},visitor number ${(from + i) * 7919} of the shop who came by the door at the ${(from + i) % 9} of the market`).join('\n')}\n`
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(() => lake.close())
  const options = (change: Partial<RecordedRunOptions> = {}): RecordedRunOptions => ({
    ...lake.options(visitors()),
    environment: 'test',
    ...change,
  })
  const inSession = async <T>(limits: SessionOptions, task: (session: Session) => Promise<T>): Promise<T> => {
    const session = Session.create(limits)
    try {
      return await task(session)
    } finally {
      await session.close()
    }
  }

  it('N-17: what the estimate says is over a budget of bytes, disk or time is refused before anything is read', async () => {
    lake.land('visits_1.csv', rows(0, 20))
    const refused = async (change: Partial<RecordedRunOptions>, code: string, message: RegExp) => {
      const before = lake.files()
      expect(await errorOf(() => runRecorded(options(change)))).toMatchObject({
        code,
        fault: 'resources',
        message: expect.stringMatching(message),
      })
      expect(lake.files()).toEqual(before)
    }
    await refused({ budget: { readBytes: 500 } }, 'DW-LAKEHOUSE-0046', /of landing files, more than its budget/)
    await refused({ budget: { memoryBytes: 1000 } }, 'DW-LAKEHOUSE-0046', /32 MiB of memory/)
    for (let run = 1; run <= 3; run++) {
      lake.land(`visits_${run}.csv`, rows(run * 20, run * 20 + 20))
      expect(
        await runRecorded(options({ runId: `run-${run}`, budget: { timeMs: 60_000, readBytes: 1e6 } })),
      ).toMatchObject({
        kind: 'ran',
      })
    }
    lake.land('visits_4.csv', rows(80, 100))
    const { readBytes, temporaryBytes, timeMs } = await estimateRun(options())
    expect(readBytes).toBe(rows(80, 100).length)
    expect(temporaryBytes).toBe(0)
    expect(timeMs).toBeGreaterThan(0)
    await refused({ budget: { timeMs: timeMs! / 2 } }, 'DW-LAKEHOUSE-0056', /By earlier runs this one would take about/)
    // What is not asked for needs no time.
    const other = options({ budget: { timeMs: timeMs! / 1e6 }, selection: { files: ['other*'] } })
    expect(await estimateRun(other)).toMatchObject({ readBytes: 0, timeMs: 0 })
  })

  it('N-17: within its budget a run degrades instead of failing: rows go to disk, and the tables are those of a roomy one', async () => {
    lake.land('visits_1.csv', rows(0, 250_000))
    const run = (limits: SessionOptions, root: string) =>
      inSession(limits, async (session) => {
        const ran = await runRecorded(
          options({
            session,
            root: `file://${lake.folder}/${root}`,
            inMemoryBytes: 0,
            budget: { memoryBytes: 32 * mebibyte },
          }),
        )
        if (ran.kind !== 'ran') throw new Error(ran.kind)
        return ran.result
      })
    const roomy = await run({ threads: 1, memoryBytes: 1024 * mebibyte }, 'roomy')
    const cramped = await run({ threads: 1, memoryBytes: 32 * mebibyte, spillLimitBytes: 256 * mebibyte }, 'cramped')
    expect([roomy.status, cramped.status]).toEqual(['succeeded', 'succeeded'])
    expect(roomy.usage.spilledBytes).toBe(0)
    expect(cramped.usage.spilledBytes).toBeGreaterThan(mebibyte)
    expect(cramped.usage.temporaryBytes).toBeLessThanOrEqual(256 * mebibyte)
    expect(cramped.usage.memoryBytes).toBeLessThanOrEqual(32 * mebibyte)
    expect(cramped.tables.map(({ table, hash }) => [table, hash])).toEqual(
      roomy.tables.map(({ table, hash }) => [table, hash]),
    )
  })

  it('N-17: beyond its temporary disk a step ends with one sentence, and the run goes on with more', async () => {
    lake.land('visits_1.csv', rows(0, 250_000))
    const run = (spillLimitBytes: number) =>
      inSession({ threads: 1, memoryBytes: 32 * mebibyte, spillLimitBytes }, (session) =>
        runRecorded(options({ session, runId: 'one', inMemoryBytes: 0 })),
      )
    const failed = await run(mebibyte)
    expect(failed).toMatchObject({
      kind: 'ran',
      result: { status: 'failed', failures: [{ step: 'build counts', code: 'DW-ENGINE-0008', fault: 'resources' }] },
    })
    expect(await DeltaTable.openIfExists(lake.session, `file://${lake.root}/analytics/counts`)).toBeNull()
    expect(await run(256 * mebibyte)).toMatchObject({ kind: 'ran', result: { status: 'succeeded' } })
    expect(await lake.count('analytics/counts')).toBe(250_000)
  })

  it('N-17: fewer threads work where memory is scarce', () => {
    expect(threadsFor(1024 * mebibyte, 8)).toBe(8)
    expect(threadsFor(256 * mebibyte, 8)).toBe(4)
    expect(threadsFor(32 * mebibyte, 8)).toBe(1)
  })
})
