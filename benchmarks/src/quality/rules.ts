import { col, lit } from '@deltaworks/expression'
import {
  isComplete,
  isContainedIn,
  isPositive,
  isWithin,
  matchesPattern,
  parseDqdl,
  satisfies,
  type Rule,
} from '@deltaworks/quality'

/** Twenty rules about single order lines, which refuse those that they fail on. */
export const rules: readonly Rule[] = [
  ...['order_number', 'product_code', 'total_amount', 'quantity', 'order_date', 'country'].map((name) =>
    isComplete(name),
  ),
  isPositive('quantity'),
  isWithin('quantity', { atMost: 100_000 }),
  satisfies('amount_is_not_zero', col('total_amount').ne(lit(0))),
  isWithin('month_id', { atLeast: 1, atMost: 12 }),
  isWithin('quarter_id', { atLeast: 1, atMost: 4 }),
  isWithin('order_line_number', { atLeast: 1, atMost: 1000 }),
  satisfies('month_of_quarter', col('month_id').le(col('quarter_id').mul(lit(3)).add(lit(9)))),
  isContainedIn('deal_size', ['Small', 'Medium', 'Large']),
  matchesPattern('product_code', '^S[0-9]+_[0-9]+$'),
  matchesPattern('phone', '^[0-9+(). -]+$'),
  ...parseDqdl(`ColumnLength "company_name" between 1 and 100, ColumnValues "territory" != "Atlantis",
    ColumnValues "order_date" > "1999-12-31", ColumnValues "contact_last_name" not matches ".*[0-9]{3}.*"`),
].map((rule) => rule.quarantine())
