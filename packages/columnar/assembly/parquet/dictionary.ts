/*
 * Building a chunk's dictionary. A state of ten int32 in memory, made by the caller:
 *
 *   0 table   4 mask   8 count   12 limit   16 values   20 offsets   24 bytesUsed   28 bytesLimit   32 width
 *
 * `table` holds mask + 1 slots of 4 bytes, zeroed at first: the code + 1 in the lower 18 bits, and 14 bits of the hash, which
 * tell most strangers without a look at their values: the table stays in the caches. `values` are the distinct values in order of
 * first sight, with `offsets` if they are strings. Inserting stops where the table is half full, or values or bytes are at their
 * limit: the caller grows them, or gives the dictionary up.
 */

const codeBits: u32 = 18
const codeMask: u32 = (1 << codeBits) - 1

/** The bits of a hash that a slot keeps: others than those that choose the slot. */
// @ts-ignore: decorator
@inline
function tagOf(hash: u32): u32 {
  return hash & ~codeMask
}

// @ts-ignore: decorator
@inline
function mix(word: u64): u32 {
  let h = word * 0x9e3779b97f4a7c15
  h ^= h >> 32
  return <u32>h
}

// @ts-ignore: decorator
@inline
function mixWide(address: usize): u32 {
  return mix(load<u64>(address) ^ (load<u64>(address, 8) * 0xff51afd7ed558ccd))
}

/** Ones, then zeros: from `firstOnes + 32 - size` on, 32 bytes of which the first `size` are ones. */
export const firstOnes: usize = memory.data<u64>([-1, -1, -1, -1, 0, 0, 0, 0])

// @ts-ignore: decorator
@inline
function mixWords(words: v128, a: u64, b: u64): u64 {
  return v128.extract_lane<u64>(words, 0) * a + v128.extract_lane<u64>(words, 1) * b
}

/** Most texts are short, and of any length: up to 32 bytes take no branch. Reads up to 32 bytes past the end. */
// @ts-ignore: decorator
@inline
function hashBytes(address: usize, size: u32): u32 {
  let h: u64 = <u64>size * 0x9e3779b97f4a7c15
  while (size > 32) {
    h = (h ^ load<u64>(address)) * 0x9fb21c651e98df25
    h ^= h >> 35
    address += 8
    size -= 8
  }
  const mask = firstOnes + 32 - size
  const low = v128.and(v128.load(address), v128.load(mask))
  const high = v128.and(v128.load(address, 16), v128.load(mask, 16))
  h ^= mixWords(low, 0x9fb21c651e98df25, 0xff51afd7ed558ccd)
  h ^= mixWords(high, 0xc4ceb9fe1a85ec53, 0xd6e8feb86659fd93)
  return mix(h ^ (h >> 29))
}

// @ts-ignore: decorator
@inline
function bytesEqual(a: usize, b: usize, size: u32): bool {
  while (size > 32) {
    if (load<u64>(a) != load<u64>(b)) return false
    a += 8
    b += 8
    size -= 8
  }
  const mask = firstOnes + 32 - size
  const low = v128.and(v128.xor(v128.load(a), v128.load(b)), v128.load(mask))
  const high = v128.and(v128.xor(v128.load(a, 16), v128.load(b, 16)), v128.load(mask, 16))
  return !v128.any_true(v128.or(low, high))
}

