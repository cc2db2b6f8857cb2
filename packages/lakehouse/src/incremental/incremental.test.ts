import { agg, col, lit } from '@deltaworks/expression'
import { isComplete, isUnique } from '@deltaworks/quality'
import * as z from 'zod/mini'
import { bigint, date, decimal, double, integer, string } from '../column-definition.js'
import { defineLakehouse, type LakehouseDefinition } from '../lakehouse-definition.js'
import { runLakehouse } from '../run.js'
import type { RunResult } from '../run-result.js'
import { csvFiles } from '../source-definition.js'
import { defineTable } from '../table-definition.js'
import { orderLines } from '../testing/small-shop.js'
import { TestLake, testClock } from '../testing/test-lake.js'

/** Tables of each form that there is, and of forms that need a whole build. */
function shop(incremental: boolean, change: { readonly unique?: boolean } = {}): LakehouseDefinition {
  const orders = defineTable({
    name: 'orders',
    layer: 'raw',
    columns: { id: integer(), product: string(), quantity: integer(), price: decimal(10, 2), day: date() },
    source: csvFiles('orders*.csv'),
    quality: () => [
      isComplete('product').named('has_product').quarantine(),
      ...(change.unique === true ? [isUnique('id').named('once').quarantine()] : []),
    ],
  })
  const products = defineTable({
    name: 'products',
    layer: 'raw',
    columns: { product: string(), family: string() },
    source: csvFiles('products*.csv'),
  })
  const sales = defineTable({
    name: 'sales',
    layer: 'processed',
    columns: { id: integer(), family: string(), amount: decimal(21, 2) },
    from: { orders, products },
    incremental,
    build: (inputs) =>
      inputs.orders
        .filter(col('quantity').gt(lit(0)))
        .join(inputs.products, ['product'], 'left')
        .select(
          'id',
          'family',
          col('price')
            .mul(col('quantity').cast({ kind: 'decimal', precision: 10, scale: 0 }))
            .as('amount'),
        ),
  })
  const days = defineTable({
    name: 'days',
    layer: 'analytics',
    columns: {
      day: date().primaryKey(),
      orders: bigint(),
      items: bigint(),
      cheapest: decimal(10, 2),
      dearest: decimal(10, 2),
    },
    from: { orders },
    incremental,
    build: (inputs) =>
      inputs.orders.groupBy(col('day')).agg({
        orders: agg.count(),
        items: agg.sum(col('quantity')),
        cheapest: agg.min(col('price')),
        dearest: agg.max(col('price')),
      }),
  })
  const means = defineTable({
    name: 'means',
    layer: 'analytics',
    columns: { product: string().primaryKey(), mean: double(), kinds: bigint() },
    from: { orders },
    incremental,
    build: (inputs) =>
      inputs.orders
        .groupBy(col('product'))
        .agg({ mean: agg.avg(col('quantity').cast({ kind: 'float64' })), kinds: agg.countDistinct(col('day')) }),
  })
  return defineLakehouse({
    name: 'shop',
    description: 'For tests.',
    tables: [orders, products, sales, days, means],
    configuration: z.strictObject({}),
    environments: '.',
  })
}

const tables = ['processed/sales', 'analytics/days', 'analytics/means']

describe('incremental builds', () => {
  const lakes: TestLake[] = []
  afterEach(async () => {
    for (const lake of lakes.splice(0)) await lake.close()
  })
  const make = (): TestLake => {
    const lake = new TestLake()
    lakes.push(lake)
    lake.land('products.csv', 'product,family\npen,office\nink,office\n')
    return lake
  }
  const run = (lake: TestLake, lakehouse: LakehouseDefinition, hour: bigint): Promise<RunResult> =>
    runLakehouse({ ...lake.options(lakehouse, {}, testClock + hour * 3_600_000_000n), inMemoryBytes: 0 })
  const notes = ({ steps }: RunResult) =>
    Object.fromEntries(
      steps
        .filter(({ kind, status }) => kind === 'build' && status === 'written')
        .map(({ table, note }) => [table, note?.split(',')[0] ?? 'whole']),
    )

  /** Random orders: the same for the same seed. */
  const lines = (seed: number, count: number): string =>
    orderLines(
      ...Array.from({ length: count }, (_, i) => {
        const n = (seed * 7919 + i * 104_729) % 1009
        return `${seed * 1000 + i},${['pen', 'ink', 'mug', ''][n % 4]!},${(n % 9) - 2},${(n % 50) + 0.25},2026-01-0${(n % 9) + 1}`
      }),
    )

  it('M-105: what is appended is enough for filters, joins with what stayed, and counts, sums, minima and maxima; the rows are those of a whole build', async () => {
    const [one, other] = [make(), make()]
    const told: unknown[] = []
    for (let round = 1; round <= 4; round++) {
      for (const lake of [one, other]) lake.land(`orders-${round}.csv`, lines(round, 40))
      told.push(notes(await run(one, shop(true), BigInt(round))))
      await run(other, shop(false), BigInt(round))
      for (const path of tables)
        expect([round, path, await one.rows(path)]).toEqual([round, path, await other.rows(path)])
    }
    const grown = { sales: 'from new rows alone', days: 'from new rows alone', means: 'whole' }
    expect(told).toEqual([{ sales: 'whole', days: 'whole', means: 'whole' }, grown, grown, grown])
  })

  it('M-105: other changes build the whole: of a joined table, of rows that were there, of the definition; and so do rules about several rows', async () => {
    const [one, other] = [make(), make()]
    const both = async (hour: bigint, change = {}) => {
      const result = await run(one, shop(true, change), hour)
      await run(other, shop(false, change), hour)
      for (const path of tables)
        expect([hour, path, await one.rows(path)]).toEqual([hour, path, await other.rows(path)])
      return notes(result)
    }
    const land = (name: string, text: string): void => [one, other].forEach((lake) => lake.land(name, text))
    land('orders-1.csv', lines(1, 30))
    await both(1n)
    land('products-2.csv', 'product,family\nmug,kitchen\n')
    expect(await both(2n)).toEqual({ sales: 'whole' })
    land('orders-1.csv', lines(2, 30))
    expect(await both(3n)).toEqual({ sales: 'whole', days: 'whole', means: 'whole' })
    land('orders-3.csv', lines(1, 10))
    expect(await both(4n, { unique: true })).toEqual({ sales: 'whole', days: 'whole', means: 'whole' })
    land('orders-4.csv', lines(4, 10))
    expect(await both(5n)).toMatchObject({ days: 'from new rows alone' })
  })
})
