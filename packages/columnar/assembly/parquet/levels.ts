/*
 * From levels to the validity and offsets of nested columns (Dremel's record assembly, a level at a time). A leaf's levels
 * give a slot of a node where the definition level reaches its closest repeated ancestor (`ancestor`) and the repetition
 * level is not deeper than the node's own.
 */

/**
 * Validity of a struct or leaf: set where the definition level is at least `defined`.
 * @returns slots; `parquetCountBits` tells how many are set
 */
export function parquetNodeValidity(
  definitions: usize,
  repetitions: usize,
  count: u32,
  repetition: u32,
  ancestor: u32,
  defined: u32,
  target: usize,
): u32 {
  let slots: u32 = 0
  let word: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const definition = <u32>load<u8>(definitions + i)
    if (definition < ancestor || <u32>load<u8>(repetitions + i) > repetition) continue
    word |= (<u32>(definition >= defined)) << (slots & 7)
    slots++
    if ((slots & 7) == 0) {
      store<u8>(target + (slots >> 3) - 1, <u8>word)
      word = 0
    }
  }
  if ((slots & 7) != 0) store<u8>(target + (slots >> 3), <u8>word)
  return slots
}

/**
 * Offsets (int32, slots + 1 of them) and validity of a list or map whose repeated node has the levels `repetition` and
 * `defined`; the list itself is not null where the definition level is at least `present`.
 * @returns slots
 */
export function parquetListOffsets(
  definitions: usize,
  repetitions: usize,
  count: u32,
  repetition: u32,
  ancestor: u32,
  defined: u32,
  present: u32,
  offsets: usize,
  bitmap: usize,
): u32 {
  let slots: u32 = 0
  let elements: u32 = 0
  let word: u32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const definition = <u32>load<u8>(definitions + i)
    const level = <u32>load<u8>(repetitions + i)
    if (definition < ancestor || level > repetition) continue
    if (level == repetition) {
      // Counted by the same rule as the child's slots, so that corrupt levels cannot make offsets point outside it.
      elements += <u32>(definition >= defined)
      continue
    }
    store<u32>(offsets + 4 * slots, elements)
    elements += <u32>(definition >= defined)
    word |= (<u32>(definition >= present)) << (slots & 7)
    slots++
    if ((slots & 7) == 0) {
      store<u8>(bitmap + (slots >> 3) - 1, <u8>word)
      word = 0
    }
  }
  store<u32>(offsets + 4 * slots, elements)
  if ((slots & 7) != 0) store<u8>(bitmap + (slots >> 3), <u8>word)
  return slots
}

/** How many of the first `count` bits are set. */
export function parquetCountBits(bitmap: usize, count: u32): u32 {
  let set: u32 = 0
  let i: u32 = 0
  for (; i + 64 <= count; i += 64) set += <u32>popcnt(load<u64>(bitmap + (i >> 3)))
  for (; i < count; i++) set += ((<u32>load<u8>(bitmap + (i >> 3))) >> (i & 7)) & 1
  return set
}

/** The index of the level that begins the record after the first `records` ones from `start`, at most `count`. */
export function parquetRecordEnd(repetitions: usize, start: u32, count: u32, records: u32): u32 {
  let i = start
  let left = records
  while (i < count) {
    if (load<u8>(repetitions + i) == 0) {
      if (left == 0) return i
      left--
    }
    i++
  }
  return count
}

/** Levels equal to 0: records that begin. */
export function parquetCountRecords(repetitions: usize, start: u32, end: u32): u32 {
  let records: u32 = 0
  for (let i = start; i < end; i++) records += <u32>(load<u8>(repetitions + i) == 0)
  return records
}
