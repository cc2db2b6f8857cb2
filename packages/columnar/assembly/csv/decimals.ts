import { BAD, eightDigits, NONE, SAFE_DIGITS, sixteenDigits } from './digits'
import {
  addNulls,
  areRegular,
  endOf,
  endsOf,
  flagError,
  flushValidity,
  numberField,
  skipOf,
  startOf,
  startsOf,
  startStepOf,
  stepOf,
} from './fields'
import * as F from './frame'

/** 10^n, n <= 18. */
export function powerOfTen(n: u32): u64 {
  let power: u64 = 1
  while (n-- > 0) power *= 10
  return power
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
  const isRegular = areRegular(frame, column, from, to) && scale <= 8
  let ends = endsOf(frame, column, from)
  let starts = startsOf(frame, column, ends, from)
  const step = stepOf(frame)
  const startStep = startStepOf(frame, column)
  const skip = skipOf(column)
  const unit = isRegular ? powerOfTen(scale) : 1
  // So that the unscaled value cannot pass 64 bits.
  const most = limit / unit
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let unscaled = BAD
    let negative: u32 = 0
    if (isRegular) {
      const start = load<u32>(starts) + skip
      negative = <u32>(load<u8>(data + start) == 45)
      unscaled = fixedDecimal(data + start + negative, data + load<u32>(ends), scale, unit, most)
      starts += startStep
      ends += step
    }
    let value: i64
    let valid = true
    if (unscaled < limit) {
      value = (<i64>unscaled ^ -(<i64>negative)) + <i64>negative
    } else {
      value = anyDecimal(frame, column, row, scale, limit)
      valid = value != NONE
      if (!valid) value = 0
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

/** Digits without a point, or with as many behind it as the scale has; else BAD. `unit`: 10^scale. */
// @ts-ignore: decorator
@inline
function fixedDecimal(at: usize, stop: usize, scale: u32, unit: u64, most: u64): u64 {
  const point = stop - 1 - scale
  let whole: u64
  let fraction: u64 = 0
  if (scale > 0 && point > at && load<u8>(point) == 46) {
    whole = sixteenDigits(at, <u32>(point - at))
    fraction = eightDigits(point + 1, <u64>scale)
  } else {
    whole = sixteenDigits(at, <u32>(stop - at))
  }
  return whole >= most || fraction == BAD ? BAD : whole * unit + fraction
}

/** Whatever the field holds: NONE if that is nothing, or flagged. */
function anyDecimal(frame: usize, column: u32, row: u32, scale: u32, limit: u64): i64 {
  const data = <usize>load<u32>(frame, F.DATA)
  const field = numberField(frame, column, row)
  let at = data + startOf(field)
  const stop = data + endOf(field)
  if (at >= stop) return NONE
  const sign = load<u8>(at)
  if (sign == 45 || sign == 43) at++
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
  if (good && seen > 0 && unscaled < limit) return sign == 45 ? -(<i64>unscaled) : <i64>unscaled
  flagError(frame, row)
  return NONE
}
