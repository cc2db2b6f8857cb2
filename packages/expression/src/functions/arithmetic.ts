import {
  addType,
  date,
  divideHalfUp,
  divideType,
  fitsPrecision,
  float32,
  float64,
  formatDecimal,
  int32,
  int64,
  isFloat,
  isInteger,
  isInterval,
  isNumeric,
  multiplyType,
  pow10,
  remainderType,
  rescale,
  type DataType,
  type DecimalType,
  type IntegerType,
  type Value,
} from '@deltaworks/schema'
import { commonType, decimalOfOperand, widerInteger } from '../coercion.js'
import { integerFits, maxInt64, minInt64 } from '../cast.js'
import { divisionByZero, overflow, wrongArguments } from '../errors.js'
import type { CallSite, FunctionDefinition, Resolution, ScalarKernel } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { typesOf } from './argument-rules.js'
import { intervalKernel, resolveIntervals, type IntervalParts } from './interval-arithmetic.js'

type Operator = 'add' | 'subtract' | 'multiply' | 'divide' | 'modulo'
const symbols: Record<Operator, string> = { add: '+', subtract: '-', multiply: '*', divide: '/', modulo: '%' }
const decimalRules: Record<Operator, (a: DecimalType, b: DecimalType) => DecimalType> = {
  add: addType,
  subtract: addType,
  multiply: multiplyType,
  divide: divideType,
  modulo: remainderType,
}

/** Types of the operands and the result; strings and NULL count as the other side's kind of number. */
function resolveArithmetic(operator: Operator, args: readonly BoundExpression[], name: string): Resolution {
  const [a, b] = args as [BoundExpression, BoundExpression]
  const dates = resolveDates(operator, a.type, b.type) ?? resolveIntervals(operator, a.type, b.type)
  if (dates !== null) return dates
  const [x, y] = [numericOperand(a, b), numericOperand(b, a)]
  if (x === null || y === null) throw wrongArguments(name, typesOf(args), 'both sides must be numbers')
  if (isFloat(x) || isFloat(y)) {
    const type = operator !== 'divide' && commonType(x, y)!.kind === 'float32' ? float32 : float64
    return { args: [type, type], type }
  }
  if (isInteger(x) && isInteger(y)) {
    if (operator === 'divide') return { args: [float64, float64], type: float64 }
    const type = widerInteger(x, y)
    return { args: [type, type], type }
  }
  const [p, q] = [x.kind === 'decimal' ? x : decimalOfOperand(a)!, y.kind === 'decimal' ? y : decimalOfOperand(b)!]
  return { args: [p, q], type: decimalRules[operator](p, q) }
}

function numericOperand(of: BoundExpression, other: BoundExpression): DataType | null {
  if (isNumeric(of.type)) return of.type
  if (of.type.kind === 'null') return isNumeric(other.type) ? other.type : int32
  if (of.type.kind !== 'string') return null
  return other.type.kind === 'string' || !isInteger(other.type) ? float64 : int64
}

/** date ± days, and the days between two dates (as PostgreSQL has them). */
function resolveDates(operator: Operator, a: DataType, b: DataType): Resolution | null {
  if (operator !== 'add' && operator !== 'subtract') return null
  if (a.kind === 'date' && isInteger(b)) return { args: [date, int32], type: date }
  if (operator === 'add' && isInteger(a) && b.kind === 'date') return { args: [int32, date], type: date }
  if (operator === 'subtract' && a.kind === 'date' && b.kind === 'date') return { args: [date, date], type: int32 }
  return null
}

/** Division and remainder by zero, and results out of range; thrown, or null for the `try_` forms. */
interface Failure {
  overflow(a: Value, b: Value): Value
  zero(a: Value, b: Value): Value
}

function failures(site: CallSite, operator: Operator, lenient: boolean): Failure {
  if (lenient) return { overflow: () => null, zero: () => null }
  const show = (value: Value, i: number): string => {
    const { type } = site.args[i]!
    return type.kind === 'decimal' ? formatDecimal(value as bigint, type.scale) : String(value)
  }
  const text = (a: Value, b: Value): string => `${show(a, 0)} ${symbols[operator]} ${show(b, 1)}`
  return {
    overflow: (a, b) => {
      throw overflow(text(a, b), site.type)
    },
    zero: (a, b) => {
      throw divisionByZero(text(a, b))
    },
  }
}

