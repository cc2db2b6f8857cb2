/*
 * Exact sums of doubles: the same for every order and every division of the rows, since only integers are added.
 *
 * A state has five bins of 28 bits, held in 64: the highest is the one that the largest value so far reaches. A value's 53 bits
 * are cut at the bins' borders, which are the same for all values, and what lies below the lowest bin is left out: less than
 * 2^-108 of the largest value each. Bins move down when a larger value comes. 2^35 values fit.
 *
 *   | count i64 | highest bin i32 | flags i32 | bins 5 × i64 |       flags: 1 +infinity, 2 -infinity, 4 NaN
 */
import { counts, groupOf, numberAt } from './rows'

const binCount = 5
const binBits = 28
const stateBytes: usize = 56

/** Makes `top` the highest bin. */
function moveBins(state: usize, top: i32): void {
  const by = top - load<i32>(state, 8)
  for (let bin = binCount - 1; bin >= 0; bin--) {
    const at = state + 16 + (<usize>bin << 3)
    store<i64>(at, bin >= by ? load<i64>(at - (<usize>by << 3)) : 0)
  }
  store<i32>(state, top, 8)
}

// @ts-ignore: decorator
@inline function addTo(state: usize, bin: i32, part: i64): void {
  if (bin >= binCount) return
  const at = state + 16 + (<usize>bin << 3)
  store<i64>(at, load<i64>(at) + part)
}

function addExactly(state: usize, value: f64): void {
  const bits = reinterpret<u64>(value)
  const exponent = <i32>((bits >> 52) & 2047)
  if (exponent == 2047) {
    const flag = value != value ? 4 : value > 0 ? 1 : 2
    store<i32>(state, load<i32>(state, 12) | flag, 12)
    return
  }
  const fraction = bits & 0xfffffffffffff
  if (exponent == 0 && fraction == 0) return
  const mantissa = exponent == 0 ? fraction : fraction | 0x10000000000000
  const place = exponent == 0 ? 0 : exponent - 1
  const lowest = place / binBits
  const shift = <u64>(place - lowest * binBits)
  // Bins are numbered from 1: a state of zeros has none yet.
  const top = lowest + 3
  if (top > load<i32>(state, 8)) moveBins(state, top)
  const first = load<i32>(state, 8) - top
  const mask: u64 = (1 << binBits) - 1
  const sign = <i64>bits >> 63
  addTo(state, first + 2, (<i64>((mantissa << shift) & mask) ^ sign) - sign)
  addTo(state, first + 1, (<i64>((mantissa >> (binBits - shift)) & mask) ^ sign) - sign)
  addTo(state, first, (<i64>(mantissa >> (56 - shift)) ^ sign) - sign)
}

/** Sums of floats. */
export function accumulateFloatSum(
  kind: i32,
  values: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  states: usize,
): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    const state = states + groupOf(groups, row) * stateBytes
    store<i64>(state, load<i64>(state) + 1)
    addExactly(state, numberAt(kind, values, row))
  }
}

/** Two sums a state: of values times `unit`, and of their squares, each as two doubles that make it exactly (Dekker 1971). */
export function accumulateMoments(
  kind: i32,
  unit: f64,
  values: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  states: usize,
): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    const state = states + groupOf(groups, row) * stateBytes * 2
    const value = numberAt(kind, values, row) * unit
    store<i64>(state, load<i64>(state) + 1)
    addExactly(state, value)
    const square = value * value
    addExactly(state + stateBytes, square)
    const split = value * 134217729.0
    const high = split - (split - value)
    const low = value - high
    const rest = low * low - (square - high * high - 2.0 * high * low)
    if (isFinite<f64>(rest)) addExactly(state + stateBytes, rest)
  }
}

/** value · other, as two doubles that make it exactly (Dekker 1971). */
// @ts-ignore: decorator
@inline function addProduct(state: usize, value: f64, other: f64): void {
  const product = value * other
  addExactly(state, product)
  const split = value * 134217729.0
  const high = split - (split - value)
  const low = value - high
  const otherSplit = other * 134217729.0
  const otherHigh = otherSplit - (otherSplit - other)
  const otherLow = other - otherHigh
  const rest = low * otherLow - (product - high * otherHigh - low * otherHigh - high * otherLow)
  if (isFinite<f64>(rest)) addExactly(state, rest)
}

/** Five sums a state, of pairs of doubles: of x, of y, of their products and, where `squares`, of both their squares. */
export function accumulateProducts(
  xs: usize,
  ys: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  squares: bool,
  states: usize,
): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(0, chosen, row)) continue
    const state = states + groupOf(groups, row) * stateBytes * 5
    const x = load<f64>(xs + (<usize>row << 3))
    const y = load<f64>(ys + (<usize>row << 3))
    store<i64>(state, load<i64>(state) + 1)
    addExactly(state, x)
    addExactly(state + stateBytes, y)
    addProduct(state + stateBytes * 2, x, y)
    if (!squares) continue
    addProduct(state + stateBytes * 3, x, x)
    addProduct(state + stateBytes * 4, y, y)
  }
}

