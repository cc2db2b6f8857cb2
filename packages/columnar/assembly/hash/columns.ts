// One 32-bit hash a row, mixed column by column.

/** Hashes of no column yet. */
export function hashStart(rowCount: u32, hashes: usize): void {
  const end = hashes + (<usize>rowCount << 2)
  for (let at = hashes; at < end; at += 4) store<u32>(at, 0x2545f491)
}

// @ts-ignore: decorator
@inline function mixFour(hashes: v128, words: v128): v128 {
  let h = i32x4.mul(v128.xor(hashes, words), i32x4.splat(0x9e3779b1))
  h = v128.xor(h, i32x4.shr_u(h, 15))
  h = i32x4.mul(h, i32x4.splat(0x85ebca77))
  return v128.xor(h, i32x4.shr_u(h, 13))
}

/** Four rows at a time of a column of 4 or 8 bytes without nulls. @returns rows done */
function mixVectors(kind: i32, values: usize, rowCount: u32, hashes: usize): u32 {
  let row: u32 = 0
  for (; row + 4 <= rowCount; row += 4) {
    const at = hashes + (<usize>row << 2)
    let words: v128
    if (kind == 4) words = v128.load(values + (<usize>row << 2))
    else {
      const a = v128.load(values + (<usize>row << 3))
      const b = v128.load(values + (<usize>row << 3), 16)
      words = mixFour(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7))
    }
    v128.store(at, mixFour(v128.load(at), words))
  }
  return row
}

// @ts-ignore: decorator
@inline function mix(hash: u32, word: u32): u32 {
  let h = (hash ^ word) * 0x9e3779b1
  h ^= h >> 15
  h *= 0x85ebca77
  return h ^ (h >> 13)
}

/** Of float's or double's bits with one NaN and one zero. */
// @ts-ignore: decorator
@inline function mixFloat(value: f64): u32 {
  const bits = value != value ? <u64>0x7ff8000000000000 : reinterpret<u64>(value + 0.0)
  return mix(<u32>bits, <u32>(bits >> 32))
}

// @ts-ignore: decorator
@inline function wordOf(kind: i32, values: usize, row: u32): u32 {
  const at = <usize>row
  switch (kind) {
    case 0:
      return (<u32>load<u8>(values + (at >> 3)) >> (row & 7)) & 1
    case 1:
      return <u32>load<u8>(values + at)
    case 2:
      return <u32>(<i32>load<i16>(values + (at << 1)))
    case 4:
      return load<u32>(values + (at << 2))
    case 5:
      return mixFloat(<f64>load<f32>(values + (at << 2)))
    case 6:
      return mixFloat(load<f64>(values + (at << 3)))
    case 8:
      return mix(load<u32>(values + (at << 3)), load<u32>(values + (at << 3), 4))
    default: {
      const from = values + (at << 4)
      return mix(mix(load<u32>(from), load<u32>(from, 4)), mix(load<u32>(from, 8), load<u32>(from, 12)))
    }
  }
}

/** Mixes a column of a kind (0 bits, 1, 2, 4, 8, 16 bytes, 5 float, 6 double) into the hashes of its rows. */
export function hashMix(kind: i32, values: usize, validity: usize, rowCount: u32, hashes: usize): void {
  let row: u32 = validity == 0 && (kind == 4 || kind == 8) ? mixVectors(kind, values, rowCount, hashes) : 0
  for (; row < rowCount; row++) {
    const at = hashes + (<usize>row << 2)
    const present = validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) == 1
    store<u32>(at, mix(load<u32>(at), present ? wordOf(kind, values, row) : 0x5bd1e995))
  }
}

/** The same with a word of each entry of a dictionary. */
export function hashMixEntries(entries: usize, codes: usize, validity: usize, rowCount: u32, hashes: usize): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    const at = hashes + (<usize>row << 2)
    const present = validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) == 1
    const word = present ? load<u32>(entries + (<usize>load<u32>(codes + (<usize>row << 2)) << 2)) : 0x5bd1e995
    store<u32>(at, mix(load<u32>(at), word))
  }
}
