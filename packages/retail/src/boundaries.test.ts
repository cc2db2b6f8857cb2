import type { TableDefinition } from '@deltaworks/lakehouse'
import { calendarHeader } from '@deltaworks/sample-data'
import { dimCustomer } from './processed/dim-customer.js'
import { dimDate } from './processed/dim-date.js'
import { dimProduct } from './processed/dim-product.js'
import { factTransactions } from './processed/fact-transactions.js'
import { calendar } from './raw/calendar.js'
import { transactions } from './raw/transactions.js'
import {
  calendarFile,
  customerFile,
  testClock,
  TestShop,
  transactionFile,
  transactionHeader,
  type OrderLine,
} from './testing.js'

const ann = 'Ann Lee'

describe('the contracts of the landing files', () => {
  const landed = (table: TableDefinition) =>
    Object.values(table.columns)
      .filter(({ facts }) => !facts.derived)
      .map(({ facts }) => facts.sourceNames[0])

  it('M-015: each of the 21 columns of the transactions’ file has its place', () => {
    expect(landed(transactions)).toEqual(transactionHeader.split(','))
    expect(landed(transactions)).toHaveLength(21)
  })
  it('M-016: each of the 24 columns of the calendar’s file has its place', () => {
    expect(landed(calendar)).toEqual([...calendarHeader])
    expect(landed(calendar)).toHaveLength(24)
  })
  it('M-030 M-031 M-032 M-033 M-038: keys and references are declared; money is decimal', () => {
    expect([dimCustomer, dimProduct, dimDate, factTransactions].map((t) => t.primaryKey)).toEqual([
      ['customer_key', 'valid_from'],
      ['product_key'],
      ['date_key'],
      ['transaction_key'],
    ])
    const references = Object.entries(factTransactions.columns).flatMap(([name, { facts }]) =>
      facts.reference === null ? [] : [[name, facts.reference()]],
    )
    expect(references).toEqual([
      ['customer_key', { table: 'dim_customer', column: 'customer_key' }],
      ['product_code', { table: 'dim_product', column: 'product_key' }],
      ['order_date', { table: 'dim_date', column: 'date_key' }],
    ])
    for (const name of ['unit_price', 'total_amount', 'restocking_fee', 'net_amount'] as const) {
      expect(factTransactions.columns[name].facts.type).toMatchObject({ kind: 'decimal', scale: 2 })
    }
  })
})

