/*
 * The writing side of DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY and BYTE_STREAM_SPLIT (parquet-format,
 * Encodings.md). Blocks of 128 values in 4 miniblocks of 32, as parquet-mr and arrow write them.
 */

const BLOCK: u32 = 128
const MINIBLOCK: u32 = 32

function writeVarint64(op: usize, value: u64): usize {
  while (value >= 128) {
    store<u8>(op++, <u8>(value | 128))
    value >>= 7
  }
  store<u8>(op, <u8>value)
  return op + 1
}

// @ts-ignore: decorator
@inline
function zigzag64(value: i64): u64 {
  return <u64>((value << 1) ^ (value >> 63))
}

// @ts-ignore: decorator
@inline
function valueAt(values: usize, size: u32, index: u32): i64 {
  return size == 8 ? load<i64>(values + 8 * index) : <i64>load<i32>(values + 4 * index)
}

/** The difference to the value before; of int32 it wraps to 32 bits, so that no width passes that. */
// @ts-ignore: decorator
@inline
function deltaAt(values: usize, size: u32, index: u32): i64 {
  const difference = valueAt(values, size, index) - valueAt(values, size, index - 1)
  return size == 8 ? difference : <i64>(<i32>difference)
}

/**
 * `count` integers of `size` bytes (4 or 8). `target` has room for 64 + count * size * 9 / 8 + 20 * (count / 128 + 1) bytes.
 * @returns bytes written
 */
export function parquetEncodeDelta(values: usize, count: u32, size: u32, target: usize): u32 {
  let op = writeVarint64(target, BLOCK)
  op = writeVarint64(op, BLOCK / MINIBLOCK)
  op = writeVarint64(op, count)
  op = writeVarint64(op, count == 0 ? 0 : zigzag64(valueAt(values, size, 0)))
  for (let from: u32 = 1; from < count; from += BLOCK) {
    const blockEnd = min<u32>(count, from + BLOCK)
    let least = deltaAt(values, size, from)
    for (let i = from + 1; i < blockEnd; i++) least = min<i64>(least, deltaAt(values, size, i))
    op = writeVarint64(op, zigzag64(least))
    const widths = op
    store<u32>(widths, 0)
    op += BLOCK / MINIBLOCK
    for (let m: u32 = 0; m < BLOCK / MINIBLOCK; m++) {
      const start = from + m * MINIBLOCK
      if (start >= blockEnd) break
      op = packMiniblock(values, size, start, min<u32>(blockEnd, start + MINIBLOCK), least, widths + m, op)
    }
  }
  return <u32>(op - target)
}

function packMiniblock(
  values: usize,
  size: u32,
  start: u32,
  end: u32,
  least: i64,
  widthTarget: usize,
  op: usize,
): usize {
  let all: u64 = 0
  const mask: u64 = size == 8 ? ~(<u64>0) : 0xffffffff
  for (let i = start; i < end; i++) all |= <u64>(deltaAt(values, size, i) - least) & mask
  const width = 64 - <u32>clz(all)
  store<u8>(widthTarget, <u8>width)
  if (width == 0) return op
  let word: u64 = 0
  let bits: u32 = 0
  for (let i = start; i < start + MINIBLOCK; i++) {
    const value: u64 = i < end ? <u64>(deltaAt(values, size, i) - least) & mask : 0
    word |= value << bits
    const used = bits + width
    if (used >= 64) {
      store<u64>(op, word)
      op += 8
      word = bits == 0 ? 0 : value >> (64 - bits)
      bits = used - 64
      if (width == 64 && bits == 0) word = 0
    } else bits = used
  }
  // 32 values of any width end at a multiple of 32 bits.
  if (bits > 0) {
    store<u32>(op, <u32>word)
    op += 4
  }
  return op
}

/** The lengths (int32) of `count` PLAIN byte arrays, and their bytes without them. @returns the bytes */
export function parquetSplitByteArrays(plain: usize, count: u32, lengths: usize, target: usize): u32 {
  let ip = plain
  let op = target
  for (let i: u32 = 0; i < count; i++) {
    const size = load<u32>(ip)
    ip += 4
    store<u32>(lengths + 4 * i, size)
    memory.copy(op, ip, size)
    ip += size
    op += size
  }
  return <u32>(op - target)
}

/** For DELTA_BYTE_ARRAY: what each of `count` PLAIN byte arrays shares with the one before, and the rest. @returns its bytes */
export function parquetSplitPrefixes(
  plain: usize,
  count: u32,
  prefixes: usize,
  suffixes: usize,
  target: usize,
): u32 {
  let ip = plain
  let op = target
  let previous: usize = 0
  let previousSize: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const size = load<u32>(ip)
    ip += 4
    const limit = min<u32>(size, previousSize)
    let prefix: u32 = 0
    while (prefix < limit && load<u8>(ip + prefix) == load<u8>(previous + prefix)) prefix++
    store<u32>(prefixes + 4 * i, prefix)
    store<u32>(suffixes + 4 * i, size - prefix)
    memory.copy(op, ip + prefix, size - prefix)
    op += size - prefix
    previous = ip
    previousSize = size
    ip += size
  }
  return <u32>(op - target)
}

/** BYTE_STREAM_SPLIT: byte k of every value goes to stream k. */
export function parquetSplitStreams(values: usize, count: u32, width: u32, target: usize): void {
  for (let k: u32 = 0; k < width; k++) {
    const stream = target + k * count
    for (let i: u32 = 0; i < count; i++) store<u8>(stream + i, load<u8>(values + i * width + k))
  }
}
