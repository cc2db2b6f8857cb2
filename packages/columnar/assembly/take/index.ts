export { compress32, compress64, compressBits } from './compress'
// Rows by number: int32 indexes, -1 for a row that is not there (it takes row 0's bits, or no text; its validity is cleared elsewhere).

// @ts-ignore: decorator
@inline function rowAt(indexes: usize, i: usize): usize {
  const row = load<i32>(indexes + (i << 2))
  return row < 0 ? 0 : <usize>row
}

export function take8(source: usize, indexes: usize, count: usize, target: usize): void {
  for (let i: usize = 0; i < count; i++) store<u8>(target + i, load<u8>(source + rowAt(indexes, i)))
}
export function take16(source: usize, indexes: usize, count: usize, target: usize): void {
  for (let i: usize = 0; i < count; i++) store<u16>(target + (i << 1), load<u16>(source + (rowAt(indexes, i) << 1)))
}
export function take32(source: usize, indexes: usize, count: usize, target: usize): void {
  for (let i: usize = 0; i < count; i++) store<u32>(target + (i << 2), load<u32>(source + (rowAt(indexes, i) << 2)))
}
export function take64(source: usize, indexes: usize, count: usize, target: usize): void {
  for (let i: usize = 0; i < count; i++) store<u64>(target + (i << 3), load<u64>(source + (rowAt(indexes, i) << 3)))
}
export function take128(source: usize, indexes: usize, count: usize, target: usize): void {
  for (let i: usize = 0; i < count; i++) {
    v128.store(target + (i << 4), v128.load(source + (rowAt(indexes, i) << 4)))
  }
}

/** Bits by row number at the same place of `target`, of which whole bytes are written. @returns how many are set */
export function takeBits(source: usize, indexes: usize, count: usize, target: usize): i32 {
  let set = 0
  for (let i: usize = 0; i < count; i += 8) {
    const rows = count - i < 8 ? count - i : 8
    let byte: u32 = 0
    for (let bit: usize = 0; bit < rows; bit++) {
      const row = load<i32>(indexes + ((i + bit) << 2))
      if (row < 0) continue
      byte |= ((<u32>load<u8>(source + <usize>(row >> 3)) >> <u32>(row & 7)) & 1) << <u32>bit
    }
    store<u8>(target + (i >> 3), <u8>byte)
    set += <i32>popcnt<u32>(byte)
  }
  return set
}

/** The validity of rows of a column without nulls: set but for -1. @returns how many were set */
export function takePresence(indexes: usize, count: usize, target: usize): i32 {
  let set = 0
  for (let i: usize = 0; i < count; i++) {
    if (load<i32>(indexes + (i << 2)) < 0) continue
    const at = target + (i >> 3)
    store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << <u32>(i & 7))))
    set++
  }
  return set
}

/** Offsets of the texts taken, from 0. @returns their bytes together */
export function takeTextOffsets(offsets: usize, indexes: usize, count: usize, target: usize): i32 {
  let total: i32 = 0
  for (let i: usize = 0; i < count; i++) {
    store<i32>(target + (i << 2), total)
    const row = load<i32>(indexes + (i << 2))
    if (row < 0) continue
    const at = offsets + (<usize>row << 2)
    total += load<i32>(at, 4) - load<i32>(at)
  }
  store<i32>(target + (count << 2), total)
  return total
}

/** The bytes of the texts taken. Eight bytes at a time: up to seven bytes beyond a text are written, and then overwritten. */
export function takeTextBytes(offsets: usize, values: usize, indexes: usize, count: usize, target: usize): void {
  let to = target
  for (let i: usize = 0; i < count; i++) {
    const row = load<i32>(indexes + (i << 2))
    if (row < 0) continue
    const at = offsets + (<usize>row << 2)
    const length = <usize>(load<i32>(at, 4) - load<i32>(at))
    const from = values + <usize>load<i32>(at)
    if (length > 64) memory.copy(to, from, length)
    else for (let k: usize = 0; k < length; k += 8) store<u64>(to + k, load<u64>(from + k))
    to += length
  }
}
