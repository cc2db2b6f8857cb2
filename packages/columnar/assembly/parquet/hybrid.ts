/*
 * The RLE / bit-packed hybrid (parquet-format, Encodings.md): levels, dictionary codes, booleans.
 * Readers load whole vectors: up to 32 bytes past the end of a stream are read, and up to 8 values past `count` written.
 */

/** Kernel scratch, reserved by Heap; nothing in it outlives a call. */
const scratch: usize = 65536

/** Swizzle and multiplier vectors that spread eight values of `width` bits to lanes; at `scratch`, four vectors. */
function preparePatterns(width: u32): void {
  if (width <= 8) {
    for (let i: u32 = 0; i < 8; i++) {
      const bit = i * width
      store<u8>(scratch + 2 * i, <u8>(bit >> 3))
      store<u8>(scratch + 2 * i + 1, <u8>((bit >> 3) + 1))
      store<u16>(scratch + 16 + 2 * i, <u16>(<u32>1 << (16 - width - (bit & 7))))
    }
    return
  }
  const second = (4 * width) & 7
  for (let i: u32 = 0; i < 8; i++) {
    const bit = i < 4 ? i * width : second + (i - 4) * width
    for (let j: u32 = 0; j < 4; j++) store<u8>(scratch + 4 * i + j, <u8>((bit >> 3) + j))
    store<u32>(scratch + 32 + 4 * i, <u32>1 << (32 - width - (bit & 7)))
  }
}

/** Where `unpackCodes` leaves the greatest of every lane. */
const greatest: usize = scratch + 64
/** A group that is not wanted whole. */
const part: usize = scratch + 128

/**
 * Unpacks `groups` times eight values of 1 to 32 bits; `preparePatterns(width)` came before. What is at `greatest` becomes
 * the greatest of it and of these values.
 */
function unpackCodes(source: usize, width: u32, groups: u32, target: usize): void {
  let top = v128.load(greatest)
  if (width <= 8) {
    const lanes = v128.load(scratch)
    const factors = v128.load(scratch + 16)
    const shift = 16 - width
    let top16 = i16x8.splat(0)
    for (let g: u32 = 0; g < groups; g++) {
      const word = i16x8.shr_u(i16x8.mul(i8x16.swizzle(v128.load(source), lanes), factors), shift)
      top16 = i16x8.max_u(top16, word)
      v128.store(target, i32x4.extend_low_i16x8_u(word))
      v128.store(target, i32x4.extend_high_i16x8_u(word), 16)
      source += width
      target += 32
    }
    top = i32x4.max_u(top, i32x4.max_u(i32x4.extend_low_i16x8_u(top16), i32x4.extend_high_i16x8_u(top16)))
  } else if (width <= 25) {
    const lanes = v128.load(scratch)
    const lanes2 = v128.load(scratch + 16)
    const factors = v128.load(scratch + 32)
    const factors2 = v128.load(scratch + 48)
    const shift = 32 - width
    const half = (4 * width) >> 3
    for (let g: u32 = 0; g < groups; g++) {
      const low = i32x4.shr_u(i32x4.mul(i8x16.swizzle(v128.load(source), lanes), factors), shift)
      const high = i32x4.shr_u(i32x4.mul(i8x16.swizzle(v128.load(source + half), lanes2), factors2), shift)
      v128.store(target, low)
      v128.store(target, high, 16)
      top = i32x4.max_u(top, i32x4.max_u(low, high))
      source += width
      target += 32
    }
  } else {
    const mask: u64 = ((<u64>1) << width) - 1
    for (let g: u32 = 0; g < groups; g++) {
      for (let i: u32 = 0; i < 8; i++) {
        const bit = i * width
        store<u32>(target + 4 * i, <u32>((load<u64>(source + (bit >> 3)) >> (bit & 7)) & mask))
      }
      top = i32x4.max_u(top, i32x4.max_u(v128.load(target), v128.load(target, 16)))
      source += width
      target += 32
    }
  }
  v128.store(greatest, top)
}

/** Bytes of eight values of up to 8 bits each. */
function unpackBytes(source: usize, width: u32, groups: u32, target: usize): void {
  const lanes = v128.load(scratch)
  const factors = v128.load(scratch + 16)
  const shift = 16 - width
  for (let g: u32 = 0; g < groups; g++) {
    const word = i16x8.shr_u(i16x8.mul(i8x16.swizzle(v128.load(source), lanes), factors), shift)
    store<u64>(target, i64x2.extract_lane(i8x16.narrow_i16x8_u(word, word), 0))
    source += width
    target += 8
  }
}

