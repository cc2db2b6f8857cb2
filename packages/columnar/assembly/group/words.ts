// Distinct 64-bit words, numbered as they first come. Two forms: a dense array where the range is small, else open
// addressing with slots of 16 bytes: | word i64 | group + 1, 0 = empty: i32 | unused |.

const K: u64 = 0x9e3779b97f4a7c15

// @ts-ignore: decorator
@inline export function slotOf(word: i64, shift: u32): u32 {
  const mixed = (<u64>word ^ (<u64>word >> 32)) * K
  return <u32>(mixed >> <u64>shift)
}

// @ts-ignore: decorator
@inline export function isValid(validity: usize, row: u32): bool {
  return validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) == 1
}

/** Row r's word at `target`: integers sign-extended, floats as doubles' bits with one NaN and one zero. kind: 0 bits, 1, 2, 4 = bytes, 5 float, 6 double */
export function groupWiden(kind: i32, values: usize, count: u32, target: usize): void {
  switch (kind) {
    case 0:
      for (let i: u32 = 0; i < count; i++) {
        store<i64>(target + (<usize>i << 3), <i64>((<u32>load<u8>(values + <usize>(i >> 3)) >> (i & 7)) & 1))
      }
      return
    case 1:
      for (let i: usize = 0; i < count; i++) store<i64>(target + (i << 3), <i64>load<i8>(values + i))
      return
    case 2:
      for (let i: usize = 0; i < count; i++) store<i64>(target + (i << 3), <i64>load<i16>(values + (i << 1)))
      return
    case 4:
      for (let i: usize = 0; i < count; i++) store<i64>(target + (i << 3), <i64>load<i32>(values + (i << 2)))
      return
    case 5:
      for (let i: usize = 0; i < count; i++) store<i64>(target + (i << 3), canonical(<f64>load<f32>(values + (i << 2))))
      return
    default:
      for (let i: usize = 0; i < count; i++) store<i64>(target + (i << 3), canonical(load<f64>(values + (i << 3))))
  }
}

// @ts-ignore: decorator
@inline function canonical(value: f64): i64 {
  if (value != value) return 0x7ff8000000000000
  return reinterpret<i64>(value + 0.0)
}

/** The way back: words to values of a kind. */
export function groupNarrow(kind: i32, words: usize, count: u32, target: usize): void {
  switch (kind) {
    case 0:
      for (let i: u32 = 0; i < count; i++) {
        const at = target + <usize>(i >> 3)
        const bit: u32 = <u32>load<u8>(words + (<usize>i << 3)) << (i & 7)
        store<u8>(at, <u8>((i & 7) == 0 ? bit : <u32>load<u8>(at) | bit))
      }
      return
    case 1:
      for (let i: usize = 0; i < count; i++) store<u8>(target + i, load<u8>(words + (i << 3)))
      return
    case 2:
      for (let i: usize = 0; i < count; i++) store<u16>(target + (i << 1), load<u16>(words + (i << 3)))
      return
    case 4:
      for (let i: usize = 0; i < count; i++) store<u32>(target + (i << 2), load<u32>(words + (i << 3)))
      return
    default:
      for (let i: usize = 0; i < count; i++) store<f32>(target + (i << 2), <f32>load<f64>(words + (i << 3)))
  }
}

/** Least and greatest of the words that are not null, at `result`. @returns whether there are any */
export function groupWordBounds(words: usize, validity: usize, count: u32, result: usize): i32 {
  let least = i64.MAX_VALUE
  let greatest = i64.MIN_VALUE
  if (validity == 0) {
    for (let i: usize = 0; i < count; i++) {
      const word = load<i64>(words + (i << 3))
      least = word < least ? word : least
      greatest = word > greatest ? word : greatest
    }
  } else {
    for (let i: u32 = 0; i < count; i++) {
      if (!isValid(validity, i)) continue
      const word = load<i64>(words + (<usize>i << 3))
      least = word < least ? word : least
      greatest = word > greatest ? word : greatest
    }
  }
  store<i64>(result, least)
  store<i64>(result, greatest, 8)
  return least <= greatest ? 1 : 0
}

/**
 * Packs a column into the words of several: packed = packed · range + (word - least); a row whose word is null or out of the
 * range loses its bit. `bounds`: | least i64 | range i64 |
 */
export function groupPack(
  words: usize,
  validity: usize,
  bounds: usize,
  count: u32,
  packed: usize,
  present: usize,
): void {
  const least = load<i64>(bounds)
  const range = load<u64>(bounds, 8)
  for (let row: u32 = 0; row < count; row++) {
    const index = <u64>(load<i64>(words + (<usize>row << 3)) - least)
    if (index < range && isValid(validity, row)) {
      const at = packed + (<usize>row << 3)
      store<u64>(at, load<u64>(at) * range + index)
    } else {
      const at = present + <usize>(row >> 3)
      store<u8>(at, <u8>(<u32>load<u8>(at) & ~(1 << (row & 7))))
    }
  }
}

/**
 * Groups of rows [start, count) by hash; stops before a row that would make more than `limit` groups.
 * state: | groups i32 | null's group i32, -1 none, -2 nulls get -1 and make none |
 * @returns the first row not done
 */
