import type { Value } from '@deltaworks/schema'

/** A duration as SQL writes it: months and days are not so many microseconds. */
export interface Interval {
  readonly months: number
  readonly days: number
  readonly micros: number
}

const monthsPer: Readonly<Record<string, number>> = {
  year: 12,
  quarter: 3,
  month: 1,
  decade: 120,
  century: 1200,
  millennium: 12_000,
}
const daysPer: Readonly<Record<string, number>> = { week: 7, day: 1 }
export const microsPer: Readonly<Record<string, number>> = {
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
  const trimmed = isoText(text.trim())
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

/** ISO 8601 (`P1Y2M3DT4H5M6.5S`) in the words of the other form; any other text as it is. */
function isoText(text: string): string {
  const match = /^P(?=.)((?:-?\d+[YMWD])*)(?:T((?:-?\d+(?:\.\d+)?[HMS])+))?$/.exec(text)
  if (match === null) return text
  const words = (part: string | undefined, units: Readonly<Record<string, string>>): string =>
    (part ?? '').replace(/(-?[\d.]+)([A-Z])/g, (_, amount: string, unit: string) => `${amount} ${units[unit]!} `)
  const date = words(match[1], { Y: 'year', M: 'month', W: 'week', D: 'day' })
  return `${date}${words(match[2], { H: 'hour', M: 'minute', S: 'second' })}`.trim()
}

/** An interval as a value of the type `interval`. */
export const intervalValue = ({ months, days, micros }: Interval): Value => [months, days, BigInt(micros)]

const counted = (count: number, unit: string): string =>
  count === 0 ? '' : `${count} ${unit}${Math.abs(count) === 1 ? '' : 's'}`

/** `1 year 2 months 3 days 04:05:06.5`; `00:00:00` for nothing. */
export function formatInterval(value: Value): string {
  const [months, days, micros] = value as unknown as readonly [number, number, bigint]
  const parts = [counted(Math.trunc(months / 12), 'year'), counted(months % 12, 'month'), counted(days, 'day')]
  const positive = micros < 0n ? -micros : micros
  const two = (n: bigint): string => String(n).padStart(2, '0')
  const fraction = positive % 1_000_000n
  const shownFraction = fraction === 0n ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`
  const seconds = positive / 1_000_000n
  const time = `${micros < 0n ? '-' : ''}${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}${shownFraction}`
  const shown = parts.filter((part) => part !== '')
  return micros === 0n && shown.length > 0 ? shown.join(' ') : [...shown, time].join(' ')
}

const microsPerDay = 86_400_000_000n
/** What intervals are compared by: a month as 30 days, a day as 24 hours. */
export function intervalMicros(value: Value): bigint {
  const [months, days, micros] = value as unknown as readonly [number, number, bigint]
  return BigInt(months * 30 + days) * microsPerDay + micros
}
