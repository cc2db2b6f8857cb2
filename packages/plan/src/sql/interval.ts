import type { Expression } from '@deltaworks/expression'
import { int32, string } from '@deltaworks/schema'

/** A duration as SQL writes it: months and days are not so many microseconds. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly micros: number
}

const monthsPer: Readonly<Record<string, number>> = { year: 12, quarter: 3, month: 1, decade: 120, century: 1200 }
const daysPer: Readonly<Record<string, number>> = { week: 7, day: 1 }
const microsPer: Readonly<Record<string, number>> = {
  hour: 3_600_000_000,
  minute: 60_000_000,
  second: 1_000_000,
  millisecond: 1000,
  microsecond: 1,
}
const shortNames: Readonly<Record<string, string>> = {
  y: 'year',
  yr: 'year',
  mon: 'month',
  mth: 'month',
  w: 'week',
  d: 'day',
  h: 'hour',
  hr: 'hour',
  m: 'minute',
  min: 'minute',
  s: 'second',
  sec: 'second',
  ms: 'millisecond',
  us: 'microsecond',
}

/** The field that `interval '1' year` names, by the parser's bit mask. */
const fieldOfMask: Readonly<Record<number, string>> = {
  4: 'year',
  2: 'month',
  8: 'day',
  1024: 'hour',
  2048: 'minute',
  4096: 'second',
}

/** `1 year 2 months`, `90 day`, `-1`, `02:30:00`; null if the text is no interval. */
export function parseInterval(text: string, mask: number | null): Interval | null {
  const field = mask === null ? null : (fieldOfMask[mask] ?? null)
  const result = { months: 0, days: 0, micros: 0 }
  const trimmed = text.trim()
  const pattern = /\s*(?:([+-]?)(\d+):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?|([+-]?\d+(?:\.\d+)?)\s*([a-zA-Z]*))\s*/y
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed)
    if (match === null) return null
    const [, sign, hours, minutes, seconds = '0', fraction = '', amount, unit] = match
    if (amount === undefined) {
      const micros =
        (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000 + Number(fraction.padEnd(6, '0'))
      result.micros += sign === '-' ? -micros : micros
    } else if (!addField(result, Number(amount), unit === '' ? (field ?? 'second') : unit!)) return null
  }
  return trimmed === '' ? null : result
}

function addField(to: { months: number; days: number; micros: number }, amount: number, unit: string): boolean {
  const lower = unit.toLowerCase()
  const name =
    shortNames[lower] ??
    (lower.endsWith('s') && lower !== 's' ? (shortNames[lower.slice(0, -1)] ?? lower.slice(0, -1)) : lower)
  const [months, days, micros] = [monthsPer[name], daysPer[name], microsPer[name]]
  if (months !== undefined && Number.isInteger(amount * months)) to.months += amount * months
  else if (days !== undefined && Number.isInteger(amount * days)) to.days += amount * days
  else if (micros !== undefined) to.micros += Math.round(amount * micros)
  else return false
  return true
}

/** `value + times * interval` as calls of `timestamp_add`, greatest unit first, as PostgreSQL adds them. */
export function addInterval(
  value: Expression,
  interval: Interval,
  sign: 1 | -1,
  times: Expression | null = null,
): Expression {
  const scaled = (count: Expression): Expression =>
    times === null ? count : { kind: 'call', name: 'multiply', args: [count, times] }
  const shifted = (input: Expression, unit: string, count: number): Expression => ({
    kind: 'call',
    name: 'timestamp_add',
    args: [
      { kind: 'literal', value: unit, type: string },
      scaled({ kind: 'literal', value: sign * count, type: int32 }),
      input,
    ],
  })
  let result = value
  if (interval.months !== 0) result = shifted(result, 'month', interval.months)
  if (interval.days !== 0) result = shifted(result, 'day', interval.days)
  if (interval.micros !== 0) {
    for (const [unit, size] of Object.entries(microsPer)) {
      if (interval.micros % size !== 0) continue
      result = shifted(result, unit, interval.micros / size)
      break
    }
  }
  return result
}
