import type { BoundCall } from '@deltaworks/expression'
import { isFloat, isInteger, pow10, type DataType, type DecimalType } from '@deltaworks/schema'
import { refuse, type LoopBuilder, type Operand } from './loop-builder.js'
import { f64Const, i32Const, i64Const, load, op, type Code } from './wasm-module.js'

type Operator = 'add' | 'subtract' | 'multiply' | 'divide' | 'modulo'
const operators = new Set(['add', 'subtract', 'multiply', 'divide', 'modulo'])

/** @returns null if the call is none of arithmetic */
export function lowerArithmetic(b: LoopBuilder, e: BoundCall, args: readonly Operand[]): Operand | null {
  if (!operators.has(e.name)) return e.name === 'negate' || e.name === 'abs' ? lowerSign(b, e, args[0]!) : null
  const operator = e.name as Operator
  const [x, y] = args as [Operand, Operand]
  const valid = b.allValid(x, y)
  if (isFloat(e.type)) return floatArithmetic(b, operator, e.type.kind === 'float32', x, y, valid)
  if (e.type.kind === 'decimal') {
    return b.guarded(valid, e.type.precision <= 18 ? 'i64' : 'i128', () => decimalArithmetic(b, operator, e, x, y))
  }
  const rep = e.type.kind === 'int64' ? 'i64' : 'i32'
  return b.guarded(valid, rep, () =>
    b.value(
      rep,
      rep === 'i64'
        ? int64Arithmetic(b, operator, x.code, y.code)
        : smallArithmetic(b, operator, e.type, x.code, y.code),
      null,
    ),
  )
}

function floatArithmetic(
  b: LoopBuilder,
  operator: Operator,
  single: boolean,
  x: Operand,
  y: Operand,
  valid: Code | null,
): Operand {
  const rounding: Code = single ? [...op.demote, ...op.promote] : []
  switch (operator) {
    case 'add':
      return b.value('f64', b.set('f64', x.code, y.code, op.f64add, rounding), valid)
    case 'subtract':
      return b.value('f64', b.set('f64', x.code, y.code, op.f64sub, rounding), valid)
    case 'multiply':
      return b.value('f64', b.set('f64', x.code, y.code, op.f64mul, rounding), valid)
    case 'divide': {
      const zero: Code = [...y.code, ...f64Const(0), ...op.f64eq]
      b.flagIf(valid === null ? zero : [...zero, ...valid, ...op.i32and])
      return b.value('f64', b.set('f64', x.code, y.code, op.f64div, rounding), valid)
    }
    case 'modulo':
      return refuse('a remainder of doubles')
  }
}

function int64Arithmetic(b: LoopBuilder, operator: Operator, x: Code, y: Code): number[] {
  switch (operator) {
    case 'add': {
      const sum = b.set('i64', x, y, op.i64add)
      // Overflow: both operands have the sign that the result has not.
      b.flagIf(x, sum, op.i64xor, y, sum, op.i64xor, op.i64and, i64Const(0n), op.i64lt)
      return sum
    }
    case 'subtract': {
      const difference = b.set('i64', x, y, op.i64sub)
      b.flagIf(x, y, op.i64xor, x, difference, op.i64xor, op.i64and, i64Const(0n), op.i64lt)
      return difference
    }
    case 'multiply': {
      const product = b.set('i64', x, y, op.i64mul)
      const small = b.set('i32', isNarrow(x), isNarrow(y), op.i32and)
      b.emit(small, op.eqz, op.if)
      b.flagIf(
        x,
        x,
        i64Const(63n),
        op.i64shr,
        y,
        y,
        i64Const(63n),
        op.i64shr,
        b.scratch,
        b.kernel('exprMultiply128'),
        op.eqz,
      )
      b.flagIf(b.scratch, load.i64(8), b.scratch, load.i64(), i64Const(63n), op.i64shr, op.i64ne)
      b.emit(op.end)
      return product
    }
    default:
      return checkedRemainder(b, x, y)
  }
}

/** Whether an i64 fits 32 bits, so that a product of two fits 64. */
const isNarrow = (x: Code): Code => [...x, ...op.wrap, ...op.extend, ...x, ...op.i64eq]

/** A zero divisor is flagged, and replaced so that nothing traps. */
function checkedRemainder(b: LoopBuilder, x: Code, y: Code): number[] {
  const zero = b.set('i32', y, op.i64eqz)
  b.flagIf(zero)
  return b.set('i64', x, i64Const(1n), y, zero, op.select, op.i64rem)
}

