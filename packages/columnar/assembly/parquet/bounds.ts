/*
 * Least and greatest of dense values, written to `result` (least, then greatest; string variants write indexes).
 * All return how many values were looked at: 0 means that there are no bounds.
 */

/** int32. */
export function parquetBounds32(values: usize, count: u32, result: usize): u32 {
  if (count == 0) return 0
  let least = i32x4.splat(load<i32>(values))
  let greatest = least
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) {
    const v = v128.load(values + 4 * i)
    least = i32x4.min_s(least, v)
    greatest = i32x4.max_s(greatest, v)
  }
  let lo = min<i32>(
    min<i32>(i32x4.extract_lane(least, 0), i32x4.extract_lane(least, 1)),
    min<i32>(i32x4.extract_lane(least, 2), i32x4.extract_lane(least, 3)),
  )
  let hi = max<i32>(
    max<i32>(i32x4.extract_lane(greatest, 0), i32x4.extract_lane(greatest, 1)),
    max<i32>(i32x4.extract_lane(greatest, 2), i32x4.extract_lane(greatest, 3)),
  )
  for (; i < count; i++) {
    lo = min<i32>(lo, load<i32>(values + 4 * i))
    hi = max<i32>(hi, load<i32>(values + 4 * i))
  }
  store<i32>(result, lo)
  store<i32>(result, hi, 4)
  return count
}

/** int64. */
export function parquetBounds64(values: usize, count: u32, result: usize): u32 {
  if (count == 0) return 0
  let lo = load<i64>(values)
  let hi = lo
  for (let i: u32 = 1; i < count; i++) {
    const v = load<i64>(values + 8 * i)
    lo = v < lo ? v : lo
    hi = v > hi ? v : hi
  }
  store<i64>(result, lo)
  store<i64>(result, hi, 8)
  return count
}

/** 16-byte integers. */
export function parquetBounds128(values: usize, count: u32, result: usize): u32 {
  if (count == 0) return 0
  let loHigh = load<i64>(values, 8)
  let loLow = load<u64>(values)
  let hiHigh = loHigh
  let hiLow = loLow
  for (let i: u32 = 1; i < count; i++) {
    const low = load<u64>(values + 16 * i)
    const high = load<i64>(values + 16 * i, 8)
    if (high < loHigh || (high == loHigh && low < loLow)) {
      loHigh = high
      loLow = low
    }
    if (high > hiHigh || (high == hiHigh && low > hiLow)) {
      hiHigh = high
      hiLow = low
    }
  }
  store<u64>(result, loLow)
  store<i64>(result, loHigh, 8)
  store<u64>(result, hiLow, 16)
  store<i64>(result, hiHigh, 24)
  return count
}

/** double or float (`width` 8 or 4), as doubles. @returns 0 if any is NaN: then no bounds are written (parquet.thrift) */
export function parquetBoundsFloat(values: usize, width: u32, count: u32, result: usize): u32 {
  let lo = Infinity
  let hi = -Infinity
  let nan = false
  if (width == 8) {
    for (let i: u32 = 0; i < count; i++) {
      const v = load<f64>(values + 8 * i)
      lo = v < lo ? v : lo
      hi = v > hi ? v : hi
      nan = nan || v != v
    }
  } else {
    for (let i: u32 = 0; i < count; i++) {
      const v = <f64>load<f32>(values + 4 * i)
      lo = v < lo ? v : lo
      hi = v > hi ? v : hi
      nan = nan || v != v
    }
  }
  store<f64>(result, lo)
  store<f64>(result, hi, 8)
  return nan ? 0 : count
}

function compareBytes(a: usize, aSize: u32, b: usize, bSize: u32): i32 {
  const size = min<u32>(aSize, bSize)
  let i: u32 = 0
  for (; i + 8 <= size; i += 8) {
    const x = load<u64>(a + i)
    const y = load<u64>(b + i)
    if (x != y) {
      const shift = ctz(x ^ y) & ~7
      return <i32>((x >> shift) & 255) - <i32>((y >> shift) & 255)
    }
  }
  for (; i < size; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i)
    if (difference != 0) return difference
  }
  return aSize < bSize ? -1 : <i32>(aSize > bSize)
}

