// Bitmaps, least significant bit first.

/** Appends `count` bits (source 0: ones) behind the first `position` bits of a zeroed bitmap. */
export function bitsAppend(source: usize, count: u32, target: usize, position: u32): void {
  let row: u32 = 0
  const shift = position & 7
  let to = target + <usize>(position >> 3)
  for (; row < count; row += 8, to++) {
    const left = count - row
    let bits: u32 = source == 0 ? 255 : <u32>load<u8>(source + <usize>(row >> 3))
    if (left < 8) bits &= (1 << left) - 1
    bits <<= shift
    store<u8>(to, <u8>(<u32>load<u8>(to) | (bits & 255)))
    if (bits > 255) store<u8>(to + 1, <u8>(bits >> 8))
  }
}

/** Row numbers of bits that are set in both bitmaps (validity 0: all). @returns how many; up to 7 more are written */
export function bitsSelect(bits: usize, validity: usize, count: u32, target: usize): u32 {
  let to: usize = 0
  for (let start: u32 = 0; start < count; start += 8) {
    let byte = <u32>load<u8>(bits + <usize>(start >> 3))
    if (validity != 0) byte &= <u32>load<u8>(validity + <usize>(start >> 3))
    if (count - start < 8) byte &= (1 << (count - start)) - 1
    if (byte == 255) {
      for (let bit: u32 = 0; bit < 8; bit++, to += 4) store<u32>(target + to, start + bit)
      continue
    }
    for (; byte != 0; byte &= byte - 1, to += 4) store<u32>(target + to, start + <u32>ctz(byte))
  }
  return <u32>(to >> 2)
}

/** Whether a row number is -1. */
export function bitsAnyAbsent(indexes: usize, count: u32): i32 {
  let all = 0
  let i: usize = 0
  let four = i32x4.splat(0)
  for (; i + 4 <= <usize>count; i += 4) four = v128.or(four, v128.load(indexes + (i << 2)))
  for (; i < <usize>count; i++) all |= load<i32>(indexes + (i << 2))
  return all < 0 || i32x4.bitmask(four) != 0 ? 1 : 0
}

/** Rows of which the bits are set in all of up to four bitmaps (0: none). */
export function bitsCount(a: usize, b: usize, c: usize, d: usize, count: u32): u32 {
  let total: u64 = 0
  let at: usize = 0
  const whole = <usize>(count >> 6) << 3
  for (; at < whole; at += 8) {
    let word: u64 = a == 0 ? u64.MAX_VALUE : load<u64>(a + at)
    if (b != 0) word &= load<u64>(b + at)
    if (c != 0) word &= load<u64>(c + at)
    if (d != 0) word &= load<u64>(d + at)
    total += popcnt<u64>(word)
  }
  for (let row = <u32>(at << 3); row < count; row += 8, at++) {
    let byte: u32 = a == 0 ? 255 : <u32>load<u8>(a + at)
    if (b != 0) byte &= <u32>load<u8>(b + at)
    if (c != 0) byte &= <u32>load<u8>(c + at)
    if (d != 0) byte &= <u32>load<u8>(d + at)
    if (count - row < 8) byte &= (1 << (count - row)) - 1
    total += popcnt<u32>(byte)
  }
  return <u32>total
}

/** `a` and `b` (operation 0), `a` or `b` (1), `a` and not `b` (2), bit by bit. */
export function bitsCombine(operation: i32, a: usize, b: usize, bytes: usize, target: usize): void {
  let at: usize = 0
  for (; at + 8 <= bytes; at += 8) {
    const x = load<u64>(a + at)
    const y = load<u64>(b + at)
    store<u64>(target + at, operation == 0 ? x & y : operation == 1 ? x | y : x & ~y)
  }
  for (; at < bytes; at++) {
    const x = <u32>load<u8>(a + at)
    const y = <u32>load<u8>(b + at)
    store<u8>(target + at, <u8>(operation == 0 ? x & y : operation == 1 ? x | y : x & ~y))
  }
}

/** Bits by code; rows that are null (validity 0: none is) get the bit `missing`. Whole bytes of the target are written. */
export function bitsOfCodes(
  source: usize,
  codes: usize,
  validity: usize,
  missing: u32,
  count: u32,
  target: usize,
): void {
  for (let row: u32 = 0; row < count; row += 8) {
    const rows: u32 = count - row < 8 ? count - row : 8
    let byte: u32 = 0
    for (let bit: u32 = 0; bit < rows; bit++) {
      const code = load<u32>(codes + (<usize>(row + bit) << 2))
      byte |= ((<u32>load<u8>(source + <usize>(code >> 3)) >> (code & 7)) & 1) << bit
    }
    if (validity != 0) {
      const valid = <u32>load<u8>(validity + <usize>(row >> 3))
      byte = (byte & valid) | (missing == 0 ? 0 : ~valid & 255)
    }
    store<u8>(target + <usize>(row >> 3), <u8>byte)
  }
}

/** Moves offsets so that they begin at `base`. @returns the last */
export function offsetsRebase(offsets: usize, count: u32, base: i32, target: usize): i32 {
  const by = base - load<i32>(offsets)
  for (let i: usize = 0; i <= count; i++) store<i32>(target + (i << 2), load<i32>(offsets + (i << 2)) + by)
  return load<i32>(target + (<usize>count << 2))
}
