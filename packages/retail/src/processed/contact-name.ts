import { fn, type Expr } from '@deltaworks/expression'

/** How contacts of transactions and customers are compared: first and last name, lower case, without outer spaces. */
export const contactName = (first: Expr, last: Expr): Expr => fn.lower(fn.trim(fn.concat_ws(' ', first, last)))
