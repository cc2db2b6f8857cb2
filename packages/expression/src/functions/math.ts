import {
  decimal,
  float64,
  int32,
  int64,
  isFloat,
  isInteger,
  isNumeric,
  maxDecimalPrecision,
  pow10,
  rescale,
  type DataType,
  type DecimalType,
  type Value,
} from '@deltaworks/schema'
import { floorDivide, integerFits, integerValue, minInt64 } from '../cast.js'
import { commonTypeOf } from '../coercion.js'
import { overflow, wrongArguments } from '../errors.js'
import type { CallSite, FunctionDefinition, ScalarKernel } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { comparatorOf } from '../value-order.js'
import { parameters, typesOf } from './argument-rules.js'

function numberType(args: readonly BoundExpression[], name: string): DataType {
  const { type } = args[0]!
  if (type.kind === 'string' || type.kind === 'null') return float64
  if (!isNumeric(type)) throw wrongArguments(name, typesOf(args), 'it must be a number')
  return type
}

const ofDouble = (
  name: string,
  doc: string,
  apply: (a: number) => number,
  aliases?: readonly string[],
): FunctionDefinition => ({
  signature: `${name}(a) → double`,
  doc,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [1, 1],
  resolve: parameters([float64], float64),
  kernel: () => (_, a: number) => apply(a),
})

/** Logarithms of numbers that have none are null, as in Spark. */
const logarithm = (name: string, doc: string, apply: (a: number) => number): FunctionDefinition => ({
  ...ofDouble(name, doc, apply),
  nullable: 'always',
  kernel: () => (_, a: number) => (a > 0 ? apply(a) : a !== a ? a : null),
})

const abs: FunctionDefinition = {
  signature: 'abs(a) → type of a',
  doc: 'The number without its sign.',
  arity: [1, 1],
  resolve: (args, name) => {
    const type = numberType(args, name)
    return { args: [type], type }
  },
  kernel: ({ type }) => {
    if (isFloat(type)) return (_, a: number) => Math.abs(a)
    if (type.kind === 'decimal') return (_, a: bigint) => (a < 0n ? -a : a)
    if (type.kind === 'int64') {
      return (_, a: bigint) => {
        if (a === minInt64) throw overflow(`abs(${a})`, type)
        return a < 0n ? -a : a
      }
    }
    const kind = type.kind as 'int8' | 'int16' | 'int32'
    return (_, a: number) => {
      if (!integerFits(Math.abs(a), kind)) throw overflow(`abs(${a})`, type)
      return Math.abs(a)
    }
  },
}

/** The literal number of digits of round, 0 where it is left out. */
function digitsOf(args: readonly BoundExpression[], name: string): number {
  const digits = args[1]
  if (digits === undefined) return 0
  let literal: BoundExpression = digits
  while (literal.kind === 'cast') literal = literal.input
  let sign = 1
  if (literal.kind === 'call' && literal.name === 'negate') {
    sign = -1
    literal = literal.args[0]!
  }
  if (literal.kind !== 'literal' || literal.value === null) {
    throw wrongArguments(name, typesOf(args), 'the number of digits must be a literal')
  }
  return sign * Number(literal.value)
}

const round: FunctionDefinition = {
  signature: 'round(a[, digits]) → number',
  doc: 'Rounded half away from zero to so many digits after the point (before it, if negative).',
  arity: [1, 2],
  resolve: (args, name) => {
    const type = numberType(args, name)
    const digits = digitsOf(args, name)
    const rest = args.length === 2 ? [int32] : []
    if (type.kind !== 'decimal') return { args: [type, ...rest], type }
    const scale = Math.max(0, Math.min(type.scale, digits))
    const integral = type.precision - type.scale + 1
    const precision = digits < 0 ? Math.max(integral, -digits + 1) : integral + scale
    return { args: [type, ...rest], type: decimal(Math.min(maxDecimalPrecision, precision), scale) }
  },
  kernel: roundKernel,
}

function roundKernel(site: CallSite): ScalarKernel {
  const { type } = site
  const from = site.args[0]!.type
  const digits = digitsOf(site.args, site.name)
  if (isFloat(from)) return (_, a: number) => roundFloat(a, digits)
  if (from.kind === 'decimal') {
    const { scale } = type as DecimalType
    if (digits >= 0) return (_, a: bigint) => rescale(a, from.scale, scale)
    const unit = pow10(-digits)
    return (_, a: bigint) => rescale(a, from.scale, digits) * unit
  }
  if (digits >= 0) return (_, a: Value) => a
  const unit = pow10(Math.min(38, -digits))
  return (_, a: number | bigint) => {
    const rounded = rescale(BigInt(a), 0, Math.max(-38, digits)) * unit
    const value = integerValue(rounded, type as Parameters<typeof integerValue>[1])
    if (value === undefined) throw overflow(`round(${a}, ${digits})`, type)
    return value
  }
}

/** Rounds the shortest decimal text of the double half up, as Java's BigDecimal does. */
export function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value) || value === 0) return value
  const [mantissa, exponentText] = Math.abs(value).toExponential().split('e') as [string, string]
  const unscaled = BigInt(mantissa.replace('.', ''))
  const scale = mantissa.length - (mantissa.includes('.') ? 2 : 1) - Number(exponentText)
  if (scale <= digits) return value
  if (scale - digits > 330) return value < 0 ? -0 : 0
  const unit = 10n ** BigInt(scale - digits)
  const rounded = Number(`${(unscaled + unit / 2n) / unit}e${-digits}`)
  return value < 0 ? -rounded : rounded
}

