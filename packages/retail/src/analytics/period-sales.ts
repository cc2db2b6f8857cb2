import { agg, fn } from '@deltaworks/expression'
import { bigint, decimal, defineTable, string, timestamp } from '@deltaworks/lakehouse/definitions'
import { factTransactions } from '../processed/fact-transactions.js'

const periodSales = (name: string, unit: 'week' | 'month' | 'quarter') =>
  defineTable({
    name,
    layer: 'analytics',
    description: `Sales and refunds by calendar ${unit}.`,
    columns: {
      period: timestamp().primaryKey().describe(`the ${unit}'s first day, 00:00 UTC; weeks start on Monday`),
      transaction_type: string().primaryKey(),
      total: decimal(23, 2).notNull(),
      orders: bigint().notNull(),
      fees: decimal(22, 2).notNull(),
    },
    from: { factTransactions },
    build: (inputs) =>
      inputs.factTransactions
        .filter((c) => c.order_date.isNotNull())
        .groupBy(fn.date_trunc(unit, inputs.factTransactions.col('order_date')).as('period'), 'transaction_type')
        .agg((c) => ({ total: agg.sum(c.net_amount), orders: agg.count(), fees: agg.sum(c.restocking_fee) })),
    warehouse: { sortKey: ['period'] },
  })

export const weekly = periodSales('weekly', 'week')
export const monthly = periodSales('monthly', 'month')
export const quarterly = periodSales('quarterly', 'quarter')
