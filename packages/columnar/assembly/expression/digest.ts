import { pack, room, at, size } from './text'

// MD5 (RFC 1321): for checksums that every database computes alike, not against forgery.

const sines = memory.data<u32>([
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
  0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
  0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
  0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
  0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
  0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
  0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
  0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
])
/** The last bytes of a text, a bit behind them, zeros, and how many bits it has: one block or two. */
const tail = memory.data(128)
/** The four words of the digest. */
const digest = memory.data(16)

// @ts-ignore: decorator
@inline
function step(sum: u32, a: u32, b: u32, block: usize, k: u32, i: u32, shift: u32): u32 {
  return b + rotl<u32>(a + sum + load<u32>(block + (<usize>k << 2)) + load<u32>(sines + (<usize>i << 2)), shift)
}

function addBlock(block: usize): void {
  let a = load<u32>(digest)
  let b = load<u32>(digest, 4)
  let c = load<u32>(digest, 8)
  let d = load<u32>(digest, 12)
  for (let i: u32 = 0; i < 16; i += 4) {
    a = step((b & c) | (~b & d), a, b, block, i, i, 7)
    d = step((a & b) | (~a & c), d, a, block, i + 1, i + 1, 12)
    c = step((d & a) | (~d & b), c, d, block, i + 2, i + 2, 17)
    b = step((c & d) | (~c & a), b, c, block, i + 3, i + 3, 22)
  }
  for (let i: u32 = 16; i < 32; i += 4) {
    a = step((b & d) | (c & ~d), a, b, block, (5 * i + 1) & 15, i, 5)
    d = step((a & c) | (b & ~c), d, a, block, (5 * i + 6) & 15, i + 1, 9)
    c = step((d & b) | (a & ~b), c, d, block, (5 * i + 11) & 15, i + 2, 14)
    b = step((c & a) | (d & ~a), b, c, block, (5 * i) & 15, i + 3, 20)
  }
  for (let i: u32 = 32; i < 48; i += 4) {
    a = step(b ^ c ^ d, a, b, block, (3 * i + 5) & 15, i, 4)
    d = step(a ^ b ^ c, d, a, block, (3 * i + 8) & 15, i + 1, 11)
    c = step(d ^ a ^ b, c, d, block, (3 * i + 11) & 15, i + 2, 16)
    b = step(c ^ d ^ a, b, c, block, (3 * i + 14) & 15, i + 3, 23)
  }
  for (let i: u32 = 48; i < 64; i += 4) {
    a = step(c ^ (b | ~d), a, b, block, (7 * i) & 15, i, 6)
    d = step(b ^ (a | ~c), d, a, block, (7 * i + 7) & 15, i + 1, 10)
    c = step(a ^ (d | ~b), c, d, block, (7 * i + 14) & 15, i + 2, 15)
    b = step(d ^ (c | ~a), b, c, block, (7 * i + 21) & 15, i + 3, 21)
  }
  store<u32>(digest, load<u32>(digest) + a)
  store<u32>(digest, load<u32>(digest, 4) + b, 4)
  store<u32>(digest, load<u32>(digest, 8) + c, 8)
  store<u32>(digest, load<u32>(digest, 12) + d, 12)
}

/** The digest of a text's bytes as 32 lower-case hexadecimal digits. */
export function exprTextMd5(text: i64, state: usize): i64 {
  const target = room(state, 32)
  if (target == 0) return 0
  store<u32>(digest, 0x67452301)
  store<u32>(digest, 0xefcdab89, 4)
  store<u32>(digest, 0x98badcfe, 8)
  store<u32>(digest, 0x10325476, 12)
  const bytes = <usize>size(text)
  const source = at(text)
  let position: usize = 0
  for (; position + 64 <= bytes; position += 64) addBlock(source + position)
  const left = bytes - position
  const length: usize = left < 56 ? 64 : 128
  memory.fill(tail, 0, 128)
  memory.copy(tail, source + position, left)
  store<u8>(tail + left, 0x80)
  store<u64>(tail + length - 8, <u64>bytes << 3)
  addBlock(tail)
  if (length == 128) addBlock(tail + 64)
  for (let i: usize = 0; i < 16; i++) {
    const byte = <u32>load<u8>(digest + i)
    store<u8>(target + (i << 1), hexDigit(byte >> 4))
    store<u8>(target + (i << 1) + 1, hexDigit(byte & 15))
  }
  return pack(target, 32)
}

function hexDigit(value: u32): u32 {
  return value + (value < 10 ? 48 : 87)
}
