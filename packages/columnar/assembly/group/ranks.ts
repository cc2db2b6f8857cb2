// Keys that no more are added to, by their rank: a bit a word of their range, and how many keys lie before. Blocks of 8 bytes
// for 32 words: | bits u32 | keys before the block u32 |. A word that is not there costs one look at little memory, and one
// that is there a second: `groups` has the group of each key in the order of the words.

import { isValid } from './words'

// @ts-ignore: decorator
@inline function rankOf(block: u64, place: u32): usize {
  return <usize>(<u32>(block >> 32) + popcnt<u32>(<u32>block & ((1 << place) - 1)))
}

/** Fills zeroed blocks from the first `count` keys; null's group is in none. `base` is the address of the least word. */
export function groupRankFill(
  blocks: usize,
  blockCount: u32,
  base: usize,
  keys: usize,
  count: i32,
  nullGroup: i32,
  groups: usize,
): void {
  const least = load<i64>(base)
  for (let group = 0; group < count; group++) {
    if (group == nullGroup) continue
    const index = <u64>(load<i64>(keys + (<usize>group << 3)) - least)
    const at = blocks + (<usize>(index >> 5) << 3)
    store<u32>(at, load<u32>(at) | (1 << (<u32>index & 31)))
  }
  let before: u32 = 0
  for (let i: usize = 0; i < blockCount; i++) {
    const at = blocks + (i << 3)
    store<u32>(at, before, 4)
    before += popcnt<u32>(load<u32>(at))
  }
  for (let group = 0; group < count; group++) {
    if (group == nullGroup) continue
    const index = <u64>(load<i64>(keys + (<usize>group << 3)) - least)
    const block = load<u64>(blocks + (<usize>(index >> 5) << 3))
    store<i32>(groups + (rankOf(block, <u32>index & 31) << 2), group)
  }
}

/** The group of each row, -1 if its word is not there. `size`: how many words the range has. */
export function groupRankLookup(
  blocks: usize,
  base: usize,
  size: u32,
  groups: usize,
  nullGroup: i32,
  words: usize,
  validity: usize,
  count: u32,
  ids: usize,
): void {
  const least = load<i64>(base)
  for (let row: u32 = 0; row < count; row++) {
    let group = -1
    if (!isValid(validity, row)) group = nullGroup < 0 ? -1 : nullGroup
    else {
      const index = <u64>(load<i64>(words + (<usize>row << 3)) - least)
      if (index < <u64>size) {
        const block = load<u64>(blocks + (<usize>(index >> 5) << 3))
        const place = <u32>index & 31
        if (((<u32>block >> place) & 1) == 1) group = load<i32>(groups + (rankOf(block, place) << 2))
      }
    }
    store<i32>(ids + (<usize>row << 2), group)
  }
}

/** Numbers of the rows whose word is there (`wanted` 1) or is not (0), ascending. @returns how many; one more may be written */
export function groupRankChoose(
  blocks: usize,
  base: usize,
  size: u32,
  nullGroup: i32,
  words: usize,
  validity: usize,
  count: u32,
  wanted: u32,
  rows: usize,
): u32 {
  const least = load<i64>(base)
  const nullFound: u32 = nullGroup < 0 ? 0 : 1
  let to: usize = 0
  for (let row: u32 = 0; row < count; row++) {
    let found = nullFound
    if (isValid(validity, row)) {
      const index = <u64>(load<i64>(words + (<usize>row << 3)) - least)
      // A word outside the range looks at the first block, in vain.
      const inside: u32 = index < <u64>size ? 1 : 0
      const bits = load<u32>(blocks + (inside == 1 ? <usize>(index >> 5) << 3 : 0))
      found = (bits >> (<u32>index & 31)) & inside
    }
    store<u32>(rows + to, row)
    to += found == wanted ? 4 : 0
  }
  return <u32>(to >> 2)
}
