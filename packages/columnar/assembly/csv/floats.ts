import { SAFE_DIGITS } from './digits'
import { addNulls, endOf, fieldAt, flagError, flushValidity, isNullField, startOf, trimmed } from './fields'
import * as F from './frame'

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
  const quote = load<u32>(frame, F.QUOTE)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field = fieldAt(frame, row, column, data, quote, flags)
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
