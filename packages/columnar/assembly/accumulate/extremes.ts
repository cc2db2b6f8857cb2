import { allPresent, blockRows, counts, groupOf, wordAt } from './rows'

/** Doubles' bits in the order of their values: NaN is the greatest, zeros are equal. */
// @ts-ignore: decorator
@inline function ordered(bits: i64): i64 {
  const value = reinterpret<f64>(bits)
  if (value != value) return i64.MAX_VALUE
  const canonical = reinterpret<i64>(value + 0.0)
  return canonical ^ ((canonical >> 63) & i64.MAX_VALUE)
}

/** The greatest (sign 1) or least (-1) value. States: the value, two words; 1 if there is one, i64. */
export function accumulateExtreme(
  kind: i32,
  sign: i32,
  values: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  states: usize,
): void {
  if (groups == 0) {
    // One group: the least or greatest so far stays in a register.
    if (kind == 4) return extremeOfAll<i32>(sign, values, validity, chosen, rowCount, states)
    if (kind == 8) return extremeOfAll<i64>(sign, values, validity, chosen, rowCount, states)
  }
  const isFloat = kind == 5 || kind == 6
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    const state = states + groupOf(groups, row) * 24
    let low: i64
    let high: i64 = 0
    if (kind == 16) {
      low = load<i64>(values + (<usize>row << 4))
      high = load<i64>(values + (<usize>row << 4), 8)
    } else low = wordAt(kind, values, row)
    if (load<i64>(state, 16) != 0) {
      const best = load<i64>(state)
      let order: i32
      if (kind == 16) {
        const bestHigh = load<i64>(state, 8)
        order = high != bestHigh ? compare(high, bestHigh) : <u64>low == <u64>best ? 0 : <u64>low > <u64>best ? 1 : -1
      } else order = isFloat ? compare(ordered(low), ordered(best)) : compare(low, best)
      if (order * sign <= 0) continue
    } else store<i64>(state, 1, 16)
    store<i64>(state, low)
    store<i64>(state, high, 8)
  }
}

function extremeOfAll<T>(
  sign: i32,
  values: usize,
  validity: usize,
  chosen: usize,
  rowCount: u32,
  state: usize,
): void {
  let has = load<i64>(state, 16) != 0
  let best = <T>load<i64>(state)
  let row: u32 = 0
  while (row < rowCount) {
    const at = values + <usize>row * sizeof<T>()
    if (chosen == 0 && row + blockRows <= rowCount && allPresent(validity, row)) {
      const value = extremeOfBlock<T>(sign, at)
      if (!has || (sign > 0 ? value > best : value < best)) best = value
      has = true
      row += blockRows
      continue
    }
    const end = min(row + blockRows, rowCount)
    for (; row < end; row++) {
      if (!counts(validity, chosen, row)) continue
      const value = load<T>(values + <usize>row * sizeof<T>())
      if (!has || (sign > 0 ? value > best : value < best)) {
        best = value
        has = true
      }
    }
  }
  if (!has) return
  store<i64>(state, <i64>best)
  store<i64>(state, 0, 8)
  store<i64>(state, 1, 16)
}

/** Of a block's values, all of which count. */
function extremeOfBlock<T>(sign: i32, values: usize): T {
  const end = values + <usize>blockRows * sizeof<T>()
  let best = v128.load(values)
  for (let at = values + 16; at < end; at += 16) {
    const next = v128.load(at)
    if (sizeof<T>() == 8) {
      const isBetter = sign > 0 ? i64x2.gt_s(next, best) : i64x2.lt_s(next, best)
      best = v128.bitselect(next, best, isBetter)
    } else best = sign > 0 ? i32x4.max_s(best, next) : i32x4.min_s(best, next)
  }
  let found = v128.extract_lane<T>(best, 0)
  found = betterOf<T>(sign, found, v128.extract_lane<T>(best, 1))
  if (sizeof<T>() == 4) {
    found = betterOf<T>(sign, found, <T>i32x4.extract_lane(best, 2))
    found = betterOf<T>(sign, found, <T>i32x4.extract_lane(best, 3))
  }
  return found
}

// @ts-ignore: decorator
@inline function betterOf<T>(sign: i32, a: T, b: T): T {
  return (sign > 0 ? b > a : b < a) ? b : a
}

// @ts-ignore: decorator
@inline function compare(a: i64, b: i64): i32 {
  return a == b ? 0 : a > b ? 1 : -1
}

/** The values as a column of a kind, and a bit a row that has one; both zeroed before. */
export function accumulateExtremeOut(
  states: usize,
  groupCount: u32,
  kind: i32,
  target: usize,
  validity: usize,
): void {
  for (let group: u32 = 0; group < groupCount; group++) {
    const state = states + <usize>group * 24
    if (load<i64>(state, 16) == 0) continue
    setBit(validity, group)
    const at = <usize>group
    switch (kind) {
      case 0:
        if (load<u8>(state) != 0) setBit(target, group)
        break
      case 1:
        store<u8>(target + at, load<u8>(state))
        break
      case 2:
        store<u16>(target + (at << 1), load<u16>(state))
        break
      case 4:
        store<u32>(target + (at << 2), load<u32>(state))
        break
      case 5:
        store<f32>(target + (at << 2), <f32>load<f64>(state))
        break
      case 16:
        store<u64>(target + (at << 4), load<u64>(state))
        store<u64>(target + (at << 4), load<u64>(state, 8), 8)
        break
      default:
        store<u64>(target + (at << 3), load<u64>(state))
    }
  }
}

