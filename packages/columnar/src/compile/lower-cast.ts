import type { BoundCast } from '@deltaworks/expression'
import { isFloat, isInteger, isTimestamp, pow10, type DataType, type DecimalType } from '@deltaworks/schema'
import { check128, constant128, dropDigits, multiply128, truncated, widened } from './lower-arithmetic.js'
import { refuse, representationOf, type LoopBuilder, type Operand } from './loop-builder.js'
import { f64Const, i32Const, i64Const, load, op, type Code } from './wasm-module.js'

const microsPerDay = 86_400_000_000n
const integerLimits = {
  int8: [-128n, 127n],
  int16: [-32_768n, 32_767n],
  int32: [-2_147_483_648n, 2_147_483_647n],
} as const

/** What does not fit is flagged, also by a lenient cast: the interpreter then says null. */
export function lowerCast(b: LoopBuilder, e: BoundCast, x: Operand): Operand {
  const rep = representationOf(e.type)
  // A lenient cast can be null, which only the interpreter finds out: its column must be able to hold it.
  const operand = b.guarded(x.valid, rep, () => convert(b, e, { ...x, valid: null }))
  return e.lenient && operand.valid === null ? { ...operand, valid: i32Const(1) } : operand
}

function convert(b: LoopBuilder, e: BoundCast, x: Operand): Operand {
  const from = e.input.type
  const to = e.type
  if (from.kind === 'string') return fromText(b, to, x)
  if (to.kind === 'string') return toText(b, from, x)
  if (isInteger(to)) return toInteger(b, from, to.kind, x)
  if (isFloat(to)) return toFloat(b, from, to.kind === 'float32', x)
  switch (to.kind) {
    case 'decimal':
      return toDecimal(b, from, to, x)
    case 'boolean':
      if (x.rep === 'i32') return b.value('i32', b.set('i32', x.code, i32Const(0), op.i32ne), null)
      if (x.rep === 'i64') return b.value('i32', b.set('i32', x.code, i64Const(0n), op.i64ne), null)
      if (x.rep === 'f64') return b.value('i32', b.set('i32', x.code, f64Const(0), op.f64ne), null)
      return refuse('a cast to boolean')
    case 'date':
      if (!isTimestamp(from) || (from.kind === 'timestamp' && !b.zoneIsUtc)) return refuse('a cast to date')
      return b.value('i32', b.set('i32', floorDays(b, x.code), op.wrap), null)
    case 'timestamp':
    case 'timestamp_ntz':
      if (!b.zoneIsUtc) return refuse('a zone')
      if (from.kind === 'date') return startOfDay(b, x.code)
      return isTimestamp(from) ? x : refuse('a cast to timestamp')
    default:
      return refuse(`a cast to ${to.kind}`)
  }
}

/** Days whose microseconds fit 64 bits, from minus as many on. */
const mostDays = 106_751_991n

function startOfDay(b: LoopBuilder, date: Code): Operand {
  const days = b.set('i64', date, op.extend)
  b.flagIf(days, i64Const(-mostDays), op.i64lt, days, i64Const(mostDays), op.i64gt, op.i32or)
  return b.value('i64', b.set('i64', days, i64Const(microsPerDay), op.i64mul), null)
}

/** Days of microseconds, towards minus infinity, as i64. */
export function floorDays(b: LoopBuilder, micros: Code): number[] {
  const quotient = b.set('i64', micros, i64Const(microsPerDay), op.i64div)
  const below: Code = [...micros, ...quotient, ...i64Const(microsPerDay), ...op.i64mul, ...op.i64lt, ...op.extendU]
  return b.set('i64', quotient, below, op.i64sub)
}

/** An i64 as an integer of a kind, flagged if it does not fit. */
function narrowed(b: LoopBuilder, kind: 'int8' | 'int16' | 'int32' | 'int64', code: Code): Operand {
  if (kind === 'int64') return b.value('i64', code, null)
  const [low, high] = integerLimits[kind]
  b.flagIf(code, i64Const(low), op.i64lt, code, i64Const(high), op.i64gt, op.i32or)
  return b.value('i32', b.set('i32', code, op.wrap), null)
}

