/* Dictionary look-ups: values by their codes, which are words or, of small dictionaries, bytes. */

/** Kernel scratch, reserved by Heap; nothing in it outlives a call. */
const table: usize = 65536

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

/** The values of 8 bytes as bytes of a vector, at `table`. @returns whether there are at most 16, each of them one byte */
function prepareBytes(values: usize, valueCount: u32): bool {
  if (valueCount > 16) return false
  let all: u64 = 0
  for (let i: u32 = 0; i < valueCount; i++) {
    const value = load<u64>(values + 8 * i)
    all |= value
    store<u8>(table + i, <u8>value)
  }
  return all < 256
}

/** Sixteen bytes as 64-bit words. */
// @ts-ignore: decorator
@inline
function storeWords(bytes: v128, to: usize): void {
  const low = i16x8.extend_low_i8x16_u(bytes)
  const high = i16x8.extend_high_i8x16_u(bytes)
  const first = i32x4.extend_low_i16x8_u(low)
  const second = i32x4.extend_high_i16x8_u(low)
  const third = i32x4.extend_low_i16x8_u(high)
  const fourth = i32x4.extend_high_i16x8_u(high)
  v128.store(to, i64x2.extend_low_i32x4_u(first))
  v128.store(to, i64x2.extend_high_i32x4_u(first), 16)
  v128.store(to, i64x2.extend_low_i32x4_u(second), 32)
  v128.store(to, i64x2.extend_high_i32x4_u(second), 48)
  v128.store(to, i64x2.extend_low_i32x4_u(third), 64)
  v128.store(to, i64x2.extend_high_i32x4_u(third), 80)
  v128.store(to, i64x2.extend_low_i32x4_u(fourth), 96)
  v128.store(to, i64x2.extend_high_i32x4_u(fourth), 112)
}

/** As `parquetGather`, by codes of one byte, all below `valueCount`. */
export function parquetGatherByBytes(
  codes: usize,
  count: u32,
  values: usize,
  valueCount: u32,
  width: u32,
  target: usize,
): void {
  let i: u32 = 0
  if (width == 8) {
    if (count >= 64 && prepareBytes(values, valueCount)) {
      const bytes = v128.load(table)
      for (; i + 16 <= count; i += 16) storeWords(i8x16.swizzle(bytes, v128.load(codes + i)), target + 8 * i)
    }
    for (; i + 8 <= count; i += 8) {
      const word = load<u64>(codes + i)
      const to = target + 8 * i
      store<u64>(to, load<u64>(values + 8 * <usize>(word & 255)))
      store<u64>(to, load<u64>(values + 8 * <usize>((word >> 8) & 255)), 8)
      store<u64>(to, load<u64>(values + 8 * <usize>((word >> 16) & 255)), 16)
      store<u64>(to, load<u64>(values + 8 * <usize>((word >> 24) & 255)), 24)
      store<u64>(to, load<u64>(values + 8 * <usize>((word >> 32) & 255)), 32)
      store<u64>(to, load<u64>(values + 8 * <usize>((word >> 40) & 255)), 40)
      store<u64>(to, load<u64>(values + 8 * <usize>((word >> 48) & 255)), 48)
      store<u64>(to, load<u64>(values + 8 * <usize>(word >> 56)), 56)
    }
    for (; i < count; i++) store<u64>(target + 8 * i, load<u64>(values + 8 * <u32>load<u8>(codes + i)))
  } else if (width == 4) {
    for (; i < count; i++) store<u32>(target + 4 * i, load<u32>(values + 4 * <u32>load<u8>(codes + i)))
  } else if (width == 16) {
    for (; i < count; i++) v128.store(target + 16 * i, v128.load(values + 16 * <u32>load<u8>(codes + i)))
  } else if (width == 2) {
    for (; i < count; i++) store<u16>(target + 2 * i, load<u16>(values + 2 * <u32>load<u8>(codes + i)))
  } else {
    for (; i < count; i++) store<u8>(target + i, load<u8>(values + <u32>load<u8>(codes + i)))
  }
}

/** As `parquetGatherByBytes`, of the codes at `rows` (less `first`) alone. */
export function parquetGatherRowsByBytes(
  codes: usize,
  rows: usize,
  count: u32,
  first: u32,
  values: usize,
  width: u32,
  target: usize,
): void {
  codes -= first
  if (width == 8) {
    for (let i: u32 = 0; i < count; i++) {
      const code = <u32>load<u8>(codes + load<u32>(rows + 4 * i))
      store<u64>(target + 8 * i, load<u64>(values + 8 * code))
    }
  } else {
    for (let i: u32 = 0; i < count; i++) {
      const code = <u32>load<u8>(codes + load<u32>(rows + 4 * i))
      memory.copy(target + width * i, values + width * code, width)
    }
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
