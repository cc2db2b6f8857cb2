import { addNulls, endOf, fieldAt, flagError, flushValidity, isNullField, plainFieldAt, startOf, trimmed } from './fields'
import * as F from './frame'

/*
 * Column kernels: rows [from, to) of a file column into `values`, a bit a row into `validity`; `from` is a multiple of 64.
 * A field that a kernel cannot make a value of is flagged in ERRORS and left null: the caller parses it again by the slow
 * twin, which knows every form, and decides whether it is malformed.
 */

// @inline
const BAD: u64 = 0xffffffffffffffff
/** Digits that surely fit an unsigned 64-bit integer. */
// @inline
const SAFE_DIGITS: u32 = 18

/**
 * An unsigned integer of 1 to 8 digits, or BAD, without a branch a digit: zeros are put before it, then neighbours are joined
 * to numbers of two digits, those to numbers of four, and those to one. Reads up to 7 bytes past the end.
 */
// @ts-ignore: decorator
@inline
function eightDigits(at: usize, length: u64): u64 {
  const missing = 64 - 8 * length
  const text = (load<u64>(at) << missing) | (0x3030303030303030 & (((<u64>1) << missing) - 1))
  const isBeyondNine = ((text + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0) >> 4
  if (((text & 0xf0f0f0f0f0f0f0f0) | isBeyondNine) != 0x3333333333333333) return BAD
  const single = text - 0x3030303030303030
  const pairs = single * 10 + (single >> 8)
  const high = (pairs & 0x000000ff000000ff) * 0x000f424000000064
  const low = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001
  return (high + low) >> 32
}

/** An unsigned integer of 1 to 18 digits, or BAD. */
// @ts-ignore: decorator
@inline
function digits(at: usize, stop: usize): u64 {
  if (at >= stop || stop - at > SAFE_DIGITS) return BAD
  if (stop - at <= 8) return eightDigits(at, <u64>(stop - at))
  let value: u64 = 0
  while (at < stop) {
    const digit = <u32>load<u8>(at) - 48
    if (digit > 9) return BAD
    value = value * 10 + <u64>digit
    at++
  }
  return value
}

/** Integers of `width` 1, 2, 4 or 8 bytes. */
export function csvIntegers(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  width: u32,
  values: usize,
  validity: usize,
): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const isPlain = load<u32>(frame, F.IS_PLAIN) != 0 && column < load<u32>(frame, F.EXPECTED)
  const positions = <usize>load<u32>(frame, F.POSITIONS)
  const rowFirst = <usize>load<u32>(frame, F.ROW_FIRST)
  const rowStart = <usize>load<u32>(frame, F.ROW_START)
  const quote = load<u32>(frame, F.QUOTE)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  const limit: u64 = (<u64>1 << (<u64>(width * 8 - 1))) - 1
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field = isPlain
      ? plainFieldAt(row, column, positions, rowFirst, rowStart)
      : fieldAt(frame, row, column, data, quote, flags)
    let value: i64 = 0
    let valid = false
    if (!isNullField(field, data, nullTexts, flags)) {
      field = trimmed(data, field)
      let at = data + startOf(field)
      const stop = data + endOf(field)
      if (at < stop) {
        const sign = load<u8>(at)
        const negative = sign == 45
        if (negative || sign == 43) at++
        const magnitude = digits(at, stop)
        if (magnitude != BAD && magnitude <= limit) {
          value = negative ? -(<i64>magnitude) : <i64>magnitude
          valid = true
        } else {
          flagError(frame, row)
        }
      }
    }
    if (width == 4) store<i32>(values + 4 * (<usize>row), <i32>value)
    else if (width == 8) store<i64>(values + 8 * (<usize>row), value)
    else if (width == 2) store<i16>(values + 2 * (<usize>row), <i16>value)
    else store<i8>(values + row, <i8>value)
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) word = 0
  }
  addNulls(frame, nulls)
}

