/** A bit for each of 64 bytes: whether it is the wanted one. */
// @ts-ignore: decorator
@inline
export function bits(a: v128, b: v128, c: v128, d: v128, wanted: v128): u64 {
  return (
    <u64>(<u32>i8x16.bitmask(i8x16.eq(a, wanted))) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(b, wanted))) << 16) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(c, wanted))) << 32) |
    (<u64>(<u32>i8x16.bitmask(i8x16.eq(d, wanted))) << 48)
  )
}

/** The same, quicker where there is none. */
// @ts-ignore: decorator
@inline
export function rareBits(a: v128, b: v128, c: v128, d: v128, wanted: v128): u64 {
  const low = v128.or(i8x16.eq(a, wanted), i8x16.eq(b, wanted))
  const high = v128.or(i8x16.eq(c, wanted), i8x16.eq(d, wanted))
  return v128.any_true(v128.or(low, high)) ? bits(a, b, c, d, wanted) : 0
}

/** Of each bit, whether it and those below it are odd in number: with quotes' bits, what is inside them. */
// @ts-ignore: decorator
@inline
export function prefixXor(x: u64): u64 {
  x ^= x << 1
  x ^= x << 2
  x ^= x << 4
  x ^= x << 8
  x ^= x << 16
  return x ^ (x << 32)
}
