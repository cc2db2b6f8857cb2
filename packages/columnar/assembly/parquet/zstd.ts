/*
 * Zstandard decompression (RFC 8878), without dictionaries and without verifying checksums. Working memory:
 *
 *   0       4096      6144      8192    9216     9472     10496     11008       12288
 *   | Huffman | literal | match   | offset | weight | counts | weights | next … ... | literals (128 KiB + slack)
 *   |  2^11   | lengths | lengths |        |  FSE   |        |         | states     |
 *
 * FSE entries are 4 bytes: symbol u8, bits u8, base u16. Huffman entries are 2 bytes: symbol, bits.
 */

const literalTable: usize = 4096
const matchTable: usize = 6144
const offsetTable: usize = 8192
const weightTable: usize = 9216
const countsAt: usize = 9472
const weightsAt: usize = 10496
const nextAt: usize = 11008
const literalsAt: usize = 12288
const maxBlock: u32 = 131072

const literalDefaults: usize = memory.data<i8>([
  4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
])
const matchDefaults: usize = memory.data<i8>([
  1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
])
const offsetDefaults: usize = memory.data<i8>([
  1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
])
const literalBits: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
])
const literalBase: usize = memory.data<u32>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048,
  4096, 8192, 16384, 32768, 65536,
])
const matchBits: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4,
  4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
])
const matchBase: usize = memory.data<u32>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
  37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
])

/* State of one call. */
let tables: usize = 0
let bitStart: usize = 0
let bitPosition: i32 = 0
let fseAccuracy: u32 = 0
let huffmanBits: u32 = 0
let literalAccuracy: i32 = -1
let matchAccuracy: i32 = -1
let offsetAccuracy: i32 = -1
let literalCount: u32 = 0
let repeat1: u32 = 1
let repeat2: u32 = 4
let repeat3: u32 = 8

// @ts-ignore: decorator
@inline
function highBit(value: u32): u32 {
  return 31 - clz(value)
}

/** Bit streams are read from their end; the highest set bit of the last byte marks it. */
function openBits(start: usize, length: u32): bool {
  if (length == 0) return false
  const last = <u32>load<u8>(start + length - 1)
  if (last == 0) return false
  bitStart = start
  bitPosition = <i32>((length - 1) * 8 + highBit(last))
  return true
}

/** Past the stream's beginning there are zeros. */
// @ts-ignore: decorator
@inline
function bitsAt(position: i32, count: u32): u32 {
  if (position >= 0) {
    return <u32>((load<u64>(bitStart + (position >> 3)) >> (position & 7)) & (((<u64>1) << count) - 1))
  }
  const left = position + <i32>count
  if (left <= 0) return 0
  return <u32>((load<u64>(bitStart) & (((<u64>1) << left) - 1)) << -position)
}

// @ts-ignore: decorator
@inline
function readBits(count: u32): u32 {
  bitPosition -= <i32>count
  return bitsAt(bitPosition, count)
}

/** Reads a table's probabilities and builds it. @returns bytes used, or -1; `fseAccuracy` is set */
function readFse(source: usize, length: u32, maxAccuracy: u32, maxSymbol: u32, table: usize): i32 {
  const counts = tables + countsAt
  const limit = length * 8
  if (length == 0) return -1
  const accuracy = (<u32>load<u8>(source) & 15) + 5
  if (accuracy > maxAccuracy) return -1
  let bit: u32 = 4
  let remaining: i32 = (1 << accuracy) + 1
  let threshold: i32 = 1 << accuracy
  let width: u32 = accuracy + 1
  let symbol: u32 = 0
  while (remaining > 1) {
    if (symbol > maxSymbol || bit > limit) return -1
    const word = <i32>((load<u32>(source + (bit >> 3)) >> (bit & 7)) & ((1 << width) - 1))
    const most = 2 * threshold - 1 - remaining
    let count: i32
    if ((word & (threshold - 1)) < most) {
      count = word & (threshold - 1)
      bit += width - 1
    } else {
      count = word
      if (count >= threshold) count -= most
      bit += width
    }
    count--
    remaining -= count < 0 ? -count : count
    store<i16>(counts + 2 * symbol++, <i16>count)
    if (count == 0) {
      let zeros: u32
      do {
        if (bit > limit) return -1
        zeros = (load<u32>(source + (bit >> 3)) >> (bit & 7)) & 3
        bit += 2
        if (symbol + zeros > maxSymbol + 1) return -1
        for (let i: u32 = 0; i < zeros; i++) store<i16>(counts + 2 * symbol++, 0)
      } while (zeros == 3)
    }
    while (remaining < threshold && threshold > 1) {
      width--
      threshold >>= 1
    }
  }
  if (remaining != 1 || bit > limit) return -1
  if (!buildFse(symbol, accuracy, table)) return -1
  return <i32>((bit + 7) >> 3)
}