function smallArithmetic(b: LoopBuilder, operator: Operator, type: DataType, x: Code, y: Code): number[] {
  if (operator === 'modulo') {
    const zero = b.set('i32', y, op.eqz)
    b.flagIf(zero)
    return b.set('i32', x, i32Const(1), y, zero, op.select, op.i32rem)
  }
  const operation = operator === 'add' ? op.i64add : operator === 'subtract' ? op.i64sub : op.i64mul
  const wide = b.set('i64', x, op.extend, y, op.extend, operation)
  const narrow = b.set('i32', wide, op.wrap)
  const back: Code =
    type.kind === 'int8' ? [...narrow, ...op.extend8] : type.kind === 'int16' ? [...narrow, ...op.extend16] : narrow
  b.flagIf(back, op.extend, wide, op.i64ne)
  return narrow
}

/** An operand as 128 bits. */
export function widened(b: LoopBuilder, x: Operand): Operand {
  if (x.rep === 'i128') return x
  const code = x.rep === 'i32' ? b.set('i64', x.code, op.extend) : x.code
  return { rep: 'i128', code, high: b.set('i64', code, i64Const(63n), op.i64shr), valid: x.valid }
}

/** Whether an operand fits 32 bits. */
const isSmall = ({ rep, code, high }: Operand): Code =>
  rep === 'i128'
    ? [...isNarrow(code), ...high, ...code, ...i64Const(63n), ...op.i64shr, ...op.i64eq, ...op.i32and]
    : isNarrow(code)

/** a · b as 128 bits; operands of 32 bits each, whatever their type, are multiplied at once. */
export function multiply128(b: LoopBuilder, x: Operand, y: Operand): Operand {
  const low = b.local('i64')
  const high = b.local('i64')
  const [setLow, setHigh]: Code[] = [
    [0x21, ...localIndex(low)],
    [0x21, ...localIndex(high)],
  ]
  const [p, q] = [widened(b, x), widened(b, y)]
  b.emit(isSmall(x), isSmall(y), op.i32and, op.if)
  b.emit(x.code, y.code, op.i64mul, setLow!, [0x20, ...localIndex(low)], i64Const(63n), op.i64shr, setHigh!, op.else)
  b.flagIf(p.code, p.high, q.code, q.high, b.scratch, b.kernel('exprMultiply128'), op.eqz)
  b.emit(b.scratch, load.i64(), setLow!, b.scratch, load.i64(8), setHigh!)
  b.emit(op.end)
  return { rep: 'i128', code: [0x20, ...localIndex(low)], high: [0x20, ...localIndex(high)], valid: null }
}
function localIndex(index: number): number[] {
  return index < 128 ? [index] : [(index & 127) | 128, index >> 7]
}

export const constant128 = (value: bigint): Operand => ({
  rep: 'i128',
  code: i64Const(value),
  high: i64Const(value >> 64n),
  valid: null,
})

/** Flags a result of more digits than the type has; what fits one word has at most 19. */
export function check128(b: LoopBuilder, x: Operand, precision: number): void {
  const limit = pow10(precision)
  if (precision < 19) return flagAbove(b, x, limit)
  b.emit(x.high, x.code, i64Const(63n), op.i64shr, op.i64ne, op.if)
  flagAbove(b, x, limit)
  b.emit(op.end)
}

function flagAbove(b: LoopBuilder, x: Operand, limit: bigint): void {
  b.flagIf(x.code, x.high, i64Const(limit), i64Const(limit >> 64n), b.kernel('exprBelow128'), op.eqz)
}

export const scaled64 = (b: LoopBuilder, code: Code, digits: number): Code =>
  digits === 0 ? code : b.set('i64', code, i64Const(pow10(digits)), op.i64mul)

function scaled128(b: LoopBuilder, x: Operand, digits: number): Operand {
  return digits === 0
    ? widened(b, x)
    : multiply128(b, x, x.rep === 'i128' ? constant128(pow10(digits)) : small128(digits))
}
const small128 = (digits: number): Operand =>
  digits <= 18 ? { rep: 'i64', code: i64Const(pow10(digits)), high: [], valid: null } : constant128(pow10(digits))

