import { agg, col, lit, when } from '@deltaworks/expression'
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
      .filter(col('transaction_type').eq(lit('SALE')))
      .groupBy(col('customer_name'))
      .agg({
        total_spent: agg.sum(col('net_amount')),
        order_count: agg.count(),
        avg_order_value: agg.avg(col('net_amount')),
        last_order_date: agg.max(col('order_date')),
        unique_products: agg.countDistinct(col('product_code')),
      })
      .withColumn(
        'customer_segment',
        when(col('total_spent').ge(amountOf(configuration.segments.high)), lit('High'))
          .when(col('total_spent').ge(amountOf(configuration.segments.medium)), lit('Medium'))
          .otherwise(lit('Low')),
      ),
  warehouse: { sortKey: ['customer_name'] },
})
