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
  for (let i: usize = 0; i < count; i++) all |= load<i32>(indexes + (i << 2))
  return all < 0 ? 1 : 0
}

/** Moves offsets so that they begin at `base`. @returns the last */
export function offsetsRebase(offsets: usize, count: u32, base: i32, target: usize): i32 {
  const by = base - load<i32>(offsets)
  for (let i: usize = 0; i <= count; i++) store<i32>(target + (i << 2), load<i32>(offsets + (i << 2)) + by)
  return load<i32>(target + (<usize>count << 2))
}
