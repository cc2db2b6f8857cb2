import { agg, col, lit } from '@deltaworks/expression'
import { Session } from '@deltaworks/engine'
import { scan, values } from '@deltaworks/plan'
import { field, int64, schema } from '@deltaworks/schema'
import { bigint, integer } from '../column-definition.js'
import { defineLakehouse } from '../lakehouse-definition.js'
import { runLakehouse, type RunOptions } from '../run.js'
import { csvFiles } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { TestLake } from '../testing/test-lake.js'
import { FrameCache } from './frame-cache.js'

const columns = schema([field('n', int64, false)])

describe('frames that a run keeps', () => {
  const session = Session.create({ threads: 1, memoryBytes: 64 * 1024 * 1024 })
  afterAll(() => session.close())
  const frame = async (rows: number) => {
    const counted = values(
      columns,
      Array.from({ length: rows }, (_, i) => [BigInt(i)]),
    )
    return scan(await session.materialise(counted))
  }

  it('M-105: within the bound frames are kept; beyond it the one used longest ago goes, and its memory with it', async () => {
    const before = session.pool.usedBytes
    const { plan } = await frame(1000)
    const bytes = plan.kind === 'scan' ? plan.table.statistics.sizeBytes! : 0
    const limitBytes = Math.floor(bytes * 2.5)
    const cache = new FrameCache(session.pool, limitBytes)
    expect([cache.put('a', await frame(1000)), cache.put('b', await frame(1000))]).toEqual([true, true])
    expect(session.pool.usedBytes - before).toBeGreaterThanOrEqual(2 * bytes)
    expect(cache.get('a')).not.toBeNull()
    expect(cache.put('c', await frame(1000))).toBe(true)
    expect(['a', 'b', 'c'].map((key) => cache.has(key))).toEqual([true, false, true])
    expect(cache.put('d', await frame(4000))).toBe(false)
    expect(cache.get('b')).toBeNull()
    expect(cache.reuse).toEqual({ hits: 1, misses: 1, dropped: 2, peakBytes: 2 * bytes, limitBytes })
    cache.close()
    expect(session.pool.usedBytes).toBe(before)
  })

  it('M-105: what the session has no memory for is not kept', async () => {
    const large = await frame(5000)
    const other = session.pool.account('another')
    other.reserve(session.pool.limitBytes - session.pool.usedBytes - 8192)
    const cache = new FrameCache(session.pool)
    expect(cache.put('a', large)).toBe(false)
    expect(cache.has('a')).toBe(false)
    other.close()
    cache.close()
  })
})

/** A table, and three that are built of it: it is read three times, or once. */
function family() {
  const raw = defineTable({
    name: 'numbers',
    layer: 'raw',
    columns: { n: integer() },
    source: csvFiles('numbers*.csv'),
  })
  const base = defineTable({
    name: 'base',
    layer: 'processed',
    columns: { n: integer(), rest: integer() },
    from: { raw },
    build: ({ raw: rows }) => rows.select(col('n'), col('n').mod(lit(10)).cast({ kind: 'int32' }).as('rest')),
  })
  const child = (name: string) =>
    defineTable({
      name,
      layer: 'analytics',
      columns: { rest: integer(), n: bigint() },
      from: { base },
      build: ({ base: rows }) => rows.groupBy(col('rest')).agg({ n: agg.sum(col('n')) }),
    })
  return defineLakehouse({
    name: 'family',
    description: 'For a test.',
    tables: [raw, base, child('first'), child('second'), child('third')],
    configuration: { safeParse: (data: unknown) => ({ success: true, data }) } as never,
    environments: '.',
  })
}

describe('runs that keep frames', () => {
  const lakes: TestLake[] = []
  afterEach(async () => {
    await Promise.all(lakes.splice(0).map((lake) => lake.close()))
  })
  const run = async (options: Partial<RunOptions>) => {
    const lake = new TestLake()
    lakes.push(lake)
    lake.land('numbers.csv', `n\n${Array.from({ length: 2000 }, (_, i) => i).join('\n')}\n`)
    const before = lake.session.pool.usedBytes
    const { status, reuse } = await runLakehouse({ ...lake.options(family()), ...options })
    expect(status).toBe('succeeded')
    expect(lake.session.pool.usedBytes).toBe(before)
    const names = ['first', 'second', 'third']
    return { reuse, rows: await Promise.all(names.map((name) => lake.rows(`analytics/${name}`))) }
  }

  it('M-105: a table that several builds read is brought into memory once; with no room for it rows are the same', async () => {
    const kept = await run({ inMemoryBytes: 0 })
    // The second and the third read what was read for the first.
    expect(kept.reuse).toMatchObject({ hits: 2, dropped: 0 })
    expect(kept.reuse.peakBytes).toBeGreaterThan(2000 * 8)
    const none = await run({ inMemoryBytes: 0, frameBytes: 0 })
    expect(none.reuse).toMatchObject({ hits: 0, peakBytes: 0 })
    expect(none.rows).toEqual(kept.rows)
    const atOnce = await run({ inMemoryBytes: 0, parallelism: 3 })
    expect(atOnce.reuse).toMatchObject({ hits: 2 })
    expect(atOnce.rows).toEqual(kept.rows)
  })

  it('M-105: a small run hands its tables on in memory; with no room they are read back', async () => {
    const kept = await run({})
    expect(kept.reuse.hits).toBeGreaterThanOrEqual(4)
    const cramped = await run({ frameBytes: 1000 })
    expect(cramped.reuse.peakBytes).toBeLessThanOrEqual(1000)
    expect(cramped.reuse.hits).toBeLessThan(kept.reuse.hits)
    expect(cramped.reuse.dropped).toBeGreaterThan(0)
    expect(cramped.rows).toEqual(kept.rows)
  })
})