/** The greatest of four lanes. */
function greatestLane(): u32 {
  const top = v128.load(greatest)
  return max<u32>(
    max<u32>(i32x4.extract_lane(top, 0), i32x4.extract_lane(top, 1)),
    max<u32>(i32x4.extract_lane(top, 2), i32x4.extract_lane(top, 3)),
  )
}

/** `count` values of a group, from the `from`th on; the others may be anything. @returns the greatest of these */
function unpackPart(source: usize, width: u32, from: u32, count: u32, target: usize): u32 {
  const top = v128.load(greatest)
  unpackCodes(source, width, 1, part)
  v128.store(greatest, top)
  let result: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const code = load<u32>(part + 4 * (from + i))
    store<u32>(target + 4 * i, code)
    result = max<u32>(result, code)
  }
  return result
}

/** The codes [from, to) of a bit-packed run; whole groups go to `greatest`. @returns the greatest of the others */
function unpackRange(source: usize, width: u32, from: u32, to: u32, target: usize): u32 {
  let top: u32 = 0
  const ahead = from & 7
  if (ahead != 0) {
    const wanted = min<u32>(8 - ahead, to - from)
    top = unpackPart(source + (from >> 3) * width, width, ahead, wanted, target)
    target += 4 * wanted
    from += wanted
  }
  const whole = (to - from) >> 3
  unpackCodes(source + (from >> 3) * width, width, whole, target)
  from += 8 * whole
  if (from < to) top = max<u32>(top, unpackPart(source + (from >> 3) * width, width, 0, to - from, target + 32 * whole))
  return top
}

/**
 * `count` codes below `limit` as int32, from the `skip`th on.
 * @param cursor two int32, both 0 at first: where a run begins in the stream, and how many codes are before it. What is read next is
 *   looked for from there.
 * @returns 0, or -1 if the stream is corrupt: too short, or a code out of range
 */
export function parquetDecodeCodes(
  source: usize,
  length: u32,
  width: u32,
  cursor: usize,
  skip: u32,
  count: u32,
  target: usize,
  limit: u32,
): i32 {
  if (width > 32) return -1
  if (width == 0) {
    if (limit == 0 && count > 0) return -1
    memory.fill(target, 0, 4 * count)
    return 0
  }
  preparePatterns(width)
  v128.store(greatest, i32x4.splat(0))
  let ip = source
  const end = source + length
  const valueBytes = (width + 7) >> 3
  let before = load<u32>(cursor, 4)
  if (skip >= before) {
    ip += load<u32>(cursor)
    skip -= before
  } else before = 0
  while (count > 0) {
    const run = ip
    let header: u32 = 0
    let shift: u32 = 0
    while (true) {
      if (ip >= end || shift > 28) return -1
      const byte = <u32>load<u8>(ip++)
      header |= (byte & 127) << shift
      if (byte < 128) break
      shift += 7
    }
    const values = header >> 1
    if (values == 0) return -1
    const isPacked = (header & 1) != 0
    // The end of what is to be gone through of the run: it may have more.
    const to = <u32>min<u64>(<u64>skip + count, isPacked ? <u64>values * 8 : values)
    if (isPacked) {
      // The last group of a stream may lack its padding.
      if (<u64>to * width > <u64>(end - ip) * 8) return -1
      if (skip < to && unpackRange(ip, width, skip, to, target) >= limit) return -1
      ip = <u64>values * width <= <u64>(end - ip) ? ip + values * width : end
    } else {
      if (<u32>(end - ip) < valueBytes) return -1
      let value: u32 = 0
      for (let i: u32 = 0; i < valueBytes; i++) value |= (<u32>load<u8>(ip + i)) << (8 * i)
      ip += valueBytes
      if (value >= limit) return -1
      const vector = i32x4.splat(value)
      for (let i = skip; i < to; i += 4) v128.store(target + 4 * (i - skip), vector)
    }
    if (skip < to) {
      target += 4 * (to - skip)
      count -= to - skip
      skip = 0
    } else skip -= to
    if (count == 0) {
      store<u32>(cursor, <u32>(run - source))
      store<u32>(cursor, before, 4)
    }
    before += to
  }
  return greatestLane() < limit ? 0 : -1
}

