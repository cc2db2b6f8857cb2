// Distinct byte strings, numbered as they first come. Slots of 16 bytes:
// | hash u32 | group + 1, 0 = empty: i32 | start u32 in the store | length u32 |. Reads up to 7 bytes past a text.

const K: u64 = 0x9e3779b97f4a7c15

// @ts-ignore: decorator
@inline function fold(hash: u64, word: u64): u64 {
  const product = (hash ^ word) * K
  return product ^ (product >> 29)
}

function hashText(start: usize, length: usize): u32 {
  let hash: u64 = (<u64>length + 1) * K
  let p = start
  const end = start + length
  for (; p + 8 <= end; p += 8) hash = fold(hash, load<u64>(p))
  if (p < end) hash = fold(hash, load<u64>(p) << ((8 - <u64>(end - p)) << 3))
  hash *= K
  return <u32>(hash >> 32)
}

// @ts-ignore: decorator
@inline function equalTexts(a: usize, b: usize, length: usize): bool {
  let i: usize = 0
  for (; i + 8 <= length; i += 8) if (load<u64>(a + i) != load<u64>(b + i)) return false
  if (i == length) return true
  const beyond = (8 - <u64>(length - i)) << 3
  return ((load<u64>(a + i) ^ load<u64>(b + i)) << beyond) == 0
}

// @ts-ignore: decorator
@inline function isValid(validity: usize, row: u32): bool {
  return validity == 0 || ((<u32>load<u8>(validity + <usize>(row >> 3)) >> (row & 7)) & 1) == 1
}

/** Hashes of the rows' texts; 0 for a null. */
export function groupTextHashes(offsets: usize, values: usize, validity: usize, count: u32, hashes: usize): void {
  for (let row: u32 = 0; row < count; row++) {
    let hash: u32 = 0
    if (isValid(validity, row)) {
      const at = offsets + (<usize>row << 2)
      const start = load<u32>(at)
      hash = hashText(values + <usize>start, <usize>(load<u32>(at, 4) - start))
    }
    store<u32>(hashes + (<usize>row << 2), hash)
  }
}

/**
 * Groups of rows [start, count); stops before a row that would make more than `limit` groups or needs more than
 * `storeBytes` in the store. `starts` keeps each group's place in the store (limit + 1 of them).
 * state: | groups i32 | null's group i32, -1 none, -2 nulls get -1 and make none | bytes used u32 |
 * @returns the first row not done
 */
export function groupTextsInsert(
  slots: usize,
  mask: u32,
  limit: i32,
  starts: usize,
  bytes: usize,
  storeBytes: u32,
  state: usize,
  offsets: usize,
  values: usize,
  validity: usize,
  hashes: usize,
  start: u32,
  count: u32,
  ids: usize,
): u32 {
  let groups = load<i32>(state)
  let used = load<u32>(state, 8)
  let row = start
  for (; row < count; row++) {
    if (!isValid(validity, row)) {
      let group = load<i32>(state, 4)
      if (group == -1) {
        if (groups >= limit) break
        group = groups++
        store<i32>(state, group, 4)
        store<u32>(starts + (<usize>groups << 2), used)
      }
      store<i32>(ids + (<usize>row << 2), group < 0 ? -1 : group)
      continue
    }
    const from = offsets + (<usize>row << 2)
    const text = values + <usize>load<u32>(from)
    const length = load<u32>(from, 4) - load<u32>(from)
    const hash = load<u32>(hashes + (<usize>row << 2))
    let slot = hash & mask
    let at = slots + (<usize>slot << 4)
    let group = load<i32>(at, 4)
    while (
      group != 0 &&
      (load<u32>(at) != hash ||
        load<u32>(at, 12) != length ||
        !equalTexts(bytes + <usize>load<u32>(at, 8), text, <usize>length))
    ) {
      slot = (slot + 1) & mask
      at = slots + (<usize>slot << 4)
      group = load<i32>(at, 4)
    }
    if (group == 0) {
      if (groups >= limit || <u64>used + <u64>length > <u64>storeBytes) break
      memory.copy(bytes + <usize>used, text, <usize>length)
      group = ++groups
      store<u32>(at, hash)
      store<i32>(at, group, 4)
      store<u32>(at, used, 8)
      store<u32>(at, length, 12)
      used += length
      store<u32>(starts + (<usize>groups << 2), used)
    }
    store<i32>(ids + (<usize>row << 2), group - 1)
  }
  store<i32>(state, groups)
  store<u32>(state, used, 8)
  return row
}

export function groupTextsLookup(
  slots: usize,
  mask: u32,
  bytes: usize,
  nullGroup: i32,
  offsets: usize,
  values: usize,
  validity: usize,
  hashes: usize,
  count: u32,
  ids: usize,
): void {
  for (let row: u32 = 0; row < count; row++) {
    if (!isValid(validity, row)) {
      store<i32>(ids + (<usize>row << 2), nullGroup < 0 ? -1 : nullGroup)
      continue
    }
    const from = offsets + (<usize>row << 2)
    const text = values + <usize>load<u32>(from)
    const length = load<u32>(from, 4) - load<u32>(from)
    const hash = load<u32>(hashes + (<usize>row << 2))
    let slot = hash & mask
    let at = slots + (<usize>slot << 4)
    let group = load<i32>(at, 4)
    while (
      group != 0 &&
      (load<u32>(at) != hash ||
        load<u32>(at, 12) != length ||
        !equalTexts(bytes + <usize>load<u32>(at, 8), text, <usize>length))
    ) {
      slot = (slot + 1) & mask
      at = slots + (<usize>slot << 4)
      group = load<i32>(at, 4)
    }
    store<i32>(ids + (<usize>row << 2), group - 1)
  }
}

/** Moves the full slots of one table into the empty slots of another. */
export function groupTextsRehash(from: usize, fromMask: u32, to: usize, toMask: u32): void {
  for (let i: usize = 0; i <= <usize>fromMask; i++) {
    const source = from + (i << 4)
    if (load<i32>(source, 4) == 0) continue
    let slot = load<u32>(source) & toMask
    while (load<i32>(to + (<usize>slot << 4), 4) != 0) slot = (slot + 1) & toMask
    v128.store(to + (<usize>slot << 4), v128.load(source))
  }
}