/** Builds a table from `symbols` probabilities at `countsAt`. */
function buildFse(symbols: u32, accuracy: u32, table: usize): bool {
  const counts = tables + countsAt
  const next = tables + nextAt
  const size: u32 = 1 << accuracy
  const mask = size - 1
  let high: i32 = <i32>size - 1
  for (let s: u32 = 0; s < symbols; s++) {
    const count = load<i16>(counts + 2 * s)
    if (count == -1) {
      if (high < 0) return false
      store<u8>(table + 4 * high, <u8>s)
      high--
      store<u16>(next + 2 * s, 1)
    } else store<u16>(next + 2 * s, <u16>count)
  }
  const step = (size >> 1) + (size >> 3) + 3
  let position: u32 = 0
  for (let s: u32 = 0; s < symbols; s++) {
    const count = <i32>load<i16>(counts + 2 * s)
    for (let i = 0; i < count; i++) {
      store<u8>(table + 4 * position, <u8>s)
      do {
        position = (position + step) & mask
      } while (<i32>position > high && high >= 0)
    }
  }
  if (position != 0) return false
  for (let u: u32 = 0; u < size; u++) {
    const s = <u32>load<u8>(table + 4 * u)
    const state = <u32>load<u16>(next + 2 * s)
    store<u16>(next + 2 * s, <u16>(state + 1))
    const bits = accuracy - highBit(state)
    store<u8>(table + 4 * u, <u8>bits, 1)
    store<u16>(table + 4 * u, <u16>((state << bits) - size), 2)
  }
  fseAccuracy = accuracy
  return true
}

/** Reads a Huffman tree. @returns bytes used, or -1 */
function readHuffman(source: usize, length: u32): i32 {
  if (length == 0) return -1
  const weights = tables + weightsAt
  const header = <u32>load<u8>(source)
  let count: u32 = 0
  let used: u32
  if (header >= 128) {
    count = header - 127
    used = 1 + ((count + 1) >> 1)
    if (used > length) return -1
    for (let i: u32 = 0; i < count; i++) {
      const byte = load<u8>(source + 1 + (i >> 1))
      store<u8>(weights + i, i & 1 ? byte & 15 : byte >> 4)
    }
  } else {
    used = 1 + header
    if (used > length) return -1
    const table = tables + weightTable
    const taken = readFse(source + 1, header, 6, 255, table)
    if (taken < 0 || !openBits(source + 1 + taken, header - taken)) return -1
    let first = readBits(fseAccuracy)
    let second = readBits(fseAccuracy)
    while (true) {
      if (count > 253) return -1
      store<u8>(weights + count++, load<u8>(table + 4 * first))
      let bits = <u32>load<u8>(table + 4 * first, 1)
      if (bitPosition < <i32>bits) {
        store<u8>(weights + count++, load<u8>(table + 4 * second))
        break
      }
      first = <u32>load<u16>(table + 4 * first, 2) + readBits(bits)
      store<u8>(weights + count++, load<u8>(table + 4 * second))
      bits = <u32>load<u8>(table + 4 * second, 1)
      if (bitPosition < <i32>bits) {
        store<u8>(weights + count++, load<u8>(table + 4 * first))
        break
      }
      second = <u32>load<u16>(table + 4 * second, 2) + readBits(bits)
    }
  }
  let sum: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const weight = <u32>load<u8>(weights + i)
    if (weight > 12) return -1
    if (weight > 0) sum += <u32>1 << (weight - 1)
  }
  if (sum == 0 || count > 255) return -1
  const bits = highBit(sum) + 1
  const rest = (<u32>1 << bits) - sum
  if (bits > 11 || (rest & (rest - 1)) != 0) return -1
  // The last weight is not written: it fills the code space up.
  store<u8>(weights + count++, <u8>(highBit(rest) + 1))
  let at: u32 = 0
  for (let weight: u32 = 1; weight <= bits; weight++) {
    for (let s: u32 = 0; s < count; s++) {
      if (<u32>load<u8>(weights + s) != weight) continue
      const entry = <u16>(s | ((bits + 1 - weight) << 8))
      const end = at + (<u32>1 << (weight - 1))
      if (end > <u32>1 << bits) return -1
      for (; at < end; at++) store<u16>(tables + 2 * at, entry)
    }
  }
  if (at != <u32>1 << bits) return -1
  huffmanBits = bits
  return <i32>used
}

