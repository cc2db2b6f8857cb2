import { scan } from '@deltaworks/plan'
import * as z from 'zod/mini'
import { date, decimal, integer, string } from '../column-definition.js'
import { defineLakehouse } from '../lakehouse-definition.js'
import { csvFiles } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { TestLake, testClock } from '../testing/test-lake.js'
import type { BatchColumnProfile, BatchProfile } from './batch-profile.js'
import { quantileShares } from './batch-profile.js'

const orders = defineTable({
  name: 'orders',
  layer: 'raw',
  columns: {
    id: integer(),
    email: string().pii('email'),
    zip_code: string(),
    country: string(),
    product: string(),
    amount: decimal(10, 2),
    day: date(),
  },
  source: csvFiles('orders*.csv', { maxMalformed: 0.5 }),
})
const lakehouse = defineLakehouse({
  name: 'shop',
  description: 'For tests.',
  tables: [orders],
  configuration: z.strictObject({}),
  environments: '.',
})

interface Batch {
  readonly rows: number
  readonly first?: number
  readonly amount?: (i: number) => number
  readonly product?: (i: number) => string
}
const head = 'id,email,zip_code,country,product,amount,day\n'
const csv = ({ rows, first = 0, amount = (i) => i % 1000, product = (i) => ['ball', 'doll', 'cart'][i % 3]! }: Batch) =>
  head +
  Array.from({ length: rows }, (_, i) => {
    const cents = (amount(i) / 100).toFixed(2)
    return `${first + i},a${i}@b.example,${10_000 + (i % 90)},${i % 2 === 0 ? 'DE' : 'France'},${product(i)},${cents},2026-01-0${1 + (i % 9)}\n`
  }).join('')

describe('profiles of ingested batches', () => {
  let lake: TestLake
  beforeEach(() => (lake = new TestLake()))
  afterEach(() => lake.close())

  let runs = 0
  const ingest = async (content: string, options: object = {}): Promise<BatchProfile> => {
    runs++
    lake.land(`orders_${runs}.csv`, content)
    const { runLakehouse } = await import('../run.js')
    const settings = lake.options(lakehouse, {}, testClock + BigInt(runs) * 86_400_000_000n)
    const { profiles } = await runLakehouse({ ...settings, ...options })
    return profiles[0]!
  }
  const columnOf = (profile: BatchProfile, name: string): BatchColumnProfile =>
    profile.columns.find((column) => column.name === name)!

  it.each([
    ['in memory', {}],
    ['streamed', { inMemoryBytes: 0 }],
  ])(
    'M-021: a batch is profiled in the pass that reads it (%s): malformed rows and personal values left out',
    async (_, options) => {
      const profile = await ingest(`${csv({ rows: 1000 })}x,y,z\n1000,,,,,,\n`, options)
      expect([profile.table, profile.rowCount, profile.sampledRows]).toEqual(['orders', 1001, 1001])
      expect(profile.drift).toEqual([])
      expect(columnOf(profile, 'amount')).toMatchObject({
        nullCount: 1,
        min: '0.00',
        max: '9.99',
        mean: 4.995,
        semanticType: null,
      })
      const { quantiles, histogram } = columnOf(profile, 'amount')
      quantileShares.forEach((share, i) => expect(Math.abs(quantiles![i]! - share * 9.99)).toBeLessThan(0.02))
      expect(histogram).toEqual({ from: 0, to: 9.99, counts: Array.from({ length: 20 }, () => 50) })
      expect(columnOf(profile, 'product').topValues).toEqual([
        { value: 'ball', count: 334 },
        { value: 'cart', count: 333 },
        { value: 'doll', count: 333 },
      ])
      expect(profile.columns.map(({ semanticType }) => semanticType)).toEqual([
        'identifier',
        'email',
        'postcode',
        'country',
        'category',
        null,
        null,
      ])
      expect(columnOf(profile, 'email')).toMatchObject({ min: null, max: null, topValues: null, minLength: 12 })
      expect(JSON.stringify(profile)).not.toContain('@b.example')
    },
  )

  it('M-021: of a batch larger than a sample, quantiles and frequent values are told within a few percent', async () => {
    const profile = await ingest(csv({ rows: 60_000, amount: (i) => (i * 7919) % 10_000 }))
    expect(profile.rowCount).toBe(60_000)
    expect(profile.sampledRows).toBeGreaterThan(1000)
    expect(profile.sampledRows).toBeLessThan(30_000)
    const { quantiles, min, max } = columnOf(profile, 'amount')
    expect([min, max]).toEqual(['0.00', '99.99'])
    quantileShares.forEach((share, i) => expect(Math.abs(quantiles![i]! - share * 100)).toBeLessThan(2.5))
    const shares = columnOf(profile, 'product').topValues!.map(({ count }) => count / 60_000)
    expect(shares).toHaveLength(3)
    for (const share of shares) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.03)
  })

  it('M-021: profiles are kept with the run, and the next batch is compared with them', async () => {
    await ingest(csv({ rows: 500 }))
    const same = await ingest(csv({ rows: 400, first: 500 }))
    expect([same.comparedBatches, same.drift]).toEqual([1, []])
    const other = await ingest(
      csv({ rows: 500, first: 900, amount: (i) => 5000 + (i % 1000), product: (i) => (i % 2 === 0 ? 'kite' : 'ball') }),
    )
    expect(other.comparedBatches).toBe(2)
    expect(other.drift.map(({ kind, column }) => [kind, column])).toEqual([
      ['frequent_values', 'product'],
      ['distribution', 'amount'],
    ])
    expect(other.drift[0]!.message).toBe('50 % of its values are "kite"; before it were 0 %')
    expect(other.drift[1]!.message).toContain('its mean is 52.5 and was 2')
    const kept = scan((await lake.open('operations/profiles')).provider())
      .select('table_name', 'run_id', 'row_count')
      .distinct()
    const { rows } = await lake.session.collect(kept)
    expect(rows.map(([, , count]) => Number(count)).sort()).toEqual([400, 500, 500])
  })

  it('M-021: a run that ingests nothing profiles nothing and records nothing', async () => {
    await ingest(csv({ rows: 10 }))
    const before = lake.files()
    expect((await lake.run(lakehouse)).profiles).toEqual([])
    expect(lake.files()).toEqual(before)
  })
})
