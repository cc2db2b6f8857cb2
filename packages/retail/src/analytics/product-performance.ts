import { agg, col, lit, win } from '@deltaworks/expression'
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
  build: (inputs) => {
    const territory = [col('territory')]
    return inputs.factTransactions
      .filter(col('transaction_type').eq(lit('SALE')))
      .groupBy(col('territory'), col('product_code'))
      .agg({
        product_line: agg.min(col('product_line')),
        total_revenue: agg.sum(col('net_amount')),
        total_quantity: agg.sum(col('quantity')),
        order_count: agg.count(),
        avg_price: agg.avg(col('unit_price')),
      })
      .window({
        revenue_rank: win
          .rowNumber()
          .over({ partitionBy: territory, orderBy: [col('total_revenue').desc(), col('product_code').asc()] }),
        best_revenue: agg.max(col('total_revenue')).over({ partitionBy: territory, orderBy: [] }),
      })
      .withColumn('revenue_diff_from_best', col('best_revenue').sub(col('total_revenue')))
  },
  warehouse: { sortKey: ['territory', 'revenue_rank'] },
})