/** Decodes one Huffman stream into exactly `count` literals. */
function readStream(source: usize, length: u32, count: u32, target: usize): bool {
  if (!openBits(source, length)) return false
  const width = huffmanBits
  let position = bitPosition
  for (let i: u32 = 0; i < count; i++) {
    const entry = <u32>load<u16>(tables + 2 * bitsAt(position - <i32>width, width))
    store<u8>(target + i, <u8>entry)
    position -= <i32>(entry >> 8)
  }
  return position == 0
}

/** Reads the literals section into the literals buffer. @returns bytes used, or -1 */
function readLiterals(source: usize, length: u32): i32 {
  if (length == 0) return -1
  const literals = tables + literalsAt
  const word = load<u64>(source)
  const kind = <u32>word & 3
  const format = (<u32>word >> 2) & 3
  if (kind < 2) {
    const header: u32 = format == 1 ? 2 : format == 3 ? 3 : 1
    if (header > length) return -1
    const size: u32 =
      format == 1 ? (<u32>word >> 4) & 0xfff : format == 3 ? (<u32>word >> 4) & 0xfffff : (<u32>word >> 3) & 31
    if (size > maxBlock) return -1
    literalCount = size
    if (kind == 0) {
      if (size > length - header) return -1
      memory.copy(literals, source + header, size)
      return <i32>(header + size)
    }
    if (header + 1 > length) return -1
    memory.fill(literals, load<u8>(source + header), size)
    return <i32>(header + 1)
  }
  const width: u32 = format < 2 ? 10 : format == 2 ? 14 : 18
  const header: u32 = format < 2 ? 3 : format == 2 ? 4 : 5
  if (header > length) return -1
  const mask: u64 = ((<u64>1) << width) - 1
  const size = <u32>((word >> 4) & mask)
  const compressed = <u32>((word >> (4 + width)) & mask)
  if (size > maxBlock || compressed > length - header) return -1
  literalCount = size
  let at = source + header
  let rest = compressed
  if (kind == 2) {
    const used = readHuffman(at, rest)
    if (used < 0) return -1
    at += used
    rest -= used
  } else if (huffmanBits == 0) return -1
  if (format == 0) {
    if (!readStream(at, rest, size, literals)) return -1
  } else {
    if (rest < 6) return -1
    const size1 = <u32>load<u16>(at)
    const size2 = <u32>load<u16>(at, 2)
    const size3 = <u32>load<u16>(at, 4)
    at += 6
    rest -= 6
    const part: u32 = (size + 3) >> 2
    if (size1 + size2 + size3 > rest || part * 3 > size) return -1
    if (!readStream(at, size1, part, literals)) return -1
    if (!readStream(at + size1, size2, part, literals + part)) return -1
    if (!readStream(at + size1 + size2, size3, part, literals + part * 2)) return -1
    const before = size1 + size2 + size3
    if (!readStream(at + before, rest - before, size - part * 3, literals + part * 3)) return -1
  }
  return <i32>(header + compressed)
}

