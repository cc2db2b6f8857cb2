/* Numbers as text and back; texts are packed as text.ts has it. Parsers return 1 and store the value at `out`, or return 0. */

import { room } from './text'

function isSpace(byte: u8): bool {
  return byte == 32 || (byte >= 9 && byte <= 13)
}

/** [+-]?digits with spaces around. More than 18 significant digits and other spaces are left to the interpreter. */
export function exprParseInteger(text: i64, out: usize): i32 {
  let p = <usize>(text & 0xffffffff)
  let end = p + <usize>(text >>> 32)
  while (p < end && isSpace(load<u8>(p))) p++
  while (end > p && isSpace(load<u8>(end - 1))) end--
  if (p == end) return 0
  const sign = load<u8>(p)
  if (sign == 43 || sign == 45) p++
  if (p == end || end - p > 18) return 0
  let value: i64 = 0
  for (; p < end; p++) {
    const digit = load<u8>(p) - 48
    if (digit > 9) return 0
    value = value * 10 + <i64>digit
  }
  store<i64>(out, sign == 45 ? -value : value)
  return 1
}

/** A plain decimal number rounded half up to `scale`; of at most 18 digits then, and below `limit` (10^precision). */
export function exprParseDecimal(text: i64, scale: i32, limit: i64, out: usize): i32 {
  let p = <usize>(text & 0xffffffff)
  let end = p + <usize>(text >>> 32)
  while (p < end && load<u8>(p) == 32) p++
  while (end > p && load<u8>(end - 1) == 32) end--
  if (p == end) return 0
  const sign = load<u8>(p)
  if (sign == 43 || sign == 45) p++
  let value: i64 = 0
  let digits = 0
  let seen = false
  while (p < end) {
    const digit = load<u8>(p) - 48
    if (digit > 9) break
    if (++digits > 18) return 0
    value = value * 10 + <i64>digit
    seen = true
    p++
  }
  let fraction = 0
  let round = false
  if (p < end && load<u8>(p) == 46) {
    p++
    while (p < end) {
      const digit = load<u8>(p) - 48
      if (digit > 9) return 0
      seen = true
      if (fraction < scale) {
        if (++digits > 18) return 0
        value = value * 10 + <i64>digit
        fraction++
      } else if (fraction == scale) {
        round = digit >= 5
        fraction++
      }
      p++
    }
  }
  if (p != end || !seen) return 0
  for (; fraction < scale; fraction++) {
    if (++digits > 18) return 0
    value *= 10
  }
  if (round) value++
  if (value >= limit) return 0
  store<i64>(out, sign == 45 ? -value : value)
  return 1
}

/** A decimal of the given scale (an integer: 0) as text. */
export function exprFormatDecimal(value: i64, scale: i32, state: usize): i64 {
  const target = room(state, 24)
  if (target == 0) return 0
  let end = target + 24
  let p = end
  let rest: u64 = value < 0 ? <u64>0 - <u64>value : <u64>value
  let digits = 0
  while (rest != 0 || digits <= scale) {
    if (digits == scale && scale > 0) store<u8>(--p, 46)
    store<u8>(--p, <u8>(48 + (rest % 10)))
    rest /= 10
    digits++
  }
  if (value < 0) store<u8>(--p, 45)
  return ((<i64>(end - p)) << 32) | (<i64>p)
}

/** yyyy-MM-dd of a year from 0 to 9999; -1 for others. */
export function exprFormatDate(days: i32, state: usize): i64 {
  const civil = exprCivil(days)
  if (civil < 0 || civil >> 9 > 9999) return -1
  const p = room(state, 10)
  if (p == 0) return 0
  writeDate(p, civil)
  return ((<i64>10) << 32) | (<i64>p)
}

/** yyyy-MM-dd HH:mm:ss of a year from 0 to 9999, with as many digits of the second as are not 0; -1 for other years. */
export function exprFormatTimestamp(micros: i64, state: usize): i64 {
  const perDay: i64 = 86_400_000_000
  const days = micros / perDay - (micros % perDay < 0 ? 1 : 0)
  const civil = exprCivil(<i32>days)
  if (civil < 0 || civil >> 9 > 9999) return -1
  const p = room(state, 26)
  if (p == 0) return 0
  const rest = micros - days * perDay
  const seconds = <i32>(rest / 1_000_000)
  let fraction = <i32>(rest - <i64>seconds * 1_000_000)
  writeDate(p, civil)
  store<u8>(p + 10, 32)
  writeTwo(p + 11, seconds / 3600)
  store<u8>(p + 13, 58)
  writeTwo(p + 14, (seconds / 60) % 60)
  store<u8>(p + 16, 58)
  writeTwo(p + 17, seconds % 60)
  let size: usize = 19
  if (fraction != 0) {
    store<u8>(p + 19, 46)
    for (let digit: i32 = 100_000; fraction != 0; digit /= 10) {
      store<u8>(p + ++size, <u8>(48 + fraction / digit))
      fraction %= digit
    }
    size++
  }
  return ((<i64>size) << 32) | (<i64>p)
}

function writeTwo(p: usize, value: i32): void {
  store<u8>(p, <u8>(48 + value / 10))
  store<u8>(p + 1, <u8>(48 + (value % 10)))
}

