import { counts, groupOf, wordAt } from './rows'

/** States: count i64. */
export function accumulateCount(validity: usize, groups: usize, chosen: usize, rowCount: u32, states: usize): void {
  if (validity == 0 && groups == 0 && chosen == 0) {
    store<i64>(states, load<i64>(states) + <i64>rowCount)
    return
  }
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    const state = states + (groupOf(groups, row) << 3)
    store<i64>(state, load<i64>(state) + 1)
  }
}

/** Adds i64 counts. */
export function accumulateMergeCount(values: usize, groups: usize, rowCount: u32, states: usize): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    const state = states + (groupOf(groups, row) << 3)
    store<i64>(state, load<i64>(state) + load<i64>(values + (<usize>row << 3)))
  }
}

/** Adds a signed number of 128 bits to one of 192. The highest word seldom changes. */
// @ts-ignore: decorator
@inline function add(state: usize, low: u64, high: i64): void {
  const low0 = load<u64>(state) + low
  const carry0: u64 = low0 < low ? 1 : 0
  const sum = load<u64>(state, 8) + <u64>high
  const carry1: i64 = sum < <u64>high ? 1 : 0
  const high0 = sum + carry0
  const carry2: i64 = high0 < sum ? 1 : 0
  store<u64>(state, low0)
  store<u64>(state, high0, 8)
  const change = (high >> 63) + carry1 + carry2
  if (change != 0) store<i64>(state, load<i64>(state, 16) + change, 16)
}

/** Adds a signed word: what lies above the lowest word seldom changes. */
// @ts-ignore: decorator
@inline function addWord(state: usize, word: i64): void {
  const low = load<u64>(state) + <u64>word
  store<u64>(state, low)
  const change = (word >> 63) + <i64>(low < <u64>word)
  if (change == 0) return
  const former = load<u64>(state, 8)
  const high = former + <u64>change
  store<u64>(state, high, 8)
  if (change > 0 ? high == 0 : former == 0) store<i64>(state, load<i64>(state, 16) + change, 16)
}

/** The sum of all words, by halves: neither can be larger than a word. */
function addAll(values: usize, rowCount: u32, state: usize): void {
  let halves = i64x2.splat(0)
  let tops = i64x2.splat(0)
  const mask = i64x2.splat(0xffffffff)
  const pairs = rowCount & ~1
  for (let row: u32 = 0; row < pairs; row += 2) {
    const words = v128.load(values + (<usize>row << 3))
    halves = i64x2.add(halves, v128.and(words, mask))
    tops = i64x2.add(tops, i64x2.shr_s(words, 32))
  }
  let half = i64x2.extract_lane(halves, 0) + i64x2.extract_lane(halves, 1)
  let top = i64x2.extract_lane(tops, 0) + i64x2.extract_lane(tops, 1)
  if (pairs != rowCount) {
    const word = load<i64>(values + (<usize>pairs << 3))
    half += word & 0xffffffff
    top += word >> 32
  }
  addHalves(state, half, top)
  store<i64>(state, load<i64>(state, 24) + <i64>rowCount, 24)
}

/** Copies of what is added up for few groups: rows that follow one another add to different ones, and need not wait. */
const copies: u32 = 4

/** How many rows each of few groups has, as u32; `target` is 4 times as large, and ends with those numbers at its start. */
export function accumulateGroupRows(groups: usize, rowCount: u32, groupCount: u32, target: usize): void {
  memory.fill(target, 0, <usize>groupCount * 4 * copies)
  const width = <usize>groupCount << 2
  for (let row: u32 = 0; row < rowCount; row++) {
    const at = target + <usize>(row & (copies - 1)) * width + (<usize>load<u32>(groups + (<usize>row << 2)) << 2)
    store<u32>(at, load<u32>(at) + 1)
  }
  for (let group: u32 = 0; group < groupCount; group++) {
    const at = target + (<usize>group << 2)
    let rows: u32 = 0
    for (let copy: u32 = 0; copy < copies; copy++) rows += load<u32>(at + <usize>copy * width)
    store<u32>(at, rows)
  }
}

/** Adds numbers of rows to the count (i64, the last word) of each state of `stride` bytes. */
export function accumulateAddRows(rows: usize, groupCount: u32, states: usize, stride: usize): void {
  for (let group: usize = 0; group < groupCount; group++) {
    const count = states + (group + 1) * stride - 8
    store<i64>(count, load<i64>(count) + <i64>load<u32>(rows + (group << 2)))
  }
}

/**
 * Sums of few groups whose rows all count, without their numbers of rows: words are added by halves, neither of whose sums
 * can be larger than a word. Kinds 8 and 16. `scratch`: 64 bytes a group.
 */