/** Prepares one of the three sequence tables. @returns bytes used, or -1; `fseAccuracy` is set unless it is repeated */
function prepareTable(
  mode: u32,
  source: usize,
  length: u32,
  table: usize,
  defaults: usize,
  defaultSymbols: u32,
  defaultAccuracy: u32,
  maxAccuracy: u32,
  maxSymbol: u32,
): i32 {
  if (mode == 0) {
    for (let s: u32 = 0; s < defaultSymbols; s++) store<i16>(tables + countsAt + 2 * s, <i16>load<i8>(defaults + s))
    buildFse(defaultSymbols, defaultAccuracy, table)
    return 0
  }
  if (mode == 1) {
    if (length == 0 || <u32>load<u8>(source) > maxSymbol) return -1
    store<u32>(table, <u32>load<u8>(source))
    fseAccuracy = 0
    return 1
  }
  return readFse(source, length, maxAccuracy, maxSymbol, table)
}

// @ts-ignore: decorator
@inline
function copyMatch(op: usize, offset: u32, size: u32): void {
  let from = op - offset
  const stop = op + size
  if (offset >= 16) {
    do {
      v128.store(op, v128.load(from))
      op += 16
      from += 16
    } while (op < stop)
    return
  }
  while (op - from < 8 && op < stop) {
    store<u64>(op, load<u64>(from))
    op += op - from
  }
  while (op < stop) {
    store<u64>(op, load<u64>(from))
    op += 8
    from += 8
  }
}

/** Decodes a compressed block. @returns bytes written, or -1 */
function readBlock(source: usize, length: u32, frame: usize, target: usize, limit: usize): i32 {
  const used = readLiterals(source, length)
  if (used < 0) return -1
  let ip = source + used
  const end = source + length
  let op = target
  let literals = tables + literalsAt
  const literalsEnd = literals + literalCount
  if (ip >= end) return -1
  let sequences = <u32>load<u8>(ip++)
  if (sequences >= 128) {
    if (sequences < 255) {
      if (ip >= end) return -1
      sequences = ((sequences - 128) << 8) + <u32>load<u8>(ip++)
    } else {
      if (end - ip < 2) return -1
      sequences = <u32>load<u16>(ip) + 0x7f00
      ip += 2
    }
  }
  if (sequences > 0) {
    if (ip >= end) return -1
    const modes = <u32>load<u8>(ip++)
    let mode = modes >> 6
    if (mode == 3) {
      if (literalAccuracy < 0) return -1
    } else {
      const taken = prepareTable(mode, ip, <u32>(end - ip), tables + literalTable, literalDefaults, 36, 6, 9, 35)
      if (taken < 0) return -1
      literalAccuracy = fseAccuracy
      ip += taken
    }
    mode = (modes >> 4) & 3
    if (mode == 3) {
      if (offsetAccuracy < 0) return -1
    } else {
      const taken = prepareTable(mode, ip, <u32>(end - ip), tables + offsetTable, offsetDefaults, 29, 5, 8, 31)
      if (taken < 0) return -1
      offsetAccuracy = fseAccuracy
      ip += taken
    }
    mode = (modes >> 2) & 3
    if (mode == 3) {
      if (matchAccuracy < 0) return -1
    } else {
      const taken = prepareTable(mode, ip, <u32>(end - ip), tables + matchTable, matchDefaults, 53, 6, 9, 52)
      if (taken < 0) return -1
      matchAccuracy = fseAccuracy
      ip += taken
    }
    if (!openBits(ip, <u32>(end - ip))) return -1
    let literalState = readBits(literalAccuracy)
    let offsetState = readBits(offsetAccuracy)
    let matchState = readBits(matchAccuracy)
    for (let i: u32 = 0; i < sequences; i++) {
      const literalEntry = tables + literalTable + 4 * literalState
      const offsetEntry = tables + offsetTable + 4 * offsetState
      const matchEntry = tables + matchTable + 4 * matchState
      const literalCode = <usize>load<u8>(literalEntry)
      const offsetCode = <u32>load<u8>(offsetEntry)
      const matchCode = <usize>load<u8>(matchEntry)
      const value = ((<u32>1) << offsetCode) + readBits(offsetCode)
      const size = load<u32>(matchBase + 4 * matchCode) + readBits(load<u8>(matchBits + matchCode))
      const run = load<u32>(literalBase + 4 * literalCode) + readBits(load<u8>(literalBits + literalCode))
      let offset: u32
      if (value > 3) {
        offset = value - 3
        repeat3 = repeat2
        repeat2 = repeat1
        repeat1 = offset
      } else {
        const index = value + <u32>(run == 0)
        if (index == 1) offset = repeat1
        else {
          offset = index == 2 ? repeat2 : index == 3 ? repeat3 : repeat1 - 1
          if (index > 2) repeat3 = repeat2
          repeat2 = repeat1
          repeat1 = offset
        }
      }
      if (bitPosition < 0) return -1
      if (run > <u32>(literalsEnd - literals) || run > <u32>(limit - op)) return -1
      if (run <= 16) v128.store(op, v128.load(literals))
      else memory.copy(op, literals, run)
      op += run
      literals += run
      if (offset == 0 || offset > <u32>(op - frame) || size > <u32>(limit - op)) return -1
      copyMatch(op, offset, size)
      op += size
      if (i + 1 < sequences) {
        literalState = <u32>load<u16>(literalEntry, 2) + readBits(load<u8>(literalEntry, 1))
        matchState = <u32>load<u16>(matchEntry, 2) + readBits(load<u8>(matchEntry, 1))
        offsetState = <u32>load<u16>(offsetEntry, 2) + readBits(load<u8>(offsetEntry, 1))
      }
    }
    if (bitPosition != 0) return -1
  }
  const rest = <u32>(literalsEnd - literals)
  if (rest > <u32>(limit - op)) return -1
  memory.copy(op, literals, rest)
  return <i32>(op + rest - target)
}

