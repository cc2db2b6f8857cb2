// XXH64 (Yann Collet's xxHash specification) of short inputs: texts, and integers as 4 or 8 bytes little endian.

const P1: u64 = 0x9e3779b185ebca87
const P2: u64 = 0xc2b2ae3d27d4eb4f
const P3: u64 = 0x165667b19e3779f9
const P4: u64 = 0x85ebca77c2b2ae63
const P5: u64 = 0x27d4eb2f165667c5

// @ts-ignore: decorator
@inline function round64(accumulator: u64, input: u64): u64 {
  return rotl<u64>(accumulator + input * P2, 31) * P1
}
// @ts-ignore: decorator
@inline function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round64(0, lane)) * P1 + P4
}
// @ts-ignore: decorator
@inline function finish(hash: u64): i64 {
  let h = (hash ^ (hash >> 33)) * P2
  h = (h ^ (h >> 29)) * P3
  return <i64>(h ^ (h >> 32))
}

export function exprHashLong(value: i64, seed: i64): i64 {
  const hash = (<u64>seed + P5 + 8) ^ round64(0, <u64>value)
  return finish(rotl<u64>(hash, 27) * P1 + P4)
}

export function exprHashInt(value: i32, seed: i64): i64 {
  const hash = (<u64>seed + P5 + 4) ^ (<u64>(<u32>value) * P1)
  return finish(rotl<u64>(hash, 23) * P2 + P3)
}

/** `text` is packed: pointer in the low word, length in the high one. */
export function exprHashText(text: i64, seed: i64): i64 {
  let p = <usize>(<u32>text)
  const length = <u64>(<u32>(text >> 32))
  const end = p + <usize>length
  let hash: u64
  if (length >= 32) {
    let a = <u64>seed + P1 + P2
    let b = <u64>seed + P2
    let c = <u64>seed
    let d = <u64>seed - P1
    for (; p + 32 <= end; p += 32) {
      a = round64(a, load<u64>(p))
      b = round64(b, load<u64>(p, 8))
      c = round64(c, load<u64>(p, 16))
      d = round64(d, load<u64>(p, 24))
    }
    hash = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18)
    hash = merge(merge(merge(merge(hash, a), b), c), d)
  } else {
    hash = <u64>seed + P5
  }
  hash += length
  for (; p + 8 <= end; p += 8) hash = rotl<u64>(hash ^ round64(0, load<u64>(p)), 27) * P1 + P4
  if (p + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(p) * P1), 23) * P2 + P3
    p += 4
  }
  for (; p < end; p++) hash = rotl<u64>(hash ^ (<u64>load<u8>(p) * P5), 11) * P1
  return finish(hash)
}
