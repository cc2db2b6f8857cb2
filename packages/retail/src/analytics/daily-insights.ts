import { agg, when } from '@deltaworks/expression'
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
    const facts = inputs.factTransactions
    const ofKind = (kind: 'SALE' | 'REFUND') => when(facts.col('transaction_type').eq(kind), facts.col('net_amount'))
    return facts
      .filter((c) => c.order_date.isNotNull())
      .groupBy('order_date')
      .agg((c) => ({
        total_sales: agg.sum(ofKind('SALE')),
        total_refunds: agg.sum(ofKind('REFUND')),
        order_lines: agg.count(),
        large_orders: agg.sum(when(c.is_large_order, 1).otherwise(0)),
        unique_customers: agg.countDistinct(c.customer_name),
        avg_order_line: agg.avg(ofKind('SALE')),
      }))
  },
  warehouse: { sortKey: ['order_date'] },
})
