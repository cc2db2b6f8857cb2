/*
 * Snappy, raw format (github.com/google/snappy, format_description.txt). Both directions may write up to 16 bytes past
 * what they were asked for; arenas leave that room after every allocation.
 */

const maxHashBits: u32 = 14

// @ts-ignore: decorator
@inline
function loadTail(address: usize, bytes: u32): u32 {
  let value: u32 = 0
  for (let i: u32 = 0; i < bytes; i++) value |= (<u32>load<u8>(address + i)) << (8 * i)
  return value
}

/** The length that a compressed block says it has, or -1. */
export function parquetSnappyLength(source: usize, length: u32): i32 {
  let value: u32 = 0
  for (let i: u32 = 0; i < 5 && i < length; i++) {
    const byte = <u32>load<u8>(source + i)
    value |= (byte & 127) << (7 * i)
    if (byte < 128) return value <= 0x7fffffff ? <i32>value : -1
  }
  return -1
}

/** Kernel scratch, reserved by Heap; nothing in it outlives a call. */
const patterns: usize = 65536

/** For every offset below 16 the lanes that repeat so many bytes. */
function preparePatterns(): void {
  for (let offset: u32 = 1; offset < 16; offset++) {
    for (let i: u32 = 0; i < 16; i++) store<u8>(patterns + 16 * offset + i, <u8>(i % offset))
  }
}

/** Copies what stands `offset` bytes before, 16 or more. Writes up to 15 bytes past `stop`. */
function copyFar(op: usize, offset: u32, stop: usize): void {
  while (op < stop) {
    v128.store(op, v128.load(op - offset))
    op += 16
  }
}

/** Repeats the `offset` bytes before, less than 16, with which `vector` is filled. Writes up to 15 bytes past `stop`. */
function repeatNear(op: usize, offset: u32, stop: usize, vector: v128): void {
  const stride = 16 - (16 % offset)
  while (op < stop) {
    v128.store(op, vector)
    op += stride
  }
}

/** Where the output of `pairs` ends. */
const outputEnd: usize = patterns
/** For every tag of a copy: its size, the upper bits of its offset at their place, and a mask (from bit 16) for those that follow; or 0. */
const copies: usize = patterns + 256

/** Copies of up to 8 bytes: longer ones, and those with four bytes of offset, are no `pairs`. */
function prepareCopies(): void {
  for (let tag: u32 = 0; tag < 256; tag++) {
    const kind = tag & 3
    let entry: u32 = 0
    if (kind == 1 && ((tag >> 2) & 7) <= 4) entry = (((tag >> 2) & 7) + 4) | ((tag & 0xe0) << 3) | 0xff0000
    else if (kind == 2 && tag >> 2 < 8) entry = ((tag >> 2) + 1) | 0xffff0000
    store<u32>(copies + 4 * tag, entry)
  }
}

/** Of so many elements at the beginning, how many have to be `pairs` for a block to be read as such. */
const sampled: u32 = 64
const enoughPairs: u32 = 24

/** Where the element at `ip` ends, but not behind `end`; behind its tag at least, whatever length it claims. */
function elementEnd(ip: usize, end: usize): usize {
  const tag = <u32>load<u8>(ip)
  const kind = tag & 3
  let length: u32 = kind == 3 ? 5 : 1 + kind
  if (kind == 0) {
    const size = (tag >> 2) + 1
    length = size <= 60 ? 1 + size : size - 59 + loadTail(ip + 1, size - 60) + 1
  }
  return ip + min<u32>(max<u32>(length, 1), <u32>(end - ip))
}

/** Whether a block is of pairs, by its first elements. */
function isOfPairs(ip: usize, end: usize): bool {
  let found: u32 = 0
  for (let i: u32 = 0; i < sampled && ip < end; i++) {
    const isShort = (load<u8>(ip) & 0xf3) == 0
    ip = elementEnd(ip, end)
    if (isShort && load<u32>(copies + 4 * <u32>load<u8>(ip)) != 0) found++
  }
  return found >= enoughPairs
}

