// Stable order of rows. Entries of 16 bytes: | key u64, unsigned order | row u32 | unused |.

/** The rows' numbers. */
export function sortIdentity(order: usize, count: u32): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(order + (<usize>i << 2), i)
}

/** Nulls before or after the others, each in their order. @returns how many are not null */
export function sortNulls(order: usize, validity: usize, count: u32, nullsFirst: i32, target: usize): u32 {
  let present: u32 = 0
  for (let i: usize = 0; i < count; i++) present += isSet(validity, load<u32>(order + (i << 2)))
  let valid: usize = target + (nullsFirst != 0 ? <usize>(count - present) << 2 : 0)
  let absent: usize = nullsFirst != 0 ? target : target + (<usize>present << 2)
  for (let i: usize = 0; i < count; i++) {
    const row = load<u32>(order + (i << 2))
    if (isSet(validity, row)) {
      store<u32>(valid, row)
      valid += 4
    } else {
      store<u32>(absent, row)
      absent += 4
    }
  }
  return present
}

// @ts-ignore: decorator
@inline function isSet(bits: usize, row: u32): u32 {
  return (<u32>load<u8>(bits + <usize>(row >> 3)) >> (row & 7)) & 1
}

/** Entries of 64-bit words, `stride` bytes from row to row. form: 0 unsigned, 1 signed, 2 the bits of a double */
export function sortWordEntries(
  words: usize,
  stride: usize,
  form: i32,
  descending: i32,
  order: usize,
  count: u32,
  entries: usize,
): void {
  const flip: u64 = descending != 0 ? 0xffffffffffffffff : 0
  const sign: u64 = form == 0 ? 0 : 0x8000000000000000
  for (let i: usize = 0; i < count; i++) {
    const row = load<u32>(order + (i << 2))
    let key = load<u64>(words + <usize>row * stride)
    if (form == 2 && <i64>key < 0) key = ~key
    else key ^= sign
    store<u64>(entries + (i << 4), key ^ flip)
    store<u32>(entries + (i << 4), row, 8)
  }
}

/** Sorts by radix, low byte first; bytes that all keys share are skipped. @returns where the sorted entries are: `entries` or `other` */
export function sortEntries(entries: usize, other: usize, count: u32, counts: usize): usize {
  memory.fill(counts, 0, 8 * 256 * 4)
  for (let i: usize = 0; i < count; i++) {
    let key = load<u64>(entries + (i << 4))
    for (let digit: usize = 0; digit < 8; digit++, key >>= 8) {
      const at = counts + (digit << 10) + (<usize>(key & 255) << 2)
      store<u32>(at, load<u32>(at) + 1)
    }
  }
  let from = entries
  let to = other
  for (let digit: usize = 0; digit < 8; digit++) {
    const histogram = counts + (digit << 10)
    const shift = <u64>(digit << 3)
    if (load<u32>(histogram + (<usize>((load<u64>(from) >> shift) & 255) << 2)) == count) continue
    let sum: u32 = 0
    for (let b: usize = 0; b < 256; b++) {
      const at = histogram + (b << 2)
      const n = load<u32>(at)
      store<u32>(at, sum)
      sum += n
    }
    for (let i: usize = 0; i < count; i++) {
      const entry = from + (i << 4)
      const at = histogram + (<usize>((load<u64>(entry) >> shift) & 255) << 2)
      const place = load<u32>(at)
      store<u32>(at, place + 1)
      v128.store(to + (<usize>place << 4), v128.load(entry))
    }
    const swap = from
    from = to
    to = swap
  }
  return from
}

export function sortRows(entries: usize, count: u32, order: usize): void {
  for (let i: usize = 0; i < count; i++) store<u32>(order + (i << 2), load<u32>(entries + (i << 4), 8))
}

/** Bytes [depth, depth + 8) of a row's text, first byte highest, zeros behind its end. */
// @ts-ignore: decorator
@inline function textKey(offsets: usize, values: usize, row: u32, depth: u32): u64 {
  const at = offsets + (<usize>row << 2)
  const start = load<u32>(at)
  const length = load<u32>(at, 4) - start
  if (length <= depth) return 0
  const rest = length - depth
  const word = bswap<u64>(load<u64>(values + <usize>(start + depth)))
  return rest >= 8 ? word : word & ~(0xffffffffffffffff >> <u64>(rest << 3))
}

