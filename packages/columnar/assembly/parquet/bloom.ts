/* Split block Bloom filters (parquet-format, BloomFilter.md) and the hash that they need, XXH64 with seed 0. */

const P1: u64 = 0x9e3779b185ebca87
const P2: u64 = 0xc2b2ae3d27d4eb4f
const P3: u64 = 0x165667b19e3779f9
const P4: u64 = 0x85ebca77c2b2ae63
const P5: u64 = 0x27d4eb2f165667c5

// @ts-ignore: decorator
@inline
function round(accumulator: u64, lane: u64): u64 {
  return rotl<u64>(accumulator + lane * P2, 31) * P1
}

// @ts-ignore: decorator
@inline
function merge(hash: u64, accumulator: u64): u64 {
  return (hash ^ round(0, accumulator)) * P1 + P4
}

function xxh64(address: usize, length: u32): u64 {
  let ip = address
  const end = address + length
  let h: u64
  if (length >= 32) {
    let a: u64 = P1 + P2
    let b: u64 = P2
    let c: u64 = 0
    let d: u64 = 0 - P1
    for (; ip + 32 <= end; ip += 32) {
      a = round(a, load<u64>(ip))
      b = round(b, load<u64>(ip, 8))
      c = round(c, load<u64>(ip, 16))
      d = round(d, load<u64>(ip, 24))
    }
    h = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18)
    h = merge(merge(merge(merge(h, a), b), c), d)
  } else h = P5
  h += length
  for (; ip + 8 <= end; ip += 8) h = rotl<u64>(h ^ round(0, load<u64>(ip)), 27) * P1 + P4
  if (ip + 4 <= end) {
    h = rotl<u64>(h ^ (<u64>load<u32>(ip) * P1), 23) * P2 + P3
    ip += 4
  }
  for (; ip < end; ip++) h = rotl<u64>(h ^ (<u64>load<u8>(ip) * P5), 11) * P1
  h = (h ^ (h >> 33)) * P2
  h = (h ^ (h >> 29)) * P3
  return h ^ (h >> 32)
}

/** Hashes of `count` PLAIN values of `width` bytes; width 0: byte arrays behind their lengths. */
export function parquetHashPlain(plain: usize, width: u32, count: u32, target: usize): void {
  let ip = plain
  for (let i: u32 = 0; i < count; i++) {
    let size = width
    if (width == 0) {
      size = load<u32>(ip)
      ip += 4
    }
    store<u64>(target + 8 * i, xxh64(ip, size))
    ip += size
  }
}

// @ts-ignore: decorator
@inline
function blockOf(hash: u64, blocks: u32): u32 {
  return <u32>(((hash >> 32) * <u64>blocks) >> 32)
}

/** The bit of word `i` of a block that a hash sets: its salted low half's top five bits. */
// @ts-ignore: decorator
@inline
function bitOf(low: u32, i: u32): u32 {
  let salt: u32
  switch (i) {
    case 0:
      salt = 0x47b6137b
      break
    case 1:
      salt = 0x44974d91
      break
    case 2:
      salt = 0x8824ad5b
      break
    case 3:
      salt = 0xa2b7289d
      break
    case 4:
      salt = 0x705495c7
      break
    case 5:
      salt = 0x2df1424b
      break
    case 6:
      salt = 0x9efc4947
      break
    default:
      salt = 0x5c6bfb31
  }
  return <u32>1 << ((low * salt) >> 27)
}

/** Inserts hashes into a filter of `blocks` blocks of 32 bytes. */
export function parquetBloomInsert(filter: usize, blocks: u32, hashes: usize, count: u32): void {
  for (let k: u32 = 0; k < count; k++) {
    const hash = load<u64>(hashes + 8 * k)
    const block = filter + 32 * blockOf(hash, blocks)
    for (let i: u32 = 0; i < 8; i++) {
      store<u32>(block + 4 * i, load<u32>(block + 4 * i) | bitOf(<u32>hash, i))
    }
  }
}

/** @returns 1 if any of the hashes may be in the filter */
export function parquetBloomMayHold(filter: usize, blocks: u32, hashes: usize, count: u32): u32 {
  for (let k: u32 = 0; k < count; k++) {
    const hash = load<u64>(hashes + 8 * k)
    const block = filter + 32 * blockOf(hash, blocks)
    let i: u32 = 0
    while (i < 8 && (load<u32>(block + 4 * i) & bitOf(<u32>hash, i)) != 0) i++
    if (i == 8) return 1
  }
  return 0
}

/** Bits that would be set if neighbouring blocks were one: what half the size costs. */
export function parquetBloomFoldedBits(filter: usize, blocks: u32): u32 {
  let bits: u32 = 0
  for (let b: u32 = 0; b < blocks; b += 2) {
    const pair = filter + 32 * b
    for (let i: usize = 0; i < 32; i += 8) bits += <u32>popcnt(load<u64>(pair + i) | load<u64>(pair + i, 32))
  }
  return bits
}

/** Makes neighbouring blocks one. Which block a hash falls into halves with their number, so nothing is lost. */
export function parquetBloomFold(filter: usize, blocks: u32): void {
  for (let b: u32 = 0; b < blocks; b += 2) {
    const pair = filter + 32 * b
    const target = filter + 16 * b
    for (let i: usize = 0; i < 32; i += 16) {
      v128.store(target + i, v128.or(v128.load(pair + i), v128.load(pair + i, 32)))
    }
  }
}
