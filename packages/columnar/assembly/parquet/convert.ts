/* Dense physical values to the width and unit that the logical type has in memory. All of them wrap; none traps. */

/** Integers: `from` and `to` are 1, 2, 4 or 8 bytes; `unsigned` widens with zeros. Works in place where `to <= from`. */
export function parquetResize(source: usize, from: u32, to: u32, unsigned: u32, count: u32, target: usize): void {
  if (from == 4 && to == 8 && !unsigned) {
    for (let i: u32 = 0; i < count; i++) store<i64>(target + 8 * i, <i64>load<i32>(source + 4 * i))
  } else if (from == 4 && to == 8) {
    for (let i: u32 = 0; i < count; i++) store<i64>(target + 8 * i, <i64>load<u32>(source + 4 * i))
  } else if (from == 4 && to == 1) {
    for (let i: u32 = 0; i < count; i++) store<u8>(target + i, load<u8>(source + 4 * i))
  } else if (from == 4 && to == 2) {
    for (let i: u32 = 0; i < count; i++) store<u16>(target + 2 * i, load<u16>(source + 4 * i))
  } else if (from == 8 && to == 4) {
    for (let i: u32 = 0; i < count; i++) store<u32>(target + 4 * i, load<u32>(source + 8 * i))
  } else if (from == 1 && to == 4) {
    for (let i: u32 = 0; i < count; i++) store<i32>(target + 4 * i, <i32>load<i8>(source + i))
  } else if (from == 2 && to == 4) {
    for (let i: u32 = 0; i < count; i++) store<i32>(target + 4 * i, <i32>load<i16>(source + 2 * i))
  }
}

/** 8-byte integers to 16 bytes, times a power of ten given as two 64-bit halves of at most 38 digits. */
export function parquetWiden128(source: usize, count: u32, factor: u64, unsigned: u32, target: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const value = load<i64>(source + 8 * i)
    const negative = !unsigned && value < 0
    const magnitude: u64 = negative ? <u64>(0 - value) : <u64>value
    multiply128(magnitude, 0, factor, target + 16 * i, negative)
  }
}

/** Stores (high:low) * factor, negated if asked. */
// @ts-ignore: decorator
@inline
function multiply128(low: u64, high: u64, factor: u64, target: usize, negative: bool): void {
  const a = low & 0xffffffff
  const b = low >> 32
  const c = factor & 0xffffffff
  const d = factor >> 32
  const ac = a * c
  const bc = b * c + (ac >> 32)
  const ad = a * d + (bc & 0xffffffff)
  let resultLow = (ad << 32) | (ac & 0xffffffff)
  let resultHigh = b * d + (bc >> 32) + (ad >> 32) + high * factor
  if (negative) {
    resultLow = ~resultLow + 1
    resultHigh = ~resultHigh + <u64>(resultLow == 0)
  }
  store<u64>(target, resultLow)
  store<u64>(target, resultHigh, 8)
}

/** 16-byte integers times a power of ten of at most 19 digits, in place. */
export function parquetScale128(values: usize, count: u32, factor: u64): void {
  for (let i: u32 = 0; i < count; i++) {
    let low = load<u64>(values + 16 * i)
    let high = load<u64>(values + 16 * i, 8)
    const negative = <i64>high < 0
    if (negative) {
      low = ~low + 1
      high = ~high + <u64>(low == 0)
    }
    multiply128(low, high, factor, values + 16 * i, negative)
  }
}

/** The low words of 16-byte integers. @returns 0, or -1 if one does not fit 64 bits */
export function parquetNarrow128(source: usize, count: u32, target: usize): i32 {
  for (let i: u32 = 0; i < count; i++) {
    const low = load<i64>(source + 16 * i)
    if (load<i64>(source + 16 * i, 8) != low >> 63) return -1
    store<i64>(target + 8 * i, low)
  }
  return 0
}

/**
 * int64 divided by `divisor`, towards minus infinity, or times a factor of at least 1 (decimal scale, milliseconds to
 * microseconds): one of both is 1.
 * @returns 0, or -1 if a product does not fit 64 bits
 */
export function parquetScale64(source: usize, count: u32, factor: i64, divisor: i64, target: usize): i32 {
  if (divisor == 1) {
    const limit = i64.MAX_VALUE / factor
    let isBeyond: u32 = 0
    for (let i: u32 = 0; i < count; i++) {
      const value = load<i64>(source + 8 * i)
      isBeyond |= <u32>(value > limit) | <u32>(value < -limit)
      store<i64>(target + 8 * i, value * factor)
    }
    return isBeyond == 0 ? 0 : -1
  }
  for (let i: u32 = 0; i < count; i++) {
    const value = load<i64>(source + 8 * i)
    let quotient = value / divisor
    if (value % divisor < 0) quotient--
    store<i64>(target + 8 * i, quotient)
  }
  return 0
}

