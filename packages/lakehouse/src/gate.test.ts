import { hasCompleteness } from '@deltaworks/quality'
import { col } from '@deltaworks/expression'
import * as z from 'zod/mini'
import { integer, string } from './column-definition.js'
import { defineLakehouse, type LakehouseDefinition } from './lakehouse-definition.js'
import { csvFiles } from './source-definition.js'
import { defineTable } from './table-definition.js'
import { orderLines, shopConfiguration, smallShop } from './testing/small-shop.js'
import { TestLake } from './testing/test-lake.js'

describe('quality gates', () => {
  let lake: TestLake
  beforeEach(() => {
    lake = new TestLake()
    lake.land('orders_1.csv', orderLines('1,ball,2,1.50,2026-01-01'))
  })
  afterEach(() => lake.close())
  const critical = () => lake.run(smallShop({ critical: true }), shopConfiguration)

  it('Q-61: rows that a dropping rule fails on are built from no longer, and not kept', async () => {
    lake.land('orders_2.csv', orderLines('2,kite,0,1.50,2026-01-01', '3,drum,1,1.50,2026-01-01'))
    const result = await lake.run(smallShop({ drop: true }), shopConfiguration)
    expect(result.quality.find(({ rule }) => rule === 'quantity_is_positive')).toMatchObject({
      action: 'drop',
      rowsFailed: 1,
    })
    expect(result.steps.some(({ kind }) => kind === 'quarantine')).toBe(false)
    const products = await lake.rows('processed/products')
    expect(products.map((line) => (JSON.parse(line) as { product: string }).product).sort()).toEqual(['ball', 'drum'])
  })

  it('M-025 M-066: a failed critical rule stops publication; what was published stays as it is', async () => {
    await critical()
    const published = [await lake.rows('processed/products'), await lake.rows('analytics/days')]
    lake.land('orders_2.csv', orderLines('2,,1,1.50,2026-01-01'))
    const failed = await critical()
    expect(failed.status).toBe('quality_failed')
    expect(failed.quality.find((q) => q.level === 'critical')).toMatchObject({
      table: 'orders',
      status: 'failed',
      metric: 0.5,
    })
    expect(failed.steps.slice(-3).map(({ step, status }) => [step, status])).toEqual([
      ['check orders', 'failed'],
      ['build products', 'skipped'],
      ['build days', 'skipped'],
    ])
    expect([await lake.rows('processed/products'), await lake.rows('analytics/days')]).toEqual(published)
    expect([await lake.version('processed/products'), await lake.version('analytics/days')]).toEqual([0, 0])
    // Nothing has changed since, so it fails again, and adds nothing to the quarantine again.
    const again = await critical()
    expect(again.status).toBe('quality_failed')
    expect(again.steps.some((s) => s.status === 'written')).toBe(false)
    // A corrected file lets it through.
    lake.land('orders_2.csv', orderLines('2,kite,1,1.50,2026-01-01'))
    expect((await critical()).status).toBe('succeeded')
    expect(await lake.rows('processed/products')).toEqual([
      '{"product":"ball","orders":1}',
      '{"product":"kite","orders":1}',
    ])
  })

  it('M-066 M-020: the same failure as a warning lets the run go on, and is kept with it', async () => {
    lake.land('orders_2.csv', orderLines('2,,1,1.50,2026-01-01'))
    const result = await lake.run(smallShop(), shopConfiguration)
    expect(result.status).toBe('warnings')
    expect(result.quality.find((q) => q.status === 'failed')).toMatchObject({
      table: 'orders',
      level: 'warning',
      metric: 0.5,
    })
    expect(await lake.count('analytics/days')).toBe(1)
  })

  it('M-064: every failure is a record: run, table, rule, metric, threshold', async () => {
    lake.land('orders_2.csv', orderLines('2,,1,1.50,2026-01-01'))
    const result = await lake.run(smallShop(), shopConfiguration)
    expect(result.runId).toBe('20260101T000000000Z')
    const failure = result.quality.find((q) => q.status === 'failed')!
    expect(failure.rule).toBe('complete:product')
    expect(failure.metric).toBe(0.5)
    expect(failure.threshold).toMatch(/1/)
    expect(failure.message.length).toBeGreaterThan(0)
  })

  it('M-021: every raw table is profiled without being asked', async () => {
    lake.land('orders_2.csv', orderLines('2,,1,1.50,2026-01-01'))
    const { profiles } = await lake.run(smallShop(), shopConfiguration)
    expect(profiles.map((p) => p.table)).toEqual(['orders'])
    const product = profiles[0]!.columns.find((c) => c.name === 'product')!
    expect(product).toMatchObject({ completeness: 0.5 })
  })

  it('M-025: a critical rule of a built table keeps that table and what is behind it from being written', async () => {
    const withRule = (threshold: number): LakehouseDefinition => {
      const raw = defineTable({
        name: 'words',
        layer: 'raw',
        columns: { word: string(), n: integer() },
        source: csvFiles('words*.csv'),
      })
      const built = defineTable({
        name: 'counts',
        layer: 'processed',
        columns: { word: string(), n: integer() },
        from: { raw },
        build: (inputs) => inputs.raw.select(col('word'), col('n')),
        quality: () => [hasCompleteness('word', threshold).critical()],
      })
      const behind = defineTable({
        name: 'behind',
        layer: 'analytics',
        columns: { word: string(), n: integer() },
        from: { built },
        build: (inputs) => inputs.built,
      })
      return defineLakehouse({
        name: 'w',
        description: 'w',
        tables: [raw, built, behind],
        configuration: z.strictObject({}),
        environments: '.',
      })
    }
    lake.land('words.csv', 'word,n\na,1\n,2\n')
    expect((await lake.run(withRule(1))).status).toBe('quality_failed')
    expect(lake.files().some((f) => f.includes('lake/processed') || f.includes('lake/analytics'))).toBe(false)
    const passed = await lake.run(withRule(0.5))
    expect(passed.status).not.toBe('quality_failed')
    expect(await lake.count('analytics/behind')).toBe(2)
  })
})