/** Decimals of `scale`; |unscaled| < `limit` (10^precision, at most 10^18). `wide`: 16 bytes a value. Half up beyond the scale. */
export function csvDecimals(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  scale: u32,
  limit: u64,
  wide: u32,
  values: usize,
  validity: usize,
): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const isPlain = load<u32>(frame, F.IS_PLAIN) != 0 && column < load<u32>(frame, F.EXPECTED)
  const positions = <usize>load<u32>(frame, F.POSITIONS)
  const rowFirst = <usize>load<u32>(frame, F.ROW_FIRST)
  const rowStart = <usize>load<u32>(frame, F.ROW_START)
  const quote = load<u32>(frame, F.QUOTE)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field = isPlain
      ? plainFieldAt(row, column, positions, rowFirst, rowStart)
      : fieldAt(frame, row, column, data, quote, flags)
    let value: i64 = 0
    let valid = false
    if (!isNullField(field, data, nullTexts, flags)) {
      field = trimmed(data, field)
      let at = data + startOf(field)
      const stop = data + endOf(field)
      if (at < stop) {
        const sign = load<u8>(at)
        const negative = sign == 45
        if (negative || sign == 43) at++
        let unscaled: u64 = 0
        let seen: u32 = 0
        let fraction: u32 = 0
        let point = false
        let carry: u32 = 0
        let good = stop - at <= SAFE_DIGITS
        while (at < stop && good) {
          const digit = <u32>load<u8>(at) - 48
          if (digit <= 9) {
            seen++
            if (!point || fraction < scale) {
              unscaled = unscaled * 10 + <u64>digit
              fraction += <u32>point
            } else if (fraction == scale) {
              carry = <u32>(digit >= 5)
              fraction++
            }
          } else if (digit == <u32>-2 && !point) {
            point = true
          } else {
            good = false
          }
          at++
        }
        for (let f = fraction; f < scale && good; f++) {
          unscaled *= 10
          good = unscaled < limit
        }
        unscaled += <u64>carry
        if (good && seen > 0 && unscaled < limit) {
          value = negative ? -(<i64>unscaled) : <i64>unscaled
          valid = true
        } else {
          flagError(frame, row)
        }
      }
    }
    if (wide != 0) {
      store<i64>(values + 16 * (<usize>row), value)
      store<i64>(values + 16 * (<usize>row), value >> 63, 8)
    } else {
      store<i64>(values + 8 * (<usize>row), value)
    }
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) word = 0
  }
  addNulls(frame, nulls)
}

/** 10^n, n <= 22: exact as a double. */
function powerOfTen(n: u32): f64 {
  let power: f64 = 1
  while (n-- > 0) power *= 10
  return power
}

/**
 * float64 or float32 (`width` 8 or 4): a mantissa below 2^53 and a power of ten up to 22 give the exact double by one
 * multiplication or division (Clinger's fast path); all else is flagged.
 */
export function csvFloats(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  width: u32,
  values: usize,
  validity: usize,
): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const isPlain = load<u32>(frame, F.IS_PLAIN) != 0 && column < load<u32>(frame, F.EXPECTED)
  const positions = <usize>load<u32>(frame, F.POSITIONS)
  const rowFirst = <usize>load<u32>(frame, F.ROW_FIRST)
  const rowStart = <usize>load<u32>(frame, F.ROW_START)
  const quote = load<u32>(frame, F.QUOTE)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field = isPlain
      ? plainFieldAt(row, column, positions, rowFirst, rowStart)
      : fieldAt(frame, row, column, data, quote, flags)
    let value: f64 = 0
    let valid = false
    if (!isNullField(field, data, nullTexts, flags)) {
      field = trimmed(data, field)
      let at = data + startOf(field)
      const stop = data + endOf(field)
      if (at < stop) {
        const sign = load<u8>(at)
        const negative = sign == 45
        if (negative || sign == 43) at++
        let mantissa: u64 = 0
        let seen: u32 = 0
        let fraction: u32 = 0
        let point = false
        let good = stop - at <= SAFE_DIGITS
        while (at < stop && good) {
          const digit = <u32>load<u8>(at) - 48
          if (digit <= 9) {
            seen++
            mantissa = mantissa * 10 + <u64>digit
            fraction += <u32>point
          } else if (digit == <u32>-2 && !point) {
            point = true
          } else {
            good = false
          }
          at++
        }
        // float32: dividing as a double and rounding again could differ from the nearest float; few digits cannot.
        if (good && seen > 0 && mantissa <= (width == 4 ? 0xffffff : 0x1fffffffffffff) && fraction <= (width == 4 ? 10 : 22)) {
          if (width == 4) {
            value = <f64>(<f32>mantissa / <f32>powerOfTen(fraction))
          } else {
            value = <f64>mantissa / powerOfTen(fraction)
          }
          if (negative) value = -value
          valid = true
        } else {
          flagError(frame, row)
        }
      }
    }
    if (width == 4) store<f32>(values + 4 * (<usize>row), <f32>value)
    else store<f64>(values + 8 * (<usize>row), value)
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) word = 0
  }
  addNulls(frame, nulls)
}

/** `true` and `false` in any case, as a bitmap. */
export function csvBooleans(frame: usize, column: u32, from: u32, to: u32, values: usize, validity: usize): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const quote = load<u32>(frame, F.QUOTE)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  let word: u64 = 0
  let truth: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field = fieldAt(frame, row, column, data, quote, flags)
    let valid = false
    if (!isNullField(field, data, nullTexts, flags)) {
      field = trimmed(data, field)
      const at = data + startOf(field)
      const length = endOf(field) - startOf(field)
      if (length == 4 && (load<u32>(at) | 0x20202020) == 0x65757274) {
        valid = true
        truth |= <u64>1 << (<u64>(row & 63))
      } else if (length == 5 && (load<u32>(at) | 0x20202020) == 0x736c6166 && (load<u8>(at + 4) | 32) == 101) {
        valid = true
      } else if (length > 0) {
        flagError(frame, row)
      }
    }
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) {
      flushValidity(values, row, to, truth)
      word = 0
      truth = 0
    }
  }
  addNulls(frame, nulls)
}
