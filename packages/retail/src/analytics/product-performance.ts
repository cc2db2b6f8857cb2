import { agg, win } from '@deltaworks/expression'
import { bigint, decimal, defineTable, integer, string } from '@deltaworks/lakehouse/definitions'
import { factTransactions } from '../processed/fact-transactions.js'

/** Products within each territory: what they sold, their rank by revenue, and how far they are from the best. */
export const productPerformance = defineTable({
  name: 'product_performance',
  layer: 'analytics',
  description: 'Revenue of products by territory, ranked.',
  columns: {
    territory: string().primaryKey(),
    product_code: string().primaryKey(),
    product_line: string(),
    total_revenue: decimal(23, 2).notNull(),
    total_quantity: bigint(),
    order_count: bigint().notNull(),
    avg_price: decimal(16, 6),
    revenue_rank: integer().notNull(),
    best_revenue: decimal(23, 2).notNull(),
    revenue_diff_from_best: decimal(24, 2).notNull(),
  },
  from: { factTransactions },
  build: (inputs) =>
    inputs.factTransactions
      .filter((c) => c.transaction_type.eq('SALE'))
      .groupBy('territory', 'product_code')
      .agg((c) => ({
        product_line: agg.min(c.product_line),
        total_revenue: agg.sum(c.net_amount),
        total_quantity: agg.sum(c.quantity),
        order_count: agg.count(),
        avg_price: agg.avg(c.unit_price),
      }))
      .window(({ territory, total_revenue, product_code }) => ({
        revenue_rank: win
          .rowNumber()
          .over({ partitionBy: [territory], orderBy: [total_revenue.desc(), product_code.asc()] }),
        best_revenue: agg.max(total_revenue).over({ partitionBy: [territory], orderBy: [] }),
      }))
      .withColumn('revenue_diff_from_best', (c) => c.best_revenue.sub(c.total_revenue)),
  warehouse: { sortKey: ['territory', 'revenue_rank'] },
})