function decimalArithmetic(b: LoopBuilder, operator: Operator, e: BoundCall, x: Operand, y: Operand): Operand {
  const [p, q] = [e.args[0]!.type as DecimalType, e.args[1]!.type as DecimalType]
  const type = e.type as DecimalType
  const narrow = type.precision <= 18
  switch (operator) {
    case 'multiply': {
      if (type.scale !== p.scale + q.scale) return refuse('a product that is rounded')
      // At most 17 digits: the type's precision is p1 + p2 + 1.
      if (narrow) return b.value('i64', b.set('i64', x.code, y.code, op.i64mul), null)
      const product = multiply128(b, x, y)
      if (type.precision === 38) check128(b, product, 38)
      return product
    }
    case 'add':
    case 'subtract': {
      const scale = Math.max(p.scale, q.scale)
      if (type.scale !== scale) return refuse('a sum that is rounded')
      if (narrow) {
        const [s, t] = [scaled64(b, x.code, scale - p.scale), scaled64(b, y.code, scale - q.scale)]
        return b.value('i64', b.set('i64', s, t, operator === 'add' ? op.i64add : op.i64sub), null)
      }
      const sum = add128(b, operator, scaled128(b, x, scale - p.scale), scaled128(b, y, scale - q.scale))
      if (type.precision === 38) check128(b, sum, 38)
      return sum
    }
    case 'divide':
      return divideDecimals(b, type, p, q, x, y)
    case 'modulo': {
      const scale = Math.max(p.scale, q.scale)
      const digits = Math.max(p.precision + scale - p.scale, q.precision + scale - q.scale)
      if (digits > 18 || type.scale !== scale || !narrow) return refuse('a remainder of wide decimals')
      return b.value(
        'i64',
        checkedRemainder(b, scaled64(b, x.code, scale - p.scale), scaled64(b, y.code, scale - q.scale)),
        null,
      )
    }
  }
}

function add128(b: LoopBuilder, operator: 'add' | 'subtract', x: Operand, y: Operand): Operand {
  if (operator === 'add') {
    const code = b.set('i64', x.code, y.code, op.i64add)
    const high = b.set('i64', x.high, y.high, op.i64add, code, x.code, op.i64ltU, op.extendU, op.i64add)
    return { rep: 'i128', code, high, valid: null }
  }
  const code = b.set('i64', x.code, y.code, op.i64sub)
  const high = b.set('i64', x.high, y.high, op.i64sub, x.code, y.code, op.i64ltU, op.extendU, op.i64sub)
  return { rep: 'i128', code, high, valid: null }
}

function divideDecimals(
  b: LoopBuilder,
  type: DecimalType,
  p: DecimalType,
  q: DecimalType,
  x: Operand,
  y: Operand,
): Operand {
  const shift = type.scale - p.scale + q.scale
  if (shift < 0 || shift > 38) return refuse('a quotient that loses scale')
  const numerator = scaled128(b, x, shift)
  const denominator = widened(b, y)
  b.flagIf(
    numerator.code,
    numerator.high,
    denominator.code,
    denominator.high,
    b.scratch,
    b.kernel('exprDivide128'),
    op.eqz,
  )
  const result: Operand = {
    rep: 'i128',
    code: b.set('i64', b.scratch, load.i64()),
    high: b.set('i64', b.scratch, load.i64(8)),
    valid: null,
  }
  if (type.precision <= 18) {
    // The type holds every quotient, so it fits one word unless the row is flagged.
    b.flagIf(result.high, result.code, i64Const(63n), op.i64shr, op.i64ne)
    return b.value('i64', result.code, null)
  }
  if (type.precision === 38) check128(b, result, 38)
  return result
}

function lowerSign(b: LoopBuilder, e: BoundCall, x: Operand): Operand {
  const { type } = e
  const negates = e.name === 'negate'
  if (x.rep === 'f64') return b.value('f64', b.set('f64', x.code, negates ? op.f64neg : op.f64abs), x.valid)
  const masked = (code: Code): Code => (x.valid === null ? code : [...code, ...x.valid, ...op.i32and])
  if (x.rep === 'i128') {
    const zero: Operand = { rep: 'i128', code: i64Const(0n), high: i64Const(0n), valid: null }
    const negative = add128(b, 'subtract', zero, x)
    if (negates) return { ...negative, valid: x.valid }
    const below = b.set('i32', x.high, i64Const(0n), op.i64lt)
    return {
      rep: 'i128',
      code: b.set('i64', negative.code, x.code, below, op.select),
      high: b.set('i64', negative.high, x.high, below, op.select),
      valid: x.valid,
    }
  }
  if (x.rep === 'i64') {
    if (type.kind === 'int64') b.flagIf(masked([...x.code, ...i64Const(-(2n ** 63n)), ...op.i64eq]))
    const negative = b.set('i64', i64Const(0n), x.code, op.i64sub)
    if (negates) return b.value('i64', negative, x.valid)
    return b.value('i64', b.set('i64', negative, x.code, x.code, i64Const(0n), op.i64lt, op.select), x.valid)
  }
  const lowest = type.kind === 'int8' ? -128 : type.kind === 'int16' ? -32_768 : -2_147_483_648
  b.flagIf(masked([...x.code, ...i32Const(lowest), ...op.i32eq]))
  const negative = b.set('i32', i32Const(0), x.code, op.i32sub)
  if (negates) return b.value('i32', negative, x.valid)
  return b.value('i32', b.set('i32', negative, x.code, x.code, i32Const(0), op.i32lt, op.select), x.valid)
}