/** As `parquetDecodeCodes`, for values of at most 8 bits into bytes, none above `maximum`. */
export function parquetDecodeLevels(
  source: usize,
  length: u32,
  width: u32,
  count: u32,
  target: usize,
  maximum: u32,
): i32 {
  if (width > 8) return -1
  if (width == 0) {
    memory.fill(target, 0, count)
    return 0
  }
  preparePatterns(width)
  let ip = source
  const end = source + length
  const first = target
  const wanted = count
  while (count > 0) {
    let header: u32 = 0
    let shift: u32 = 0
    while (true) {
      if (ip >= end || shift > 28) return -1
      const byte = <u32>load<u8>(ip++)
      header |= (byte & 127) << shift
      if (byte < 128) break
      shift += 7
    }
    if (header & 1) {
      const present = <u64>(end - ip) / width
      const groups = header >> 1
      if (groups == 0) return -1
      const needed = min<u32>(groups, (count + 7) >> 3)
      if (<u64>needed > present) {
        const values = <u32>(((<u64>(end - ip)) * 8) / width)
        if (values < min<u32>(count, 8 * groups)) return -1
      }
      unpackBytes(ip, width, needed, target)
      const values = min<u32>(count, 8 * needed)
      ip = groups <= present ? ip + groups * width : end
      target += values
      count -= values
    } else {
      const values = min<u32>(count, header >> 1)
      if (values == 0 || ip >= end) return -1
      memory.fill(target, load<u8>(ip++), values)
      target += values
      count -= values
    }
  }
  if ((<u32>1 << width) - 1 > maximum) {
    for (let i: u32 = 0; i < wanted; i++) if (<u32>load<u8>(first + i) > maximum) return -1
  }
  return <i32>(ip - source)
}

function writeVarint(op: usize, value: u32): usize {
  while (value >= 128) {
    store<u8>(op++, <u8>(value | 128))
    value >>= 7
  }
  store<u8>(op, <u8>value)
  return op + 1
}

/** Packs `count` values of `size` bytes (1 or 4), rounded up to groups of eight with zeros. */
function pack(values: usize, size: u32, count: u32, width: u32, op: usize): usize {
  let word: u64 = 0
  let bits: u32 = 0
  const padded = (count + 7) & ~7
  for (let i: u32 = 0; i < padded; i++) {
    const value: u64 = i >= count ? 0 : size == 1 ? <u64>load<u8>(values + i) : <u64>load<u32>(values + 4 * i)
    word |= value << bits
    bits += width
    if (bits >= 32) {
      store<u32>(op, <u32>word)
      op += 4
      word >>= 32
      bits -= 32
    }
  }
  while (bits > 0) {
    store<u8>(op++, <u8>word)
    word >>= 8
    bits = bits > 8 ? bits - 8 : 0
  }
  return op
}

// @ts-ignore: decorator
@inline
function at(values: usize, size: u32, index: u32): u32 {
  return size == 1 ? <u32>load<u8>(values + index) : load<u32>(values + 4 * index)
}

/** Runs shorter than this are bit-packed; more than the 7 values that the packed stretch before one may take from it. */
const minimumRun: u32 = 16

/**
 * Encodes `count` values of `size` bytes each (1 or 4), all below 2^width, as runs and bit-packed stretches.
 * `target` has room for 16 + 5 * (count / 8 + 1) + count * width / 8 bytes at worst.
 * @returns bytes written
 */
export function parquetEncodeHybrid(values: usize, size: u32, count: u32, width: u32, target: usize): u32 {
  let op = target
  const valueBytes = (width + 7) >> 3
  let packedFrom: u32 = 0
  let i: u32 = 0
  while (i < count) {
    const value = at(values, size, i)
    let run: u32 = i + 1
    while (run < count && at(values, size, run) == value) run++
    const length = run - i
    if (length < minimumRun) {
      i = run
      continue
    }
    // A bit-packed stretch holds whole groups: the run gives up values to fill its last one.
    const pending = i - packedFrom
    const padded = (pending + 7) & ~7
    const start = packedFrom + padded
    if (padded > 0) {
      op = writeVarint(op, ((padded >> 3) << 1) | 1)
      op = pack(values + packedFrom * size, size, padded, width, op)
    }
    op = writeVarint(op, (run - start) << 1)
    store<u32>(op, value)
    op += valueBytes
    packedFrom = run
    i = run
  }
  if (packedFrom < count) {
    const rest = count - packedFrom
    op = writeVarint(op, (((rest + 7) >> 3) << 1) | 1)
    op = pack(values + packedFrom * size, size, rest, width, op)
  }
  return <u32>(op - target)
}
