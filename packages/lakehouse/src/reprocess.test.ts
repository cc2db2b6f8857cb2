import { runLakehouse } from './run.js'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'
import { errorOf, TestLake, testClock } from './testing/test-lake.js'

describe('M-023: reprocessing from a version of a raw table', () => {
  let lake: TestLake
  beforeEach(async () => {
    lake = new TestLake()
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', '2,bat,1,9.00,2026-01-02'))
    await lake.run(smallShop(), shopConfiguration)
    lake.land('orders_2.csv', orderLines('3,ball,20,1.50,2026-01-03', '4,net,-1,1.00,2026-01-03'))
  })
  afterEach(() => lake.close())
  const built = async () => [await lake.rows('processed/products'), await lake.rows('analytics/days')]
  const pinnedAt = (orders: number) =>
    runLakehouse({ ...lake.options(smallShop(), shopConfiguration, testClock + 60_000_000n), pinned: { orders } })

  it('gives what was built from it then, also in tables that are merged; the next run builds from the newest again', async () => {
    const first = await built()
    await lake.run(smallShop(), shopConfiguration)
    const second = await built()
    expect(second).not.toEqual(first)

    const result = await pinnedAt(0)
    expect(await built()).toEqual(first)
    expect(result.steps.map((step) => `${step.step} ${step.status}`)).toEqual([
      'check orders checked',
      'build products written',
      'build days written',
    ])
    expect(await lake.version('raw/orders')).toBe(1)

    expect((await lake.run(smallShop(), shopConfiguration)).status).not.toBe('unchanged')
    expect(await built()).toEqual(second)
    expect((await lake.run(smallShop(), shopConfiguration)).status).toBe('unchanged')
  })

  it('ingests nothing, and quarantines no row twice', async () => {
    await lake.run(smallShop(), shopConfiguration)
    const quarantined = await lake.rows('quality/quarantine')
    lake.land('orders_3.csv', orderLines('5,net,1,1.00,2026-01-03'))
    await pinnedAt(1)
    expect(await lake.count('raw/orders')).toBe(4)
    expect(await lake.rows('quality/quarantine')).toEqual(quarantined)
  })

  it('is refused for a version that is not there, a table that is not raw, and one that is not in the lakehouse', async () => {
    const before = lake.files()
    expect(await errorOf(() => pinnedAt(7))).toMatchObject({ message: expect.stringContaining('7') })
    const options = lake.options(smallShop(), shopConfiguration)
    expect(await errorOf(() => runLakehouse({ ...options, pinned: { days: 0 } }))).toMatchObject({
      code: 'DW-LAKEHOUSE-0032',
      fault: 'usage',
    })
    expect(await errorOf(() => runLakehouse({ ...options, pinned: { odrers: 0 } }))).toMatchObject({
      code: 'DW-LAKEHOUSE-0002',
    })
    expect(lake.files()).toEqual(before)
  })
})