export function groupWordsInsert(
  slots: usize,
  shift: u32,
  mask: u32,
  keys: usize,
  limit: i32,
  state: usize,
  words: usize,
  validity: usize,
  start: u32,
  count: u32,
  ids: usize,
): u32 {
  let groups = load<i32>(state)
  let row = start
  for (; row < count; row++) {
    if (!isValid(validity, row)) {
      let group = load<i32>(state, 4)
      if (group == -1) {
        if (groups >= limit) break
        group = groups++
        store<i32>(state, group, 4)
        store<i64>(keys + (<usize>group << 3), 0)
      }
      store<i32>(ids + (<usize>row << 2), group < 0 ? -1 : group)
      continue
    }
    const word = load<i64>(words + (<usize>row << 3))
    let at = slots + (<usize>slotOf(word, shift) << 4)
    let group = load<i32>(at, 8)
    while (group != 0 && load<i64>(at) != word) {
      at = slots + ((((at - slots) >> 4) + 1) & <usize>mask) * 16
      group = load<i32>(at, 8)
    }
    if (group == 0) {
      if (groups >= limit) break
      store<i64>(keys + (<usize>groups << 3), word)
      store<i64>(at, word)
      group = ++groups
      store<i32>(at, group, 8)
    }
    store<i32>(ids + (<usize>row << 2), group - 1)
  }
  store<i32>(state, groups)
  return row
}

/** The group of a word, -1 if it is not there. */
// @ts-ignore: decorator
@inline export function groupOf(slots: usize, shift: u32, mask: u32, word: i64): i32 {
  let at = slots + (<usize>slotOf(word, shift) << 4)
  let group = load<i32>(at, 8)
  while (group != 0 && load<i64>(at) != word) {
    at = slots + ((((at - slots) >> 4) + 1) & <usize>mask) * 16
    group = load<i32>(at, 8)
  }
  return group - 1
}

export function groupWordsLookup(
  slots: usize,
  shift: u32,
  mask: u32,
  nullGroup: i32,
  words: usize,
  validity: usize,
  count: u32,
  ids: usize,
): void {
  for (let row: u32 = 0; row < count; row++) {
    if (!isValid(validity, row)) {
      store<i32>(ids + (<usize>row << 2), nullGroup < 0 ? -1 : nullGroup)
      continue
    }
    store<i32>(ids + (<usize>row << 2), groupOf(slots, shift, mask, load<i64>(words + (<usize>row << 3))))
  }
}

/** Puts the first `groups` keys into empty slots; null's group is in none. */
export function groupWordsRehash(slots: usize, shift: u32, mask: u32, keys: usize, groups: i32, nullGroup: i32): void {
  for (let group = 0; group < groups; group++) {
    if (group == nullGroup) continue
    const word = load<i64>(keys + (<usize>group << 3))
    let slot = slotOf(word, shift)
    while (load<i32>(slots + (<usize>slot << 4), 8) != 0) slot = (slot + 1) & mask
    store<i64>(slots + (<usize>slot << 4), word)
    store<i32>(slots + (<usize>slot << 4), group + 1, 8)
  }
}

/** Like `groupWordsInsert` by an array of groups + 1; all words are in its range. `base` is the address of the least word. */
export function groupDenseInsert(
  dense: usize,
  base: usize,
  keys: usize,
  limit: i32,
  state: usize,
  words: usize,
  validity: usize,
  start: u32,
  count: u32,
  ids: usize,
): u32 {
  const least = load<i64>(base)
  let groups = load<i32>(state)
  let row = start
  for (; row < count; row++) {
    if (!isValid(validity, row)) {
      let group = load<i32>(state, 4)
      if (group == -1) {
        if (groups >= limit) break
        group = groups++
        store<i32>(state, group, 4)
        store<i64>(keys + (<usize>group << 3), 0)
      }
      store<i32>(ids + (<usize>row << 2), group < 0 ? -1 : group)
      continue
    }
    const word = load<i64>(words + (<usize>row << 3))
    const at = dense + (<usize>(word - least) << 2)
    let group = load<i32>(at)
    if (group == 0) {
      if (groups >= limit) break
      store<i64>(keys + (<usize>groups << 3), word)
      group = ++groups
      store<i32>(at, group)
    }
    store<i32>(ids + (<usize>row << 2), group - 1)
  }
  store<i32>(state, groups)
  return row
}

export function groupDenseLookup(
  dense: usize,
  base: usize,
  size: u32,
  nullGroup: i32,
  words: usize,
  validity: usize,
  count: u32,
  ids: usize,
): void {
  const least = load<i64>(base)
  for (let row: u32 = 0; row < count; row++) {
    if (!isValid(validity, row)) {
      store<i32>(ids + (<usize>row << 2), nullGroup < 0 ? -1 : nullGroup)
      continue
    }
    const index = <u64>(load<i64>(words + (<usize>row << 3)) - least)
    store<i32>(ids + (<usize>row << 2), index < <u64>size ? load<i32>(dense + (<usize>index << 2)) - 1 : -1)
  }
}

/** Fills an empty array from the first `groups` keys. */
export function groupDenseFill(dense: usize, base: usize, keys: usize, groups: i32, nullGroup: i32): void {
  const least = load<i64>(base)
  for (let group = 0; group < groups; group++) {
    if (group == nullGroup) continue
    store<i32>(dense + (<usize>(load<i64>(keys + (<usize>group << 3)) - least) << 2), group + 1)
  }
}