function arithmeticKernel(site: CallSite, operator: Operator, lenient: boolean): ScalarKernel {
  const ofIntervals = intervalKernel(site, operator, lenient)
  if (ofIntervals !== null) return ofIntervals
  const failure = failures(site, operator, lenient)
  const { type } = site
  switch (type.kind) {
    case 'float32':
    case 'float64':
      return floatKernel(operator, type.kind === 'float32', failure)
    case 'int64':
      return int64Kernel(operator, failure)
    case 'int8':
    case 'int16':
      return smallIntegerKernel(operator, type, failure)
    case 'int32':
      return smallIntegerKernel(operator, type as IntegerType, failure)
    case 'date':
      return smallIntegerKernel(operator, int32, failure)
    default:
      return decimalKernel(site, operator, failure)
  }
}

function floatKernel(operator: Operator, single: boolean, failure: Failure): ScalarKernel {
  const round = single ? Math.fround : (v: number): number => v
  switch (operator) {
    case 'add':
      return (_, a: number, b: number) => round(a + b)
    case 'subtract':
      return (_, a: number, b: number) => round(a - b)
    case 'multiply':
      return (_, a: number, b: number) => round(a * b)
    case 'divide':
      return (_, a: number, b: number) => (b === 0 ? failure.zero(a, b) : round(a / b))
    case 'modulo':
      return (_, a: number, b: number) => (b === 0 ? failure.zero(a, b) : round(a % b))
  }
}

function smallIntegerKernel(operator: Operator, type: IntegerType, failure: Failure): ScalarKernel {
  const kind = type.kind as 'int8' | 'int16' | 'int32'
  const checked = (value: number, a: number, b: number): Value =>
    integerFits(value, kind) ? value : failure.overflow(a, b)
  switch (operator) {
    case 'add':
      return (_, a: number, b: number) => checked(a + b, a, b)
    case 'subtract':
      return (_, a: number, b: number) => checked(a - b, a, b)
    case 'multiply':
      // Past 2^53 the product is inexact but still out of range. `+ 0` turns -0 into 0.
      return (_, a: number, b: number) => checked(a * b + 0, a, b)
    default:
      return (_, a: number, b: number) => (b === 0 ? failure.zero(a, b) : (a % b) + 0)
  }
}

function int64Kernel(operator: Operator, failure: Failure): ScalarKernel {
  const checked = (value: bigint, a: bigint, b: bigint): Value =>
    value >= minInt64 && value <= maxInt64 ? value : failure.overflow(a, b)
  switch (operator) {
    case 'add':
      return (_, a: bigint, b: bigint) => checked(a + b, a, b)
    case 'subtract':
      return (_, a: bigint, b: bigint) => checked(a - b, a, b)
    case 'multiply':
      return (_, a: bigint, b: bigint) => checked(a * b, a, b)
    default:
      return (_, a: bigint, b: bigint) => (b === 0n ? failure.zero(a, b) : a % b)
  }
}

function decimalKernel(site: CallSite, operator: Operator, failure: Failure): ScalarKernel {
  const [p, q] = [site.args[0]!.type as DecimalType, site.args[1]!.type as DecimalType]
  const type = site.type as DecimalType
  const checked = (value: bigint, a: bigint, b: bigint): Value =>
    fitsPrecision(value, type.precision) ? value : failure.overflow(a, b)
  if (operator === 'multiply') {
    return (_, a: bigint, b: bigint) => checked(rescale(a * b, p.scale + q.scale, type.scale), a, b)
  }
  if (operator === 'divide') {
    // a/10^p ÷ b/10^q at the result's scale: a · 10^(scale - p + q) / b, rounded half up once.
    const shift = type.scale - p.scale + q.scale
    const up = shift >= 0 ? pow10(shift) : 1n
    const down = shift < 0 ? pow10(-shift) : 1n
    return (_, a: bigint, b: bigint) => (b === 0n ? failure.zero(a, b) : checked(divideHalfUp(a * up, b * down), a, b))
  }
  const scale = Math.max(p.scale, q.scale)
  const [upA, upB] = [pow10(scale - p.scale), pow10(scale - q.scale)]
  switch (operator) {
    case 'add':
      return (_, a: bigint, b: bigint) => checked(rescale(a * upA + b * upB, scale, type.scale), a, b)
    case 'subtract':
      return (_, a: bigint, b: bigint) => checked(rescale(a * upA - b * upB, scale, type.scale), a, b)
    default:
      return (_, a: bigint, b: bigint) =>
        b === 0n ? failure.zero(a, b) : checked(rescale((a * upA) % (b * upB), scale, type.scale), a, b)
  }
}