/** 0: int32 to double; 1: int64 to double; 2: float to double; 3: half (float16) to float; 4: int32 to float. */
export function parquetToFloat(source: usize, kind: u32, count: u32, target: usize): void {
  if (kind == 0) {
    for (let i: u32 = 0; i < count; i++) store<f64>(target + 8 * i, <f64>load<i32>(source + 4 * i))
  } else if (kind == 1) {
    for (let i: u32 = 0; i < count; i++) store<f64>(target + 8 * i, <f64>load<i64>(source + 8 * i))
  } else if (kind == 2) {
    for (let i: u32 = 0; i < count; i++) store<f64>(target + 8 * i, <f64>load<f32>(source + 4 * i))
  } else if (kind == 4) {
    for (let i: u32 = 0; i < count; i++) store<f32>(target + 4 * i, <f32>load<i32>(source + 4 * i))
  } else {
    for (let i: u32 = 0; i < count; i++) {
      const half = <u32>load<u16>(source + 2 * i)
      const sign = (half & 0x8000) << 16
      const exponent = (half >> 10) & 31
      const fraction = half & 1023
      let result: f32
      if (exponent == 0) result = <f32>fraction * <f32>5.9604644775390625e-8
      else if (exponent == 31) result = reinterpret<f32>(0x7f800000 | (fraction << 13))
      else result = reinterpret<f32>(((exponent + 112) << 23) | (fraction << 13))
      store<u32>(target + 4 * i, reinterpret<u32>(result) | sign)
    }
  }
}

/** Days from the epoch whose microseconds fit 64 bits. */
const maxDays: i64 = 106751991

/**
 * INT96 (nanoseconds of the day, Julian day) to microseconds since the epoch.
 * @returns 0, or -1 if one does not fit 64 bits
 */
export function parquetInt96ToMicros(source: usize, count: u32, target: usize): i32 {
  let isBeyond: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const nanos = load<i64>(source + 12 * i)
    const days = <i64>load<i32>(source + 12 * i, 8) - 2440588
    let micros = nanos / 1000
    if (nanos % 1000 < 0) micros--
    const midnight = days * 86400000000
    const sum = midnight + micros
    // A sum whose sign is that of neither has passed the end.
    const hasWrapped = ((midnight ^ sum) & (micros ^ sum)) < 0
    isBeyond |= <u32>(days > maxDays) | <u32>(days < -maxDays) | <u32>hasWrapped
    store<i64>(target + 8 * i, sum)
  }
  return isBeyond == 0 ? 0 : -1
}

/** Big-endian two's complement of `width` bytes each to 16 bytes. @returns 0, or -1 if one needs more than 16 */
export function parquetFixedToInt128(source: usize, width: u32, count: u32, target: usize): i32 {
  let status: i32 = 0
  for (let i: u32 = 0; i < count; i++) status |= bigEndian(source + width * i, width, target + 16 * i)
  return status
}

/** The same for byte arrays of any length. */
export function parquetByteArraysToInt128(offsets: usize, bytes: usize, count: u32, target: usize): i32 {
  let status: i32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const start = load<u32>(offsets + 4 * i)
    status |= bigEndian(bytes + start, load<u32>(offsets + 4 * i, 4) - start, target + 16 * i)
  }
  return status
}

function bigEndian(source: usize, width: u32, target: usize): i32 {
  const fill: u8 = width > 0 && load<i8>(source) < 0 ? 255 : 0
  let skip: u32 = 0
  if (width > 16) {
    skip = width - 16
    for (let k: u32 = 0; k < skip; k++) if (load<u8>(source + k) != fill) return -1
    if ((load<u8>(source + skip) >> 7) != (fill & 1)) return -1
  }
  v128.store(target, i8x16.splat(fill))
  for (let k: u32 = skip; k < width; k++) store<u8>(target + (width - 1 - k), load<u8>(source + k))
  return 0
}

/** 16-byte integers to big-endian ones of `width` bytes. */
export function parquetInt128ToFixed(source: usize, width: u32, count: u32, target: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    for (let k: u32 = 0; k < width; k++) {
      store<u8>(target + width * i + k, load<u8>(source + 16 * i + (width - 1 - k)))
    }
  }
}

/** Offsets of `count` values of equal width. */
export function parquetFixedOffsets(width: u32, count: u32, target: usize): void {
  for (let i: u32 = 0; i <= count; i++) store<u32>(target + 4 * i, i * width)
}