/**
 * All frames of `source`. May write 16 bytes more than `limit`. `working` is 12,288 + 131,072 + 64 bytes.
 * @returns bytes written, or -1
 */
export function parquetZstdUncompress(source: usize, length: u32, target: usize, limit: u32, working: usize): i32 {
  tables = working
  let ip = source
  const end = source + length
  let op = target
  const stop = target + limit
  while (ip < end) {
    if (end - ip < 8) return -1
    const magic = load<u32>(ip)
    if ((magic & 0xfffffff0) == 0x184d2a50) {
      const size = load<u32>(ip, 4)
      if (size > <u32>(end - ip) - 8) return -1
      ip += 8 + size
      continue
    }
    if (magic != 0xfd2fb528) return -1
    const descriptor = <u32>load<u8>(ip, 4)
    ip += 5
    const isSingle = (descriptor & 32) != 0
    const sizeFlag = descriptor >> 6
    const sizeBytes: u32 = sizeFlag == 0 ? <u32>isSingle : <u32>1 << sizeFlag
    const idFlag = descriptor & 3
    if (idFlag != 0) return -1
    const header: u32 = (isSingle ? 0 : 1) + sizeBytes
    if (<u32>(end - ip) < header) return -1
    ip += header
    huffmanBits = 0
    literalAccuracy = matchAccuracy = offsetAccuracy = -1
    repeat1 = 1
    repeat2 = 4
    repeat3 = 8
    const frame = op
    let isLast = false
    while (!isLast) {
      if (end - ip < 3) return -1
      const block = (<u32>load<u16>(ip)) | ((<u32>load<u8>(ip, 2)) << 16)
      ip += 3
      isLast = (block & 1) != 0
      const kind = (block >> 1) & 3
      const size = block >> 3
      if (kind == 1) {
        if (ip >= end || size > <u32>(stop - op)) return -1
        memory.fill(op, load<u8>(ip), size)
        ip += 1
        op += size
      } else if (kind == 0) {
        if (size > <u32>(end - ip) || size > <u32>(stop - op)) return -1
        memory.copy(op, ip, size)
        ip += size
        op += size
      } else if (kind == 2) {
        if (size > <u32>(end - ip) || size > maxBlock) return -1
        const written = readBlock(ip, size, frame, op, stop)
        if (written < 0) return -1
        ip += size
        op += written
      } else return -1
    }
    if (descriptor & 4) {
      if (end - ip < 4) return -1
      ip += 4
    }
  }
  return <i32>(op - target)
}
