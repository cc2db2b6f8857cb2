import { BAD, digits, sixteenDigits } from './digits'
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

// @inline
const NONE: i64 = i64.MIN_VALUE

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
  const data = <usize>load<u32>(frame, F.DATA)
  const limit = <u64>(((<u64>1) << (8 * sizeof<T>() - 1)) - 1)
  const isRegular = areRegular(frame, column, from, to)
  let ends = endsOf(frame, column, from)
  let starts = startsOf(frame, column, ends, from)
  const step = stepOf(frame)
  const startStep = startStepOf(frame, column)
  const skip = skipOf(column)
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let magnitude = BAD
    let negative: u32 = 0
    if (isRegular) {
      const start = load<u32>(starts) + skip
      negative = <u32>(load<u8>(data + start) == 45)
      magnitude = sixteenDigits(data + start + negative, load<u32>(ends) - start - negative)
      starts += startStep
      ends += step
    }
    let value: i64
    let valid = true
    if (magnitude <= limit) {
      value = (<i64>magnitude ^ -(<i64>negative)) + <i64>negative
    } else {
      value = anyInteger(frame, column, row, limit)
      valid = value != NONE
      if (!valid) value = 0
    }
    store<T>(values + sizeof<T>() * (<usize>row), <T>value)
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) word = 0
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
