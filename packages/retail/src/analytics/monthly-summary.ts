import { agg, fn, when } from '@deltaworks/expression'
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
    const facts = inputs.factTransactions
    const day = facts.col('order_date')
    const isSale = facts.col('transaction_type').eq('SALE')
    const isRefund = facts.col('transaction_type').eq('REFUND')
    return facts
      .filter(day.isNotNull())
      .groupBy(fn.year(day).as('year_number'), fn.month(day).as('month_number'))
      .agg((c) => ({
        total_sales: agg.sum(when(isSale, c.net_amount)),
        total_refunds: agg.sum(when(isRefund, c.net_amount)),
        items_sold: agg.sum(when(isSale, c.quantity).otherwise(0)),
        items_refunded: agg.sum(when(isRefund, c.quantity).otherwise(0)),
        total_restocking_fees: agg.sum(c.restocking_fee),
        unique_customers: agg.countDistinct(c.customer_name),
      }))
  },
  warehouse: { sortKey: ['year_number', 'month_number'] },
})