/** Numbers times `unit`, and the group of each (`toGroups`, or 0: not asked for), of the rows that count. @returns how many */
export function accumulateDoubles(
  kind: i32,
  unit: f64,
  values: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  to: usize,
  toGroups: usize,
): u32 {
  let count: u32 = 0
  for (let row: u32 = 0; row < rowCount; row++) {
    if (!counts(validity, chosen, row)) continue
    store<f64>(to + (<usize>count << 3), numberAt(kind, values, row) * unit)
    if (toGroups != 0) store<u32>(toGroups + (<usize>count << 2), <u32>groupOf(groups, row))
    count++
  }
  return count
}

/** Adds states of `sums` sums each that come as columns: `columns` has the address of each word's, seven a sum. */
export function accumulateMergeFloats(columns: usize, sums: u32, groups: usize, rowCount: u32, states: usize): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    const at = <usize>row << 3
    for (let sum: u32 = 0; sum < sums; sum++) {
      const state = states + (groupOf(groups, row) * <usize>sums + <usize>sum) * stateBytes
      const words = columns + <usize>(sum * 7) * 4
      store<i64>(state, load<i64>(state) + load<i64>(<usize>load<u32>(words) + at))
      const head = load<i64>(<usize>load<u32>(words, 4) + at)
      store<i32>(state, load<i32>(state, 12) | <i32>(head >> 32), 12)
      const top = <i32>head
      if (top == 0) continue
      if (top > load<i32>(state, 8)) moveBins(state, top)
      const first = load<i32>(state, 8) - top
      for (let bin = 0; bin < binCount; bin++) {
        const column = <usize>load<u32>(words + (<usize>(bin + 2) << 2))
        addTo(state, first + bin, load<i64>(column + at))
      }
    }
  }
}

/** The sum of each state, rounded once, as a double. */
export function accumulateFloatSumOut(states: usize, groupCount: u32, target: usize): void {
  for (let group: u32 = 0; group < groupCount; group++) {
    store<f64>(target + (<usize>group << 3), roundedSum(states + <usize>group * stateBytes))
  }
}

function roundedSum(state: usize): f64 {
  const flags = load<i32>(state, 12)
  if (flags != 0) return (flags & 4) != 0 || flags == 3 ? NaN : flags == 1 ? Infinity : -Infinity
  // The bins together as one integer of three words.
  let low: u64 = 0
  let middle: u64 = 0
  let high: u64 = 0
  for (let bin = 0; bin < binCount; bin++) {
    const part = load<i64>(state + 16 + (<usize>bin << 3))
    const sign = <u64>(part >> 63)
    // Times 2^28, then the next bin.
    high = (high << binBits) | (middle >> (64 - binBits))
    middle = (middle << binBits) | (low >> (64 - binBits))
    low <<= binBits
    const sum = low + <u64>part
    const carry: u64 = sum < low ? 1 : 0
    low = sum
    const next = middle + sign
    const carry2: u64 = next < sign ? 1 : 0
    middle = next + carry
    const carry3: u64 = middle < next ? 1 : 0
    high += sign + carry2 + carry3
  }
  const negative = <i64>high < 0
  if (negative) {
    low = ~low + 1
    const carried: u64 = low == 0 ? 1 : 0
    middle = ~middle + carried
    high = ~high + (carried == 1 && middle == 0 ? 1 : 0)
  }
  if ((low | middle | high) == 0) return 0
  // The highest 64 bits, and whether anything lies below them.
  let place = (load<i32>(state, 8) - 1 - (binCount - 1)) * binBits - 1074
  while (high != 0 || middle != 0) {
    const word = high != 0 ? high : middle
    const bits = <u64>(64 - clz(word))
    const lost: u64 = low & ((<u64>2 << (bits - 1)) - 1)
    low = bits == 64 ? middle : (low >> bits) | (middle << (64 - bits))
    middle = bits == 64 ? high : (middle >> bits) | (high << (64 - bits))
    high = bits == 64 ? 0 : high >> bits
    if (lost != 0) low |= 1
    place += <i32>bits
  }
  const magnitude = scaled(<f64>low, place)
  return negative ? -magnitude : magnitude
}

/** value · 2^power, in steps that neither overflow nor lose bits before the last. */
function scaled(value: f64, power: i32): f64 {
  let result = value
  let left = power
  while (left > 1000) {
    result *= reinterpret<f64>(<u64>(1000 + 1023) << 52)
    left -= 1000
  }
  while (left < -1000) {
    // At least 2^10 is left of a result that is not subnormal: no bit is lost here.
    result *= reinterpret<f64>(<u64>(1023 - 500) << 52)
    left += 500
  }
  return result * reinterpret<f64>(<u64>(left + 1023) << 52)
}