function toInteger(b: LoopBuilder, from: DataType, kind: 'int8' | 'int16' | 'int32' | 'int64', x: Operand): Operand {
  if (from.kind === 'boolean' || isInteger(from)) {
    const wide = x.rep === 'i32' ? b.set('i64', x.code, op.extend) : x.code
    return narrowed(b, kind, wide)
  }
  if (isFloat(from)) return narrowed(b, kind, truncated(b, x.code, null, -(2 ** 63), 2 ** 63))
  if (from.kind === 'decimal' && x.rep === 'i64') return narrowed(b, kind, dropDigits(b, x.code, from.scale, 'zero'))
  if (from.kind === 'timestamp') return narrowed(b, kind, dropDigits(b, x.code, 6, 'floor'))
  return refuse('a cast to integer')
}

function toFloat(b: LoopBuilder, from: DataType, single: boolean, x: Operand): Operand {
  const rounding: Code = single ? [...op.demote, ...op.promote] : []
  if (x.rep === 'i32') return b.value('f64', b.set('f64', x.code, op.f64fromI32, rounding), null)
  if (x.rep === 'f64') return b.value('f64', b.set('f64', x.code, rounding), null)
  if (from.kind === 'int64') return b.value('f64', b.set('f64', x.code, op.f64fromI64, rounding), null)
  if (from.kind === 'timestamp')
    return b.value('f64', b.set('f64', x.code, op.f64fromI64, f64Const(1e6), op.f64div, rounding), null)
  if (from.kind !== 'decimal' || x.rep !== 'i64') return refuse('a cast to double')
  const exact = 9_007_199_254_740_992n
  b.flagIf(x.code, i64Const(exact), op.i64gt, x.code, i64Const(-exact), op.i64lt, op.i32or)
  return b.value(
    'f64',
    b.set('f64', x.code, op.f64fromI64, f64Const(Number(pow10(from.scale))), op.f64div, rounding),
    null,
  )
}

function toDecimal(b: LoopBuilder, from: DataType, to: DecimalType, x: Operand): Operand {
  if (from.kind === 'boolean' || isInteger(from)) {
    const digits = from.kind === 'boolean' ? 1 : { int8: 3, int16: 5, int32: 10, int64: 19 }[from.kind]
    return rescaled(
      b,
      { ...x, code: x.rep === 'i32' ? b.set('i64', x.code, op.extend) : x.code, rep: 'i64' },
      digits,
      0,
      to,
    )
  }
  if (from.kind === 'decimal') return rescaled(b, x, from.precision, from.scale, to)
  return refuse('a cast to decimal')
}

function rescaled(b: LoopBuilder, x: Operand, precision: number, scale: number, to: DecimalType): Operand {
  const shift = to.scale - scale
  const fits = to.precision - to.scale >= precision - scale + (shift < 0 ? 1 : 0)
  if (x.rep === 'i64' && to.precision <= 18) {
    if (shift >= 0) {
      // Checked before it is multiplied, so nothing wraps around.
      if (!fits) checkDigits(b, x.code, to.precision - shift)
      return b.value('i64', shift === 0 ? x.code : b.set('i64', x.code, i64Const(pow10(shift)), op.i64mul), null)
    }
    const rounded = dropDigits(b, x.code, -shift, 'half')
    if (!fits) checkDigits(b, rounded, to.precision)
    return b.value('i64', rounded, null)
  }
  const wide = widened(b, x)
  if (shift < 0) return roundedWide(b, wide, -shift, fits, to)
  const result =
    shift === 0
      ? wide
      : multiply128(
          b,
          x.rep === 'i64' && shift <= 18 ? x : wide,
          shift <= 18 && x.rep === 'i64'
            ? { rep: 'i64', code: i64Const(pow10(shift)), high: [], valid: null }
            : constant128(pow10(shift)),
        )
  if (!fits) check128(b, result, to.precision)
  if (to.precision > 18) return result
  b.flagIf(result.high, result.code, i64Const(63n), op.i64shr, op.i64ne)
  return b.value('i64', result.code, null)
}

