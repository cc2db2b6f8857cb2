/*
 * Between dense values (only those that are not null, as pages hold them) and a column's slots (one a row), through the
 * validity bitmap; and dictionary look-ups.
 */

// @ts-ignore: decorator
@inline
function isSet(bitmap: usize, index: u32): bool {
  return ((load<u8>(bitmap + (index >> 3)) >> (<u8>(index & 7))) & 1) != 0
}

/**
 * Spreads dense values of `width` bytes (1, 2, 4, 8 or 16) to `count` slots; slots of nulls get 0, which is what codes need.
 * Reads one value past the dense ones at most.
 */
export function parquetSpread(dense: usize, width: u32, bitmap: usize, count: u32, target: usize): void {
  if (width == 4) {
    for (let i: u32 = 0; i < count; i++) {
      const set = <u32>isSet(bitmap, i)
      store<u32>(target + 4 * i, load<u32>(dense) & (0 - set))
      dense += 4 * set
    }
  } else if (width == 8) {
    for (let i: u32 = 0; i < count; i++) {
      const set = <u32>isSet(bitmap, i)
      store<u64>(target + 8 * i, load<u64>(dense) & (0 - <u64>set))
      dense += 8 * set
    }
  } else if (width == 1) {
    for (let i: u32 = 0; i < count; i++) {
      const set = <u32>isSet(bitmap, i)
      store<u8>(target + i, load<u8>(dense) & <u8>(0 - set))
      dense += set
    }
  } else if (width == 2) {
    for (let i: u32 = 0; i < count; i++) {
      const set = <u32>isSet(bitmap, i)
      store<u16>(target + 2 * i, load<u16>(dense) & <u16>(0 - set))
      dense += 2 * set
    }
  } else {
    const zero = i64x2.splat(0)
    for (let i: u32 = 0; i < count; i++) {
      if (isSet(bitmap, i)) {
        v128.store(target + 16 * i, v128.load(dense))
        dense += 16
      } else v128.store(target + 16 * i, zero)
    }
  }
}

/** Offsets of `count` slots from those of the dense values. */
export function parquetSpreadOffsets(dense: usize, bitmap: usize, count: u32, target: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(target + 4 * i, load<u32>(dense))
    dense += isSet(bitmap, i) ? 4 : 0
  }
  store<u32>(target + 4 * count, load<u32>(dense))
}

/** The reverse of `parquetSpread`, for slots [start, start + count). @returns how many values are dense now */
export function parquetCompact(values: usize, width: u32, bitmap: usize, start: u32, count: u32, target: usize): u32 {
  const first = target
  if (width == 4) {
    for (let i = start; i < start + count; i++) {
      store<u32>(target, load<u32>(values + 4 * i))
      target += 4 * <u32>isSet(bitmap, i)
    }
  } else if (width == 8) {
    for (let i = start; i < start + count; i++) {
      store<u64>(target, load<u64>(values + 8 * i))
      target += 8 * <u32>isSet(bitmap, i)
    }
  } else {
    for (let i = start; i < start + count; i++) {
      if (isSet(bitmap, i)) {
        memory.copy(target, values + width * i, width)
        target += width
      }
    }
  }
  return <u32>(target - first) / width
}

