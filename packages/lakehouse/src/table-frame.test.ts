import { agg, col } from '@deltaworks/expression'
import { memoryTable, scan } from '@deltaworks/plan'
import { bigint, date, decimal, integer, string, timestamp } from './column-definition.js'
import { csvFiles } from './source-definition.js'
import { defineTable } from './table-definition.js'
import type { TableFrame } from './table-frame.js'

const orders = defineTable({
  name: 'orders',
  layer: 'raw',
  columns: {
    id: bigint().notNull(),
    city: string(),
    amount: decimal(12, 2).notNull(),
    day: date(),
    month: string().derived(),
  },
  source: csvFiles('*.csv', { audit: ['run_id'] }),
  derive: (landed) => {
    // @ts-expect-error: what is derived has not landed
    expect(() => landed.col('month')).toThrow(/month/)
    return landed.withColumn('month', (c) => c.day.cast({ kind: 'string' }))
  },
})

const revenue = defineTable({
  name: 'revenue',
  layer: 'analytics',
  columns: { city: string(), total: decimal(22, 2), n: bigint(), loaded: timestamp() },
  from: { orders },
  build: (inputs) =>
    inputs.orders
      .filter((c) => c.amount.gt(0).and(c.run_id.ne('')))
      .groupBy('city')
      .agg((c) => ({ total: agg.sum(c.amount), n: agg.count() }))
      .withColumn('loaded', col('total').cast({ kind: 'timestamp' })),
})

const frameOf = <T extends typeof orders>(table: T) => scan(memoryTable(table.schema, [])) as TableFrame<T>

describe('E-22: builds get frames of what their inputs declare', () => {
  it('names and types of a definition', () => {
    const frame = frameOf(orders)
    expect(frame.columns).toEqual([
      'id',
      'city',
      'amount',
      'day',
      'month',
      'source_file',
      'source_line',
      'ingestion_date',
      'run_id',
    ])
    // The audit's columns are in the type, those that are not asked for are not.
    expect(frame.select('source_file', 'source_line', 'ingestion_date', 'run_id').columns).toHaveLength(4)
    // @ts-expect-error: nobody asked for it
    expect(() => frame.select('ingested_at')).toThrow(/ingested_at/)
    // @ts-expect-error: a text is no number
    expect(() => frame.agg((c) => ({ sum: agg.sum(c.day) }))).toThrow(/sum/)
    expect(revenue.build!({ orders: frameOf(orders) }, {} as never).columns).toEqual(['city', 'total', 'n', 'loaded'])
  })

  it('a build that does not give what its table declares does not compile', () => {
    const names = [
      defineTable({
        name: 'missing',
        layer: 'analytics',
        columns: { city: string(), n: bigint(), more: string() },
        from: { orders },
        // @ts-expect-error: `more` is missing
        build: (inputs) => inputs.orders.groupBy('city').count().rename({ count: 'n' }),
      }),
      defineTable({
        name: 'not_declared',
        layer: 'analytics',
        columns: { city: string() },
        from: { orders },
        // @ts-expect-error: `count` is not declared
        build: (inputs) => inputs.orders.groupBy('city').count(),
      }),
      defineTable({
        name: 'narrowed',
        layer: 'analytics',
        columns: { city: string(), count: integer() },
        from: { orders },
        // @ts-expect-error: a count is a bigint
        build: (inputs) => inputs.orders.groupBy('city').count(),
      }),
      defineTable({
        name: 'other_type',
        layer: 'analytics',
        columns: { city: date(), count: bigint() },
        from: { orders },
        // @ts-expect-error: a city is a text
        build: (inputs) => inputs.orders.groupBy('city').count(),
      }),
      defineTable({
        name: 'no_such_input',
        layer: 'analytics',
        columns: { city: string() },
        from: { orders },
        // @ts-expect-error: there is no input of that name
        build: (inputs) => inputs.order.select('city'),
      }),
      defineTable({
        name: 'widened',
        layer: 'analytics',
        columns: { city: string(), count: decimal(22, 0) },
        from: { orders },
        build: (inputs) => inputs.orders.groupBy('city').count(),
      }),
    ].map(({ name }) => name)
    expect(names).toHaveLength(6)
  })
})
