import { areDigits, digits, joined, NONE, ZEROS } from './digits'
import {
  addNulls,
  areRegular,
  endOf,
  endsOf,
  flagError,
  flushValidity,
  numberField,
  skipOf,
  startOf,
  startsOf,
  startStepOf,
  stepOf,
} from './fields'
import * as F from './frame'

/*
 * Column kernels: rows [from, to) of a file column into `values`, a bit a row into `validity`; `from` is a multiple of 64.
 * A field that a kernel cannot make a value of is flagged in ERRORS and left null: the caller parses it again by the slow
 * twin, which knows every form, and decides whether it is malformed.
 */

/** Integers of `width` 1, 2, 4 or 8 bytes. */
export function csvIntegers(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  width: u32,
  values: usize,
  validity: usize,
): void {
  if (width == 4) integers<i32>(frame, column, from, to, values, validity)
  else if (width == 8) integers<i64>(frame, column, from, to, values, validity)
  else if (width == 2) integers<i16>(frame, column, from, to, values, validity)
  else integers<i8>(frame, column, from, to, values, validity)
}

function integers<T>(frame: usize, column: u32, from: u32, to: u32, values: usize, validity: usize): void {
  const limit = <u64>(((<u64>1) << (8 * sizeof<T>() - 1)) - 1)
  if (areRegular(frame, column, from, to)) {
    regularIntegers<T>(frame, column, from, to, limit, values, validity)
    return
  }
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    const value = anyInteger(frame, column, row, limit)
    const valid = value != NONE
    store<T>(values + sizeof<T>() * (<usize>row), <T>(valid ? value : 0))
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) word = 0
  }
  addNulls(frame, nulls)
}

/** Rows that are regular. A field of at most eight bytes is read at once, with its minus if it has one. */
function regularIntegers<T>(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  limit: u64,
  values: usize,
  validity: usize,
): void {
  const skip = skipOf(column)
  const data = <usize>load<u32>(frame, F.DATA) + skip
  const step = stepOf(frame)
  const startStep = startStepOf(frame, column)
  let ends = endsOf(frame, column, from)
  let starts = startsOf(frame, column, ends, from)
  let target = values + sizeof<T>() * (<usize>from)
  let nulls: u32 = 0
  for (let row = from; row < to;) {
    const stop = min<u32>(to, row + 64)
    let absent: u64 = 0
    for (; row < stop; row++) {
      const start = load<u32>(starts)
      const size = load<u32>(ends) - start - skip
      const text = load<u64>(data + start) ^ ZEROS
      const negative = <u64>((text & 0xff) == (45 ^ 48)) & <u64>(size > 1)
      const single = (text ^ (negative * (45 ^ 48))) << (64 - 8 * (<u64>size))
      const magnitude = joined(single)
      let value = (<i64>magnitude ^ -(<i64>negative)) + <i64>negative
      // What has eight digits fits 32 bits.
      if (size - 1 >= 8 || !areDigits(single) || (sizeof<T>() < 4 && magnitude > limit)) {
        value = size == 0 ? NONE : anyInteger(frame, column, row, limit)
        if (value == NONE) {
          value = 0
          absent |= (<u64>1) << (<u64>(row & 63))
        }
      }
      store<T>(target, <T>value)
      target += sizeof<T>()
      starts += startStep
      ends += step
    }
    const rows = <u64>(((row - 1) & 63) + 1)
    store<u64>(validity + 8 * (<usize>((row - 1) >> 6)), ~absent & (u64.MAX_VALUE >> (64 - rows)))
    nulls += <u32>popcnt(absent)
  }
  addNulls(frame, nulls)
}

/** Whatever the field holds: NONE if that is nothing, or flagged. */
function anyInteger(frame: usize, column: u32, row: u32, limit: u64): i64 {
  const data = <usize>load<u32>(frame, F.DATA)
  const field = numberField(frame, column, row)
  let at = data + startOf(field)
  const stop = data + endOf(field)
  if (at >= stop) return NONE
  const sign = load<u8>(at)
  if (sign == 45 || sign == 43) at++
  const magnitude = digits(at, stop)
  if (magnitude <= limit) return sign == 45 ? -(<i64>magnitude) : <i64>magnitude
  flagError(frame, row)
  return NONE
}
