import { boolean, float64, int32, int64, isInteger, string, type DataType, type Value } from '@deltaworks/schema'
import { invalidArgument, overflow, wrongArguments } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { parameters, typesOf } from './argument-rules.js'

const ofDouble = (
  name: string,
  doc: string,
  apply: (a: number) => number,
  aliases: readonly string[] = [],
): FunctionDefinition => ({
  signature: `${name}(a) → double`,
  doc,
  aliases,
  arity: [1, 1],
  resolve: parameters([float64], float64),
  kernel: () => (_, a: number) => apply(a),
})

const constant = (name: string, doc: string, value: number): FunctionDefinition => ({
  signature: `${name}() → double`,
  doc,
  arity: [0, 0],
  nullable: 'never',
  resolve: () => ({ args: [], type: float64 }),
  kernel: () => () => value,
})

const ofBigints = (
  name: string,
  arity: 1 | 2,
  doc: string,
  apply: (a: bigint, b: bigint) => bigint,
  aliases: readonly string[] = [],
): FunctionDefinition => ({
  aliases,
  signature: `${name}(${arity === 1 ? 'a' : 'a, b'}) → bigint`,
  doc,
  arity: [arity, arity],
  resolve: parameters([int64], int64),
  kernel:
    () =>
    (_, a: bigint, b = 0n) => {
      const result = apply(a, b)
      if (BigInt.asIntN(64, result) !== result) throw overflow(`${name}(${a}, ${b})`, int64)
      return result
    },
})

function integers(args: readonly BoundExpression[], name: string): DataType {
  for (const { type } of args) {
    if (!isInteger(type) && type.kind !== 'null') throw wrongArguments(name, typesOf(args), 'it takes whole numbers')
  }
  return args.some((a) => a.type.kind === 'int64') ? int64 : int32
}

/** On two's complement numbers: int of ints, bigint if one is a bigint. */
const bitwise = (
  name: string,
  arity: 1 | 2,
  doc: string,
  apply: (a: bigint, b: bigint) => bigint,
): FunctionDefinition => ({
  signature: `${name}(${arity === 1 ? 'a' : 'a, b'}) → int or bigint`,
  doc,
  arity: [arity, arity],
  resolve: (args, called) => {
    const type = integers(args, called)
    return { args: args.map(() => type), type }
  },
  kernel: ({ type }) =>
    type.kind === 'int64'
      ? (_, a: bigint, b = 0n) => BigInt.asIntN(64, apply(a, b))
      : (_, a: number, b = 0) => Number(apply(BigInt(a), BigInt(b))),
})

/** The shift counts modulo the width of the number, as Java's do. */
const shift = (name: string, doc: string, apply: (a: bigint, by: bigint) => bigint): FunctionDefinition => ({
  signature: `${name}(a, bits) → int or bigint`,
  doc,
  arity: [2, 2],
  resolve: (args, called) => {
    const type = integers(args.slice(0, 1), called)
    return { args: [type, int32], type }
  },
  kernel: ({ type }) =>
    type.kind === 'int64'
      ? (_, a: bigint, by: number) => BigInt.asIntN(64, apply(a, BigInt(by & 63)))
      : (_, a: number, by: number) => Number(BigInt.asIntN(32, apply(BigInt(a), BigInt(by & 31)))),
})

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b))
const absolute = (a: bigint): bigint => (a < 0n ? -a : a)

const widthBucket: FunctionDefinition = {
  signature: 'width_bucket(value, low, high, count) → bigint',
  doc: 'The bucket, from 1, of a value where [low, high) is cut into so many of equal width; 0 below, count + 1 above.',
  arity: [4, 4],
  resolve: parameters([float64, float64, float64, int64], int64),
  kernel: () => (_, value: number, low: number, high: number, count: bigint) => {
    if (count <= 0n || low === high)
      throw invalidArgument('width_bucket', count, 'it needs a range and a count of at least 1')
    const [from, to, at] = low < high ? [low, high, value] : [-low, -high, -value]
    if (at < from) return 0n
    if (at >= to) return count + 1n
    return BigInt(Math.floor(((at - from) / (to - from)) * Number(count))) + 1n
  },
}

const halfEven: FunctionDefinition = ofDouble('rint', 'The nearest whole number; of two the even one.', (a) => {
  const floor = Math.floor(a)
  const rest = a - floor
  return rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1
})