// @ts-ignore: decorator
@inline function lengthOf(offsets: usize, row: u32): u32 {
  const at = offsets + (<usize>row << 2)
  return load<u32>(at, 4) - load<u32>(at)
}

/** Order of two texts by their bytes from `depth` on, then by length. */
function compareTexts(offsets: usize, values: usize, a: u32, b: u32, depth: u32): i32 {
  const m = lengthOf(offsets, a)
  const n = lengthOf(offsets, b)
  const shorter = m < n ? m : n
  for (let at = depth; at < shorter; at += 8) {
    const x = textKey(offsets, values, a, at)
    const y = textKey(offsets, values, b, at)
    if (x != y) return x < y ? -1 : 1
  }
  return m < n ? -1 : m > n ? 1 : 0
}

/** Puts the rows of `order` in the order of their texts. */
export function sortTexts(
  offsets: usize,
  values: usize,
  descending: i32,
  order: usize,
  count: u32,
  entries: usize,
  other: usize,
  counts: usize,
): void {
  sortTextRun(offsets, values, descending, order, count, entries, other, counts, 0)
}

/** A run of rows whose texts are equal before `depth`. */
function sortTextRun(
  offsets: usize,
  values: usize,
  descending: i32,
  order: usize,
  count: u32,
  entries: usize,
  other: usize,
  counts: usize,
  depth: u32,
): void {
  while (count > 1) {
    if (count <= 24) {
      insertTexts(offsets, values, descending, order, count, depth)
      return
    }
    let longest: u32 = 0
    for (let i: usize = 0; i < count; i++) {
      const length = lengthOf(offsets, load<u32>(order + (i << 2)))
      longest = length > longest ? length : longest
    }
    // Texts that are equal but for zeros at their ends differ in length.
    const byLength = longest <= depth
    const flip: u64 = descending != 0 ? 0xffffffffffffffff : 0
    for (let i: usize = 0; i < count; i++) {
      const row = load<u32>(order + (i << 2))
      const key = byLength ? <u64>lengthOf(offsets, row) : textKey(offsets, values, row, depth)
      store<u64>(entries + (i << 4), key ^ flip)
      store<u32>(entries + (i << 4), row, 8)
    }
    const sorted = sortEntries(entries, other, count, counts)
    sortRows(sorted, count, order)
    if (byLength) return
    // Runs of equal keys go on eight bytes later: the longest here, the others by a call, which keeps the calls few levels deep.
    // A call writes over the entries, so the runs' ends are first marked in the buffer that is not in use: its place 0 of each run is its length.
    const runs = other == sorted ? entries : other
    let runCount: usize = 0
    let runStart: u32 = 0
    for (let i: u32 = 1; i <= count; i++) {
      if (i < count && load<u64>(sorted + (<usize>i << 4)) == load<u64>(sorted + (<usize>(i - 1) << 4))) continue
      if (i - runStart > 1) {
        store<u32>(runs + (runCount << 3), runStart)
        store<u32>(runs + (runCount << 3), i - runStart, 4)
        runCount++
      }
      runStart = i
    }
    if (runCount == 0) return
    // Runs are told by 8 bytes and hold two entries at least: moved to the end of the buffer they stay clear of what calls write.
    let largest: usize = 0
    for (let r: usize = 1; r < runCount; r++) {
      if (load<u32>(runs + (r << 3), 4) > load<u32>(runs + (largest << 3), 4)) largest = r
    }
    const nextStart = load<u32>(runs + (largest << 3))
    const nextCount = load<u32>(runs + (largest << 3), 4)
    if (runCount > 1) {
      const list = runs + (<usize>count << 4) - (runCount << 3)
      memory.copy(list, runs, runCount << 3)
      for (let r: usize = 0; r < runCount; r++) {
        if (r == largest) continue
        const start = load<u32>(list + (r << 3))
        const rows = load<u32>(list + (r << 3), 4)
        sortTextRun(offsets, values, descending, order + (<usize>start << 2), rows, entries, other, counts, depth + 8)
      }
    }
    order += <usize>nextStart << 2
    count = nextCount
    depth += 8
  }
}

function insertTexts(offsets: usize, values: usize, descending: i32, order: usize, count: u32, depth: u32): void {
  for (let i: u32 = 1; i < count; i++) {
    const row = load<u32>(order + (<usize>i << 2))
    let at = i
    while (at > 0) {
      const before = load<u32>(order + (<usize>(at - 1) << 2))
      const difference = compareTexts(offsets, values, before, row, depth)
      if (descending != 0 ? difference >= 0 : difference <= 0) break
      store<u32>(order + (<usize>at << 2), before)
      at--
    }
    store<u32>(order + (<usize>at << 2), row)
  }
}