/**
 * Literals of up to four bytes with a copy behind each, which is what numbers become: both are read from one word, without a branch
 * that depends on what they are. Ends before the first that is not such a pair. Reads and writes up to 8 bytes more.
 * @param most pairs: each takes up to 8 bytes and gives up to 12
 * @param target 8 bytes of it were written at least
 * @returns where the input ends; where the output does is at `outputEnd`
 */
function pairs(ip: usize, op: usize, most: u32, target: usize): usize {
  let word = load<u64>(ip)
  for (; most > 0; most--) {
    // A literal (its tag ends with 00) of one byte more than what the two bits before say.
    if ((<u32>word & 0xf3) != 0) break
    const shift = (word & 0xc) << 1
    const literal = ((<u32>word >> 2) & 3) + 1
    const next = ip + 3 + literal + (<u32>((word >> 17) >> shift) & 1)
    const copy = <u32>(word >> (shift + 16))
    const entry = load<u32>(copies + ((copy & 0xff) << 2))
    const offset = ((copy >> 8) & (entry >> 16)) | (entry & 0x700)
    if (entry == 0 || offset - 8 > <u32>(op - target) + literal - 8) break
    store<u32>(op, <u32>(word >> 8))
    word = load<u64>(next)
    op += literal
    store<u64>(op, load<u64>(op - offset))
    op += entry & 15
    ip = next
  }
  store<usize>(outputEnd, op)
  return ip
}

/** Literals and copies. @returns where the output ends, or 0 if the input is corrupt */
function elements(ip: usize, end: usize, op: usize, target: usize, limit: usize): usize {
  while (ip < end) {
    const tag = <u32>load<u8>(ip++)
    const kind = tag & 3
    if (kind == 0) {
      let size = (tag >> 2) + 1
      if (size > 60) {
        const bytes = size - 60
        if (<u32>(end - ip) < bytes) return 0
        size = loadTail(ip, bytes) + 1
        ip += bytes
        if (size == 0) return 0
      }
      if (size > <u32>(end - ip) || size > <u32>(limit - op)) return 0
      if (size <= 16) v128.store(op, v128.load(ip))
      else memory.copy(op, ip, size)
      op += size
      ip += size
      continue
    }
    let size: u32, offset: u32
    if (kind != 3) {
      // Tags with one byte of offset (1) and with two (2) come in any order: no branch between them.
      const isTwo = kind >> 1
      if (<u32>(end - ip) <= isTwo) return 0
      const word = <u32>load<u16>(ip)
      ip += 1 + isTwo
      size = select<u32>((tag >> 2) + 1, ((tag >> 2) & 7) + 4, isTwo)
      offset = select<u32>(word, ((tag & 0xe0) << 3) | (word & 0xff), isTwo)
    } else {
      if (<u32>(end - ip) < 4) return 0
      size = (tag >> 2) + 1
      offset = load<u32>(ip)
      ip += 4
    }
    if (offset == 0 || offset > <u32>(op - target) || size > <u32>(limit - op)) return 0
    if (offset >= 16) {
      v128.store(op, v128.load(op - offset))
      if (size > 16) copyFar(op + 16, offset, op + size)
    } else {
      const vector = i8x16.swizzle(v128.load(op - offset), v128.load(patterns + 16 * offset))
      v128.store(op, vector)
      if (size > 16) repeatNear(op, offset, op + size, vector)
    }
    op += size
  }
  return op
}

/** @returns 0, or -1 if the input is corrupt or is not exactly `targetLength` bytes when uncompressed */
export function parquetSnappyUncompress(source: usize, length: u32, target: usize, targetLength: u32): i32 {
  if (parquetSnappyLength(source, length) != <i32>targetLength) return -1
  preparePatterns()
  prepareCopies()
  let ip = source
  const end = source + length
  while (load<u8>(ip) >= 128) ip++
  ip++
  const limit = target + targetLength
  if (!isOfPairs(ip, end)) return elements(ip, end, target, target, limit) == limit ? 0 : -1
  let op = target
  while (ip < end) {
    const next = elementEnd(ip, end)
    op = elements(ip, next, op, target, limit)
    if (op == 0) return -1
    ip = next
    const most = min<u32>(<u32>(end - ip) / 8, <u32>(limit - op) / 12)
    if (most > 1 && op - target >= 8) {
      ip = pairs(ip, op, most - 1, target)
      op = load<usize>(outputEnd)
    }
  }
  return op == limit ? 0 : -1
}