/** floor and ceil: bigint for integers and doubles, decimal(p - s + 1, 0) for decimals. */
const towards = (name: 'floor' | 'ceil', doc: string, aliases?: readonly string[]): FunctionDefinition => ({
  signature: `${name}(a) → bigint or decimal`,
  doc,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [1, 1],
  resolve: (args, argName) => {
    const type = numberType(args, argName)
    if (type.kind !== 'decimal') return { args: [isInteger(type) ? int64 : type], type: int64 }
    return { args: [type], type: decimal(Math.min(maxDecimalPrecision, type.precision - type.scale + 1), 0) }
  },
  kernel: (site) => {
    const from = site.args[0]!.type
    if (isInteger(from)) return (_, a: Value) => a
    if (from.kind === 'decimal') {
      const unit = pow10(from.scale)
      return name === 'floor' ? (_, a: bigint) => floorDivide(a, unit) : (_, a: bigint) => -floorDivide(-a, unit)
    }
    return (_, a: number) => {
      const whole = name === 'floor' ? Math.floor(a) : Math.ceil(a)
      const value = Number.isFinite(whole) ? integerValue(BigInt(whole), int64) : undefined
      if (value === undefined) throw overflow(`${name}(${a})`, int64)
      return value
    }
  },
})

const extreme = (name: 'greatest' | 'least', sign: 1 | -1): FunctionDefinition => ({
  signature: `${name}(a, b, …) → common type`,
  doc: `The ${name === 'greatest' ? 'greatest' : 'least'} of the values that are not null.`,
  arity: [1, Infinity],
  nulls: 'own',
  resolve: (args, called) => {
    const type = commonTypeOf(typesOf(args))
    if (type === null) throw wrongArguments(called, typesOf(args), 'the arguments have no common type')
    return { args: args.map(() => type), type, nullable: args.every((a) => a.nullable) }
  },
  kernel: (site) => {
    const compare = comparatorOf(site.type)
    return (_, ...values: Value[]) => {
      let best: Value = null
      for (const value of values) {
        if (value !== null && (best === null || compare(value, best) * sign > 0)) best = value
      }
      return best
    }
  },
})

const sign: FunctionDefinition = {
  signature: 'sign(a) → double, decimal for decimals',
  doc: '-1, 0 or 1.',
  aliases: ['signum'],
  arity: [1, 1],
  resolve: (args, name) => {
    const type = numberType(args, name)
    return type.kind === 'decimal' ? { args: [type], type: decimal(1, 0) } : { args: [float64], type: float64 }
  },
  kernel: ({ type }) =>
    type.kind === 'decimal'
      ? (_, a: bigint) => (a > 0n ? 1n : a < 0n ? -1n : 0n)
      : (_, a: number) => (a > 0 ? 1 : a < 0 ? -1 : a),
}

/** The remainder that is never negative for a positive divisor. */
const pmod: FunctionDefinition = {
  signature: 'pmod(a, b) → bigint or double',
  doc: 'a modulo b with the sign of b.',
  arity: [2, 2],
  nullable: 'always',
  resolve: (args) => {
    const type = args.every((arg) => isInteger(arg.type)) ? int64 : float64
    return { args: [type, type], type }
  },
  kernel: ({ type }) =>
    type.kind === 'int64'
      ? (_, a: bigint, b: bigint) => (b === 0n ? null : ((a % b) + b) % b)
      : (_, a: number, b: number) => (b === 0 ? null : ((a % b) + b) % b),
}

export const mathFunctions = {
  abs,
  round,
  floor: towards('floor', 'The greatest whole number that is not greater.'),
  ceil: towards('ceil', 'The least whole number that is not less.', ['ceiling']),
  greatest: extreme('greatest', 1),
  least: extreme('least', -1),
  sign,
  pmod,
  sqrt: ofDouble('sqrt', 'Square root; NaN of a negative number.', Math.sqrt),
  exp: ofDouble('exp', 'e to the power of a.', Math.exp),
  ln: logarithm('ln', 'Natural logarithm; null unless a > 0.', Math.log),
  log10: logarithm('log10', 'Logarithm to base 10; null unless a > 0.', Math.log10),
  log2: logarithm('log2', 'Logarithm to base 2; null unless a > 0.', Math.log2),
  sin: ofDouble('sin', 'Sine of an angle in radians.', Math.sin),
  cos: ofDouble('cos', 'Cosine of an angle in radians.', Math.cos),
  tan: ofDouble('tan', 'Tangent of an angle in radians.', Math.tan),
  radians: ofDouble('radians', 'Degrees as radians.', (a) => (a / 180) * Math.PI),
  degrees: ofDouble('degrees', 'Radians as degrees.', (a) => (a * 180) / Math.PI),
  cbrt: ofDouble('cbrt', 'Cube root.', Math.cbrt),
  power: {
    signature: 'power(a, b) → double',
    doc: 'a to the power of b.',
    aliases: ['pow'],
    arity: [2, 2],
    resolve: parameters([float64], float64),
    kernel: () => (_, a: number, b: number) => a ** b,
  },
} satisfies Record<string, FunctionDefinition>
