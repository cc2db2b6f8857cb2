import { agg, col, fn, lit, win } from '@deltaworks/expression'
import {
  anyFrame,
  boolean,
  date,
  defineTable,
  merge,
  string,
  timestamp,
  type BuildContext,
} from '@deltaworks/lakehouse/definitions'
import type { DataFrame } from '@deltaworks/plan'
import type { RetailConfiguration } from '../configuration.js'
import { dimCustomerRules } from '../quality/dim-customer-rules.js'
import { customers } from '../raw/customers.js'
import { transactions } from '../raw/transactions.js'
import { contactName } from './contact-name.js'

/** What makes a new version of a customer when it changes. */
const tracked = [
  'first_name',
  'last_name',
  'full_name',
  'email',
  'company_name',
  'address_line_1',
  'address_line_2',
  'city',
  'state',
  'postal_code',
  'country',
  'phone',
]

/**
 * Customers with their history (slowly changing dimension, type 2): one row a customer and version, valid from the date of
 * the landing file that brought it to that of the next one that changed it. A contact of a transaction whom no customer file
 * has yet is an inferred member: built from the transaction itself, replaced when the customer arrives.
 */
export const dimCustomer = defineTable({
  name: 'dim_customer',
  layer: 'processed',
  description: 'Customers, current and former versions, and inferred members.',
  columns: {
    customer_key: string().primaryKey().describe('lower(first_last_email); of inferred members lower(first_last)'),
    first_name: string().pii('name'),
    last_name: string().pii('name'),
    full_name: string().pii('name'),
    email: string().pii('email'),
    company_name: string(),
    address_line_1: string().pii('address'),
    address_line_2: string().pii('address'),
    city: string(),
    state: string(),
    postal_code: string(),
    country: string(),
    phone: string().pii('phone'),
    valid_from: date().primaryKey(),
    valid_to: date().describe('the first day on which it is not valid any more; null: still is'),
    is_current: boolean().notNull(),
    is_inferred: boolean().notNull(),
    created_date: timestamp().notNull(),
    updated_date: timestamp().notNull(),
  },
  from: { customers, transactions },
  build: (inputs, context: BuildContext<RetailConfiguration>) => {
    const known = versions(inputs.customers)
    const stamps = { created_date: nowOf(context), updated_date: nowOf(context) }
    return known.union(inferred(inputs.transactions, inputs.customers)).withColumns(stamps)
  },
  write: merge({
    on: ['customer_key', 'valid_from'],
    deleteMissing: true,
    keepOnUpdate: ['created_date'],
    ignoreForChange: ['created_date', 'updated_date'],
  }),
  quality: dimCustomerRules,
  maintenance: { zorderBy: ['customer_key'] },
  warehouse: { distKey: 'customer_key', sortKey: ['customer_key', 'valid_from'] },
})

const nowOf = (context: BuildContext<RetailConfiguration>) => lit(context.nowMicros, { kind: 'timestamp' })

/** Versions that follow each other without a change are one; each ends where the next begins. */
function versions(landed: DataFrame): DataFrame {
  const byCustomer = { partitionBy: [col('customer_key')], orderBy: [col('valid_from').asc()] }
  const current = landed
    .select(
      col('customer_id').as('customer_key'),
      col('first_name'),
      col('last_name'),
      fn.concat_ws(' ', col('first_name'), col('last_name')).as('full_name'),
      col('email'),
      col('company_name'),
      col('address').as('address_line_1'),
      lit(null).cast({ kind: 'string' }).as('address_line_2'),
      col('city'),
      col('state'),
      col('postal_code'),
      col('country'),
      col('phone1').as('phone'),
      col('file_date').as('valid_from'),
    )
    .withColumn('content', fn.concat_ws('\u001f', ...tracked.map((name) => fn.coalesce(col(name), lit('\u0000')))))
    .window({ former: win.lag(col('content')).over(byCustomer) })
    .filter(
      col('former')
        .isNull()
        .or(col('former').ne(col('content'))),
    )
    .drop('content', 'former')
    .window({ valid_to: win.lead(col('valid_from')).over(byCustomer) })
    .withColumns({ is_current: col('valid_to').isNull(), is_inferred: lit(false) })
  return anyFrame(current)
}

/** One member for each contact that no customer has, described by the contact's latest transaction. */
function inferred(transactions: DataFrame, customers: DataFrame): DataFrame {
  const names = customers.select(contactName(col('first_name'), col('last_name')).as('contact'))
  const strangers = transactions
    .withColumn('contact', contactName(col('contact_first_name'), col('contact_last_name')))
    .filter(col('contact').ne(''))
    .join(names, ['contact'], 'left_anti')
  const latest = strangers.distinctOn(
    [col('contact')],
    [col('order_date').desc(), col('order_number').desc(), col('order_line_number').desc()],
  )
  const firstOrder = strangers.groupBy('contact').agg({ first_order: agg.min(col('order_date')) })
  return latest
    .join(firstOrder, ['contact'], 'inner')
    .select(
      fn.lower(fn.concat_ws('_', col('contact_first_name'), col('contact_last_name'))).as('customer_key'),
      col('contact_first_name').as('first_name'),
      col('contact_last_name').as('last_name'),
      fn.concat_ws(' ', col('contact_first_name'), col('contact_last_name')).as('full_name'),
      lit(null).cast({ kind: 'string' }).as('email'),
      col('company_name'),
      col('address_line_1'),
      col('address_line_2'),
      col('city'),
      col('state'),
      col('postal_code'),
      col('country'),
      col('phone'),
      fn.coalesce(col('first_order'), lit(0, { kind: 'date' })).as('valid_from'),
      lit(null).cast({ kind: 'date' }).as('valid_to'),
      lit(true).as('is_current'),
      lit(true).as('is_inferred'),
    )
}