/** i64 ÷ 10^digits, rounded half away from zero; `floor` towards minus infinity. */
export function dropDigits(b: LoopBuilder, x: Code, digits: number, rounding: 'half' | 'floor' | 'zero'): Code {
  if (digits === 0) return x
  const unit = pow10(digits)
  const quotient = b.set('i64', x, i64Const(unit), op.i64div)
  if (rounding === 'zero') return quotient
  const rest = b.set('i64', x, quotient, i64Const(unit), op.i64mul, op.i64sub)
  if (rounding === 'floor') return b.set('i64', quotient, rest, i64Const(0n), op.i64lt, op.extendU, op.i64sub)
  const half = unit / 2n
  const up: Code = [...rest, ...i64Const(half), ...op.i64ge, ...op.extendU]
  const down: Code = [...rest, ...i64Const(-half), ...op.i64le, ...op.extendU]
  return b.set('i64', quotient, up, op.i64add, down, op.i64sub)
}

/** @returns null if the call is none of these */
export function lowerMath(b: LoopBuilder, e: BoundCall, args: readonly Operand[]): Operand | null {
  const [x, y] = args as [Operand, Operand]
  const from = e.args[0]?.type
  switch (e.name) {
    case 'sqrt':
      return b.value('f64', b.set('f64', x.code, op.f64sqrt), x.valid)
    case 'exp':
      return b.value('f64', b.set('f64', x.code, b.kernel('mathExp')), x.valid)
    case 'power':
      return b.value('f64', b.set('f64', x.code, y.code, b.kernel('mathPow')), b.allValid(x, y))
    case 'ln':
    case 'log10': {
      const value = b.set('f64', x.code, b.kernel(e.name === 'ln' ? 'mathLog' : 'mathLog10'))
      // Null of what is not positive (and not NaN).
      const defined: Code = [...x.code, ...f64Const(0), ...op.f64le, ...op.eqz]
      return b.value('f64', value, b.set('i32', x.valid === null ? defined : [...defined, ...x.valid, ...op.i32and]))
    }
    case 'round': {
      const digits = e.args[1]
      if (from === undefined || isFloat(from)) return refuse('rounding of doubles')
      if (digits !== undefined && digits.kind !== 'literal') return refuse('a computed number of digits')
      const places = digits === undefined ? 0 : Number(digits.value)
      if (isInteger(from)) return places >= 0 ? x : refuse('rounding of integers')
      const { scale } = e.type as DecimalType
      if (x.rep !== 'i64' || (e.type as DecimalType).precision > 18 || places < 0)
        return refuse('rounding of wide decimals')
      return b.value('i64', dropDigits(b, x.code, (from as DecimalType).scale - scale, 'half'), x.valid)
    }
    case 'floor':
    case 'ceil': {
      if (from === undefined || isInteger(from)) return x
      if (isFloat(from)) return floorFloat(b, e.name, x)
      if (x.rep !== 'i64' || (e.type as DecimalType).precision > 18) return refuse('wide decimals')
      const { scale } = from as DecimalType
      if (e.name === 'floor') return b.value('i64', dropDigits(b, x.code, scale, 'floor'), x.valid)
      const negative = b.set('i64', i64Const(0n), x.code, op.i64sub)
      return b.value('i64', b.set('i64', i64Const(0n), dropDigits(b, negative, scale, 'floor'), op.i64sub), x.valid)
    }
    default:
      return null
  }
}

function floorFloat(b: LoopBuilder, name: 'floor' | 'ceil', x: Operand): Operand {
  const whole = b.set('f64', x.code, name === 'floor' ? op.f64floor : op.f64ceil)
  return b.value('i64', truncated(b, whole, x.valid, -(2 ** 63), 2 ** 63), x.valid)
}

/** A double without its fraction as i64; flagged unless low <= value < high. */
export function truncated(b: LoopBuilder, x: Code, valid: Code | null, low: number, high: number): number[] {
  const whole: Code = [
    ...x,
    ...f64Const(low),
    ...op.f64ge,
    ...x,
    ...f64Const(high),
    ...op.f64lt,
    ...op.i32and,
    ...op.eqz,
  ]
  b.flagIf(valid === null ? whole : [...whole, ...valid, ...op.i32and])
  return b.set('i64', x, op.truncSat)
}
