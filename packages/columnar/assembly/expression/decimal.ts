import { room } from './text'

/* 128-bit decimals as two words. Functions return 1 and store the result at `out`, or return 0: then the interpreter decides. */

function store128(out: usize, low: u64, high: u64, negative: bool): void {
  if (negative) {
    low = ~low + 1
    high = ~high + (low == 0 ? 1 : 0)
  }
  store<u64>(out, low)
  store<u64>(out, high, 8)
}

/** High word of a · b. */
function high64(a: u64, b: u64): u64 {
  const al = a & 0xffffffff
  const ah = a >> 32
  const bl = b & 0xffffffff
  const bh = b >> 32
  const middle = ah * bl + ((al * bl) >> 32)
  const cross = al * bh + (middle & 0xffffffff)
  return ah * bh + (middle >> 32) + (cross >> 32)
}

/** Magnitudes times each other; 0 if they pass 127 bits. */
export function exprMultiply128(aLow: u64, aHigh: u64, bLow: u64, bHigh: u64, out: usize): i32 {
  const negative = (aHigh ^ bHigh) >> 63 != 0
  if (<i64>aHigh < 0) {
    aLow = ~aLow + 1
    aHigh = ~aHigh + (aLow == 0 ? 1 : 0)
  }
  if (<i64>bHigh < 0) {
    bLow = ~bLow + 1
    bHigh = ~bHigh + (bLow == 0 ? 1 : 0)
  }
  if (aHigh != 0 && bHigh != 0) return 0
  let high = high64(aLow, bLow)
  const x = aHigh != 0 ? aHigh : bHigh
  if (x != 0) {
    const y = aHigh != 0 ? bLow : aLow
    if (high64(x, y) != 0) return 0
    const cross = x * y
    if (high + cross < high) return 0
    high += cross
  }
  if (<i64>high < 0) return 0
  store128(out, aLow * bLow, high, negative)
  return 1
}

/** (high · 2^64 + low) / b, where high < b: two digits of 32 bits, each guessed from b's upper half (Knuth, TAOCP 2, 4.3.1 D). */
function divide64(high: u64, low: u64, b: u64): u64 {
  if (high == 0) return low / b
  const shift = clz(b)
  const divisor = b << shift
  const upper = shift == 0 ? high : (high << shift) | (low >> (64 - shift))
  const lower = low << shift
  const first = digit(upper, lower >> 32, divisor)
  const rest = (upper << 32) + (lower >> 32) - first * divisor
  return (first << 32) | digit(rest, lower & 0xffffffff, divisor)
}

/** (rest · 2^32 + next) / divisor, below 2^32; the divisor's top bit is set. */
function digit(rest: u64, next: u64, divisor: u64): u64 {
  const upper = divisor >> 32
  const lower = divisor & 0xffffffff
  let guess = rest / upper
  let left = rest - guess * upper
  while (guess >> 32 != 0 || guess * lower > ((left << 32) | next)) {
    guess--
    left += upper
    if (left >> 32 != 0) break
  }
  return guess
}

/** a / b rounded half up; b is not 0. */
export function exprDivide128(aLow: u64, aHigh: u64, bLow: u64, bHigh: u64, out: usize): i32 {
  const negative = (aHigh ^ bHigh) >> 63 != 0
  if (<i64>aHigh < 0) {
    aLow = ~aLow + 1
    aHigh = ~aHigh + (aLow == 0 ? 1 : 0)
  }
  if (<i64>bHigh < 0) {
    bLow = ~bLow + 1
    bHigh = ~bHigh + (bLow == 0 ? 1 : 0)
  }
  if (bHigh == 0 && bLow == 0) return 0
  if (aHigh == 0 && bHigh == 0) {
    const quotient = aLow / bLow
    const rest = aLow - quotient * bLow
    const up: u64 = rest >= bLow - rest ? 1 : 0
    store128(out, quotient + up, 0, negative)
    return 1
  }
  let restLow: u64 = 0
  let restHigh: u64 = 0
  let quotientLow: u64 = 0
  let quotientHigh: u64 = 0
  if (bHigh == 0) {
    quotientHigh = aHigh / bLow
    quotientLow = divide64(aHigh - quotientHigh * bLow, aLow, bLow)
    restLow = aLow - quotientLow * bLow
  } else {
    for (let i = 127; i >= 0; i--) {
      restHigh = (restHigh << 1) | (restLow >> 63)
      restLow = (restLow << 1) | (i >= 64 ? (aHigh >> (i - 64)) & 1 : (aLow >> i) & 1)
      if (restHigh > bHigh || (restHigh == bHigh && restLow >= bLow)) {
        const borrow: u64 = restLow < bLow ? 1 : 0
        restLow -= bLow
        restHigh -= bHigh + borrow
        if (i >= 64) quotientHigh |= (<u64>1) << (i - 64)
        else quotientLow |= (<u64>1) << i
      }
    }
  }
  // Twice the rest is at least b, compared as rest >= b - rest.
  const borrow: u64 = bLow < restLow ? 1 : 0
  const gapLow = bLow - restLow
  const gapHigh = bHigh - restHigh - borrow
  if (restHigh > gapHigh || (restHigh == gapHigh && restLow >= gapLow)) {
    quotientLow++
    if (quotientLow == 0) quotientHigh++
  }
  if (<i64>quotientHigh < 0) return 0
  store128(out, quotientLow, quotientHigh, negative)
  return 1
}

/** Whether |a| is below the limit (a positive number). */
export function exprBelow128(aLow: u64, aHigh: u64, limitLow: u64, limitHigh: u64): i32 {
  if (<i64>aHigh < 0) {
    aLow = ~aLow + 1
    aHigh = ~aHigh + (aLow == 0 ? 1 : 0)
  }
  return aHigh < limitHigh || (aHigh == limitHigh && aLow < limitLow) ? 1 : 0
}

/** 128 bits with so many digits behind the point, as text. */
export function exprFormatDecimal128(low: u64, high: u64, scale: i32, state: usize): i64 {
  // 39 digits, a point, a sign.
  const target = room(state, 41)
  if (target == 0) return 0
  const negative = <i64>high < 0
  if (negative) {
    low = ~low + 1
    high = ~high + (low == 0 ? 1 : 0)
  }
  // 19 digits a word: 2^63, the largest high word, is below 10^19.
  const unit: u64 = 10000000000000000000
  let upper: u64 = 0
  let rest = low
  if (high != 0 || low >= unit) {
    upper = divide64(high, low, unit)
    rest = low - upper * unit
  }
  const end = target + 41
  let p = end
  let digits = 0
  while (rest != 0 || upper != 0 || digits <= scale) {
    if (digits == 19) {
      rest = upper
      upper = 0
    }
    if (digits == scale && scale > 0) store<u8>(--p, 46)
    store<u8>(--p, <u8>(48 + (rest % 10)))
    rest /= 10
    digits++
  }
  if (negative) store<u8>(--p, 45)
  return ((<i64>(end - p)) << 32) | (<i64>p)
}
