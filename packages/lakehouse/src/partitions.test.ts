import { col, lit } from '@deltaworks/expression'
import { scan } from '@deltaworks/plan'
import { date } from '@deltaworks/schema'
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

  it('M-006: a reader of an earlier version sees it while later ones are committed', async () => {
    const before = await lake.open('raw/orders')
    lake.land('orders_2.csv', orderLines('10,kite,1,1.00,2026-01-01'))
    await lake.run(smallShop(), shopConfiguration)
    const count = async (t: typeof before) => (await lake.session.collect(scan(t.provider()))).rows.length
    expect(await count(before)).toBe(9)
    expect(await count(await lake.open('raw/orders'))).toBe(10)
  })
})
