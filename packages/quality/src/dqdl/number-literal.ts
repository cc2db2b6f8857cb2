import { lit, type Expr } from '@deltaworks/expression'
import { decimal } from '@deltaworks/schema'

/** Exact: a whole number, or a decimal of just its digits. */
export function numberLiteral(text: string): Expr {
  const point = text.indexOf('.')
  if (point < 0) return lit(BigInt(text))
  const scale = text.length - point - 1
  return lit(text, decimal(Math.max(text.replace(/[-.]/g, '').length, scale + 1), scale))
}
