import { agg, win } from '@deltaworks/expression'
import {
  bigint,
  date,
  decimal,
  defineTable,
  integer,
  string,
  type BuildContext,
} from '@deltaworks/lakehouse/definitions'
import type { RetailConfiguration } from '../configuration.js'
import { dimCustomer } from '../processed/dim-customer.js'
import { customerSegments } from './customer-segments.js'

/** The customers who spent most, with an e-mail address to reach them; equal amounts rank by name. */
export const topCustomers = defineTable({
  name: 'top_customers',
  layer: 'analytics',
  description: 'Customers by total spent, the best first.',
  columns: {
    customer_name: string()
      .primaryKey()
      .pii('name')
      .references(() => customerSegments.columns.customer_name),
    email: string().pii('email'),
    total_spent: decimal(23, 2).notNull(),
    order_count: bigint().notNull(),
    avg_order_value: decimal(17, 6),
    last_order_date: date(),
    unique_products: bigint().notNull(),
    customer_segment: string().notNull(),
    spend_rank: integer().notNull(),
  },
  from: { customerSegments, dimCustomer },
  build: (inputs, { configuration }: BuildContext<RetailConfiguration>) => {
    const addresses = inputs.dimCustomer
      .filter((c) => c.is_current)
      .rename({ full_name: 'customer_name' })
      .groupBy('customer_name')
      .agg((c) => ({ email: agg.min(c.email) }))
    const spenders = inputs.customerSegments
    return spenders
      .orderBy(spenders.col('total_spent').desc(), 'customer_name')
      .limit(configuration.topCustomers)
      .window((c) => ({
        spend_rank: win.rowNumber().over({ orderBy: [c.total_spent.desc(), c.customer_name.asc()] }),
      }))
      .join(addresses, ['customer_name'], 'left')
  },
  warehouse: { sortKey: ['spend_rank'] },
})
