import { createHash } from 'node:crypto'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { optimizeLakehouse } from './maintain.js'
import { addToQuarantine, malformedRows, quarantinePath } from './quarantine.js'
import { landingParts, planIngest, stageIngest } from './ingest.js'
import { openStore } from '@deltaworks/storage'
import { runContext } from './run.js'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'
import { TestLake } from './testing/test-lake.js'

const first = orderLines('1,ball,2,1.50,2026-01-01', '2,doll,12,9.99,2026-01-02')
const second = orderLines('3,ball,1,1.50,2026-01-03')
const tables = ['raw/orders', 'processed/products', 'analytics/days']

describe('exactly once', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
    lake.land('orders_1.csv', first)
  })
  afterEach(() => lake.close())

  const run = () => lake.run(smallShop(), shopConfiguration)
  const versions = () => Promise.all(tables.map((path) => lake.version(path)))

  it('M-001 M-027: a run ingests and builds each table in one commit with operation metrics', async () => {
    const result = await run()
    expect(result.status).toBe('succeeded')
    expect(result.steps.map((s) => [s.step, s.status, s.rowsOut])).toEqual([
      ['ingest orders', 'written', 2],
      ['check orders', 'checked', 0],
      ['build products', 'written', 2],
      ['build days', 'written', 2],
    ])
    expect(await versions()).toEqual([0, 0, 0])
    const [entry] = await (await lake.open('analytics/days')).history()
    expect(entry?.info?.operationMetrics).toMatchObject({ numOutputRows: '2' })
    expect(await lake.rows('analytics/days')).toEqual([
      '{"day":"2026-01-01","items":2,"large":0}',
      '{"day":"2026-01-02","items":12,"large":1}',
    ])
  })

  it('M-011 M-024: the same files again commit nothing, and no file of the lake changes', async () => {
    await run()
    const before = lake.files()
    const again = await run()
    expect(again.status).toBe('unchanged')
    expect(again.steps.every((s) => s.status === 'unchanged')).toBe(true)
    expect(lake.files()).toEqual(before)
  })

  it('D-89 M-011: files are loaded once, and the table tells which were, with what content, in which version', async () => {
    await run()
    lake.land('orders_2.csv', second)
    await run()
    await run()
    const history = await (await lake.open('raw/orders')).history()
    const loaded = history.map(({ version, info }) => {
      const { files } = JSON.parse(info!.userMetadata!) as {
        files: { path: string; sizeBytes: number; sha256: string }[]
      }
      return [version, ...files.map(({ path, sizeBytes, sha256 }) => `${path} ${sizeBytes} ${sha256}`)]
    })
    const facts = (path: string, text: string): string =>
      `${path} ${text.length} ${createHash('sha256').update(text).digest('hex')}`
    expect(loaded).toEqual([
      [1, facts('orders_2.csv', second)],
      [0, facts('orders_1.csv', first)],
    ])
  })

  it('M-011: a touched file of the same content is known by its content; nothing is committed', async () => {
    await run()
    utimesSync(join(lake.landing, 'orders_1.csv'), new Date(), new Date(Date.now() + 5_000))
    const again = await run()
    expect(again.status).toBe('unchanged')
    expect(again.files.map((f) => f.state)).toEqual(['known'])
    expect(await versions()).toEqual([0, 0, 0])
  })

  it('M-011 M-007: a new file is picked up alone; landing files stay as they are and their checksum is in the result', async () => {
    const one = await run()
    expect(one.files[0]!.sha256).toMatch(/^[0-9a-f]{64}$/)
    lake.land('orders_2.csv', second)
    const two = await run()
    expect(two.files.map((f) => [f.path, f.state])).toEqual([
      ['orders_1.csv', 'known'],
      ['orders_2.csv', 'new'],
    ])
    expect(two.steps.find((s) => s.step === 'ingest orders')).toMatchObject({ rowsIn: 1, rowsOut: 1 })
    expect(await lake.count('raw/orders')).toBe(3)
    expect(await lake.rows('processed/products')).toEqual([
      '{"product":"ball","orders":2}',
      '{"product":"doll","orders":1}',
    ])
    expect(lake.read('landing/orders_1.csv')).toBe(first)
  })

  it('M-011: a changed file replaces its own rows only', async () => {
    lake.land('orders_2.csv', second)
    await run()
    lake.land(
      'orders_1.csv',
      orderLines('1,ball,2,1.50,2026-01-01', '2,doll,13,9.99,2026-01-02', '4,kite,1,3.00,2026-01-02'),
    )
    const again = await run()
    expect(again.files.map((f) => f.state)).toEqual(['changed', 'known'])
    expect(await lake.rows('raw/orders', 'id', 'quantity', 'source_file')).toEqual([
      '{"id":1,"quantity":2,"source_file":"orders_1.csv"}',
      '{"id":2,"quantity":13,"source_file":"orders_1.csv"}',
      '{"id":3,"quantity":1,"source_file":"orders_2.csv"}',
      '{"id":4,"quantity":1,"source_file":"orders_1.csv"}',
    ])
    expect(await lake.rows('analytics/days')).toContain('{"day":"2026-01-02","items":14,"large":1}')
  })

  it('M-004 M-065: a crash after the quarantine and before the raw commit loses nothing and doubles nothing', async () => {
    lake.land('orders_1.csv', `${first}x,ball,1,1.00,2026-01-01\n`)
    // What a run does up to the crash: malformed rows are in quarantine, the raw table knows nothing of the file.
    const context = runContext(lake.options(smallShop(), shopConfiguration), [])
    const listing = await openStore(`file://${lake.landing}`).list('')
    const orders = smallShop().tables[0]!
    const plan = await planIngest(orders, listing, context)
    const staged = await stageIngest(plan, context, await landingParts(plan, context))
    await addToQuarantine(malformedRows(staged.landed, 'orders', context), context)
    expect(await lake.count(quarantinePath)).toBe(1)

    const result = await run()
    expect(result.status).toBe('warnings')
    expect(await lake.count('raw/orders')).toBe(2)
    expect(await lake.count(quarantinePath)).toBe(1)
    expect(await lake.version(quarantinePath)).toBe(0)
  })

  it('M-024 M-068: OPTIMIZE keeps the rows, and does not make what is built from the table stale', async () => {
    lake.land('orders_3.csv', orderLines('5,ball,1,1.50,2026-01-01'))
    await run()
    lake.land('orders_2.csv', orderLines('6,ball,1,1.50,2026-01-01'))
    await run()
    const before = await lake.rows('raw/orders')
    const [optimized] = await optimizeLakehouse(
      { ...lake.options(smallShop()), tables: ['orders'], dryRun: false, nowMs: Date.now() },
      false,
    )
    expect(optimized).toMatchObject({ status: 'done' })
    expect(optimized!.filesAfter).toBeLessThan(optimized!.filesBefore)
    expect(await lake.rows('raw/orders')).toEqual(before)
    expect((await run()).status).toBe('unchanged')
  })

  it('M-024: another definition or configuration builds a table again, and only that table', async () => {
    await run()
    const other = await lake.run(smallShop({ build: 'other' }), shopConfiguration)
    expect(other.steps.filter((s) => s.status === 'written').map((s) => s.table)).toEqual(['days'])
    expect(await lake.rows('analytics/days')).toContain('{"day":"2026-01-01","items":2,"large":1}')
    const configured = await lake.run(smallShop({ build: 'other' }), { large: 2 })
    expect(configured.status).not.toBe('unchanged')
  })

  it('S-10 M-026: a replay with the same clock in another lake gives equal tables', async () => {
    await run()
    const rows = await Promise.all(tables.map((path) => lake.rows(path)))
    const replay = new TestLake()
    try {
      replay.land('orders_1.csv', first)
      await replay.run(smallShop(), shopConfiguration)
      expect(await Promise.all(tables.map((path) => replay.rows(path)))).toEqual(rows)
    } finally {
      await replay.close()
    }
  })

  it('O-02 M-024: a plan says what the run then does, and writes nothing', async () => {
    const plan = () => lake.plan(smallShop(), shopConfiguration)
    const actions = async () => (await plan()).map((s) => [s.action, s.table])
    expect(await actions()).toEqual([
      ['ingest', 'raw/orders'],
      ['build', 'processed/products'],
      ['build', 'analytics/days'],
    ])
    expect(lake.files()).toEqual([])
    await run()
    expect((await plan()).every((s) => s.action === 'skip')).toBe(true)
    lake.land('orders_2.csv', second)
    expect((await plan())[0]).toEqual({ action: 'ingest', table: 'raw/orders', reason: 'orders_2.csv is new' })
  })
})
