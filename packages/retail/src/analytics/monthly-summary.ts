import { agg, col, fn, lit, when } from '@deltaworks/expression'
import { bigint, decimal, defineTable, integer } from '@deltaworks/lakehouse/definitions'
import { factTransactions } from '../processed/fact-transactions.js'

/** Sales and refunds of each calendar month. */
export const monthlySummary = defineTable({
  name: 'monthly_summary',
  layer: 'analytics',
  description: 'Sales, refunds, items and fees by calendar month.',
  columns: {
    year_number: integer().primaryKey(),
    month_number: integer().primaryKey(),
    total_sales: decimal(23, 2),
    total_refunds: decimal(23, 2),
    items_sold: bigint(),
    items_refunded: bigint(),
    total_restocking_fees: decimal(22, 2),
    unique_customers: bigint().notNull(),
  },
  from: { factTransactions },
  build: (inputs) => {
    const sale = col('transaction_type').eq(lit('SALE'))
    const refund = col('transaction_type').eq(lit('REFUND'))
    return inputs.factTransactions
      .filter(col('order_date').isNotNull())
      .groupBy(fn.year(col('order_date')).as('year_number'), fn.month(col('order_date')).as('month_number'))
      .agg({
        total_sales: agg.sum(when(sale, col('net_amount'))),
        total_refunds: agg.sum(when(refund, col('net_amount'))),
        items_sold: agg.sum(when(sale, col('quantity')).otherwise(lit(0))),
        items_refunded: agg.sum(when(refund, col('quantity')).otherwise(lit(0))),
        total_restocking_fees: agg.sum(col('restocking_fee')),
        unique_customers: agg.countDistinct(col('customer_name')),
      })
  },
  warehouse: { sortKey: ['year_number', 'month_number'] },
})
