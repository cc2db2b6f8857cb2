import { agg, when } from '@deltaworks/expression'
import { bigint, date, decimal, defineTable, string, type BuildContext } from '@deltaworks/lakehouse/definitions'
import type { RetailConfiguration } from '../configuration.js'
import { amountOf, factTransactions } from '../processed/fact-transactions.js'

/** What each customer bought, and the segment that follows from it. */
export const customerSegments = defineTable({
  name: 'customer_segments',
  layer: 'analytics',
  description: 'Customers by what they spent: High, Medium, Low.',
  columns: {
    customer_name: string().primaryKey().pii('name'),
    total_spent: decimal(23, 2).notNull(),
    order_count: bigint().notNull(),
    avg_order_value: decimal(17, 6),
    last_order_date: date(),
    unique_products: bigint().notNull(),
    customer_segment: string().notNull(),
  },
  from: { factTransactions },
  build: (inputs, { configuration }: BuildContext<RetailConfiguration>) =>
    inputs.factTransactions
      .filter((c) => c.transaction_type.eq('SALE'))
      .groupBy('customer_name')
      .agg((c) => ({
        total_spent: agg.sum(c.net_amount),
        order_count: agg.count(),
        avg_order_value: agg.avg(c.net_amount),
        last_order_date: agg.max(c.order_date),
        unique_products: agg.countDistinct(c.product_code),
      }))
      .withColumn('customer_segment', ({ total_spent }) =>
        when(total_spent.ge(amountOf(configuration.segments.high)), 'High')
          .when(total_spent.ge(amountOf(configuration.segments.medium)), 'Medium')
          .otherwise('Low'),
      ),
  warehouse: { sortKey: ['customer_name'] },
})
