// A bit a word, by the upper bits of its hash: most words that are not in a hash table are told from it in little memory, and
// without a branch. The tables are those of `words.ts`.

import { groupOf, isValid, slotOf } from './words'

/** Sets the bits of the first `count` keys; null's group has none. The bitmap is zeroed, of 2^(64 - shift) bits. */
export function groupFilterFill(bits: usize, shift: u32, keys: usize, count: i32, nullGroup: i32): void {
  for (let group = 0; group < count; group++) {
    if (group == nullGroup) continue
    const place = slotOf(load<i64>(keys + (<usize>group << 3)), shift)
    const at = bits + <usize>(place >> 3)
    store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (place & 7))))
  }
}

/** Numbers of the rows whose word may be there, ascending. @returns how many; one more may be written */
export function groupFilterRows(bits: usize, shift: u32, words: usize, validity: usize, count: u32, rows: usize): u32 {
  let to: usize = 0
  for (let row: u32 = 0; row < count; row++) {
    const place = slotOf(load<i64>(words + (<usize>row << 3)), shift)
    const bit = (<u32>load<u8>(bits + <usize>(place >> 3)) >> (place & 7)) & 1
    store<u32>(rows + to, row)
    to += (bit & <u32>isValid(validity, row)) << 2
  }
  return <u32>(to >> 2)
}

/** The groups of some rows, none of which is null; -1 if a word is not there. */
export function groupWordsLookupRows(
  slots: usize,
  shift: u32,
  mask: u32,
  words: usize,
  rows: usize,
  count: u32,
  ids: usize,
): void {
  for (let i: usize = 0; i < count; i++) {
    const row = <usize>load<u32>(rows + (i << 2))
    store<i32>(ids + (row << 2), groupOf(slots, shift, mask, load<i64>(words + (row << 3))))
  }
}

/** Of some rows, none of which is null, those whose word is there: in their place. @returns how many */
export function groupWordsChooseRows(
  slots: usize,
  shift: u32,
  mask: u32,
  words: usize,
  rows: usize,
  count: u32,
): u32 {
  let to: usize = 0
  for (let i: usize = 0; i < count; i++) {
    const row = load<u32>(rows + (i << 2))
    store<u32>(rows + to, row)
    to += groupOf(slots, shift, mask, load<i64>(words + (<usize>row << 3))) < 0 ? 0 : 4
  }
  return <u32>(to >> 2)
}
