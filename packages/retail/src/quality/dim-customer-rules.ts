import { col } from '@deltaworks/expression'
import { isPrimaryKey, isUnique, type Rule } from '@deltaworks/quality'

/** One row a version, and one current version a customer. */
export const dimCustomerRules = (): readonly Rule[] => [
  isPrimaryKey('customer_key', 'valid_from').critical(),
  isUnique('customer_key').named('one_current_version').where(col('is_current')).critical(),
]
