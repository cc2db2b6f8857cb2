// Comparisons of whole columns of integers. An operand is an array, or one value for every row: 16 bytes of copies of it, and a
// step of 0 (of an array: 1). Rows of which the comparison does not hold lose their bit; what stands in bits behind the last row
// does not matter.

// @ts-ignore: decorator
@inline
function mask32(equal: bool, a: usize, b: usize): v128 {
  return equal ? i32x4.eq(v128.load(a), v128.load(b)) : i32x4.gt_s(v128.load(a), v128.load(b))
}

// @ts-ignore: decorator
@inline
function mask64(equal: bool, a: usize, b: usize): u32 {
  return i64x2.bitmask(equal ? i64x2.eq(v128.load(a), v128.load(b)) : i64x2.gt_s(v128.load(a), v128.load(b)))
}

// @ts-ignore: decorator
@inline
function keep32(equal: bool, flip: u32, a: usize, stepA: usize, b: usize, stepB: usize, count: u32, bits: usize): void {
  let row: u32 = 0
  const nextA = stepA << 4
  const nextB = stepB << 4
  for (; row + 16 <= count; row += 16, bits += 2) {
    const low = i16x8.narrow_i32x4_s(mask32(equal, a, b), mask32(equal, a + nextA, b + nextB))
    a += nextA << 1
    b += nextB << 1
    const high = i16x8.narrow_i32x4_s(mask32(equal, a, b), mask32(equal, a + nextA, b + nextB))
    a += nextA << 1
    b += nextB << 1
    const mask = <u32>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high)) ^ flip
    store<u16>(bits, <u16>(<u32>load<u16>(bits) & mask))
  }
  for (; row < count; row += 8, bits++) {
    const rows = min<u32>(count - row, 8)
    let mask: u32 = 0
    for (let i: u32 = 0; i < rows; i++, a += stepA << 2, b += stepB << 2)
      mask |= u32(equal ? load<i32>(a) == load<i32>(b) : load<i32>(a) > load<i32>(b)) << i
    store<u8>(bits, <u8>(<u32>load<u8>(bits) & (mask ^ flip)))
  }
}

// @ts-ignore: decorator
@inline
function keep64(equal: bool, flip: u32, a: usize, stepA: usize, b: usize, stepB: usize, count: u32, bits: usize): void {
  let row: u32 = 0
  const nextA = stepA << 4
  const nextB = stepB << 4
  for (; row + 8 <= count; row += 8, bits++) {
    let mask = mask64(equal, a, b)
    mask |= mask64(equal, a + nextA, b + nextB) << 2
    a += nextA << 1
    b += nextB << 1
    mask |= mask64(equal, a, b) << 4
    mask |= mask64(equal, a + nextA, b + nextB) << 6
    a += nextA << 1
    b += nextB << 1
    store<u8>(bits, <u8>(<u32>load<u8>(bits) & (mask ^ flip)))
  }
  const rows = count - row
  if (rows == 0) return
  let mask: u32 = 0
  for (let i: u32 = 0; i < rows; i++, a += stepA << 3, b += stepB << 3)
    mask |= u32(equal ? load<i64>(a) == load<i64>(b) : load<i64>(a) > load<i64>(b)) << i
  store<u8>(bits, <u8>(<u32>load<u8>(bits) & (mask ^ flip)))
}

/** Keeps the bits of rows where a = b (flip 0xffff: where it is not). */
export function keepEqual32(flip: u32, a: usize, stepA: usize, b: usize, stepB: usize, count: u32, bits: usize): void {
  keep32(true, flip, a, stepA, b, stepB, count, bits)
}

/** Keeps the bits of rows where a > b (flip 0xffff: where it is not). */
export function keepGreater32(flip: u32, a: usize, stepA: usize, b: usize, stepB: usize, count: u32, bits: usize): void {
  keep32(false, flip, a, stepA, b, stepB, count, bits)
}

/** Keeps the bits of rows where a = b (flip 0xffff: where it is not). */
export function keepEqual64(flip: u32, a: usize, stepA: usize, b: usize, stepB: usize, count: u32, bits: usize): void {
  keep64(true, flip, a, stepA, b, stepB, count, bits)
}

/** Keeps the bits of rows where a > b (flip 0xffff: where it is not). */
export function keepGreater64(flip: u32, a: usize, stepA: usize, b: usize, stepB: usize, count: u32, bits: usize): void {
  keep64(false, flip, a, stepA, b, stepB, count, bits)
}
