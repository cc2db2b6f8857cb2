import { col, fn } from '@deltaworks/expression'
import { hasCompleteness, isPrimaryKey, satisfies, type Rule } from '@deltaworks/quality'

/** What must hold of every booked row, whatever landed. */
export const factRules = (): readonly Rule[] => [
  isPrimaryKey('transaction_key').critical(),
  hasCompleteness('customer_key', 1).critical(),
  satisfies(
    'net_amount_adds_up',
    col('net_amount').eq(fn.abs(col('total_amount')).sub(col('restocking_fee'))),
    1,
    'the net amount is the absolute amount less the restocking fee',
  ).critical(),
]
