/*
 * Sums of integers and of their squares, exact: the moments of integers and decimals.
 *
 *   | count i64 | sum, two words | squares, three words |
 */
import { allPresent, blockRows, counts, groupOf, wordAt } from './rows'

const stateBytes: usize = 48

// @ts-ignore: decorator
@inline function addToSum(state: usize, low: u64, high: i64): void {
  const sum = load<u64>(state, 8) + low
  store<u64>(state, sum, 8)
  store<i64>(state, load<i64>(state, 16) + high + (sum < low ? 1 : 0), 16)
}

// @ts-ignore: decorator
@inline function addToSquares(state: usize, low: u64, high: u64, top: u64): void {
  const sum = load<u64>(state, 24) + low
  store<u64>(state, sum, 24)
  const carry: u64 = sum < low ? 1 : 0
  const middle = load<u64>(state, 32) + high
  const carried = middle + carry
  store<u64>(state, carried, 32)
  const change = top + (middle < high ? 1 : 0) + (carried < carry ? 1 : 0)
  if (change != 0) store<u64>(state, load<u64>(state, 40) + change, 40)
}

// @ts-ignore: decorator
@inline function addValue(state: usize, value: i64): void {
  store<i64>(state, load<i64>(state) + 1)
  addToSum(state, <u64>value, value >> 63)
  const size = <u64>(value < 0 ? -value : value)
  if (size >> 32 == 0) return addToSquares(state, size * size, 0, 0)
  // (a 2^32 + b)² by its parts: twice the middle one is below 2^64.
  const a = size >> 32
  const b = size & 0xffffffff
  const middle = a * b
  const low = b * b + (middle << 33)
  addToSquares(state, low, a * a + (middle >> 31) + (low < b * b ? 1 : 0), 0)
}

/** Rows all of which count, of one group: values of less than 32 bits four at a time. @returns false: they are not */
function addSmallBlock(values: usize, state: usize): bool {
  let bits = i64x2.splat(0)
  for (let row: usize = 0; row < blockRows; row += 2) {
    const words = v128.load(values + (row << 3))
    bits = v128.or(bits, v128.xor(words, i64x2.shr_s(words, 63)))
  }
  if ((i64x2.extract_lane(bits, 0) | i64x2.extract_lane(bits, 1)) >> 31 != 0) return false
  const mask = i64x2.splat(0xffffffff)
  let sum = i64x2.splat(0)
  let halves = i64x2.splat(0)
  let tops = i64x2.splat(0)
  for (let row: usize = 0; row < blockRows; row += 4) {
    const first = v128.load(values + (row << 3))
    const second = v128.load(values + (row << 3), 16)
    sum = i64x2.add(sum, i64x2.add(first, second))
    const packed = v128.shuffle<i32>(first, second, 0, 2, 4, 6)
    const a = i64x2.extmul_low_i32x4_s(packed, packed)
    const b = i64x2.extmul_high_i32x4_s(packed, packed)
    halves = i64x2.add(halves, i64x2.add(v128.and(a, mask), v128.and(b, mask)))
    tops = i64x2.add(tops, i64x2.add(i64x2.shr_u(a, 32), i64x2.shr_u(b, 32)))
  }
  const total = i64x2.extract_lane(sum, 0) + i64x2.extract_lane(sum, 1)
  const half = <u64>(i64x2.extract_lane(halves, 0) + i64x2.extract_lane(halves, 1))
  const top = <u64>(i64x2.extract_lane(tops, 0) + i64x2.extract_lane(tops, 1))
  store<i64>(state, load<i64>(state) + blockRows)
  addToSum(state, <u64>total, total >> 63)
  const low = (top << 32) + half
  addToSquares(state, low, (top >> 32) + (low < half ? 1 : 0), 0)
  return true
}

export function accumulateSquares(
  kind: i32,
  values: usize,
  validity: usize,
  groups: usize,
  chosen: usize,
  rowCount: u32,
  states: usize,
): void {
  const isPlain = kind == 8 && groups == 0 && chosen == 0
  let row: u32 = 0
  while (row < rowCount) {
    if (isPlain && row + blockRows <= rowCount && allPresent(validity, row)) {
      if (addSmallBlock(values + (<usize>row << 3), states)) {
        row += blockRows
        continue
      }
    }
    const end = min(row + blockRows, rowCount)
    for (; row < end; row++) {
      if (!counts(validity, chosen, row)) continue
      addValue(states + groupOf(groups, row) * stateBytes, wordAt(kind, values, row))
    }
  }
}

/** Adds states that come as columns: `columns` has the address of each of the six words'. */
export function accumulateMergeSquares(columns: usize, groups: usize, rowCount: u32, states: usize): void {
  for (let row: u32 = 0; row < rowCount; row++) {
    const at = <usize>row << 3
    const state = states + groupOf(groups, row) * stateBytes
    store<i64>(state, load<i64>(state) + load<i64>(<usize>load<u32>(columns) + at))
    addToSum(state, load<u64>(<usize>load<u32>(columns, 4) + at), load<i64>(<usize>load<u32>(columns, 8) + at))
    addToSquares(
      state,
      load<u64>(<usize>load<u32>(columns, 12) + at),
      load<u64>(<usize>load<u32>(columns, 16) + at),
      load<u64>(<usize>load<u32>(columns, 20) + at),
    )
  }
}