/** The first eight bytes as a number that orders as they do, zeros behind the end: where two differ, so do the byte arrays. */
// @ts-ignore: decorator
@inline
function prefixOf(address: usize, size: u32): u64 {
  if (size == 0) return 0
  const word = bswap<u64>(load<u64>(address))
  return size >= 8 ? word : word & ~(0xffffffffffffffff >> <u64>(size << 3))
}

/** Byte arrays in unsigned byte order; two int32 row indexes go to `result`. Rows that `bitmap` (if not 0) lacks are skipped. */
export function parquetBoundsStrings(
  offsets: usize,
  bytes: usize,
  bitmap: usize,
  start: u32,
  count: u32,
  result: usize,
): u32 {
  let seen: u32 = 0
  let lo: usize = 0
  let loSize: u32 = 0
  let loRow: u32 = 0
  let hi: usize = 0
  let hiSize: u32 = 0
  let hiRow: u32 = 0
  let loPrefix: u64 = 0
  let hiPrefix: u64 = 0
  for (let i = start; i < start + count; i++) {
    if (bitmap != 0 && ((load<u8>(bitmap + (i >> 3)) >> (<u8>(i & 7))) & 1) == 0) continue
    const from = load<u32>(offsets + 4 * i)
    const size = load<u32>(offsets + 4 * i, 4) - from
    const address = bytes + from
    const prefix = prefixOf(address, size)
    if (seen == 0) {
      lo = hi = address
      loSize = hiSize = size
      loRow = hiRow = i
      loPrefix = hiPrefix = prefix
    } else if (prefix <= loPrefix && (prefix < loPrefix || compareBytes(address, size, lo, loSize) < 0)) {
      lo = address
      loSize = size
      loRow = i
      loPrefix = prefix
    } else if (prefix >= hiPrefix && (prefix > hiPrefix || compareBytes(address, size, hi, hiSize) > 0)) {
      hi = address
      hiSize = size
      hiRow = i
      hiPrefix = prefix
    }
    seen++
  }
  store<u32>(result, loRow)
  store<u32>(result, hiRow, 4)
  return seen
}

function compareEntries(offsets: usize, bytes: usize, a: u32, b: u32): i32 {
  const aFrom = load<u32>(offsets + 4 * a)
  const bFrom = load<u32>(offsets + 4 * b)
  return compareBytes(
    bytes + aFrom,
    load<u32>(offsets + 4 * a, 4) - aFrom,
    bytes + bFrom,
    load<u32>(offsets + 4 * b, 4) - bFrom,
  )
}

/**
 * The same for byte arrays of a dictionary of `entries` values that `codes` refer to; `marks` is room for a byte an entry.
 * Two codes go to `result`.
 */
export function parquetBoundsCodes(
  codes: usize,
  count: u32,
  offsets: usize,
  bytes: usize,
  entries: u32,
  marks: usize,
  result: usize,
): u32 {
  memory.fill(marks, 0, entries)
  for (let i: u32 = 0; i < count; i++) store<u8>(marks + load<u32>(codes + 4 * i), 1)
  let seen: u32 = 0
  let lo: u32 = 0
  let hi: u32 = 0
  let loPrefix: u64 = 0
  let hiPrefix: u64 = 0
  for (let code: u32 = 0; code < entries; code++) {
    if (load<u8>(marks + code) == 0) continue
    const from = load<u32>(offsets + 4 * code)
    const size = load<u32>(offsets + 4 * code, 4) - from
    const prefix = prefixOf(bytes + from, size)
    if (seen++ == 0) {
      lo = hi = code
      loPrefix = hiPrefix = prefix
    } else if (prefix <= loPrefix && (prefix < loPrefix || compareEntries(offsets, bytes, code, lo) < 0)) {
      lo = code
      loPrefix = prefix
    } else if (prefix >= hiPrefix && (prefix > hiPrefix || compareEntries(offsets, bytes, code, hi) > 0)) {
      hi = code
      hiPrefix = prefix
    }
  }
  store<u32>(result, lo)
  store<u32>(result, hi, 4)
  return seen
}