/** Values of `width` bytes by their codes. */
export function parquetGather(codes: usize, count: u32, values: usize, width: u32, target: usize): void {
  let i: u32 = 0
  if (width == 8) {
    for (; i + 4 <= count; i += 4) {
      const first = load<u64>(codes + 4 * i)
      const second = load<u64>(codes + 4 * i, 8)
      const to = target + 8 * i
      store<u64>(to, load<u64>(values + 8 * <usize>(<u32>first)))
      store<u64>(to, load<u64>(values + 8 * <usize>(first >> 32)), 8)
      store<u64>(to, load<u64>(values + 8 * <usize>(<u32>second)), 16)
      store<u64>(to, load<u64>(values + 8 * <usize>(second >> 32)), 24)
    }
    for (; i < count; i++) store<u64>(target + 8 * i, load<u64>(values + 8 * load<u32>(codes + 4 * i)))
  } else if (width == 4) {
    for (; i + 4 <= count; i += 4) {
      const first = load<u64>(codes + 4 * i)
      const second = load<u64>(codes + 4 * i, 8)
      const to = target + 4 * i
      store<u32>(to, load<u32>(values + 4 * <usize>(<u32>first)))
      store<u32>(to, load<u32>(values + 4 * <usize>(first >> 32)), 4)
      store<u32>(to, load<u32>(values + 4 * <usize>(<u32>second)), 8)
      store<u32>(to, load<u32>(values + 4 * <usize>(second >> 32)), 12)
    }
    for (; i < count; i++) store<u32>(target + 4 * i, load<u32>(values + 4 * load<u32>(codes + 4 * i)))
  } else if (width == 16) {
    for (; i < count; i++) v128.store(target + 16 * i, v128.load(values + 16 * load<u32>(codes + 4 * i)))
  } else if (width == 2) {
    for (; i < count; i++) store<u16>(target + 2 * i, load<u16>(values + 2 * load<u32>(codes + 4 * i)))
  } else {
    for (; i < count; i++) store<u8>(target + i, load<u8>(values + load<u32>(codes + 4 * i)))
  }
}

/** As `parquetGather`, of the codes at `rows` (less `first`) alone. */
export function parquetGatherRows(
  codes: usize,
  rows: usize,
  count: u32,
  first: u32,
  values: usize,
  width: u32,
  target: usize,
): void {
  codes -= 4 * first
  if (width == 8) {
    for (let i: u32 = 0; i < count; i++) {
      const code = load<u32>(codes + 4 * load<u32>(rows + 4 * i))
      store<u64>(target + 8 * i, load<u64>(values + 8 * code))
    }
  } else if (width == 4) {
    for (let i: u32 = 0; i < count; i++) {
      const code = load<u32>(codes + 4 * load<u32>(rows + 4 * i))
      store<u32>(target + 4 * i, load<u32>(values + 4 * code))
    }
  } else {
    for (let i: u32 = 0; i < count; i++) {
      const code = load<u32>(codes + 4 * load<u32>(rows + 4 * i))
      memory.copy(target + width * i, values + width * code, width)
    }
  }
}

/** Bytes that strings with these codes take together; -1 if 2^31 or more. */
export function parquetGatheredBytes(codes: usize, count: u32, offsets: usize): i32 {
  let total: u64 = 0
  for (let i: u32 = 0; i < count; i++) {
    const slot = offsets + 4 * load<u32>(codes + 4 * i)
    total += <u64>(load<u32>(slot, 4) - load<u32>(slot))
  }
  return total > 0x7fffffff ? -1 : <i32>total
}

/** Strings by their codes: `count + 1` offsets that begin at `base`, and their bytes. May write 16 bytes too many. */
export function parquetGatherStrings(
  codes: usize,
  count: u32,
  offsets: usize,
  bytes: usize,
  base: u32,
  targetOffsets: usize,
  targetBytes: usize,
): void {
  store<u32>(targetOffsets, base)
  let op = targetBytes + base
  for (let i: u32 = 0; i < count; i++) {
    const slot = offsets + 4 * load<u32>(codes + 4 * i)
    const start = load<u32>(slot)
    const size = load<u32>(slot, 4) - start
    const from = bytes + start
    if (size <= 16) v128.store(op, v128.load(from))
    else memory.copy(op, from, size)
    op += size
    store<u32>(targetOffsets + 4 * i, <u32>(op - targetBytes), 4)
  }
}

/** Adds `delta` to `count` int32. */
export function parquetShiftOffsets(source: usize, count: u32, delta: i32, target: usize): void {
  const vector = i32x4.splat(delta)
  let i: u32 = 0
  for (; i + 4 <= count; i += 4) v128.store(target + 4 * i, i32x4.add(v128.load(source + 4 * i), vector))
  for (; i < count; i++) store<i32>(target + 4 * i, load<i32>(source + 4 * i) + delta)
}