// @ts-ignore: decorator
@inline
function hash(word: u32, shift: u32): u32 {
  return (word * 0x1e35a7bd) >> shift
}

function emitLiteral(op: usize, from: usize, size: u32): usize {
  const n = size - 1
  if (n < 60) {
    store<u8>(op++, <u8>(n << 2))
    if (size <= 16) {
      v128.store(op, v128.load(from))
      return op + size
    }
  } else if (n < 256) {
    store<u8>(op, 60 << 2)
    store<u8>(op + 1, <u8>n)
    op += 2
  } else {
    store<u8>(op, 61 << 2)
    store<u16>(op + 1, <u16>n)
    op += 3
  }
  memory.copy(op, from, size)
  return op + size
}

function emitCopy(op: usize, offset: u32, size: u32): usize {
  while (size >= 68) {
    store<u8>(op, (63 << 2) | 2)
    store<u16>(op + 1, <u16>offset)
    op += 3
    size -= 64
  }
  if (size > 64) {
    store<u8>(op, (59 << 2) | 2)
    store<u16>(op + 1, <u16>offset)
    op += 3
    size -= 60
  }
  if (size < 12 && offset < 2048) {
    store<u8>(op, <u8>(((offset >> 8) << 5) | ((size - 4) << 2) | 1))
    store<u8>(op + 1, <u8>offset)
    return op + 2
  }
  store<u8>(op, <u8>(((size - 1) << 2) | 2))
  store<u16>(op + 1, <u16>offset)
  return op + 3
}

function compressBlock(source: usize, length: u32, op: usize, table: usize): usize {
  const end = source + length
  let emitted = source
  if (length >= 16) {
    let bits: u32 = 8
    while (bits < maxHashBits && (<u32>1 << bits) < length) bits++
    const shift = 32 - bits
    memory.fill(table, 0, <usize>2 << bits)
    const limit = end - 15
    let ip = source + 1
    let next = hash(load<u32>(ip), shift)
    let done = false
    while (!done) {
      let skip: u32 = 32
      let following = ip
      let candidate: usize = 0
      do {
        ip = following
        const slot = table + (<usize>next << 1)
        following = ip + (skip >> 5)
        skip += skip >> 5
        if (following > limit) {
          done = true
          break
        }
        next = hash(load<u32>(following), shift)
        candidate = source + <usize>load<u16>(slot)
        store<u16>(slot, <u16>(ip - source))
      } while (load<u32>(ip) != load<u32>(candidate))
      if (done) break
      op = emitLiteral(op, emitted, <u32>(ip - emitted))
      do {
        const offset = <u32>(ip - candidate)
        let matched = ip + 4
        let twin = candidate + 4
        while (matched + 8 <= end) {
          const difference = load<u64>(matched) ^ load<u64>(twin)
          if (difference != 0) {
            matched += <usize>(ctz(difference) >> 3)
            twin = 0
            break
          }
          matched += 8
          twin += 8
        }
        if (twin != 0) {
          while (matched < end && load<u8>(matched) == load<u8>(twin)) {
            matched++
            twin++
          }
        }
        op = emitCopy(op, offset, <u32>(matched - ip))
        ip = matched
        emitted = ip
        if (ip >= limit) {
          done = true
          break
        }
        store<u16>(table + (<usize>hash(load<u32>(ip - 1), shift) << 1), <u16>(ip - 1 - source))
        const slot = table + (<usize>hash(load<u32>(ip), shift) << 1)
        candidate = source + <usize>load<u16>(slot)
        store<u16>(slot, <u16>(ip - source))
      } while (load<u32>(ip) == load<u32>(candidate))
      if (done) break
      ip++
      next = hash(load<u32>(ip), shift)
    }
  }
  if (emitted < end) op = emitLiteral(op, emitted, <u32>(end - emitted))
  return op
}

/**
 * `target` has room for 32 + length + length / 6 bytes; `table` is 32 KiB of working memory.
 * @returns the compressed length
 */