/** 128 bits divided by 10^digits, rounded half away from zero. */
function roundedWide(b: LoopBuilder, x: Operand, digits: number, fits: boolean, to: DecimalType): Operand {
  const unit = pow10(digits)
  b.flagIf(x.code, x.high, i64Const(unit), i64Const(unit >> 64n), b.scratch, b.kernel('exprDivide128'), op.eqz)
  const result: Operand = {
    rep: 'i128',
    code: b.set('i64', b.scratch, load.i64()),
    high: b.set('i64', b.scratch, load.i64(8)),
    valid: null,
  }
  if (!fits) check128(b, result, to.precision)
  return to.precision > 18 ? result : b.value('i64', result.code, null)
}

function checkDigits(b: LoopBuilder, code: Code, digits: number): void {
  const limit = digits <= 0 ? 1n : pow10(digits)
  if (limit > 10n ** 18n) return
  b.flagIf(code, i64Const(limit), op.i64ge, code, i64Const(-limit), op.i64le, op.i32or)
}

/** yyyy-M-d of a year of four digits: [kind, least | most << 4] a field, see exprParseDateTime. */
const isoDateProgram = new Uint8Array([1, 0x44, 0, 45, 2, 0x21, 0, 45, 3, 0x21])
const timeProgram = [0, 32, 4, 0x21, 0, 58, 5, 0x21, 0, 58, 6, 0x21]

function fromText(b: LoopBuilder, to: DataType, x: Operand): Operand {
  const parsed = (call: Code): void => b.flagIf(call, op.eqz)
  if (isInteger(to)) {
    parsed([...x.code, ...b.scratch, ...b.kernel('exprParseInteger')])
    return narrowed(b, to.kind, b.set('i64', b.scratch, load.i64()))
  }
  switch (to.kind) {
    case 'decimal': {
      if (to.precision > 18) return refuse('a cast of text to a wide decimal')
      const limit = i64Const(pow10(to.precision))
      parsed([...x.code, ...i32Const(to.scale), ...limit, ...b.scratch, ...b.kernel('exprParseDecimal')])
      return b.value('i64', b.set('i64', b.scratch, load.i64()), null)
    }
    case 'date':
      parsed([...x.code, ...b.text(isoDateProgram).code, ...b.scratch, ...b.kernel('exprParseDateTime')])
      return b.value('i32', b.set('i32', b.scratch, load.i32()), null)
    case 'timestamp':
    case 'timestamp_ntz': {
      if (!b.zoneIsUtc) return refuse('a zone')
      const program = b.text(new Uint8Array([...isoDateProgram, ...timeProgram]))
      parsed([...x.code, ...program.code, ...b.scratch, ...b.kernel('exprParseDateTime')])
      return b.value('i64', parsedMicros(b), null)
    }
    default:
      return refuse(`a cast of text to ${to.kind}`)
  }
}

/** What exprParseDateTime left at the scratch, as microseconds. */
export const parsedMicros = (b: LoopBuilder): number[] =>
  b.set('i64', b.scratch, load.i32(), op.extend, i64Const(microsPerDay), op.i64mul, b.scratch, load.i64(8), op.i64add)

function toText(b: LoopBuilder, from: DataType, x: Operand): Operand {
  if (isInteger(from) || (from.kind === 'decimal' && x.rep === 'i64')) {
    const wide = x.rep === 'i32' ? [...x.code, ...op.extend] : x.code
    const scale = from.kind === 'decimal' ? from.scale : 0
    return b.value('text', b.set('i64', wide, i32Const(scale), b.state, b.kernel('exprFormatDecimal')), null)
  }
  if (from.kind === 'decimal') {
    const text = b.set('i64', x.code, x.high, i32Const(from.scale), b.state, b.kernel('exprFormatDecimal128'))
    return b.value('text', text, null)
  }
  if (from.kind === 'date') {
    const text = b.set('i64', x.code, b.state, b.kernel('exprFormatDate'))
    return refused(b, text)
  }
  if (from.kind === 'timestamp_ntz' || (from.kind === 'timestamp' && b.zoneIsUtc))
    return refused(b, b.set('i64', x.code, b.state, b.kernel('exprFormatTimestamp')))
  return refuse(`a cast of ${from.kind} to text`)
}

/** Flags a text that a kernel answered with -1, and makes it empty. */
export function refused(b: LoopBuilder, text: Code): Operand {
  const missing = b.set('i32', text, i64Const(-1n), op.i64eq)
  b.flagIf(missing)
  return b.value('text', b.set('i64', i64Const(0n), text, missing, op.select), null)
}
