// @inline
export const BAD: u64 = 0xffffffffffffffff
/** Eight times `0`: a digit is its difference to it, by exclusive or. */
// @inline
export const ZEROS: u64 = 0x3030303030303030
/** Stands for no value where one has a sign. */
// @inline
export const NONE: i64 = i64.MIN_VALUE
/** Digits that surely fit an unsigned 64-bit integer. */
// @inline
export const SAFE_DIGITS: u32 = 18

/**
 * An unsigned integer of 1 to 8 digits, or BAD, without a branch a digit: nothing is put before it, then neighbours are
 * joined to numbers of two digits, those to numbers of four, and those to one. Reads up to 7 bytes past the end.
 */
// @ts-ignore: decorator
@inline
export function eightDigits(at: usize, length: u64): u64 {
  const missing = 64 - 8 * length
  const single = (load<u64>(at) ^ ZEROS) << missing
  return areDigits(single) ? joined(single) : BAD
}

/** Whether eight bytes, of which `ZEROS` was taken, are 0 to 9 each. */
// @ts-ignore: decorator
@inline
export function areDigits(single: u64): bool {
  return (((single + 0x7676767676767676) | single) & 0x8080808080808080) == 0
}

/** How many of eight bytes, of which `ZEROS` was taken, are 0 to 9 before the first that is not. */
// @ts-ignore: decorator
@inline
export function digitsIn(single: u64): u32 {
  const others = ((single + 0x7676767676767676) | single) & 0x8080808080808080
  return <u32>ctz(others) >> 3
}

/** The number that they are; the first byte is its highest digit. */
// @ts-ignore: decorator
@inline
export function joined(single: u64): u64 {
  const pairs = single * 10 + (single >> 8)
  const high = (pairs & 0x000000ff000000ff) * 0x000f424000000064
  const low = ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001
  return (high + low) >> 32
}

/** An unsigned integer of 1 to 16 digits, or BAD. */
// @ts-ignore: decorator
@inline
export function sixteenDigits(at: usize, length: u32): u64 {
  if (length - 1 < 8) return eightDigits(at, <u64>length)
  if (length - 1 >= 16) return BAD
  const high = eightDigits(at, <u64>(length - 8))
  const low = eightDigits(at + length - 8, 8)
  return high == BAD || low == BAD ? BAD : high * 100000000 + low
}

/** An unsigned integer of 1 to 18 digits, or BAD. */
// @ts-ignore: decorator
@inline
export function digits(at: usize, stop: usize): u64 {
  if (at >= stop || stop - at > SAFE_DIGITS) return BAD
  if (stop - at <= 16) return sixteenDigits(at, <u32>(stop - at))
  let value: u64 = 0
  while (at < stop) {
    const digit = <u32>load<u8>(at) - 48
    if (digit > 9) return BAD
    value = value * 10 + <u64>digit
    at++
  }
  return value
}
