import { DeltaTable } from '@deltaworks/delta-table'
import { col, lit } from '@deltaworks/expression'
import { scan, values } from '@deltaworks/plan'
import { date, field, int32, schema } from '@deltaworks/schema'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'
import { TestLake } from './testing/test-lake.js'

describe('M-071: date partitions', () => {
  let lake: TestLake
  beforeAll(async () => {
    lake = new TestLake()
    lake.land('orders_1.csv', orderLines(...Array.from({ length: 9 }, (_, i) => `${i},ball,1,1.00,2026-01-0${i + 1}`)))
    await lake.run(smallShop(), shopConfiguration)
  })
  afterAll(() => lake.close())

  it('M-017 M-071: a raw table has a folder a day, and a filter on the day opens only its files', async () => {
    const folders = new Set(lake.files().flatMap((f) => /raw\/orders\/(day=[^/]+)\//.exec(f)?.[1] ?? []))
    expect(folders.size).toBe(9)
    const table = await lake.open('raw/orders')
    const day = 20_454
    const rows = scan(table.provider()).filter(col('day').eq(lit(day + 3, date)))
    const result = await lake.session.collect(rows.select(col('id')))
    expect(result.rows).toEqual([[3]])
    const { metrics } = result as unknown as { metrics: unknown }
    expect(JSON.stringify(metrics, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v))).toMatch(
      /"filesPruned":8|"files_pruned":8/,
    )
  })

  it('M-006: readers during a run see whole committed versions only', async () => {
    const read = async () => {
      const table = await lake.open('analytics/days')
      const { rows } = await lake.session.collect(scan(table.provider()))
      return `version ${table.version}: ${rows.length} rows`
    }
    const before = await read()
    lake.land('orders_3.csv', orderLines('11,kite,1,1.00,2026-02-01', '12,kite,1,1.00,2026-02-02'))
    const seen = new Set<string>()
    let running = true
    const run = lake.run(smallShop(), shopConfiguration).finally(() => {
      running = false
    })
    while (running) seen.add(await read())
    await run
    seen.add(await read())
    expect([before, 'version 1: 11 rows']).toEqual(expect.arrayContaining([...seen]))
    expect(seen).toContain('version 1: 11 rows')
  })

  it('M-006: a reader of an earlier version sees it while later ones are committed', async () => {
    const before = await lake.open('raw/orders')
    lake.land('orders_2.csv', orderLines('10,kite,1,1.00,2026-01-01'))
    await lake.run(smallShop(), shopConfiguration)
    const count = async (t: typeof before) => (await lake.session.collect(scan(t.provider()))).rows.length
    expect(await count(before)).toBe(11)
    expect(await count(await lake.open('raw/orders'))).toBe(12)
  })
})

describe('M-069: Z-order', () => {
  it('M-069: a range query opens fewer files than before, and gives the same rows', async () => {
    const lake = new TestLake()
    try {
      const points = schema([field('x', int32), field('y', int32)])
      const part = (n: number) =>
        values(
          points,
          Array.from({ length: 20_000 }, (_, i) => [
            (i * 7_919 + n * 104_729) % 1_000_003,
            (i * 6_007 + n * 15_485) % 1_000_003,
          ]),
        )
      let table = await DeltaTable.createWith(lake.session, `file://${lake.root}/points`, part(0), {})
      for (let n = 1; n < 8; n++) table = await table.append(part(n), {})
      const query = async (of: DeltaTable) => {
        const rows = scan(of.provider()).filter(
          col('x')
            .lt(lit(100_000))
            .and(col('y').lt(lit(100_000))),
        )
        const { rows: found, metrics } = await lake.session.collect(rows.orderBy(col('x').asc(), col('y').asc()))
        return { found, pruned: (metrics as unknown as { filesPruned: number }).filesPruned }
      }
      const before = await query(table)
      const ordered = await table.optimize({ zorderBy: ['x', 'y'], targetFileBytes: 65_536 })
      const files = ordered.detail().numFiles
      const after = await query(ordered)
      expect(after.found).toEqual(before.found)
      expect(before.pruned).toBe(0)
      expect(files).toBeGreaterThan(3)
      expect(after.pruned).toBeGreaterThanOrEqual(files / 2)
    } finally {
      await lake.close()
    }
  })
})
