/*
 * Dates are days, timestamps microseconds since 1970-01-01, in the proleptic Gregorian calendar.
 * The civil-date arithmetic is Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms".
 */

export const microsPerDay = 86_400_000_000n

export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

export function civilFromDays(days: number): CivilDate {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const mp = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * mp + 2) / 5) + 1
  const month = mp < 10 ? mp + 3 : mp - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

export const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
export const daysInMonth = (year: number, month: number): number =>
  month === 2 && isLeapYear(year) ? 29 : monthLengths[month - 1]!

const two = (n: number): string => (n < 10 ? `0${n}` : `${n}`)

/** `YYYY-MM-DD` */
export function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days)
  const y = year < 0 ? `-${String(-year).padStart(4, '0')}` : String(year).padStart(4, '0')
  return `${y}-${two(month)}-${two(day)}`
}

const datePattern = /^\s*([+-]?\d{4,7})-(\d{1,2})-(\d{1,2})(?:[T ].*)?\s*$/

/** @returns 32-bit days since the epoch; null: the text is no `YYYY-MM-DD` (a time of day after it is ignored, as by Spark) or out of range */
export function tryParseDate(text: string): number | null {
  const match = datePattern.exec(text)
  if (match === null) return null
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  const days = daysFromCivil(year, month, day)
  return days === (days | 0) ? days : null
}

/** `YYYY-MM-DD HH:MM:SS[.ffffff]`, fraction without trailing zeros, as Spark casts a timestamp (UTC) to string. */
export function formatTimestamp(micros: bigint, separator: ' ' | 'T' = ' ', fractionDigits?: 6): string {
  let day = micros / microsPerDay
  let rest = micros % microsPerDay
  if (rest < 0n) {
    rest += microsPerDay
    day -= 1n
  }
  const seconds = Number(rest / 1_000_000n)
  const fraction = Number(rest % 1_000_000n)
  const time = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  const digits = String(fraction).padStart(6, '0')
  const shown = fractionDigits === 6 ? `.${digits}` : fraction === 0 ? '' : `.${digits.replace(/0+$/, '')}`
  return `${formatDate(Number(day))}${separator}${time}${shown}`
}

const timestampPattern =
  /^\s*([+-]?\d{4,7})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d{0,9}))?)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?\s*$/

export interface ParsedTimestamp {
  /** Microseconds of the wall clock reading, before a zone is applied. */
  readonly localMicros: bigint
  /** The zone's offset from UTC in minutes if the text names one. */
  readonly offsetMinutes: number | null
}

export function tryParseTimestamp(text: string): ParsedTimestamp | null {
  const match = timestampPattern.exec(text)
  if (match === null) return null
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [hour, minute, second] = [Number(match[4] ?? 0), Number(match[5] ?? 0), Number(match[6] ?? 0)]
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null
  if (hour > 23 || minute > 59 || second > 59) return null
  const micros = BigInt((match[7] ?? '').padEnd(9, '0').slice(0, 6))
  const zone = match[8]
  const localMicros =
    BigInt(daysFromCivil(year, month, day)) * microsPerDay +
    BigInt(hour * 3600 + minute * 60 + second) * 1_000_000n +
    micros
  if (BigInt.asIntN(64, localMicros) !== localMicros) return null
  return {
    localMicros,
    offsetMinutes: zone === undefined ? null : zone === 'Z' || zone === 'UTC' ? 0 : zoneOffset(zone),
  }
}

function zoneOffset(zone: string): number {
  const digits = zone.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2) || 0)
  return zone.startsWith('-') ? -minutes : minutes
}
