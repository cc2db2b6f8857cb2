import { defineLakehouse } from '../lakehouse-definition.js'
import { orderLines, shopConfiguration, smallShop } from '../testing/small-shop.js'
import { errorOf, TestLake } from '../testing/test-lake.js'
import { sqlMetric, type SqlMetric } from './sql-metric.js'
import { validateMetrics } from './validate-metrics.js'

const shopWith = (...metrics: readonly SqlMetric[]) => defineLakehouse({ ...smallShop(), metrics })

describe('business metrics', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01', '2,doll,12,1.00,2026-01-02'))
  })
  afterEach(() => lake.close())

  it('M-094: figures are computed when a run has changed something, exactly, with their units', async () => {
    const shop = shopWith(
      sqlMetric('revenue', 'select sum(quantity * price) from orders', { unit: 'EUR', description: 'What was sold' }),
      sqlMetric('best_day', 'select max(items) from days'),
      sqlMetric('dear_orders', 'select sum(quantity) from orders where price > 100'),
    )
    const run = await lake.run(shop, shopConfiguration)
    expect(run.metrics).toEqual([
      { name: 'revenue', description: 'What was sold', unit: 'EUR', value: 15, problem: null },
      { name: 'best_day', description: 'best day', unit: '1', value: 12, problem: null },
      { name: 'dear_orders', description: 'dear orders', unit: '1', value: null, problem: null },
    ])
    expect((await lake.run(shop, shopConfiguration)).metrics).toEqual([])
    lake.land('orders_2.csv', orderLines('3,kite,1,2.25,2026-01-03'))
    expect((await lake.run(shop, shopConfiguration)).metrics[0]).toMatchObject({ value: 17.25 })
  })

  it('M-094: a figure that cannot be had says why, and the run goes well', async () => {
    // A million rows of two.
    const many = Array.from({ length: 20 }, (_, i) => `orders a${i}`).join(', ')
    const shop = shopWith(
      sqlMetric('many', 'select items from days'),
      sqlMetric('divided', 'select 1 / (count(*) - 2) from orders'),
      sqlMetric('slow', `select sum(a0.quantity) from ${many} where a0.price < a1.price`, { timeoutMs: 20 }),
      sqlMetric('rows', 'select count(*) from orders'),
    )
    const { status, metrics } = await lake.run(shop, shopConfiguration)
    expect(status).toBe('succeeded')
    expect(metrics.map(({ name, value, problem }) => [name, value, problem])).toEqual([
      ['many', null, 'its query gives 2 rows, one is wanted'],
      ['divided', null, expect.stringMatching(/division by zero|divide/i)],
      ['slow', null, 'its query took longer than 0.02 s'],
      ['rows', 2, null],
    ])
  })

  it('M-094: what is wrong in a figure is found before any data moves', async () => {
    expect(await validateMetrics(shopWith(sqlMetric('rows', 'select count(*) from orders')))).toBe(1)
    const wrong = async (sql: string) => (await errorOf(() => validateMetrics(shopWith(sqlMetric('m', sql))))).message
    expect(await wrong('select sum(amount) from orders')).toMatch(/^The metric "m" is wrong: .*amount/)
    expect(await wrong('select count(*) from ordres')).toMatch(/^The metric "m" is wrong: .*orders/)
    expect(await wrong('select max(product) from orders')).toMatch(/max.* \(string\); one number is wanted/)
    expect(await wrong('select 1, 2')).toMatch(/one number is wanted/)
    expect(() => sqlMetric('Umsatz', 'select 1')).toThrow(/snake_case/)
    expect(() => shopWith(sqlMetric('m', 'select 1'), sqlMetric('m', 'select 2'))).toThrow(/another one has its name/)
  })
})
