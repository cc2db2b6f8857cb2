import { col } from '@deltaworks/expression'
import type { BuildContext } from '@deltaworks/lakehouse'
import { hasCompleteness, isEmail, isUnique, type Rule } from '@deltaworks/quality'
import type { RetailConfiguration } from '../configuration.js'

const required = ['first_name', 'last_name', 'email', 'city']

/** A customer without a name cannot be known again; one with a bad e-mail address can still be served. */
export const customerRules = ({ configuration }: BuildContext<RetailConfiguration>): readonly Rule[] => [
  ...required.map((name) => hasCompleteness(name, configuration.quality.customerCompleteness).critical()),
  isUnique('customer_id', 'source_file').keeping(col('source_line').asc()).quarantine(),
  isEmail('email', configuration.quality.validEmails).flag(),
]
