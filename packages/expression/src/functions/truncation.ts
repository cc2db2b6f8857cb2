import { decimal, formatDecimal, int32, isFloat, pow10, type Value } from '@deltaworks/schema'
import { wrongArguments } from '../errors.js'
import type { CallSite, Resolution, ScalarKernel } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { typesOf } from './argument-rules.js'

const digitsOf = (args: readonly BoundExpression[]): number | null => {
  const digits = args[1]
  if (digits === undefined) return 0
  return digits.kind === 'literal' && typeof digits.value === 'number' ? digits.value : null
}

/** A number cut after so many digits of its fraction, towards zero; a decimal keeps that scale. */
export function resolveTruncation(args: readonly BoundExpression[], name: string): Resolution {
  const { type } = args[0]!
  const digits = digitsOf(args)
  if (digits === null) throw wrongArguments(name, typesOf(args), 'the number of digits must be a literal')
  const rest = args.length === 2 ? [int32] : []
  if (type.kind !== 'decimal') return { args: [type, ...rest], type }
  const scale = Math.max(0, Math.min(type.scale, digits))
  return { args: [type, ...rest], type: decimal(Math.max(1, type.precision - type.scale + scale), scale) }
}

export function truncationKernel(site: CallSite): ScalarKernel {
  const from = site.args[0]!.type
  const digits = digitsOf(site.args) ?? 0
  if (isFloat(from)) return (_, a: number) => truncatedFloat(a, digits)
  if (from.kind === 'decimal') {
    const dropped = pow10(Math.min(38, Math.max(0, from.scale - digits)))
    const kept = digits < 0 ? pow10(Math.min(38, -digits)) : 1n
    return (_, a: bigint) => (a / dropped) * kept
  }
  if (digits >= 0) return (_, a: Value) => a
  const unit = pow10(Math.min(38, -digits))
  return (_, a: Value) =>
    typeof a === 'bigint' ? (a / unit) * unit : Math.trunc(Number(a) / Number(unit)) * Number(unit) + 0
}

/** By the shortest decimal text of the double, so that 0.29 keeps two digits. */
function truncatedFloat(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value
  const text = value.toFixed(20)
  const exact = /e/.test(String(value)) ? text : String(value)
  const [whole = '0', fraction = ''] = exact.split('.')
  if (digits >= 0) return Number(digits === 0 ? whole : `${whole}.${fraction.slice(0, digits)}`)
  const unit = pow10(Math.min(38, -digits))
  return Number(formatDecimal((BigInt(whole) / unit) * unit, 0))
}
