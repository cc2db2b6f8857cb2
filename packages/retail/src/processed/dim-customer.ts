import { agg, fn, lit, win } from '@deltaworks/expression'
import {
  boolean,
  date,
  defineTable,
  merge,
  string,
  timestamp,
  type BuildContext,
  type TableFrame,
} from '@deltaworks/lakehouse/definitions'
import { date as day, string as text } from '@deltaworks/schema'
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
] as const

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
function versions(landed: TableFrame<typeof customers>) {
  const rows = landed.select(
    landed.col('customer_id').as('customer_key'),
    'first_name',
    'last_name',
    fn.concat_ws(' ', landed.col('first_name'), landed.col('last_name')).as('full_name'),
    'email',
    'company_name',
    landed.col('address').as('address_line_1'),
    lit(null).cast(text).as('address_line_2'),
    'city',
    'state',
    'postal_code',
    'country',
    landed.col('phone1').as('phone'),
    landed.col('file_date').as('valid_from'),
  )
  const byCustomer = { partitionBy: [rows.col('customer_key')], orderBy: [rows.col('valid_from').asc()] }
  return rows
    .withColumn('content', (c) => fn.concat_ws('\u001f', ...tracked.map((name) => fn.coalesce(c[name], '\u0000'))))
    .window((c) => ({ former: win.lag(c.content).over(byCustomer) }))
    .filter(({ former, content }) => former.isNull().or(former.ne(content)))
    .drop('content', 'former')
    .window((c) => ({ valid_to: win.lead(c.valid_from).over(byCustomer) }))
    .withColumns((c) => ({ is_current: c.valid_to.isNull(), is_inferred: lit(false) }))
}

/** One member for each contact that no customer has, described by the contact's latest transaction. */
function inferred(lines: TableFrame<typeof transactions>, known: TableFrame<typeof customers>) {
  const names = known.select(contactName(known.col('first_name'), known.col('last_name')).as('contact'))
  const strangers = lines
    .withColumn('contact', (c) => contactName(c.contact_first_name, c.contact_last_name))
    .filter((c) => c.contact.ne(''))
    .join(names, ['contact'], 'left_anti')
  const latest = strangers.distinctOn(
    ['contact'],
    [
      strangers.col('order_date').desc(),
      strangers.col('order_number').desc(),
      strangers.col('order_line_number').desc(),
    ],
  )
  const firstOrder = strangers.groupBy('contact').agg((c) => ({ first_order: agg.min(c.order_date) }))
  const members = latest.join(firstOrder, ['contact'])
  const [first, last] = [members.col('contact_first_name'), members.col('contact_last_name')]
  return members.select(
    fn.lower(fn.concat_ws('_', first, last)).as('customer_key'),
    first.as('first_name'),
    last.as('last_name'),
    fn.concat_ws(' ', first, last).as('full_name'),
    lit(null).cast(text).as('email'),
    'company_name',
    'address_line_1',
    'address_line_2',
    'city',
    'state',
    'postal_code',
    'country',
    'phone',
    fn.coalesce(members.col('first_order'), lit(0, day)).as('valid_from'),
    lit(null).cast(day).as('valid_to'),
    lit(true).as('is_current'),
    lit(true).as('is_inferred'),
  )
}
