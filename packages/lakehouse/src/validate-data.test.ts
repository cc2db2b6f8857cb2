import { parseDqdl } from '@deltaworks/quality'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'
import { TestLake, testClock } from './testing/test-lake.js'
import { validateData, type ValidateDataOptions } from './validate-data.js'

describe('validateData', () => {
  let lake: TestLake
  beforeEach(async () => {
    lake = new TestLake()
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', '2,kite,1,1.50,2026-01-02'))
    await lake.run(smallShop({ critical: true }), shopConfiguration)
  })
  afterEach(() => lake.close())
  const validate = (options: Partial<ValidateDataOptions> = {}) =>
    validateData({
      lakehouse: smallShop({ critical: true }),
      configuration: shopConfiguration,
      session: lake.session,
      root: `file://${lake.root}`,
      nowMicros: testClock,
      ...options,
    })

  it('rules of the definition and of DQDL are evaluated on the tables, and their metrics kept', async () => {
    const rules = new Map([['products', parseDqdl('RowCount >= 2, RowCount > 0.9 * avg(last(5)), IsUnique "product"')]])
    const first = await validate({ rules })
    expect(first.tables.map(({ table, status }) => `${table} ${status}`)).toContain('products passed')
    const later = await validate({ rules, nowMicros: testClock + 1_000_000n })
    const products = later.tables.find(({ table }) => table === 'products')!
    expect(products.rules.map(({ trend }) => trend)).toEqual([
      [2, 2],
      [2, 2],
      [1, 1],
    ])
    expect(products).toMatchObject({ version: 0, rowCount: 2, score: 1 })
  })

  it('failing rows are shown, counts reconcile, and nothing is kept if not wanted', async () => {
    const [rule] = parseDqdl('ColumnValues "product" = "ball"')
    const rules = new Map([['products', [rule!.quarantine().critical()]]])
    const { tables } = await validate({ rules, tables: ['products'], keepMetrics: false })
    expect(tables).toHaveLength(1)
    expect(tables[0]).toMatchObject({ status: 'failed', split: { good: 1, quarantined: 1, dropped: 0 } })
    const failed = tables[0]!.rules.find(({ status }) => status === 'failed')!
    expect(failed.sample).toHaveLength(1)
    expect(failed.sample[0]).toMatchObject({ product: 'kite' })
    const again = await validate({ rules, tables: ['products'], keepMetrics: false })
    expect(again.tables[0]!.rules.every(({ trend }) => trend.length === 1)).toBe(true)
  })

  it('earlier versions are looked at, and tables that are not there are told', async () => {
    lake.land('orders_2.csv', orderLines('3,drum,1,1.50,2026-01-03'))
    await lake.run(smallShop({ critical: true }), shopConfiguration, testClock + 60_000_000n)
    const rules = new Map([['products', parseDqdl('RowCount = 2')]])
    const [now] = (await validate({ rules, tables: ['products'] })).tables
    const [then] = (await validate({ rules, tables: ['products'], version: 0 })).tables
    expect([now!.rules.at(-1)!.status, then!.rules.at(-1)!.status]).toEqual(['failed', 'passed'])
    const elsewhere = { rules, tables: ['products'], root: `file://${lake.folder}/nowhere` }
    await expect(validate(elsewhere)).rejects.toThrow(expect.objectContaining({ code: 'DW-LAKEHOUSE-0007' }))
  })
})