/** Codes of `count` dense values of 4, 8 or 16 bytes. @returns how many were inserted before a limit was met */
export function parquetDictionaryFixed(state: usize, values: usize, count: u32, codes: usize): u32 {
  const table = <usize>load<u32>(state)
  const mask = load<u32>(state, 4)
  let size = load<u32>(state, 8)
  const limit = min<u32>(load<u32>(state, 12), (mask + 1) >> 1)
  const dictionary = <usize>load<u32>(state, 16)
  const width = load<u32>(state, 32)
  let i: u32 = 0
  if (width == 8) {
    for (; i < count; i++) {
      const value = load<u64>(values + 8 * i)
      const h = mix(value)
      let slot = h & mask
      let entry: u32
      let code: u32 = 0
      while ((entry = load<u32>(table + 4 * slot)) != 0) {
        code = entry & codeMask
        if (tagOf(entry) == tagOf(h) && load<u64>(dictionary + 8 * (code - 1)) == value) break
        slot = (slot + 1) & mask
      }
      if (entry == 0) {
        if (size >= limit) break
        store<u64>(dictionary + 8 * size, value)
        code = ++size
        store<u32>(table + 4 * slot, tagOf(h) | code)
      }
      store<u32>(codes + 4 * i, code - 1)
    }
  } else if (width == 4) {
    for (; i < count; i++) {
      const value = load<u32>(values + 4 * i)
      const h = mix(<u64>value)
      let slot = h & mask
      let entry: u32
      let code: u32 = 0
      while ((entry = load<u32>(table + 4 * slot)) != 0) {
        code = entry & codeMask
        if (tagOf(entry) == tagOf(h) && load<u32>(dictionary + 4 * (code - 1)) == value) break
        slot = (slot + 1) & mask
      }
      if (entry == 0) {
        if (size >= limit) break
        store<u32>(dictionary + 4 * size, value)
        code = ++size
        store<u32>(table + 4 * slot, tagOf(h) | code)
      }
      store<u32>(codes + 4 * i, code - 1)
    }
  } else {
    for (; i < count; i++) {
      const address = values + 16 * i
      const h = mixWide(address)
      let slot = h & mask
      let entry: u32
      let code: u32 = 0
      while ((entry = load<u32>(table + 4 * slot)) != 0) {
        code = entry & codeMask
        const known = dictionary + 16 * (code - 1)
        if (
          tagOf(entry) == tagOf(h) &&
          load<u64>(known) == load<u64>(address) &&
          load<u64>(known, 8) == load<u64>(address, 8)
        )
          break
        slot = (slot + 1) & mask
      }
      if (entry == 0) {
        if (size >= limit) break
        v128.store(dictionary + 16 * size, v128.load(address))
        code = ++size
        store<u32>(table + 4 * slot, tagOf(h) | code)
      }
      store<u32>(codes + 4 * i, code - 1)
    }
  }
  store<u32>(state, size, 8)
  return i
}

/** The table's slot of a string, or the empty one where it would be put. `h`: its hash. */
// @ts-ignore: decorator
@inline
function slotOf(table: usize, mask: u32, texts: usize, offsets: usize, h: u32, address: usize, size: u32): u32 {
  let slot = h & mask
  let entry: u32
  while ((entry = load<u32>(table + 4 * slot)) != 0) {
    if (tagOf(entry) == tagOf(h)) {
      const code = entry & codeMask
      const start = load<u32>(offsets + 4 * (code - 1))
      const end = load<u32>(offsets + 4 * code)
      if (end - start == size && bytesEqual(texts + start, address, size)) break
    }
    slot = (slot + 1) & mask
  }
  return slot
}

/** The code of a string that is there, or -1. */
// @ts-ignore: decorator
@inline
export function dictionaryCode(table: usize, mask: u32, texts: usize, offsets: usize, address: usize, size: u32): i32 {
  const slot = slotOf(table, mask, texts, offsets, hashBytes(address, size), address, size)
  return <i32>(load<u32>(table + 4 * slot) & codeMask) - 1
}

