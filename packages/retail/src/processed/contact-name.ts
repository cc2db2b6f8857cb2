import { fn, type Expr, type Operand } from '@deltaworks/expression'

/** How contacts of transactions and customers are compared: first and last name, lower case, without outer spaces. */
export const contactName = (first: Operand<string>, last: Operand<string>): Expr<string> =>
  fn.lower(fn.trim(fn.concat_ws(' ', first, last)))