/** Ranks of sorted rows: equal texts have equal ranks. ranks[row], int64 */
export function sortTextRanks(offsets: usize, values: usize, order: usize, count: u32, ranks: usize): void {
  let rank: i64 = 0
  for (let i: usize = 0; i < count; i++) {
    const row = load<u32>(order + (i << 2))
    if (i > 0 && compareTexts(offsets, values, load<u32>(order + ((i - 1) << 2)), row, 0) != 0) rank++
    store<i64>(ranks + (<usize>row << 3), rank)
  }
}

/** First eight bytes of the rows' texts as unsigned words (a prefix of their order). */
export function sortTextPrefixes(offsets: usize, values: usize, count: u32, words: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u64>(words + (<usize>i << 3), textKey(offsets, values, i, 0))
}

/** words[row] = ranks[codes[row]] */
export function sortRankWords(ranks: usize, codes: usize, count: u32, words: usize): void {
  for (let i: usize = 0; i < count; i++) {
    store<i64>(words + (i << 3), load<i64>(ranks + (<usize>load<u32>(codes + (i << 2)) << 3)))
  }
}

/**
 * Of the entries keeps, in their order, those that may be among the first `fetch` (ties with the last of them included).
 * `heap` has room for `fetch` words: the least keys so far, the greatest of them on top.
 * @returns how many row numbers were written to `target`
 */
export function sortCandidates(entries: usize, count: u32, fetch: u32, heap: usize, target: usize): u32 {
  for (let i: u32 = 0; i < fetch; i++) siftUp(heap, i, load<u64>(entries + (<usize>i << 4)))
  for (let i = fetch; i < count; i++) {
    const key = load<u64>(entries + (<usize>i << 4))
    if (key < load<u64>(heap)) siftDown(heap, fetch, key)
  }
  const threshold = load<u64>(heap)
  let to: usize = 0
  for (let i: usize = 0; i < count; i++) {
    const entry = entries + (i << 4)
    store<u32>(target + to, load<u32>(entry, 8))
    to += load<u64>(entry) <= threshold ? 4 : 0
  }
  return <u32>(to >> 2)
}

function siftUp(heap: usize, place: u32, key: u64): void {
  let at = place
  while (at > 0) {
    const parent = (at - 1) >> 1
    const other = load<u64>(heap + (<usize>parent << 3))
    if (other >= key) break
    store<u64>(heap + (<usize>at << 3), other)
    at = parent
  }
  store<u64>(heap + (<usize>at << 3), key)
}

/** Replaces the top. */
function siftDown(heap: usize, size: u32, key: u64): void {
  let at: u32 = 0
  for (;;) {
    let child = at * 2 + 1
    if (child >= size) break
    let greater = load<u64>(heap + (<usize>child << 3))
    if (child + 1 < size) {
      const right = load<u64>(heap + (<usize>(child + 1) << 3))
      if (right > greater) {
        greater = right
        child++
      }
    }
    if (greater <= key) break
    store<u64>(heap + (<usize>at << 3), greater)
    at = child
  }
  store<u64>(heap + (<usize>at << 3), key)
}

/**
 * Rows that may be the first of their group: those whose key is not greater than the least one that `best` (u64 a group) has,
 * which is lowered to theirs, and those without a key. form, descending: as of sortWordEntries. @returns how many are at `chosen`
 */
export function sortChallenge(
  words: usize,
  form: i32,
  descending: i32,
  validity: usize,
  groups: usize,
  rowCount: u32,
  best: usize,
  chosen: usize,
): u32 {
  const flip: u64 = descending != 0 ? 0xffffffffffffffff : 0
  const sign: u64 = form == 0 ? 0 : 0x8000000000000000
  let count: u32 = 0
  for (let row: u32 = 0; row < rowCount; row++) {
    if (validity == 0 || isSet(validity, row) != 0) {
      let key = load<u64>(words + (<usize>row << 3))
      if (form == 2 && <i64>key < 0) key = ~key
      else key ^= sign
      key ^= flip
      const place = best + (<usize>load<u32>(groups + (<usize>row << 2)) << 3)
      if (key > load<u64>(place)) continue
      store<u64>(place, key)
    }
    store<u32>(chosen + (<usize>count << 2), row)
    count++
  }
  return count
}
