/* PLAIN (parquet-format, Encodings.md): byte arrays behind their lengths; booleans as bits, handled as bytes in here. */

/**
 * `count` byte arrays as offsets (from 0) and bytes; `target` has room for `length` + 16 bytes.
 * @returns bytes in `target`, or -1 if the page ends too early
 */
export function parquetPlainByteArrays(source: usize, length: u32, count: u32, offsets: usize, target: usize): i32 {
  let ip = source
  const end = source + length
  let op = target
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(offsets + 4 * i, <u32>(op - target))
    if (<u32>(end - ip) < 4) return -1
    const size = load<u32>(ip)
    ip += 4
    if (size > <u32>(end - ip)) return -1
    if (size <= 16) v128.store(op, v128.load(ip))
    else memory.copy(op, ip, size)
    ip += size
    op += size
  }
  store<u32>(offsets + 4 * count, <u32>(op - target))
  return <i32>(op - target)
}

/** Strings [start, start + count) with their lengths before them. @returns bytes written */
export function parquetEncodeByteArrays(offsets: usize, bytes: usize, start: u32, count: u32, target: usize): u32 {
  let op = target
  for (let i = start; i < start + count; i++) {
    const from = load<u32>(offsets + 4 * i)
    const size = load<u32>(offsets + 4 * i, 4) - from
    store<u32>(op, size)
    op += 4
    if (size <= 16) v128.store(op, v128.load(bytes + from))
    else memory.copy(op, bytes + from, size)
    op += size
  }
  return <u32>(op - target)
}

/** As above, only those of slots that are not null. */
export function parquetEncodeByteArraysOf(
  offsets: usize,
  bytes: usize,
  bitmap: usize,
  start: u32,
  count: u32,
  target: usize,
): u32 {
  let op = target
  for (let i = start; i < start + count; i++) {
    if (((load<u8>(bitmap + (i >> 3)) >> (<u8>(i & 7))) & 1) == 0) continue
    const from = load<u32>(offsets + 4 * i)
    const size = load<u32>(offsets + 4 * i, 4) - from
    store<u32>(op, size)
    op += 4
    if (size <= 16) v128.store(op, v128.load(bytes + from))
    else memory.copy(op, bytes + from, size)
    op += size
  }
  return <u32>(op - target)
}

/** Byte arrays of PLAIN by their codes, for a chunk that gives up its dictionary. @returns bytes written */
export function parquetEncodeByteArraysByCode(
  codes: usize,
  count: u32,
  offsets: usize,
  bytes: usize,
  target: usize,
): u32 {
  let op = target
  for (let i: u32 = 0; i < count; i++) {
    const slot = offsets + 4 * load<u32>(codes + 4 * i)
    const from = load<u32>(slot)
    const size = load<u32>(slot, 4) - from
    store<u32>(op, size)
    op += 4
    memory.copy(op, bytes + from, size)
    op += size
  }
  return <u32>(op - target)
}

/** Bits [start, start + count) to bytes 0 and 1. */
export function parquetBitsToBytes(bits: usize, start: u32, count: u32, target: usize): void {
  let i: u32 = 0
  if ((start & 7) == 0) {
    bits += start >> 3
    start = 0
    for (; i + 8 <= count; i += 8) {
      const byte = <u64>load<u8>(bits + (i >> 3))
      // One bit to each byte: the low seven by a multiplication, the high one by itself.
      const low = ((byte & 0x7f) * 0x0002040810204081) & 0x0001010101010101
      store<u64>(target + i, low | ((byte >> 7) << 56))
    }
  }
  for (; i < count; i++) {
    const bit = start + i
    store<u8>(target + i, (load<u8>(bits + (bit >> 3)) >> (<u8>(bit & 7))) & 1)
  }
}

/** A bitmap of the bytes that are at least `threshold`. Writes whole words of 16 bits. @returns how many are set */
export function parquetBytesToBits(bytes: usize, count: u32, threshold: u32, target: usize): u32 {
  const least = i8x16.splat(<i8>threshold)
  let set: u32 = 0
  let i: u32 = 0
  for (; i + 16 <= count; i += 16) {
    const mask = <u32>i8x16.bitmask(i8x16.ge_u(v128.load(bytes + i), least))
    store<u16>(target + (i >> 3), <u16>mask)
    set += popcnt(mask)
  }
  if (i < count) {
    let mask: u32 = 0
    for (let j: u32 = 0; i + j < count; j++) mask |= (<u32>(<u32>load<u8>(bytes + i + j) >= threshold)) << j
    store<u16>(target + (i >> 3), <u16>mask)
    set += popcnt(mask)
  }
  return set
}

/** How many bytes are at least `threshold`. */
export function parquetCountAtLeast(bytes: usize, count: u32, threshold: u32): u32 {
  const least = i8x16.splat(<i8>threshold)
  let set: u32 = 0
  let i: u32 = 0
  for (; i + 16 <= count; i += 16) set += popcnt(<u32>i8x16.bitmask(i8x16.ge_u(v128.load(bytes + i), least)))
  for (; i < count; i++) set += <u32>(<u32>load<u8>(bytes + i) >= threshold)
  return set
}

/** Levels of flat slots: `present` where the bit is set, `absent` where not. @returns how many are set */
export function parquetBitsToLevels(
  bits: usize,
  start: u32,
  count: u32,
  present: u32,
  absent: u32,
  target: usize,
): u32 {
  parquetBitsToBytes(bits, start, count, target)
  let set: u32 = 0
  const difference = present - absent
  for (let i: u32 = 0; i < count; i++) {
    const bit = <u32>load<u8>(target + i)
    set += bit
    store<u8>(target + i, <u8>(absent + bit * difference))
  }
  return set
}
