import { DeltaTable } from '@deltaworks/delta-table'
import { Session } from '@deltaworks/engine'
import { S3Local } from '@deltaworks/s3-local'
import { openStore } from '@deltaworks/storage'
import { runContext, runLakehouse } from './run.js'
import { commitIngest, landingParts, planIngest, stageIngest } from './ingest.js'
import { quarantinePath } from './quarantine.js'
import { errorOf, TestLake } from './testing/test-lake.js'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('runs at once', () => {
  let lake: TestLake
  const others: Session[] = []
  beforeEach(() => {
    lake = new TestLake()
  })
  afterEach(async () => {
    for (const session of others.splice(0)) await session.close()
    await lake.close()
  })
  const newSession = (): Session => {
    const session = Session.create()
    others.push(session)
    return session
  }
  const runs = (count: number) =>
    Promise.all(
      Array.from({ length: count }, () =>
        runLakehouse({ ...lake.options(smallShop(), shopConfiguration), session: newSession() }),
      ),
    )

  it('M-011 M-004: three runs at once ingest every row once, build the same tables, and none of them fails', async () => {
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 3; i++) {
        const id = round * 10 + i
        lake.land(
          `orders_${id}.csv`,
          orderLines(`${id},ball,2,1.50,2026-01-0${i + 1}`, `x${id},doll,1,1.00,2026-01-01`),
        )
      }
      const results = await runs(3)
      expect(results.every((result) => result.status !== 'quality_failed')).toBe(true)
      // Each file is new to exactly one of the runs, as they tell it.
      const wrote = results.filter((r) => r.steps.some((s) => s.step === 'ingest orders' && s.status === 'written'))
      expect(wrote).toHaveLength(1)
      const expected = (round + 1) * 3
      expect(await lake.rows('raw/orders', 'id')).toHaveLength(expected)
      expect(new Set(await lake.rows('raw/orders', 'id')).size).toBe(expected)
      expect(await lake.count(quarantinePath)).toBe(expected)
      expect(await lake.rows('processed/products')).toEqual([`{"product":"ball","orders":${expected}}`])
    }
    expect((await lake.run(smallShop(), shopConfiguration)).status).toBe('unchanged')
  })

  it('M-011: changed and new files of one run are ingested together', async () => {
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01'))
    await lake.run(smallShop(), shopConfiguration)
    lake.land('orders_1.csv', orderLines('1,ball,3,1.50,2026-01-01'))
    lake.land('orders_2.csv', orderLines('2,doll,1,1.50,2026-01-01'))
    await lake.run(smallShop(), shopConfiguration)
    expect(await lake.rows('raw/orders', 'id', 'quantity')).toEqual(['{"id":1,"quantity":3}', '{"id":2,"quantity":1}'])
  })

  it('M-011: a file that is replaced while it is read is not committed under its former hash', async () => {
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01'))
    const options = lake.options(smallShop(), shopConfiguration)
    const listing = await openStore(options.landing).list('')
    const context = runContext(options, listing)
    const plan = await planIngest(smallShop().tables[0]!, listing, context)
    const staged = await stageIngest(plan, context, await landingParts(plan, context))
    lake.land('orders_1.csv', orderLines('1,ball,7,1.50,2026-01-01'))
    const error = await errorOf(() => commitIngest(staged, context))
    expect(error).toMatchObject({ code: 'DW-LAKEHOUSE-0012', fault: 'conflict' })
    expect(await DeltaTable.openIfExists(lake.session, context.lake.uri('raw/orders'))).toBeNull()
    await lake.run(smallShop(), shopConfiguration)
    expect(await lake.rows('raw/orders', 'quantity')).toEqual(['{"quantity":7}'])
  })

  it('M-024: a run that has seen less does not put its older result over a newer one', async () => {
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01'))
    const options = lake.options(smallShop(), shopConfiguration)
    await runLakehouse(options)
    // Another run is through between this one's ingestion and its builds.
    lake.land('orders_2.csv', orderLines('2,ball,2,1.50,2026-01-01'))
    const slow = runContext(options, [])
    await slow.lake.version('raw/orders')
    await runLakehouse({ ...options, session: newSession() })
    const { isStale } = await import('./build.js')
    const products = smallShop().tables[1]!
    expect(await errorOf(() => isStale(products, slow))).toMatchObject({ code: 'DW-LAKEHOUSE-0013', fault: 'conflict' })
    expect(await lake.rows('processed/products')).toEqual(['{"product":"ball","orders":2}'])
  })

  it('D-88 M-007 M-011: landing and lake in S3, runs at once, while requests fail in every way: nothing lost, nothing twice', async () => {
    const server = await S3Local.start({ buckets: ['landing', 'lake'], seed: 11 })
    const environment = { ...process.env }
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test12345',
      DELTAWORKS_S3_ENDPOINT: server.endpoint,
      DELTAWORKS_S3_MAX_ATTEMPTS: '30',
    })
    try {
      const landing = openStore('s3://landing/shop')
      const run = () =>
        runLakehouse({
          ...lake.options(smallShop(), shopConfiguration),
          root: 's3://lake/dev',
          landing: 's3://landing/shop',
          session: newSession(),
        })
      server.faults.add(
        { kind: 'lost-response', operations: ['PutObject'], probability: 0.2 },
        { kind: 'slow-down', probability: 0.02 },
        { kind: 'cut-request', probability: 0.05 },
        { kind: 'cut-body', operations: ['GetObject', 'ListObjectsV2'], probability: 0.1 },
        { kind: 'slow-body', operations: ['GetObject'], probability: 0.05, delayMs: 20 },
      )
      const ids: number[] = []
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 4; i++) {
          const id = round * 10 + i
          ids.push(id)
          await landing.put(`orders_${id}.csv`, bytes(orderLines(`${id},ball,2,1.50,2026-01-01`)), 'overwrite')
        }
        await Promise.all([run(), run()])
      }
      for (const kind of ['lost-response', 'slow-down', 'cut-request', 'cut-body'] as const) {
        expect(server.faults.counts.get(kind)).toBeGreaterThan(0)
      }
      server.faults.clear()
      const last = await run()
      expect(last.status).toBe('unchanged')
      expect(last.tables.map((t) => [t.table, t.rowCount])).toEqual([
        ['orders', ids.length],
        ['products', 1],
        ['days', 1],
      ])
      const raw = await DeltaTable.open(lake.session, 's3://lake/dev/raw/orders')
      const { rows } = await lake.session.collect((await import('@deltaworks/plan')).scan(raw.provider()).select('id'))
      expect(rows.map(([id]) => Number(id)).sort((a, b) => a - b)).toEqual(ids)
      // Many small files are fetched side by side.
      for (let id = 100; id < 150; id++) {
        ids.push(id)
        await landing.put(`orders_${id}.csv`, bytes(orderLines(`${id},ball,2,1.50,2026-01-01`)), 'overwrite')
      }
      const before = server.requests.length
      expect((await run()).tables[0]).toMatchObject({ table: 'orders', rowCount: ids.length })
      const asked = server.requests.slice(before).filter(({ key }) => key.startsWith('shop/orders_1'))
      // It is hashed as it is read; then it is looked at whether it is still the same.
      expect(asked.filter(({ operation }) => operation === 'GetObject')).toHaveLength(50)
      // The same size within one second under the same name: the etag tells.
      await landing.put('orders_0.csv', bytes(orderLines('0,kite,2,1.50,2026-01-01')), 'overwrite')
      expect((await run()).files.find((file) => file.path === 'orders_0.csv')).toMatchObject({ state: 'changed' })
      expect((await landing.list('')).map((file) => file.path)).toEqual(ids.map((id) => `orders_${id}.csv`).sort())
    } finally {
      process.env = environment
      await server.stop()
    }
  })
})
