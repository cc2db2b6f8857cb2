/*
 * The values of rows whose bit is set, one behind the other: a shuffle for each pattern of four (two) bits. `bits` has the bits of
 * `count` rows; up to 12 (8) bytes are written behind the last value.
 */

/** Bytes of the words that a pattern keeps, for `swizzle`; what is behind them does not matter. */
const fourWords: usize = memory.data(256, 16)
const twoWords: usize = memory.data(64, 16)
let isReady = false

function makeReady(): void {
  for (let pattern = 0; pattern < 16; pattern++) shuffleOf(fourWords + (<usize>pattern << 4), pattern, 4, 4)
  for (let pattern = 0; pattern < 4; pattern++) shuffleOf(twoWords + (<usize>pattern << 4), pattern, 2, 8)
  isReady = true
}

function shuffleOf(target: usize, pattern: i32, words: i32, bytes: i32): void {
  let to = target
  for (let word = 0; word < words; word++) {
    if (((pattern >> word) & 1) == 0) continue
    for (let byte = 0; byte < bytes; byte++, to++) store<u8>(to, <u8>(word * bytes + byte))
  }
}

export function compress32(source: usize, bits: usize, count: usize, target: usize): void {
  if (!isReady) makeReady()
  let to = target
  const whole = count & ~7
  for (let row: usize = 0; row < whole; row += 8) {
    const byte = <u32>load<u8>(bits + (row >> 3))
    const from = source + (row << 2)
    const low = byte & 15
    v128.store(to, v128.swizzle(v128.load(from), v128.load(fourWords + <usize>(low << 4))))
    to += <usize>popcnt<u32>(low) << 2
    const high = byte >> 4
    v128.store(to, v128.swizzle(v128.load(from, 16), v128.load(fourWords + <usize>(high << 4))))
    to += <usize>popcnt<u32>(high) << 2
  }
  for (let row = whole; row < count; row++) {
    if (((<u32>load<u8>(bits + (row >> 3)) >> <u32>(row & 7)) & 1) == 0) continue
    store<u32>(to, load<u32>(source + (row << 2)))
    to += 4
  }
}

export function compress64(source: usize, bits: usize, count: usize, target: usize): void {
  if (!isReady) makeReady()
  let to = target
  const whole = count & ~7
  for (let row: usize = 0; row < whole; row += 8) {
    let byte = <u32>load<u8>(bits + (row >> 3))
    let from = source + (row << 3)
    for (let pair = 0; pair < 4; pair++, byte >>= 2, from += 16) {
      const pattern = byte & 3
      v128.store(to, v128.swizzle(v128.load(from), v128.load(twoWords + <usize>(pattern << 4))))
      to += <usize>popcnt<u32>(pattern) << 3
    }
  }
  for (let row = whole; row < count; row++) {
    if (((<u32>load<u8>(bits + (row >> 3)) >> <u32>(row & 7)) & 1) == 0) continue
    store<u64>(to, load<u64>(source + (row << 3)))
    to += 8
  }
}

/** The same of bits; whole bytes of `target` are written. @returns how many are set */
export function compressBits(source: usize, bits: usize, count: usize, target: usize): i32 {
  let set = 0
  let held: u32 = 0
  let many: u32 = 0
  let to = target
  for (let row: usize = 0; row < count; row += 8) {
    let byte = <u32>load<u8>(bits + (row >> 3))
    if (count - row < 8) byte &= (1 << <u32>(count - row)) - 1
    const from = <u32>load<u8>(source + (row >> 3))
    if (byte == 255) {
      held |= from << many
      many += 8
    } else {
      for (; byte != 0; byte &= byte - 1, many++) held |= ((from >> <u32>ctz(byte)) & 1) << many
    }
    if (many < 8) continue
    store<u8>(to++, <u8>held)
    set += <i32>popcnt<u32>(held & 255)
    held >>= 8
    many -= 8
  }
  if (many > 0) {
    store<u8>(to, <u8>held)
    set += <i32>popcnt<u32>(held)
  }
  return set
}
