import { col, lit } from '@deltaworks/expression'
import type { BuildContext } from '@deltaworks/lakehouse'
import {
  hasCompleteness,
  hasOutlierShare,
  isContainedIn,
  isPositive,
  isUnique,
  matchesPattern,
  referentialIntegrity,
  satisfies,
  type Rule,
} from '@deltaworks/quality'
import type { RetailConfiguration } from '../configuration.js'
import { contactName } from '../processed/contact-name.js'

const required = ['order_number', 'product_code', 'total_amount', 'quantity', 'order_date']

/**
 * What gates the star schema. Rows that cannot be booked (no key, no amount, a zero amount, a second copy) are refused;
 * contacts whom no customer file has are counted, and become inferred members of dim_customer.
 */
export const transactionRules = ({
  configuration: { quality },
}: BuildContext<RetailConfiguration>): readonly Rule[] => {
  const orphans = referentialIntegrity(
    contactName(col('contact_first_name'), col('contact_last_name')),
    'customers',
    contactName(col('first_name'), col('last_name')),
    quality.orphanedTransactions,
  )
    .named('known_customer')
    .describe('every contact is a known customer')
  return [
    ...required.map((name) => hasCompleteness(name, quality.transactionCompleteness).critical().quarantine()),
    satisfies(
      'amount_is_not_zero',
      col('total_amount').ne(lit(0)),
      1,
      'the amount is a sale or a refund, not zero',
    ).quarantine(),
    isPositive('total_amount')
      .named('sales_are_positive')
      .where(col('total_amount').gt(lit(0))),
    isPositive('quantity').quarantine(),
    isUnique('transaction_id')
      .named('order_line_is_unique')
      .describe('no order line was sent twice')
      .keeping(col('source_file').asc(), col('source_line').asc())
      .quarantine(),
    isContainedIn('deal_size', ['Small', 'Medium', 'Large']).flag(),
    matchesPattern('phone', '^[0-9+(). -]+$', 0.85).named('phone_format'),
    hasOutlierShare('total_amount', quality.anomalousTransactions, { method: 'z_score', factor: 4 }).named(
      'amount_outliers',
    ),
    quality.orphansAreCritical ? orphans.critical() : orphans,
  ]
}
