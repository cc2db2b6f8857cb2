import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportLakehouse, type RunResult } from '@deltaworks/lakehouse'
import { generateLanding, type LandingManifest } from '@deltaworks/sample-data'
import { duckDbTarget } from '@deltaworks/warehouse'
import { retail } from './retail.js'
import { TestShop } from './testing.js'

describe('a generated landing zone: what was planted is what is found', () => {
  let shop: TestShop
  let planted: LandingManifest
  let result: RunResult
  const rule = (table: string, id: string) => result.quality.find((q) => q.table === table && q.rule === id)
  const step = (name: string) => result.steps.find((s) => s.step === name)!
  const quarantined = (text: string) => shop.value(`select count(*) from quarantine where ${text}`)

  beforeAll(async () => {
    shop = new TestShop()
    planted = generateLanding({ out: shop.landing, scale: 1 })
    result = await shop.run()
  })
  afterAll(() => shop.close())

  it('M-001 M-002: the run goes through with warnings, every table is built', () => {
    expect(result.status).toBe('warnings')
    expect(result.tables.map((t) => t.table).sort()).toEqual(retail.tables.map((t) => t.name).sort())
    expect(step('ingest customers')).toMatchObject({ rowsIn: planted.customers.rows, rowsQuarantined: 0 })
    expect(step('ingest calendar')).toMatchObject({ rowsIn: planted.calendar.rows, rowsQuarantined: 0 })
  })

  it('M-007: the checksum of each landing file is in the result, and the file is as it was', () => {
    for (const file of result.files) {
      const content = readFileSync(join(shop.landing, file.path))
      expect(file.sha256).toBe(createHash('sha256').update(content).digest('hex'))
    }
  })

  it('M-058 M-065: malformed rows are quarantined, and good + quarantined = landed', async () => {
    const { rows, unparsableNumbers, tooFewFields, tooManyFields, duplicates, zeroAmounts } = planted.transactions
    const malformed = unparsableNumbers + tooFewFields + tooManyFields
    expect(malformed).toBeGreaterThan(0)
    expect(step('ingest transactions')).toMatchObject({
      rowsIn: rows,
      rowsOut: rows - malformed,
      rowsQuarantined: malformed,
    })
    expect(await quarantined("stage = 'read' and table_name = 'transactions'")).toBe(malformed)
    expect(await quarantined("stage = 'read' and reason like '%total_amount%' or reason like '%TOTAL_AMOUNT%'")).toBe(
      unparsableNumbers,
    )
    const refused = await quarantined("table_name = 'transactions' and disposition = 'refused'")
    expect(refused).toBe(malformed + duplicates + zeroAmounts)
    expect(Number(await shop.value('select count(*) from fact_transactions')) + Number(refused)).toBe(rows)
    expect(await quarantined("source_file = '' or source_line < 2 or run_id = '' or reason = '' or record = ''")).toBe(
      0,
    )
  })

  it('M-057: order lines sent twice are listed', async () => {
    expect(planted.transactions.duplicates).toBeGreaterThan(0)
    expect(rule('transactions', 'order_line_is_unique')).toMatchObject({
      status: 'failed',
      rowsFailed: planted.transactions.duplicates,
    })
    expect(await quarantined("rules = 'order_line_is_unique'")).toBe(planted.transactions.duplicates)
  })

  it('M-060 M-047 S-1: zero amounts are found; positive is asked of sales, which all are', async () => {
    expect(rule('transactions', 'amount_is_not_zero')).toMatchObject({
      status: 'failed',
      rowsFailed: planted.transactions.zeroAmounts,
    })
    expect(rule('transactions', 'sales_are_positive')).toMatchObject({ status: 'passed', metric: 1 })
    expect(await shop.value('select count(*) from transactions where total_amount < 0')).toBe(
      planted.transactions.refunds,
    )
  })

  it('M-061: orphans are counted against the threshold, and still counted as sales', async () => {
    const orphans = rule('transactions', 'known_customer')!
    expect(orphans).toMatchObject({ status: 'passed', rowsFailed: planted.transactions.orphans })
    expect(await shop.value("select count(*) from fact_transactions where customer_match = 'inferred'")).toBe(
      planted.transactions.orphans,
    )
  })

  it('M-061 M-066: orphans beyond the threshold warn, or stop the run if that is configured', async () => {
    const quality = { ...shop.configuration.quality, orphanedTransactions: 0.001 }
    const other = new TestShop()
    try {
      generateLanding({ out: other.landing, scale: 0.2 })
      const warned = await other.run({ ...shop.configuration, quality })
      expect(warned.status).toBe('warnings')
      expect(warned.quality.find((q) => q.rule === 'known_customer')!.status).toBe('failed')
    } finally {
      await other.close()
    }
    const strict = new TestShop()
    try {
      generateLanding({ out: strict.landing, scale: 0.2 })
      const stopped = await strict.run({ ...shop.configuration, quality: { ...quality, orphansAreCritical: true } })
      expect(stopped.status).toBe('quality_failed')
      expect(stopped.tables.every((t) => t.layer === 'raw')).toBe(true)
    } finally {
      await strict.close()
    }
  })

  it('M-059: bad e-mail addresses are counted and flagged, and their customers are kept', async () => {
    const { badEmails, rows } = planted.customers
    const emails = result.quality.find((q) => q.table === 'customers' && /email/.test(q.rule) && q.action === 'flag')!
    expect(emails).toMatchObject({ status: 'passed', rowsFailed: badEmails })
    expect(emails.metric).toBeCloseTo(1 - badEmails / rows, 10)
    expect(await quarantined("table_name = 'customers' and disposition = 'flagged'")).toBe(badEmails)
    expect(await shop.value('select count(*) from dim_customer where not is_inferred')).toBe(rows)
  })

  it('M-056: completeness of required columns has the configured threshold', () => {
    const complete = result.quality.filter(
      (q) => /^complete:/.test(q.rule) && (q.table === 'customers' || q.table === 'transactions'),
    )
    expect(complete.length).toBeGreaterThanOrEqual(9)
    expect(complete.every((q) => q.status === 'passed' && /0\.95/.test(q.threshold) && q.level === 'critical')).toBe(
      true,
    )
  })

  it('M-062: the share of outliers is measured against its threshold', () => {
    const outliers = rule('transactions', 'amount_outliers')!
    expect(outliers.status).toBe('passed')
    expect(outliers.threshold).toMatch(/0\.01|1 ?%/)
    expect(outliers.metric).not.toBeNull()
  })

  it('M-008 M-014: four layouts of customers are united: states, provinces, counties and postal codes', async () => {
    const filled = 'count(*) as n, count(state) as s, count(county) as c, count(postal_code) as p'
    const byCountry = await shop.sql(`select country, ${filled} from customers group by 1 order by 1`)
    const part = planted.customers.rows / 4
    expect(byCountry).toEqual([
      { country: 'Australia', n: part, s: part, c: 0, p: part },
      { country: 'Canada', n: part, s: part, c: 0, p: part },
      { country: 'United Kingdom', n: part, s: 0, c: part, p: part },
      { country: 'United States', n: part, s: part, c: part, p: part },
    ])
    expect(await shop.value("select count(*) from customers where phone1 = '#ERROR!'")).toBe(
      planted.customers.errorPhones,
    )
  })

  it('M-015 S-3: NA is a territory, not a null', async () => {
    expect(await shop.value("select count(*) from transactions where territory = 'NA'")).toBe(
      planted.transactions.naTerritory,
    )
    expect(await shop.value('select count(*) from transactions where territory is null')).toBe(0)
  })

  it('M-016: the calendar has its 24 columns', () => {
    const calendar = retail.tables.find((t) => t.name === 'calendar')!
    expect(Object.keys(calendar.columns)).toHaveLength(24)
    expect(step('ingest calendar').rowsOut).toBe(planted.calendar.rows)
  })

  it('M-032: dim_date has every day of the calendar once, and every day of an order', async () => {
    const days = await shop.value('select count(*) from dim_date')
    expect(await shop.value('select count(distinct date_key) from dim_date')).toBe(days)
    expect(await shop.value('select count(*) from dim_date where fiscal_year is not null')).toBe(planted.calendar.rows)
    expect(
      await shop.value(
        'select count(*) from fact_transactions f left join dim_date d on f.order_date = d.date_key where d.date_key is null',
      ),
    ).toBe(0)
    expect(
      await shop.sql(
        "select week_number as w, quarter_number as q, day_of_week as d, is_weekend as e from dim_date where date_key = date '2023-01-01'",
      ),
    ).toEqual([{ w: 52, q: 1, d: 1, e: true }])
  })

  it('M-048 M-049 M-050 M-051: weeks, months, quarters and days add up to the fact, sales and refunds', async () => {
    const fact = await shop.sql(
      'select transaction_type as t, sum(net_amount) as total, count(*) as orders, sum(restocking_fee) as fees from fact_transactions group by 1 order by 1',
    )
    for (const period of ['weekly', 'monthly', 'quarterly']) {
      const summed = `select transaction_type as t, sum(total) as total, sum(orders) as orders, sum(fees) as fees from ${period} group by 1 order by 1`
      expect(await shop.sql(summed)).toEqual(fact)
    }
    const months =
      "select date_trunc('quarter', period) as p, transaction_type as t, sum(total) as total, sum(orders) as orders from monthly group by 1, 2 order by 1, 2"
    expect(await shop.sql(months)).toEqual(
      await shop.sql('select period as p, transaction_type as t, total, orders from quarterly order by 1, 2'),
    )
    const [sums] = await shop.sql(
      'select sum(total_sales) as s, sum(total_refunds) as r, sum(total_restocking_fees) as f, sum(items_sold) as i, sum(items_refunded) as j from monthly_summary',
    )
    expect(sums).toMatchObject({ s: fact[1]!['total'], r: fact[0]!['total'], f: fact[0]!['fees'] })
    expect(Number(sums!['i']) + Number(sums!['j'])).toBe(
      Number(await shop.value('select sum(quantity) from fact_transactions')),
    )
    expect(await shop.sql('select sum(total_sales) as s, sum(total_refunds) as r from daily_insights')).toEqual([
      { s: sums!['s'], r: sums!['r'] },
    ])
  })

  it('M-034 M-054 M-039: segments and top spenders follow from the fact', async () => {
    const independent = await shop.sql(
      "select customer_name, sum(net_amount) as total_spent, case when sum(net_amount) >= 10000 then 'High' when sum(net_amount) >= 5000 then 'Medium' else 'Low' end as customer_segment from fact_transactions where transaction_type = 'SALE' group by 1 order by 1",
    )
    expect(
      await shop.sql('select customer_name, total_spent, customer_segment from customer_segments order by 1'),
    ).toEqual(independent)
    const top = await shop.sql('select customer_name, total_spent, spend_rank from top_customers order by spend_rank')
    expect(top).toHaveLength(Math.min(100, independent.length))
    const sorted = independent.toSorted(
      (a, b) =>
        Number(b['total_spent']) - Number(a['total_spent']) ||
        (String(a['customer_name']) < String(b['customer_name']) ? -1 : 1),
    )
    expect(top.map((t) => t['total_spent'])).toEqual(sorted.slice(0, 100).map((t) => t['total_spent']))
    expect(
      await shop.value(
        'select count(*) from dim_customer c join customer_segments s on c.full_name = s.customer_name where c.is_current',
      ),
    ).toBeGreaterThan(0)
  })

  it('M-052: product families are ranked by what they sold', async () => {
    const ranked = await shop.sql(
      'select product_family as f, total_sales as s, sales_rank as r from product_family_sales order by r',
    )
    const independent = await shop.sql(
      "select p.product_family as f, sum(t.net_amount) as s from fact_transactions t join dim_product p on t.product_code = p.product_key where t.transaction_type = 'SALE' group by 1 order by 2 desc, 1",
    )
    expect(ranked).toEqual(independent.map((row, i) => ({ ...row, r: i + 1 })))
  })

  it('M-042 S-6: keys are found, facts to aggregates are n to 1, derived measures are computed', async () => {
    expect(await shop.value('select count(*) - count(distinct transaction_key) from fact_transactions')).toBe(0)
    expect(
      await shop.value(
        'select count(*) from fact_transactions f left join customer_segments s on f.customer_name = s.customer_name',
      ),
    ).toBe(await shop.value('select count(*) from fact_transactions'))
    expect(await shop.value('select count(*) from fact_transactions where customer_key is null')).toBe(0)
    expect(
      await shop.value('select count(*) from fact_transactions where net_amount <> abs(total_amount) - restocking_fee'),
    ).toBe(0)
  })

  it('S-10: a replay with the same clock gives equal tables', async () => {
    const replay = new TestShop()
    try {
      generateLanding({ out: replay.landing, scale: 1 })
      const second = await replay.run()
      expect(second.runId).toBe(result.runId)
      for (const { name } of retail.tables) {
        const all = `select * from ${name}`
        const lines = async (of: TestShop) => (await of.sql(all)).map((row) => JSON.stringify(row)).sort()
        expect(await lines(replay)).toEqual(await lines(shop))
      }
    } finally {
      await replay.close()
    }
  })

  it('W-26 M-028: DuckDB gets every table, reconciled with the lake; a second export loads no row', async () => {
    const file = join(shop.folder, 'warehouse.duckdb')
    const load = async (loadId: string) => {
      const target = duckDbTarget(file)
      try {
        const lake = { lakehouse: retail, session: shop.session, root: `file://${shop.root}`, target }
        return await exportLakehouse({ ...lake, loadId, nowMs: 0 })
      } finally {
        await target.close()
      }
    }
    const first = await load('one')
    const wanted = retail.tables.filter((t) => t.warehouse !== null).map((t) => t.name)
    expect(first.tables.map((t) => t.table).sort()).toEqual([...wanted].sort())
    for (const table of first.tables) {
      expect(table.rowCount).toBe(await shop.value(`select count(*) from ${table.table}`))
      expect(table.reconciliation).not.toBeNull()
      expect(table.deltaVersion).toBe(result.tables.find((t) => t.table === table.table)!.version)
    }
    expect(first.rowsLoaded).toBe(first.tables.reduce((sum, t) => sum + t.rowCount, 0))
    const second = await load('two')
    expect(second.rowsLoaded).toBe(0)
  })

  it('M-011: a second run of the same files commits nothing', async () => {
    const again = await shop.run()
    expect(again.status).toBe('unchanged')
    expect(again.tables.map((t) => t.version)).toEqual(result.tables.map((t) => t.version))
  })
})