/** The code of one string, or -1 at a limit. */
export function insertBytes(state: usize, address: usize, size: u32): i32 {
  const table = <usize>load<u32>(state)
  const mask = load<u32>(state, 4)
  const dictionary = <usize>load<u32>(state, 16)
  const offsets = <usize>load<u32>(state, 20)
  const h = hashBytes(address, size)
  const slot = slotOf(table, mask, dictionary, offsets, h, address, size)
  const entry = load<u32>(table + 4 * slot)
  if (entry != 0) return <i32>(entry & codeMask) - 1
  const count = load<u32>(state, 8)
  const used = load<u32>(state, 24)
  if (count >= min<u32>(load<u32>(state, 12), (mask + 1) >> 1) || size > load<u32>(state, 28) - used) return -1
  memory.copy(dictionary + used, address, size)
  store<u32>(offsets + 4 * (count + 1), used + size)
  store<u32>(state, used + size, 24)
  store<u32>(state, count + 1, 8)
  store<u32>(table + 4 * slot, tagOf(h) | (count + 1))
  return <i32>count
}

/**
 * Codes of the strings in slots [start, start + count); slots that `bitmap` (if not 0) says are null get none.
 * @returns how many slots were passed before a limit was met; the number of codes is at state + 36
 */
export function parquetDictionaryStrings(
  state: usize,
  offsets: usize,
  bytes: usize,
  bitmap: usize,
  start: u32,
  count: u32,
  codes: usize,
): u32 {
  let op = codes
  let i: u32 = 0
  for (; i < count; i++) {
    const row = start + i
    if (bitmap != 0 && ((load<u8>(bitmap + (row >> 3)) >> (<u8>(row & 7))) & 1) == 0) continue
    const from = load<u32>(offsets + 4 * row)
    const code = insertBytes(state, bytes + from, load<u32>(offsets + 4 * row, 4) - from)
    if (code < 0) break
    store<i32>(op, code)
    op += 4
  }
  store<u32>(state, <u32>(op - codes) >> 2, 36)
  return i
}

/**
 * The same for a column that is dictionary-encoded already: `remap` has an int32 for every entry of its dictionary, -1 for
 * those that were not met yet, so that only entries in use come into the chunk (and into its statistics).
 */
export function parquetDictionaryRecode(
  state: usize,
  source: usize,
  remap: usize,
  offsets: usize,
  bytes: usize,
  bitmap: usize,
  start: u32,
  count: u32,
  codes: usize,
): u32 {
  let op = codes
  let i: u32 = 0
  for (; i < count; i++) {
    const row = start + i
    if (bitmap != 0 && ((load<u8>(bitmap + (row >> 3)) >> (<u8>(row & 7))) & 1) == 0) continue
    const known = load<u32>(source + 4 * row)
    let code = load<i32>(remap + 4 * known)
    if (code < 0) {
      const from = load<u32>(offsets + 4 * known)
      code = insertBytes(state, bytes + from, load<u32>(offsets + 4 * known, 4) - from)
      if (code < 0) break
      store<i32>(remap + 4 * known, code)
    }
    store<i32>(op, code)
    op += 4
  }
  store<u32>(state, <u32>(op - codes) >> 2, 36)
  return i
}

/** Fills a zeroed table with the values that are there; the state has the table already. */
export function parquetDictionaryRehash(state: usize): void {
  const table = <usize>load<u32>(state)
  const mask = load<u32>(state, 4)
  const count = load<u32>(state, 8)
  const values = <usize>load<u32>(state, 16)
  const offsets = <usize>load<u32>(state, 20)
  const width = load<u32>(state, 32)
  for (let i: u32 = 0; i < count; i++) {
    let h: u32
    if (width == 0) {
      const from = load<u32>(offsets + 4 * i)
      h = hashBytes(values + from, load<u32>(offsets + 4 * i, 4) - from)
    } else if (width == 8) h = mix(load<u64>(values + 8 * i))
    else if (width == 4) h = mix(<u64>load<u32>(values + 4 * i))
    else h = mixWide(values + 16 * i)
    let slot = h & mask
    while (load<u32>(table + 4 * slot) != 0) slot = (slot + 1) & mask
    store<u32>(table + 4 * slot, tagOf(h) | (i + 1))
  }
}