// @ts-ignore: decorator
@inline function setBit(bitmap: usize, bit: u32): void {
  const at = bitmap + <usize>(bit >> 3)
  store<u8>(at, <u8>(<u32>load<u8>(at) | (1 << (bit & 7))))
}

/*
 * Texts. States: place u32, bytes u32, unused u32, u32: 0 none, 1 the place is one of the pool, 2 it is an address in the batch.
 * After each batch the texts of the last kind are copied to the pool.
 */
const inPool: u32 = 1
const inBatch: u32 = 2

/** @returns how many groups have a text of the batch; their numbers are at `fresh` */
export function accumulateTextExtreme(
  sign: i32,
  offsets: usize,
  values: usize,
  codes: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  states: usize,
  pool: usize,
  fresh: usize,
): u32 {
  let freshCount: u32 = 0
  const isOfAll = codes != 0 && groups == 0
  if (isOfAll) memory.fill(seenCodes, 0, manyCodes >> 3)
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    const group = groupOf(groups, row)
    const state = states + (group << 4)
    const entry = codes == 0 ? row : load<u32>(codes + (<usize>row << 2))
    if (isOfAll && entry < manyCodes && isSeen(entry)) continue
    const at = offsets + (<usize>entry << 2)
    const start = values + <usize>load<u32>(at)
    const bytes = load<u32>(at, 4) - load<u32>(at)
    const where = load<u32>(state, 12)
    if (where != 0) {
      const best = <usize>load<u32>(state) + (where == inPool ? pool : 0)
      if (compareTexts(start, bytes, best, load<u32>(state, 4)) * sign <= 0) continue
    }
    if (where != inBatch) {
      store<u32>(fresh + (<usize>freshCount << 2), <u32>group)
      freshCount++
    }
    store<u32>(state, <u32>start)
    store<u32>(state, bytes, 4)
    store<u32>(state, inBatch, 12)
  }
  return freshCount
}

/** Of so many codes of a dictionary a bit tells whether a batch had them before: their text was compared then. */
const manyCodes: u32 = 8192
const seenCodes: usize = memory.data(1024, 16)

/** Whether a code was seen; from now on it is. */
// @ts-ignore: decorator
@inline function isSeen(code: u32): bool {
  const at = seenCodes + <usize>(code >> 3)
  const known = <u32>load<u8>(at)
  const bit = 1 << (code & 7)
  store<u8>(at, <u8>(known | bit))
  return (known & bit) != 0
}

// @ts-ignore: decorator
@inline function compareTexts(a: usize, aBytes: u32, b: usize, bBytes: u32): i32 {
  const least = <usize>(aBytes < bBytes ? aBytes : bBytes)
  let i: usize = 0
  // Texts of a column often begin alike.
  for (; i + 8 <= least; i += 8) {
    const x = load<u64>(a + i)
    const y = load<u64>(b + i)
    if (x != y) return bswap<u64>(x) < bswap<u64>(y) ? -1 : 1
  }
  for (; i < least; i++) {
    const x = load<u8>(a + i)
    const y = load<u8>(b + i)
    if (x != y) return x < y ? -1 : 1
  }
  return aBytes == bBytes ? 0 : aBytes < bBytes ? -1 : 1
}

/** Bytes of the texts of the listed groups. */
export function accumulateTextBytes(states: usize, fresh: usize, count: u32): u32 {
  let total: u32 = 0
  for (let i: usize = 0; i < count; i++) total += load<u32>(states + (<usize>load<u32>(fresh + (i << 2)) << 4), 4)
  return total
}

/** Copies the texts of the listed groups behind the first `used` bytes of the pool. */
export function accumulateTextKeep(states: usize, fresh: usize, count: u32, pool: usize, used: u32): void {
  let to = used
  for (let i: usize = 0; i < count; i++) {
    const state = states + (<usize>load<u32>(fresh + (i << 2)) << 4)
    const bytes = load<u32>(state, 4)
    memory.copy(pool + <usize>to, <usize>load<u32>(state), <usize>bytes)
    store<u32>(state, to)
    store<u32>(state, inPool, 12)
    to += bytes
  }
}

/** Copies all texts one behind the other; with `moves`, that is where they are from now on. @returns their bytes */
export function accumulateTextOut(
  states: usize,
  groupCount: u32,
  pool: usize,
  offsets: usize,
  target: usize,
  validity: usize,
): u32 {
  let to: u32 = 0
  for (let group: u32 = 0; group < groupCount; group++) {
    if (offsets != 0) store<u32>(offsets + (<usize>group << 2), to)
    const state = states + (<usize>group << 4)
    if (load<u32>(state, 12) == 0) continue
    const bytes = load<u32>(state, 4)
    if (target != 0) memory.copy(target + <usize>to, pool + <usize>load<u32>(state), <usize>bytes)
    if (validity != 0) setBit(validity, group)
    // Only the pool is made anew without offsets.
    if (offsets == 0 && target != 0) store<u32>(state, to)
    to += bytes
  }
  if (offsets != 0) store<u32>(offsets + (<usize>groupCount << 2), to)
  return to
}
