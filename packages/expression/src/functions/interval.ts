import { daysInMonth, float64, int64, interval, isInterval, string, timestamp, type Value } from '@deltaworks/schema'
import { floorDivide } from '../cast.js'
import { invalidArgument, overflow, wrongArguments } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import { instantFromLocal, localFromInstant } from '../zone.js'
import { define } from './define.js'
import { parameters, typesOf } from './argument-rules.js'
import { addMonths } from './calendar.js'
import { civilOf, microsPerDay, type IntervalParts } from './interval-arithmetic.js'

const part = (value: number, name: string): number => {
  if (Number.isInteger(value) && Math.abs(value) <= 2_147_483_647) return value
  throw overflow(`${name}(${value})`, interval)
}

const ofUnits = (name: string, unit: string, parts: (count: number) => Value): FunctionDefinition =>
  define(
    `${name}(count) → interval`,
    `So many ${unit}.`,
    [1, 1],
    parameters([float64], interval),
    () => (_, count: number) => parts(count),
  )

const micros = (count: number, unit: number): bigint => BigInt(Math.round(count * unit))

/** Whole months, days and the rest from one wall clock reading to a later one; of an earlier one all of it negative. */
function between(start: bigint, end: bigint): Value {
  if (start > end) {
    const [months, days, rest] = between(end, start) as unknown as IntervalParts
    return [-months + 0, -days + 0, -rest]
  }
  const [a, b] = [civilOf(start), civilOf(end)]
  let [months, days, rest] = [(b.year - a.year) * 12 + b.month - a.month, b.day - a.day, b.rest - a.rest]
  if (rest < 0n) {
    rest += microsPerDay
    days--
  }
  // As PostgreSQL: a month that is not whole has as many days as the first one.
  if (days < 0) {
    days += daysInMonth(a.year, a.month)
    months--
  }
  return [months, days, rest]
}

/** The beginning of the bucket of an interval's width that a moment is in, counted from the origin. */
function bucket(width: IntervalParts, local: bigint, origin: bigint, name: string): bigint {
  const [months, days, rest] = width
  const size = BigInt(days) * microsPerDay + rest
  if (months === 0 && size > 0n) return origin + floorDivide(local - origin, size) * size
  if (months <= 0 || size !== 0n) {
    throw invalidArgument(
      name,
      `${months} months, ${days} days`,
      'the width must be months alone, or days and time, and more than 0',
    )
  }
  const [a, b] = [civilOf(origin), civilOf(local)]
  const apart = (b.year - a.year) * 12 + b.month - a.month
  let count = Math.floor(apart / months) * months
  const at = (m: number): bigint => BigInt(addMonths(a.days, m)) * microsPerDay + a.rest
  if (at(count) > local) count -= months
  return at(count)
}

/** Monday 2000-01-03, and 2000-01-01 where months are counted. */
const originOf = (months: number): bigint => (months === 0 ? 10_959n : 10_957n) * microsPerDay

export const intervalFunctions = {
  make_interval: define(
    'make_interval([years[, months[, weeks[, days[, hours[, minutes[, seconds]]]]]]]) → interval',
    'The interval of so many years, months, weeks, days, hours, minutes and seconds. Names may be given: make_interval(days => 3).',
    [0, 7],
    parameters([float64], interval),
    () =>
      (_, years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0) => [
        part(years * 12 + months, 'make_interval'),
        part(weeks * 7 + days, 'make_interval'),
        micros(hours * 3600 + minutes * 60 + seconds, 1e6),
      ],
  ),
  to_years: ofUnits('to_years', 'years', (n) => [part(n * 12, 'to_years'), 0, 0n]),
  to_months: ofUnits('to_months', 'months', (n) => [part(n, 'to_months'), 0, 0n]),
  to_weeks: ofUnits('to_weeks', 'weeks', (n) => [0, part(n * 7, 'to_weeks'), 0n]),
  to_days: ofUnits('to_days', 'days', (n) => [0, part(n, 'to_days'), 0n]),
  to_hours: ofUnits('to_hours', 'hours', (n) => [0, 0, micros(n, 3600e6)]),
  to_minutes: ofUnits('to_minutes', 'minutes', (n) => [0, 0, micros(n, 60e6)]),
  to_seconds: ofUnits('to_seconds', 'seconds', (n) => [0, 0, micros(n, 1e6)]),
  age: define(
    'age(end[, start]) → interval',
    'Years, months, days and time from start to end; of one argument, from it to the beginning of today.',
    [1, 2],
    parameters([timestamp], interval),
    (site) => (context, end: bigint, start?: bigint) => {
      const today = localFromInstant(context.nowMicros, context.timezone)
      const midnight = floorDivide(today, microsPerDay) * microsPerDay
      const last = localFromInstant(end, context.timezone)
      return site.args.length === 1
        ? between(last, midnight)
        : between(localFromInstant(start!, context.timezone), last)
    },
    { contextual: true },
  ),
  time_bucket: define(
    'time_bucket(width, timestamp[, origin]) → timestamp',
    'The beginning of the bucket that a moment is in; buckets are an interval wide and counted from the origin (Monday 2000-01-03; of months 2000-01-01).',
    [2, 3],
    (args, name) => {
      if (!isInterval(args[0]!.type))
        throw wrongArguments(name, typesOf(args), 'the first argument must be an interval')
      return { args: [interval, timestamp, ...(args.length === 3 ? [timestamp] : [])], type: timestamp }
    },
    () => (context, width: IntervalParts, value: bigint, origin?: bigint) => {
      const from = origin === undefined ? originOf(width[0]) : localFromInstant(origin, context.timezone)
      const start = bucket(width, localFromInstant(value, context.timezone), from, 'time_bucket')
      return instantFromLocal(start, context.timezone)
    },
    { aliases: ['date_bin'], contextual: true },
  ),
  interval_part: define(
    'interval_part(field, interval) → bigint, double for epoch and second',
    'A field of an interval: year, month, day, hour, minute, second, epoch (its seconds, a month as 30 days). SQL: extract(field from interval).',
    [2, 2],
    (args, name) => {
      if (!isInterval(args[1]!.type))
        throw wrongArguments(name, typesOf(args), 'the second argument must be an interval')
      const field = args[0]?.kind === 'literal' ? String(args[0].value).toLowerCase() : ''
      return { args: [string, interval], type: field === 'epoch' || field === 'second' ? float64 : int64 }
    },
    () => (_, field: string, value: IntervalParts) => intervalField(field.toLowerCase(), value),
  ),
} satisfies Record<string, FunctionDefinition>

function intervalField(field: string, [months, days, rest]: IntervalParts): Value {
  switch (field) {
    case 'year':
      return BigInt(Math.trunc(months / 12))
    case 'quarter':
      return BigInt(Math.trunc((months % 12) / 3) + 1)
    case 'month':
      return BigInt(months % 12)
    case 'day':
      return BigInt(days)
    case 'hour':
      return rest / 3_600_000_000n
    case 'minute':
      return (rest / 60_000_000n) % 60n
    case 'second':
      return Number(rest % 60_000_000n) / 1e6
    case 'epoch':
      return (months * 30 + days) * 86_400 + Number(rest) / 1e6
    default:
      throw invalidArgument(
        'extract',
        field,
        'an interval has year, quarter, month, day, hour, minute, second and epoch',
      )
  }
}
