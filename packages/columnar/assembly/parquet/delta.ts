/* DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT (parquet-format, Encodings.md). */

/** Where the next varint ended, for `readVarint`; 0 after a failure. */
let cursor: usize = 0

function readVarint(end: usize): u64 {
  let value: u64 = 0
  let shift: u32 = 0
  let ip = cursor
  while (ip < end && shift < 70) {
    const byte = <u64>load<u8>(ip++)
    if (shift < 64) value |= (byte & 127) << shift
    if (byte < 128) {
      cursor = ip
      return value
    }
    shift += 7
  }
  cursor = 0
  return 0
}

// @ts-ignore: decorator
@inline
function zigzag(value: u64): i64 {
  return <i64>(value >> 1) ^ -(<i64>(value & 1))
}

/** The number of values that a DELTA_BINARY_PACKED stream says it has, or -1. */
export function parquetDeltaCount(source: usize, length: u32): i32 {
  cursor = source
  const end = source + length
  for (let i = 0; i < 2; i++) {
    readVarint(end)
    if (cursor == 0) return -1
  }
  const total = readVarint(end)
  return cursor == 0 || total > 0x7fffffff ? -1 : <i32>total
}

/**
 * Exactly `count` integers of `size` bytes (4 or 8; arithmetic wraps, as the format asks).
 * @returns bytes of the stream that were used, or -1
 */
export function parquetDecodeDelta(source: usize, length: u32, count: u32, size: u32, target: usize): i32 {
  const end = source + length
  cursor = source
  const blockSize = readVarint(end)
  if (cursor == 0) return -1
  const miniblocks = readVarint(end)
  if (cursor == 0) return -1
  const total = readVarint(end)
  if (cursor == 0) return -1
  let value = zigzag(readVarint(end))
  if (cursor == 0 || total != <u64>count) return -1
  if (count == 0) return <i32>(cursor - source)
  if (miniblocks == 0 || miniblocks > 512 || blockSize == 0 || blockSize > 1048576) return -1
  const perMiniblock = <u32>(blockSize / miniblocks)
  if (perMiniblock == 0 || <u64>perMiniblock * miniblocks != blockSize || (perMiniblock & 7) != 0) return -1
  if (size == 8) store<i64>(target, value)
  else store<i32>(target, <i32>value)
  let done: u32 = 1
  let ip = cursor
  while (done < count) {
    cursor = ip
    const least = zigzag(readVarint(end))
    if (cursor == 0 || <u64>(end - cursor) < miniblocks) return -1
    const widths = cursor
    ip = cursor + <usize>miniblocks
    for (let m: u32 = 0; m < <u32>miniblocks && done < count; m++) {
      const width = <u32>load<u8>(widths + m)
      if (width > 64) return -1
      const values = min<u32>(perMiniblock, count - done)
      const bytes = (perMiniblock >> 3) * width
      const present = <u64>(end - ip)
      if ((<u64>values * width + 7) >> 3 > present) return -1
      if (width == 0) {
        for (let i: u32 = 0; i < values; i++) {
          value += least
          if (size == 8) store<i64>(target + 8 * (done + i), value)
          else store<i32>(target + 4 * (done + i), <i32>value)
        }
      } else {
        const mask: u64 = width == 64 ? ~(<u64>0) : ((<u64>1) << width) - 1
        for (let i: u32 = 0; i < values; i++) {
          const bit = i * width
          const address = ip + (bit >> 3)
          const shift = bit & 7
          let word = load<u64>(address) >> shift
          if (shift + width > 64) word |= (<u64>load<u8>(address, 8)) << (64 - shift)
          value += least + <i64>(word & mask)
          if (size == 8) store<i64>(target + 8 * (done + i), value)
          else store<i32>(target + 4 * (done + i), <i32>value)
        }
      }
      done += values
      ip = <u64>bytes <= present ? ip + bytes : end
    }
  }
  return <i32>(ip - source)
}

/** Lengths (int32) to offsets from 0. @returns their sum, or -1 if a length is negative or the sum above `limit` */
export function parquetLengthsToOffsets(lengths: usize, count: u32, limit: u32, offsets: usize): i32 {
  let total: u64 = 0
  for (let i: u32 = 0; i < count; i++) {
    const size = load<i32>(lengths + 4 * i)
    if (size < 0) return -1
    store<u32>(offsets + 4 * i, <u32>total)
    total += <u64>size
    if (total > <u64>limit) return -1
  }
  store<u32>(offsets + 4 * count, <u32>total)
  return <i32>total
}

/** The bytes that DELTA_BYTE_ARRAY values take, or -1 if a prefix is longer than the value before it, or 2^31 is passed. */
export function parquetPrefixedBytes(prefixes: usize, suffixes: usize, count: u32): i32 {
  let total: u64 = 0
  let previous: u64 = 0
  for (let i: u32 = 0; i < count; i++) {
    const prefix = load<i32>(prefixes + 4 * i)
    const suffix = load<i32>(suffixes + 4 * i)
    if (prefix < 0 || suffix < 0 || <u64>prefix > previous) return -1
    previous = <u64>prefix + <u64>suffix
    total += previous
    if (total > 0x7fffffff) return -1
  }
  return <i32>total
}

/** Puts DELTA_BYTE_ARRAY values together; `parquetPrefixedBytes` was asked before. @returns 0, or -1 (bytes missing) */
export function parquetJoinPrefixes(
  prefixes: usize,
  suffixes: usize,
  source: usize,
  length: u32,
  count: u32,
  offsets: usize,
  target: usize,
): i32 {
  let ip = source
  const end = source + length
  let op = target
  let previous = target
  for (let i: u32 = 0; i < count; i++) {
    const prefix = load<u32>(prefixes + 4 * i)
    const suffix = load<u32>(suffixes + 4 * i)
    if (suffix > <u32>(end - ip)) return -1
    store<u32>(offsets + 4 * i, <u32>(op - target))
    memory.copy(op, previous, prefix)
    memory.copy(op + prefix, ip, suffix)
    previous = op
    op += prefix + suffix
    ip += suffix
  }
  store<u32>(offsets + 4 * count, <u32>(op - target))
  return 0
}

/** BYTE_STREAM_SPLIT: byte k of every value stands in stream k. */
export function parquetJoinStreams(source: usize, count: u32, width: u32, target: usize): void {
  for (let k: u32 = 0; k < width; k++) {
    const stream = source + k * count
    for (let i: u32 = 0; i < count; i++) store<u8>(target + i * width + k, load<u8>(stream + i))
  }
}