export const moreMathFunctions = {
  pi: constant('pi', 'The ratio of a circle to its diameter.', Math.PI),
  e: constant('e', "Euler's number.", Math.E),
  asin: ofDouble('asin', 'Arc sine in radians; NaN outside of -1 to 1.', Math.asin),
  acos: ofDouble('acos', 'Arc cosine in radians; NaN outside of -1 to 1.', Math.acos),
  atan: ofDouble('atan', 'Arc tangent in radians.', Math.atan),
  sinh: ofDouble('sinh', 'Hyperbolic sine.', Math.sinh),
  cosh: ofDouble('cosh', 'Hyperbolic cosine.', Math.cosh),
  tanh: ofDouble('tanh', 'Hyperbolic tangent.', Math.tanh),
  asinh: ofDouble('asinh', 'Inverse hyperbolic sine.', Math.asinh),
  acosh: ofDouble('acosh', 'Inverse hyperbolic cosine; NaN below 1.', Math.acosh),
  atanh: ofDouble('atanh', 'Inverse hyperbolic tangent; NaN outside of -1 to 1.', Math.atanh),
  cot: ofDouble('cot', 'Cotangent of an angle in radians.', (a) => 1 / Math.tan(a)),
  expm1: ofDouble('expm1', 'e to the power of a, less 1, exact near 0.', Math.expm1),
  log1p: {
    ...ofDouble('log1p', 'Natural logarithm of 1 + a, exact near 0; null unless a > -1.', Math.log1p),
    nullable: 'always' as const,
    kernel: () => (_: unknown, a: number) => (a > -1 || a !== a ? Math.log1p(a) : null),
  },
  rint: halfEven,
  atan2: {
    signature: 'atan2(y, x) → double',
    doc: 'The angle of the point (x, y) in radians.',
    arity: [2, 2],
    resolve: parameters([float64], float64),
    kernel: () => (_, y: number, x: number) => Math.atan2(y, x),
  },
  hypot: {
    signature: 'hypot(a, b) → double',
    doc: 'The square root of a² + b², without overflow on the way.',
    arity: [2, 2],
    resolve: parameters([float64], float64),
    kernel: () => (_, a: number, b: number) => Math.hypot(a, b),
  },
  log: {
    signature: 'log(base, a) → double; log(a) is the natural logarithm',
    doc: 'Logarithm to a base; null unless both are greater than 0.',
    arity: [1, 2],
    nullable: 'always',
    resolve: parameters([float64], float64),
    kernel: () => (_, first: number, second?: number) => {
      const [base, a] = second === undefined ? [Math.E, first] : [first, second]
      return a > 0 && base > 0 ? (second === undefined ? Math.log(a) : Math.log(a) / Math.log(base)) : null
    },
  },
  factorial: {
    signature: 'factorial(n) → bigint',
    doc: 'The product of 1 to n; null outside of 0 to 20.',
    arity: [1, 1],
    nullable: 'always',
    resolve: parameters([int32], int64),
    kernel: () => (_, n: number) => {
      if (n < 0 || n > 20) return null
      let result = 1n
      for (let i = 2n; i <= BigInt(n); i++) result *= i
      return result
    },
  },
  gcd: ofBigints('gcd', 2, 'The greatest common divisor.', gcd, ['greatest_common_divisor']),
  lcm: ofBigints(
    'lcm',
    2,
    'The least common multiple.',
    (a, b) => (a === 0n || b === 0n ? 0n : absolute((a / gcd(a, b)) * b)),
    ['least_common_multiple'],
  ),
  width_bucket: widthBucket,
  bit_count: {
    signature: 'bit_count(a) → int',
    doc: "How many bits of a number's 64 are 1.",
    arity: [1, 1],
    resolve: parameters([int64], int32),
    kernel: () => (_, a: bigint) => BigInt.asUintN(64, a).toString(2).replaceAll('0', '').length,
  },
  bitwise_and: bitwise('bitwise_and', 2, 'a & b: the bits that are 1 in both.', (a, b) => a & b),
  bitwise_or: bitwise('bitwise_or', 2, 'a | b: the bits that are 1 in one of them.', (a, b) => a | b),
  bitwise_xor: bitwise('bitwise_xor', 2, 'a # b: the bits that differ.', (a, b) => a ^ b),
  bitwise_not: bitwise('bitwise_not', 1, '~a: each bit the other way.', (a) => ~a),
  shiftleft: shift('shiftleft', 'a << bits.', (a, by) => a << by),
  shiftright: shift('shiftright', 'a >> bits, with the sign.', (a, by) => a >> by),
  isnan: {
    signature: 'isnan(a) → boolean',
    doc: 'Whether it is NaN; false for null.',
    arity: [1, 1],
    nulls: 'own',
    nullable: 'never',
    resolve: parameters([float64], boolean),
    kernel: () => (_, a: Value) => a !== null && Number.isNaN(a),
  },
  nanvl: {
    signature: 'nanvl(a, b) → double',
    doc: 'a, or b where a is NaN.',
    arity: [2, 2],
    resolve: parameters([float64], float64),
    kernel: () => (_, a: number, b: number) => (Number.isNaN(a) ? b : a),
  },
  bin: {
    signature: 'bin(a) → string',
    doc: "A number's binary digits, of a negative one the 64 of its two's complement.",
    arity: [1, 1],
    resolve: parameters([int64], string),
    kernel: () => (_, a: bigint) => BigInt.asUintN(64, a).toString(2),
  },
} satisfies Record<string, FunctionDefinition>
