import { digitsIn, joined, ZEROS } from './digits'
import { addNulls, endOf, fieldAt, flagError, flushValidity, isNullField, startOf, trimmed } from './fields'
import * as F from './frame'

/** Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
function daysFromCivil(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year
  const era = (y >= 0 ? y : y - 399) / 400
  const yearOfEra = y - era * 400
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468
}

function isDay(year: i32, month: i32, day: i32): bool {
  if (<u32>(month - 1) > 11 || day < 1) return false
  if (day <= 28) return true
  if (month == 2) return day == 29 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0)
  return day <= (month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31)
}

/** `count` digits at `at`, or -1. */
// @ts-ignore: decorator
@inline
function fixed(at: usize, count: u32): i32 {
  let value: i32 = 0
  for (let i: u32 = 0; i < count; i++) {
    const digit = <i32>load<u8>(at + i) - 48
    if (<u32>digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

// @inline
const FAILED: i64 = i64.MIN_VALUE
// @inline
const MICROS_A_DAY: i64 = 86400000000

/** `yyyy-MM-dd`, and `yyyy-MM-dd HH:mm[:ss[.f…]][Z]` with `T` or a space: microseconds, or FAILED. */
function isoMicros(at: usize, stop: usize, zoned: u32): i64 {
  const length = <u32>(stop - at)
  if (length < 10 || load<u8>(at + 4) != 45 || load<u8>(at + 7) != 45) return FAILED
  const year = fixed(at, 4)
  const month = fixed(at + 5, 2)
  const day = fixed(at + 8, 2)
  if (year < 0 || !isDay(year, month, day)) return FAILED
  const days = <i64>daysFromCivil(year, month, day) * MICROS_A_DAY
  if (length == 10) return days
  const separator = load<u8>(at + 10)
  if ((separator != 84 && separator != 32) || length < 16 || load<u8>(at + 13) != 58) return FAILED
  const hour = fixed(at + 11, 2)
  const minute = fixed(at + 14, 2)
  if (<u32>hour > 23 || <u32>minute > 59) return FAILED
  let micros = <i64>(hour * 3600 + minute * 60) * 1000000
  let next = at + 16
  if (next < stop && load<u8>(next) == 58) {
    if (stop - next < 3) return FAILED
    const second = fixed(next + 1, 2)
    if (<u32>second > 59) return FAILED
    micros += <i64>second * 1000000
    next += 3
    if (next < stop && load<u8>(next) == 46) {
      next++
      let unit: i64 = 100000
      let seen = false
      while (next < stop) {
        const digit = <u32>load<u8>(next) - 48
        if (digit > 9) break
        micros += <i64>digit * unit
        unit /= 10
        seen = true
        next++
      }
      if (!seen) return FAILED
    }
  }
  if (zoned != 0 && next < stop && load<u8>(next) == 90) next++
  return next == stop ? days + micros : FAILED
}

/**
 * A pattern: words of [kind, argument, least digits, most digits]; kind 0 ends, 1 is the literal byte `argument`, 2 a number
 * for field `argument`: 0 year, 1 month, 2 day, 3 hour, 4 minute, 5 second, 6 fraction of a second, 7 two-digit year.
 */
function patternMicros(pattern: usize, at: usize, stop: usize): i64 {
  let year: i32 = 1970
  let month: i32 = 1
  let day: i32 = 1
  let hour: i32 = 0
  let minute: i32 = 0
  let second: i32 = 0
  let fraction: i32 = 0
  for (; ; pattern += 4) {
    const kind = load<u8>(pattern)
    if (kind == 0) break
    if (kind == 1) {
      if (at >= stop || load<u8>(at) != load<u8>(pattern + 1)) return FAILED
      at++
      continue
    }
    const least = <u32>load<u8>(pattern + 2)
    const most = <u32>load<u8>(pattern + 3)
    const text = load<u64>(at) ^ ZEROS
    let count = min<u32>(digitsIn(text), min<u32>(most, <u32>(stop - at)))
    let value = count == 0 ? 0 : <i32>joined(text << (64 - 8 * (<u64>count)))
    at += count
    if (count < least) return FAILED
    switch (load<u8>(pattern + 1)) {
      case 0:
        year = value
        break
      case 1:
        month = value
        break
      case 2:
        day = value
        break
      case 3:
        hour = value
        break
      case 4:
        minute = value
        break
      case 5:
        second = value
        break
      case 6:
        for (; count < 6; count++) value *= 10
        fraction = value
        break
      default:
        year = 2000 + value
    }
  }
  if (at != stop || !isDay(year, month, day) || hour > 23 || minute > 59 || second > 59) return FAILED
  return (
    <i64>daysFromCivil(year, month, day) * MICROS_A_DAY +
    <i64>(hour * 3600 + minute * 60 + second) * 1000000 +
    <i64>fraction
  )
}

/**
 * Dates (`width` 4: days) or timestamps (`width` 8: microseconds of the wall clock reading); `pattern` 0 is ISO 8601, in which
 * a `Z` may follow if `zoned` is not 0.
 */
export function csvTemporals(
  frame: usize,
  column: u32,
  from: u32,
  to: u32,
  width: u32,
  pattern: usize,
  zoned: u32,
  values: usize,
  validity: usize,
): void {
  const data = <usize>load<u32>(frame, F.DATA)
  const quote = load<u32>(frame, F.QUOTE)
  const flags = load<u32>(frame, F.FLAGS) | 16
  const nullTexts = <usize>load<u32>(frame, F.NULLS)
  let word: u64 = 0
  let nulls: u32 = 0
  for (let row = from; row < to; row++) {
    let field = fieldAt(frame, row, column, data, quote, flags)
    let value: i64 = 0
    let valid = false
    if (!isNullField(field, data, nullTexts, flags)) {
      field = trimmed(data, field)
      const at = data + startOf(field)
      const stop = data + endOf(field)
      if (at < stop) {
        const micros = pattern == 0 ? isoMicros(at, stop, zoned) : patternMicros(pattern, at, stop)
        if (micros != FAILED) {
          value = micros
          valid = true
        } else {
          flagError(frame, row)
        }
      }
    }
    if (width == 4) {
      const floored = value >= 0 ? value : value - (MICROS_A_DAY - 1)
      store<i32>(values + 4 * (<usize>row), <i32>(floored / MICROS_A_DAY))
    } else {
      store<i64>(values + 8 * (<usize>row), value)
    }
    word |= <u64>valid << (<u64>(row & 63))
    nulls += <u32>!valid
    if (flushValidity(validity, row, to, word)) word = 0
  }
  addNulls(frame, nulls)
}