/** @param civil as exprCivil has it; its year is of four digits */
function writeDate(p: usize, civil: i32): void {
  const year = civil >> 9
  writeTwo(p, year / 100)
  writeTwo(p + 2, year % 100)
  store<u8>(p + 4, 45)
  writeTwo(p + 5, (civil >> 5) & 15)
  store<u8>(p + 7, 45)
  writeTwo(p + 8, civil & 31)
}

/** year << 9 | month << 5 | day of a date (Hinnant's civil_from_days). */
export function exprCivil(days: i32): i32 {
  const z = <i64>days + 719468
  const era = (z >= 0 ? z : z - 146096) / 146097
  const dayOfEra = <i32>(z - era * 146097)
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  const mp = (5 * dayOfYear + 2) / 153
  const day = dayOfYear - (153 * mp + 2) / 5 + 1
  const month = mp < 10 ? mp + 3 : mp - 9
  const year = yearOfEra + <i32>era * 400 + (month <= 2 ? 1 : 0)
  return (year << 9) | (month << 5) | day
}
export function exprDays(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year
  const era = (y >= 0 ? y : y - 399) / 400
  const yearOfEra = y - era * 400
  const dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146097 + dayOfEra - 719468
}
function monthDays(year: i32, month: i32): i32 {
  if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

/** Fields: 0 year, 1 quarter, 2 month, 3 day, 4 day of week (1 Sunday), 5 weekday (0 Monday), 6 day of year, 7 ISO week, 8 last day. */
export function exprDateField(days: i32, field: i32): i32 {
  if (field == 4) return ((((days + 4) % 7) + 7) % 7) + 1
  const weekday = (((days + 3) % 7) + 7) % 7
  if (field == 5) return weekday
  if (field == 7) {
    const thursday = days - weekday + 3
    return (thursday - exprDays(exprCivil(thursday) >> 9, 1, 1)) / 7 + 1
  }
  const civil = exprCivil(days)
  const year = civil >> 9
  const month = (civil >> 5) & 15
  if (field == 0) return year
  if (field == 1) return (month + 2) / 3
  if (field == 2) return month
  if (field == 3) return civil & 31
  if (field == 6) return days - exprDays(year, 1, 1) + 1
  return exprDays(year, month, monthDays(year, month))
}

/** Units: 0 year, 1 quarter, 2 month, 3 week. */
export function exprDateTruncate(days: i32, unit: i32): i32 {
  if (unit == 3) return days - ((((days + 3) % 7) + 7) % 7)
  const civil = exprCivil(days)
  const month = (civil >> 5) & 15
  return exprDays(civil >> 9, unit == 0 ? 1 : unit == 1 ? month - ((month - 1) % 3) : month, 1)
}

export function exprAddMonths(days: i32, months: i32): i32 {
  const civil = exprCivil(days)
  const index = <i64>(civil >> 9) * 12 + <i64>((civil >> 5) & 15) - 1 + <i64>months
  const year = <i32>(index >= 0 ? index / 12 : (index - 11) / 12)
  const month = <i32>(index - <i64>year * 12) + 1
  const last = monthDays(year, month)
  const day = civil & 31
  return exprDays(year, month, day < last ? day : last)
}

/**
 * Parses by a program made from a Java pattern: bytes of [kind, argument]. Kinds: 0 a literal byte; else a field: 1 year, 2 month,
 * 3 day, 4 hour (0-23), 5 minute, 6 second, 7 fraction; the argument's low 4 bits are the least digits, the high ones the most.
 * `out` gets the days (i32 at 0) and the microseconds of the day (i64 at 8).
 */
export function exprParseDateTime(text: i64, program: i64, out: usize): i32 {
  let p = <usize>(text & 0xffffffff)
  const end = p + <usize>(text >>> 32)
  let q = <usize>(program & 0xffffffff)
  const stop = q + <usize>(program >>> 32)
  let year = 1970
  let month = 1
  let day = 1
  let seconds = 0
  let micros = 0
  for (; q < stop; q += 2) {
    const kind = load<u8>(q)
    const argument = load<u8>(q + 1)
    if (kind == 0) {
      if (p == end || load<u8>(p) != argument) return 0
      p++
      continue
    }
    const least = <i32>(argument & 15)
    const most = <i32>(argument >> 4)
    let value = 0
    let digits = 0
    while (p < end && digits < most) {
      const digit = <i32>load<u8>(p) - 48
      if (<u32>digit > 9) break
      value = value * 10 + digit
      digits++
      p++
    }
    if (digits < least) return 0
    if (kind == 1) {
      year = value
      if (year > 9999) return 0
    } else if (kind == 2) month = value
    else if (kind == 3) day = value
    else if (kind == 4) {
      if (value > 23) return 0
      seconds += value * 3600
    } else if (kind == 5) {
      if (value > 59) return 0
      seconds += value * 60
    } else if (kind == 6) {
      if (value > 59) return 0
      seconds += value
    } else {
      for (; digits < 6; digits++) value *= 10
      for (; digits > 6; digits--) value /= 10
      micros = value
    }
  }
  if (p != end || month < 1 || month > 12 || day < 1 || day > monthDays(year, month)) return 0
  store<i32>(out, exprDays(year, month, day))
  store<i64>(out, <i64>seconds * 1000000 + <i64>micros, 8)
  return 1
}