export function parquetSnappyCompress(source: usize, length: u32, target: usize, table: usize): u32 {
  let op = target
  let rest = length
  while (rest >= 128) {
    store<u8>(op++, <u8>(rest | 128))
    rest >>= 7
  }
  store<u8>(op++, <u8>rest)
  for (let start: u32 = 0; start < length; start += 65536) {
    op = compressBlock(source + start, min<u32>(65536, length - start), op, table)
  }
  return <u32>(op - target)
}

// @ts-ignore: decorator
@inline
function slotOf(table: usize, value: u64): usize {
  return table + (<usize>((value * 0x9e3779b97f4a7c15) >> 51) << 1)
}

/** `skip` bytes of anything, and behind them 64-bit values, of which those of before are looked for: whole, or but for the lowest byte. */
function compressBlock64(source: usize, length: u32, skip: u32, op: usize, table: usize): usize {
  const base = source + skip
  const last = base + ((length - skip) & ~7)
  const others = table + 16384
  let emitted = source
  if (last > base) memory.fill(table, 0, 32768)
  // Empty slots lead to the first value, which stands before all that are looked up.
  let ip = base + 8
  while (ip < last) {
    const value = load<u64>(ip)
    const place = <u16>((ip - base) >> 3)
    const slot = slotOf(table, value)
    const same = base + (<usize>load<u16>(slot) << 3)
    store<u16>(slot, place)
    const otherSlot = slotOf(others, value >> 8)
    const near = base + (<usize>load<u16>(otherSlot) << 3)
    store<u16>(otherSlot, place)
    if (load<u64>(same) == value) {
      const start = ip
      let twin = same
      do {
        ip += 8
        twin += 8
      } while (ip < last && load<u64>(ip) == load<u64>(twin))
      if (start > emitted) op = emitLiteral(op, emitted, <u32>(start - emitted))
      op = emitCopy(op, <u32>(start - same), <u32>(ip - start))
      emitted = ip
      continue
    }
    let from = near
    let differing: u32 = 1
    if ((load<u64>(near) ^ value) >> 8 != 0) {
      from = ip - 8
      differing = 8 - (<u32>clz(load<u64>(from) ^ value) >> 3)
    }
    // A copy is of 4 bytes or more.
    if (differing <= 4) {
      const literal = <u32>(ip - emitted) + differing
      if (literal <= 16) {
        store<u8>(op, <u8>((literal - 1) << 2))
        v128.store(op + 1, v128.load(emitted))
        op += 1 + literal
      } else op = emitLiteral(op, emitted, literal)
      const offset = <u32>(ip - from)
      if (offset < 2048) {
        store<u16>(op, <u16>(((offset >> 8) << 5) | ((4 - differing) << 2) | 1 | ((offset & 255) << 8)))
        op += 2
      } else {
        store<u8>(op, <u8>(((7 - differing) << 2) | 2))
        store<u16>(op + 1, <u16>offset)
        op += 3
      }
      emitted = ip + 8
    }
    ip += 8
  }
  const end = source + length
  if (emitted < end) op = emitLiteral(op, emitted, <u32>(end - emitted))
  return op
}

/**
 * As `parquetSnappyCompress`, of 64-bit values behind `skip` bytes of anything: some times as fast for numbers, as only whole values
 * are looked at. It is right for any bytes.
 */
export function parquetSnappyCompress64(source: usize, length: u32, skip: u32, target: usize, table: usize): u32 {
  let op = target
  let rest = length
  while (rest >= 128) {
    store<u8>(op++, <u8>(rest | 128))
    rest >>= 7
  }
  store<u8>(op++, <u8>rest)
  const end = source + length
  let at = source
  let before = min<u32>(skip, length)
  while (at < end) {
    // Blocks end between two values.
    const full = before >= 65536 ? 65536 : before + ((65536 - before) & ~7)
    const size = min<u32>(full, <u32>(end - at))
    op = compressBlock64(at, size, min<u32>(before, size), op, table)
    before -= min<u32>(before, size)
    at += size
  }
  return <u32>(op - target)
}
