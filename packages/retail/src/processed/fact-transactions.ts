import { agg, fn, lit, when, type Expr } from '@deltaworks/expression'
import {
  bigint,
  boolean,
  date,
  decimal,
  defineTable,
  integer,
  string,
  timestamp,
  type BuildContext,
} from '@deltaworks/lakehouse/definitions'
import { decimal as decimalType, parseDecimal, type DecimalValue } from '@deltaworks/schema'
import type { RetailConfiguration } from '../configuration.js'
import { factRules } from '../quality/fact-rules.js'
import { transactions } from '../raw/transactions.js'
import { contactName } from './contact-name.js'
import { dimCustomer } from './dim-customer.js'
import { dimDate } from './dim-date.js'
import { dimProduct, familyAttribute, familyOf } from './dim-product.js'

const money = decimalType(12, 2)
/** An amount of the configuration as an exact literal. */
export const amountOf = (text: string): Expr<DecimalValue> => lit(parseDecimal(text, money), money)

/** Sales and refunds with the business rules applied. Money is decimal throughout. */
export const factTransactions = defineTable({
  name: 'fact_transactions',
  layer: 'processed',
  description: 'Order lines: sales and refunds.',
  columns: {
    transaction_key: bigint().primaryKey().describe('the landed transaction_id; equal in every replay'),
    order_number: bigint().notNull(),
    customer_key: string().references(() => dimCustomer.columns.customer_key),
    customer_name: string().pii('name'),
    customer_match: string().notNull().describe('matched, inferred, or ambiguous (several customers of that name)'),
    product_code: string().references(() => dimProduct.columns.product_key),
    quantity: integer(),
    unit_price: decimal(12, 2),
    total_amount: decimal(12, 2).notNull(),
    deal_size: string(),
    territory: string(),
    status: string(),
    product_line: string(),
    transaction_type: string().notNull(),
    restocking_fee: decimal(12, 2).notNull(),
    net_amount: decimal(13, 2).notNull(),
    is_large_order: boolean().notNull(),
    order_date: date().references(() => dimDate.columns.date_key),
    order_month: string(),
    created_date: timestamp().notNull(),
  },
  partitionBy: ['order_month'],
  from: { transactions, dimCustomer },
  build: (inputs, { configuration, nowMicros }: BuildContext<RetailConfiguration>) => {
    const { businessRules, status } = configuration
    const feeRate = lit(parseDecimal(businessRules.restockingFeeRate, decimalType(5, 4)), decimalType(5, 4))
    const members = inputs.dimCustomer
      .filter((c) => c.is_current)
      .withColumn('contact', (c) => contactName(c.first_name, c.last_name))
      .groupBy('contact')
      .agg((c) => ({
        customer_key: agg.min(c.customer_key),
        members: agg.count(),
        inferred_members: agg.max(when(c.is_inferred, 1).otherwise(0)),
      }))
    const lines = inputs.transactions
      .withColumn('contact', (c) => contactName(c.contact_first_name, c.contact_last_name))
      .join(members, ['contact'], 'left')
    const amount = lines.col('total_amount')
    const magnitude = fn.abs(amount)
    const isRefund = amount.lt(0)
    return lines
      .select(
        lines.col('transaction_id').as('transaction_key'),
        'order_number',
        'customer_key',
        fn.concat_ws(' ', lines.col('contact_first_name'), lines.col('contact_last_name')).as('customer_name'),
        when(lines.col('members').gt(1), 'ambiguous')
          .when(lines.col('inferred_members').eq(0), 'matched')
          .otherwise('inferred')
          .as('customer_match'),
        'product_code',
        'quantity',
        magnitude
          .div(fn.nullif(lines.col('quantity'), 0))
          .cast(money)
          .as('unit_price'),
        amount,
        'deal_size',
        'territory',
        when(isRefund, status.refund).otherwise(status.sale).as('status'),
        familyAttribute(familyOf(lines.col('product_code')), configuration, 'productLine').as('product_line'),
        when(isRefund, 'REFUND').otherwise('SALE').as('transaction_type'),
        when(isRefund, magnitude.mul(feeRate).cast(money)).otherwise(lit(0n, money)).as('restocking_fee'),
        magnitude.ge(amountOf(businessRules.largeOrderAmount)).as('is_large_order'),
        'order_date',
        'order_month',
      )
      .withColumn('net_amount', (c) => fn.abs(c.total_amount).sub(c.restocking_fee))
      .withColumn('created_date', lit(nowMicros, { kind: 'timestamp' }))
  },
  quality: factRules,
  maintenance: { zorderBy: ['customer_name', 'product_code'] },
  warehouse: { distKey: 'customer_key', sortKey: ['order_date'] },
})