const binary = (operator: Operator, doc: string, lenient = false, aliases?: readonly string[]): FunctionDefinition => ({
  signature: `${lenient ? 'try_' : ''}${operator}(a, b) → number`,
  doc,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [2, 2],
  ...(lenient ? { nullable: 'always' as const } : {}),
  resolve: (args, name) => resolveArithmetic(operator, args, name),
  kernel: (site) => arithmeticKernel(site, operator, lenient),
})

/** Division that drops the fraction; always a bigint, as Spark's `div`. */
const div: FunctionDefinition = {
  signature: 'div(a, b) → bigint',
  doc: 'a / b without its fraction (towards zero).',
  arity: [2, 2],
  resolve: (args, name) => {
    const { args: types } = resolveArithmetic('modulo', args, name)
    if (types.some((t) => !isNumeric(t))) throw wrongArguments(name, typesOf(args), 'both sides must be numbers')
    const exact = types.every(isInteger) ? [int64, int64] : types.map((t) => (isFloat(t) ? int64 : t))
    return { args: exact, type: int64 }
  },
  kernel: (site) => {
    const failure = failures(site, 'divide', false)
    const [p, q] = site.args.map((a) => (a.type.kind === 'decimal' ? a.type.scale : 0)) as [number, number]
    const [up, down] = [pow10(Math.max(0, q - p)), pow10(Math.max(0, p - q))]
    return (_, a: bigint, b: bigint) => {
      if (b === 0n) return failure.zero(a, b)
      const quotient = (a * up) / (b * down)
      return quotient >= minInt64 && quotient <= maxInt64 ? quotient : failure.overflow(a, b)
    }
  },
}

const negate: FunctionDefinition = {
  signature: 'negate(a) → number',
  doc: '-a; an error if the type has no such number.',
  aliases: ['negative'],
  arity: [1, 1],
  resolve: (args, name) => {
    const { type } = args[0]!
    if (isInterval(type)) return { args: [type], type }
    const of = type.kind === 'string' ? float64 : type.kind === 'null' ? int32 : type
    if (!isNumeric(of)) throw wrongArguments(name, typesOf(args), 'it must be a number')
    return { args: [of], type: of }
  },
  kernel: ({ type }) => {
    if (isInterval(type)) return (_, [months, days, micros]: IntervalParts) => [0 - months, 0 - days, -micros]
    if (isFloat(type)) return (_, a: number) => -a
    if (type.kind === 'decimal') return (_, a: bigint) => -a
    if (type.kind === 'int64') {
      return (_, a: bigint) => {
        if (a === minInt64) throw overflow(`-(${a})`, type)
        return -a
      }
    }
    const kind = type.kind as 'int8' | 'int16' | 'int32'
    return (_, a: number) => {
      if (!integerFits(-a, kind)) throw overflow(`-(${a})`, type)
      return 0 - a
    }
  },
}

export const arithmeticFunctions = {
  add: binary('add', 'a + b; a date plus days is a date, a moment plus an interval a moment.'),
  subtract: binary(
    'subtract',
    'a - b; a date minus days is a date, a date minus a date is days, a timestamp minus a timestamp an interval.',
  ),
  multiply: binary('multiply', 'a * b.'),
  divide: binary('divide', 'a / b: double for integers, decimal for decimals. A zero divisor is an error.'),
  modulo: binary('modulo', 'Remainder of a / b with the sign of a.', false, ['mod']),
  div,
  negate,
  try_add: binary('add', 'a + b, null on overflow.', true),
  try_subtract: binary('subtract', 'a - b, null on overflow.', true),
  try_multiply: binary('multiply', 'a * b, null on overflow.', true),
  try_divide: binary('divide', 'a / b, null if b is zero or on overflow.', true),
} satisfies Record<string, FunctionDefinition>
