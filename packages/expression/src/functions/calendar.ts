import { civilFromDays, daysFromCivil, daysInMonth } from '@deltaworks/schema'

/** 1 is Sunday, 7 Saturday (Spark's dayofweek). */
export const dayOfWeek = (days: number): number => ((((days + 4) % 7) + 7) % 7) + 1
/** 0 is Monday, 6 Sunday. */
export const weekday = (days: number): number => (((days + 3) % 7) + 7) % 7
export const dayOfYear = (days: number): number => days - daysFromCivil(civilFromDays(days).year, 1, 1) + 1
/** ISO 8601: the week of the year that holds the Thursday. */
export const isoWeek = (days: number): number => {
  const thursday = days - weekday(days) + 3
  return Math.floor((thursday - daysFromCivil(civilFromDays(thursday).year, 1, 1)) / 7) + 1
}
export const isoYear = (days: number): number => civilFromDays(days - weekday(days) + 3).year
export const lastDay = (days: number): number => {
  const { year, month } = civilFromDays(days)
  return daysFromCivil(year, month, daysInMonth(year, month))
}
/** The same day so many months later, or the month's last if it has no such day. */
export function addMonths(days: number, months: number): number {
  const { year, month, day } = civilFromDays(days)
  const index = year * 12 + month - 1 + months
  const [toYear, toMonth] = [Math.floor(index / 12), (((index % 12) + 12) % 12) + 1]
  return daysFromCivil(toYear, toMonth, Math.min(day, daysInMonth(toYear, toMonth)))
}

export type DateUnit = 'millennium' | 'century' | 'decade' | 'year' | 'quarter' | 'month' | 'week' | 'day'
export type TimeUnit = DateUnit | 'hour' | 'minute' | 'second' | 'millisecond' | 'microsecond'

const units: Readonly<Record<string, TimeUnit>> = {
  millennium: 'millennium',
  millennia: 'millennium',
  mil: 'millennium',
  century: 'century',
  centuries: 'century',
  c: 'century',
  decade: 'decade',
  decades: 'decade',
  dec: 'decade',
  year: 'year',
  years: 'year',
  yyyy: 'year',
  yy: 'year',
  yr: 'year',
  y: 'year',
  quarter: 'quarter',
  quarters: 'quarter',
  q: 'quarter',
  qtr: 'quarter',
  qq: 'quarter',
  month: 'month',
  months: 'month',
  mon: 'month',
  mm: 'month',
  mons: 'month',
  week: 'week',
  weeks: 'week',
  w: 'week',
  wk: 'week',
  ww: 'week',
  isoweek: 'week',
  day: 'day',
  days: 'day',
  dd: 'day',
  d: 'day',
  hour: 'hour',
  hours: 'hour',
  h: 'hour',
  hh: 'hour',
  hr: 'hour',
  hrs: 'hour',
  minute: 'minute',
  minutes: 'minute',
  m: 'minute',
  min: 'minute',
  mins: 'minute',
  mi: 'minute',
  n: 'minute',
  second: 'second',
  seconds: 'second',
  s: 'second',
  sec: 'second',
  secs: 'second',
  ss: 'second',
  millisecond: 'millisecond',
  milliseconds: 'millisecond',
  ms: 'millisecond',
  microsecond: 'microsecond',
  microseconds: 'microsecond',
  us: 'microsecond',
  msec: 'millisecond',
  usec: 'microsecond',
}

export const timeUnit = (name: string): TimeUnit | undefined => units[name.toLowerCase()]

export function truncateDays(days: number, unit: TimeUnit): number {
  if (unit === 'week') return days - weekday(days)
  const { year, month } = civilFromDays(days)
  switch (unit) {
    case 'millennium':
      return daysFromCivil(Math.floor((year - 1) / 1000) * 1000 + 1, 1, 1)
    case 'century':
      return daysFromCivil(Math.floor((year - 1) / 100) * 100 + 1, 1, 1)
    case 'decade':
      return daysFromCivil(Math.floor(year / 10) * 10, 1, 1)
    case 'year':
      return daysFromCivil(year, 1, 1)
    case 'quarter':
      return daysFromCivil(year, month - ((month - 1) % 3), 1)
    case 'month':
      return daysFromCivil(year, month, 1)
    default:
      return days
  }
}

/** Microseconds in a unit of fixed length, null for a unit of the calendar. */
export const unitMicros: Readonly<Record<TimeUnit, bigint | null>> = {
  millennium: null,
  century: null,
  decade: null,
  year: null,
  quarter: null,
  month: null,
  week: null,
  day: 86_400_000_000n,
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
  millisecond: 1000n,
  microsecond: 1n,
}