describe('the shop’s rules at their limits', () => {
  let shop: TestShop
  beforeEach(() => {
    shop = new TestShop()
    shop.land('de_dates.csv', calendarFile)
    shop.land(
      'de_shop_customers_20230619.csv',
      customerFile([
        [ann, 'Leeds'],
        ['Bob Ray', 'York'],
      ]),
    )
  })
  afterEach(() => shop.close())

  const book = async (lines: readonly OrderLine[]) => {
    shop.land('de_shop_transactions_20230821.csv', transactionFile(lines))
    return shop.run()
  }

  it('M-044 S-2: segments change exactly at 10,000 and at 5,000', async () => {
    const spent: readonly (readonly [string, string])[] = [
      ['A High', '10000'],
      ['B Medium', '9999.99'],
      ['C Medium', '5000'],
      ['D Low', '4999.99'],
    ]
    await book(spent.map(([contact, amount]) => ({ contact, amount })))
    expect(
      await shop.sql('select customer_name as c, customer_segment as s from customer_segments order by 1'),
    ).toEqual(spent.map(([c]) => ({ c, s: c.split(' ')[1] })))
  })

  it('M-044 O-04: other limits of the configuration give other segments', async () => {
    await book([{ contact: ann, amount: '9999.99' }])
    const configuration = { ...shop.configuration, segments: { high: '9999.99', medium: '1' } }
    await shop.run(configuration)
    expect(await shop.value('select customer_segment from customer_segments')).toBe('High')
  })

  it('M-046 S-8: an order is large from 5,000 on, sale or refund', async () => {
    await book(['4999.99', '5000', '-4999.99', '-5000'].map((amount) => ({ contact: ann, amount })))
    expect(
      await shop.sql('select total_amount as a, is_large_order as l from fact_transactions order by order_number'),
    ).toEqual([
      { a: '4999.99', l: false },
      { a: '5000.00', l: true },
      { a: '-4999.99', l: false },
      { a: '-5000.00', l: true },
    ])
  })

  it('M-045 M-042 M-047: a refund costs 10 % of its amount, to the cent; a sale nothing', async () => {
    await book(['100', '-100', '-33.35', '-0.04', '-0.05'].map((amount) => ({ contact: ann, amount })))
    expect(
      await shop.sql(
        'select transaction_type as t, restocking_fee as f, net_amount as n, unit_price as u from fact_transactions order by order_number',
      ),
    ).toEqual([
      { t: 'SALE', f: '0.00', n: '100.00', u: '10.00' },
      { t: 'REFUND', f: '10.00', n: '90.00', u: '10.00' },
      { t: 'REFUND', f: '3.34', n: '30.01', u: '3.34' },
      { t: 'REFUND', f: '0.00', n: '0.04', u: '0.00' },
      { t: 'REFUND', f: '0.01', n: '0.04', u: '0.01' },
    ])
  })

  it('M-047 S-1: zero and missing amounts are quarantined, neither sale nor refund', async () => {
    const many = Array.from({ length: 40 }, () => ({ contact: ann, amount: '1' }))
    await book([{ contact: ann, amount: '0' }, { contact: ann, amount: '' }, ...many])
    expect(await shop.value('select count(*) from fact_transactions')).toBe(40)
    expect(
      await shop.sql("select rules as r, source_line as l from quarantine where disposition = 'refused' order by 2"),
    ).toEqual([
      { r: 'amount_is_not_zero', l: 2 },
      { r: 'complete:total_amount', l: 3 },
    ])
  })

  it('M-040 S-9: a family is what stands before _, its name is configured, unknown ones are flagged', async () => {
    await book(['S10_1', 'X9_1', 'GIFTCARD'].map((product) => ({ contact: ann, amount: '1', product })))
    expect(
      await shop.sql(
        'select product_key as k, product_family as f, product_family_name as n from dim_product order by 1',
      ),
    ).toEqual([
      { k: 'GIFTCARD', f: 'UNKNOWN', n: 'Unknown family' },
      { k: 'S10_1', f: 'S10', n: 'Classic Cars 1:10' },
      { k: 'X9_1', f: 'X9', n: 'Unknown family' },
    ])
  })

  it('S-3: status and product line, which no source holds, come from the configured map', async () => {
    await book([
      { contact: ann, amount: '1', product: 'S700_1' },
      { contact: ann, amount: '-1', product: 'X_1' },
    ])
    const facts =
      'select status as s, product_line as l, quantity as q, territory as t from fact_transactions order by s'
    expect(await shop.sql(facts)).toEqual([
      { s: 'Completed', l: 'Ships', q: 10, t: 'NA' },
      { s: 'Refunded', l: 'Unknown', q: 10, t: 'NA' },
    ])
  })

  it('M-053 M-035: best and second best product of a region by revenue, ties by code', async () => {
    await book([
      { contact: ann, amount: '10', product: 'S10_2', territory: 'EMEA' },
      { contact: ann, amount: '10', product: 'S10_1', territory: 'EMEA' },
      { contact: ann, amount: '4', product: 'S10_3', territory: 'EMEA' },
      { contact: ann, amount: '-900', product: 'S10_3', territory: 'EMEA' },
      { contact: ann, amount: '7', product: 'S10_9', territory: 'NA' },
    ])
    expect(await shop.sql('select * from best_products_by_region order by territory')).toEqual([
      {
        territory: 'EMEA',
        best_product: 'S10_1',
        best_revenue: '10.00',
        second_product: 'S10_2',
        second_revenue: '10.00',
      },
      { territory: 'NA', best_product: 'S10_9', best_revenue: '7.00', second_product: null, second_revenue: null },
    ])
    expect(
      await shop.sql(
        "select product_code as p, revenue_rank as r, revenue_diff_from_best as d from product_performance where territory = 'EMEA' order by 2",
      ),
    ).toEqual([
      { p: 'S10_1', r: 1, d: '0.00' },
      { p: 'S10_2', r: 2, d: '0.00' },
      { p: 'S10_3', r: 3, d: '6.00' },
    ])
  })

  it('M-041 S-4: dim_calendar is another name of dim_date, which carries fiscal attributes', async () => {
    await book([{ contact: ann, amount: '1', date: '7/15/2031' }])
    expect(
      await shop.sql('select date_key as d, fiscal_year as y, quarter_number as q from dim_calendar order by 1'),
    ).toEqual([
      { d: '2024-01-02', y: 2023, q: 1 },
      { d: '2031-07-15', y: null, q: 3 },
    ])
  })

  it('M-043: a later file with a changed customer makes a new version and closes the old one', async () => {
    await book([{ contact: ann, amount: '1' }])
    shop.land(
      'de_shop_customers_20240701.csv',
      customerFile([
        [ann, 'London'],
        ['Bob Ray', 'York'],
      ]),
    )
    const result = await shop.run()
    const history =
      'select full_name as n, city as c, valid_from as f, valid_to as t, is_current as i from dim_customer order by n, f'
    // Both files name another country, so Bob changes by it too.
    expect(await shop.sql(history)).toEqual([
      { n: 'Ann Lee', c: 'Leeds', f: '2023-06-19', t: '2024-07-01', i: false },
      { n: 'Ann Lee', c: 'London', f: '2024-07-01', t: null, i: true },
      { n: 'Bob Ray', c: 'York', f: '2023-06-19', t: '2024-07-01', i: false },
      { n: 'Bob Ray', c: 'York', f: '2024-07-01', t: null, i: true },
    ])
    expect(result.status).not.toBe('quality_failed')
    // A third file that says the same again changes no row: its commit of the dimension writes none.
    shop.land('de_shop_customers_20240801.csv', '')
    shop.land('de_shop_customers_20240801.csv', customerFile([['Bob Ray', 'York']]))
    const countries = { ...shop.configuration.customerCountries, '20240801': 'Australia' }
    const before = await shop.sql(history)
    await shop.run({ ...shop.configuration, customerCountries: countries }, testClock + 86_400_000_000n)
    expect(await shop.sql(history)).toEqual(before)
    expect(await shop.value('select max(updated_date) from dim_customer')).toMatch(/^2026-01-01T00:00:00/)
  })

  it('S-5 M-043: an inferred member stands for an unknown contact until the customer arrives', async () => {
    await book([
      { contact: 'Zoe New', amount: '1' },
      { contact: ann, amount: '1' },
    ])
    const facts = 'select customer_name as n, customer_key as k, customer_match as m from fact_transactions order by n'
    expect(await shop.sql(facts)).toEqual([
      { n: 'Ann Lee', k: 'ann_lee_ann@example.com', m: 'matched' },
      { n: 'Zoe New', k: 'zoe_new', m: 'inferred' },
    ])
    expect(
      await shop.sql('select company_name as c, phone as p, email as e from dim_customer where is_inferred'),
    ).toEqual([{ c: 'Company', p: '123', e: null }])
    shop.land('de_shop_customers_20240701.csv', customerFile([['Zoe New', 'Oslo']]))
    await shop.run()
    expect(await shop.value('select count(*) from dim_customer where is_inferred')).toBe(0)
    expect((await shop.sql(facts))[1]).toEqual({ n: 'Zoe New', k: 'zoe_new_zoe@example.com', m: 'matched' })
  })

  it('M-061 S-5: a contact whom two customers may be is flagged as ambiguous', async () => {
    shop.land(
      'de_shop_customers_20230901.csv',
      customerFile([[ann, 'Leeds']])
        .replace('Ann@example.com', 'other@example.com')
        .replace(',county,', ',province,'),
    )
    await book([{ contact: ann, amount: '1' }])
    expect(await shop.value('select customer_match from fact_transactions')).toBe('ambiguous')
  })
})