export function accumulateSumOfFew(
  kind: i32,
  values: usize,
  groups: usize,
  rowCount: u32,
  groupCount: u32,
  states: usize,
  scratch: usize,
): void {
  memory.fill(scratch, 0, <usize>groupCount * 16 * copies)
  for (let row: u32 = 0; row < rowCount; row++) {
    const group = <usize>load<u32>(groups + (<usize>row << 2))
    let word: i64
    if (kind == 8) word = load<i64>(values + (<usize>row << 3))
    else {
      const at = values + (<usize>row << 4)
      word = load<i64>(at)
      const high = load<i64>(at, 8)
      if (high != word >> 63) {
        add(states + (group << 5), <u64>word, high)
        continue
      }
    }
    const halves = scratch + (group << 6) + (<usize>(row & (copies - 1)) << 4)
    store<i64>(halves, load<i64>(halves) + (word & 0xffffffff))
    store<i64>(halves, load<i64>(halves, 8) + (word >> 32), 8)
  }
  for (let group: usize = 0; group < groupCount; group++) {
    let half: i64 = 0
    let top: i64 = 0
    for (let copy: usize = 0; copy < copies; copy++) {
      const halves = scratch + (group << 6) + (copy << 4)
      half += load<i64>(halves)
      top += load<i64>(halves, 8)
    }
    addHalves(states + (group << 5), half, top)
  }
}

// @ts-ignore: decorator
@inline function addHalves(state: usize, half: i64, top: i64): void {
  const low = <u64>(top << 32) + <u64>half
  add(state, low, (top >> 32) + (low < <u64>half ? 1 : 0))
}

/** Integers and decimals. States: sum, 192 bits; count i64. */
export function accumulateSum(
  kind: i32,
  values: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  states: usize,
): void {
  if (kind == 8 && validity == 0 && chosen == 0) {
    if (groups == 0) addAll(values, rowCount, states)
    else {
      for (let row: u32 = 0; row < rowCount; row++) {
        const state = states + (<usize>load<u32>(groups + (<usize>row << 2)) << 5)
        store<i64>(state, load<i64>(state, 24) + 1, 24)
        addWord(state, load<i64>(values + (<usize>row << 3)))
      }
    }
    return
  }
  if (kind == 16) {
    for (let row: u32 = 0; row < rowCount; row++) {
      if (!counts(validity, chosen, row)) continue
      const state = states + (groupOf(groups, row) << 5)
      store<i64>(state, load<i64>(state, 24) + 1, 24)
      const at = values + (<usize>row << 4)
      add(state, load<u64>(at), load<i64>(at, 8))
    }
    return
  }
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    const state = states + (groupOf(groups, row) << 5)
    store<i64>(state, load<i64>(state, 24) + 1, 24)
    addWord(state, wordAt(kind, values, row))
  }
}

/** Adds sums of two words with their counts. */
export function accumulateMergeSum(sums: usize, rowCounts: usize, groups: usize, rowCount: u32, states: usize): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    const state = states + (groupOf(groups, row) << 5)
    const at = sums + (<usize>row << 4)
    add(state, load<u64>(at), load<i64>(at, 8))
    store<i64>(state, load<i64>(state, 24) + load<i64>(rowCounts + (<usize>row << 3)), 24)
  }
}

/**
 * Sums as a column of 8 or 16 bytes a row, and a bit a row that has one. `limit`: the least number of 128 bits that is too large;
 * its negative is too small. @returns the first group whose sum does not fit, or -1
 */
export function accumulateSumOut(
  states: usize,
  groupCount: u32,
  width: i32,
  limit: usize,
  target: usize,
  validity: usize,
): i32 {
  for (let group: u32 = 0; group < groupCount; group++) {
    const state = states + (<usize>group << 5)
    const low = load<u64>(state)
    const high = load<i64>(state, 8)
    if (!fits(low, high, load<i64>(state, 16), limit, width)) return <i32>group
    if (width == 8) store<u64>(target + (<usize>group << 3), low)
    else {
      store<u64>(target + (<usize>group << 4), low)
      store<i64>(target + (<usize>group << 4), high, 8)
    }
    if (load<i64>(state, 24) != 0) {
      const at = validity + <usize>(group >> 3)
      store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (group & 7))))
    }
  }
  return -1
}

// @ts-ignore: decorator
@inline function fits(low: u64, high: i64, top: i64, limit: usize, width: i32): bool {
  if (top != high >> 63) return false
  // 64-bit integers have one value more below zero than above.
  if (width == 8 && limit == 0) return high == <i64>low >> 63
  let least = low
  let most = <u64>high
  if (high < 0) {
    least = ~low + 1
    most = ~(<u64>high) + (least == 0 ? 1 : 0)
  }
  const limitHigh = load<u64>(limit, 8)
  return most < limitHigh || (most == limitHigh && least < load<u64>(limit))
}

/** One f64 or i64 of each state (of `stride` bytes) as a column. */
export function accumulateField(states: usize, stride: usize, groupCount: u32, target: usize): void {
  for (let group: usize = 0; group < groupCount; group++) {
    store<i64>(target + (group << 3), load<i64>(states + group * stride))
  }
}
