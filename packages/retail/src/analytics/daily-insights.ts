import { agg, col, lit, when } from '@deltaworks/expression'
import { bigint, date, decimal, defineTable } from '@deltaworks/lakehouse/definitions'
import { factTransactions } from '../processed/fact-transactions.js'

/** One row a day: what was sold, what came back, to how many customers. */
export const dailyInsights = defineTable({
  name: 'daily_insights',
  layer: 'analytics',
  description: 'Sales, refunds, order lines and customers by day.',
  columns: {
    order_date: date().primaryKey(),
    total_sales: decimal(23, 2),
    total_refunds: decimal(23, 2),
    order_lines: bigint().notNull(),
    large_orders: bigint().notNull(),
    unique_customers: bigint().notNull(),
    avg_order_line: decimal(17, 6),
  },
  from: { factTransactions },
  build: (inputs) => {
    const sale = col('transaction_type').eq(lit('SALE'))
    return inputs.factTransactions
      .filter(col('order_date').isNotNull())
      .groupBy(col('order_date'))
      .agg({
        total_sales: agg.sum(when(sale, col('net_amount'))),
        total_refunds: agg.sum(when(col('transaction_type').eq(lit('REFUND')), col('net_amount'))),
        order_lines: agg.count(),
        large_orders: agg.sum(when(col('is_large_order'), lit(1)).otherwise(lit(0))),
        unique_customers: agg.countDistinct(col('customer_name')),
        avg_order_line: agg.avg(when(sale, col('net_amount'))),
      })
  },
  warehouse: { sortKey: ['order_date'] },
})
