import {
  civilFromDays,
  date,
  daysFromCivil,
  daysInMonth,
  int32,
  int64,
  string,
  timestamp,
  timestampNtz,
  type Value,
} from '@deltaworks/schema'
import { floorDivide } from '../cast.js'
import { invalidArgument, overflow, wrongArguments } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import { instantFromLocal, localFromInstant } from '../zone.js'
import { implicitlyCastable, parameters, typesOf } from './argument-rules.js'

const microsPerDay = 86_400_000_000n
const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** 0 is Monday. */
const weekdayOf = (days: number): number => (((days + 3) % 7) + 7) % 7

const define = (
  signature: string,
  doc: string,
  arity: readonly [number, number],
  resolve: FunctionDefinition['resolve'],
  kernel: NonNullable<FunctionDefinition['kernel']>,
  rest: Partial<FunctionDefinition> = {},
): FunctionDefinition => ({ signature, doc, arity, resolve, kernel, ...rest })

const microsOfUnit: Readonly<Record<string, bigint>> = {
  week: 7n * microsPerDay,
  day: microsPerDay,
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
  millisecond: 1000n,
  microsecond: 1n,
}

/** Whole months between two wall clock readings, towards zero. */
function monthsApart(start: bigint, end: bigint): bigint {
  if (start > end) return -monthsApart(end, start)
  const [a, b] = [start, end].map((v) => ({
    ...civilFromDays(Number(floorDivide(v, microsPerDay))),
    rest: v - floorDivide(v, microsPerDay) * microsPerDay,
  }))
  const months = BigInt((b!.year - a!.year) * 12 + b!.month - a!.month)
  const isShort = b!.day < a!.day || (b!.day === a!.day && b!.rest < a!.rest)
  return isShort ? months - 1n : months
}

const timestampDiff = define(
  'timestamp_diff(unit, start, end) → bigint',
  'Whole units (year, quarter, month, week, day, hour, minute, second, millisecond, microsecond) from start to end.',
  [3, 3],
  parameters([string, timestamp, timestamp], int64),
  () => (context, unit: string, start: bigint, end: bigint) => {
    const name = unit.toLowerCase()
    const months = { year: 12n, quarter: 3n, month: 1n }[name]
    const [a, b] = [start, end].map((v) => localFromInstant(v, context.timezone)) as [bigint, bigint]
    if (months !== undefined) return monthsApart(a, b) / months
    const size = microsOfUnit[name]
    if (size === undefined) throw invalidArgument('timestamp_diff', unit, 'it is no unit of time')
    return (size >= microsPerDay ? b - a : end - start) / size
  },
  { aliases: ['timestampdiff'], contextual: true },
)

const instants = (name: string, doc: string, perSecond: bigint): FunctionDefinition =>
  define(`${name}(number) → timestamp`, doc, [1, 1], parameters([int64], timestamp), () => (_, value: bigint) => {
    const micros = (value * 1_000_000n) / perSecond
    if (BigInt.asIntN(64, micros) !== micros) throw overflow(`${name}(${value})`, timestamp)
    return micros
  })
const sinceEpoch = (name: string, doc: string, perSecond: bigint): FunctionDefinition =>
  define(
    `${name}(timestamp) → bigint`,
    doc,
    [1, 1],
    parameters([timestamp], int64),
    () => (_, value: bigint) => floorDivide(value * perSecond, 1_000_000n),
    { contextual: true },
  )

export const moreDatetimeFunctions = {
  dayname: define(
    'dayname(date) → string',
    'The name of the day of the week: Mon to Sun.',
    [1, 1],
    parameters([date], string),
    () => (_, d: number) => dayNames[weekdayOf(d)]!,
    { contextual: true },
  ),
  monthname: define(
    'monthname(date) → string',
    'The name of the month: Jan to Dec.',
    [1, 1],
    parameters([date], string),
    () => (_, d: number) => monthNames[civilFromDays(d).month - 1]!,
    { contextual: true },
  ),
  next_day: define(
    'next_day(date, day) → date',
    'The next such day of the week (Mon, Monday …) after the date.',
    [2, 2],
    parameters([date, string], date),
    () => (_, days: number, name: string) => {
      const wanted = dayNames.findIndex((day) => name.slice(0, 2).toLowerCase() === day.slice(0, 2).toLowerCase())
      if (wanted < 0) throw invalidArgument('next_day', name, 'it is no day of the week')
      return days + ((wanted - weekdayOf(days) + 6) % 7) + 1
    },
    { contextual: true },
  ),
  timestamp_diff: timestampDiff,
  make_timestamp: define(
    'make_timestamp(year, month, day, hour, minute, second) → timestamp',
    "The instant of a wall clock reading in the session's zone; an error if there is none. Seconds may have a fraction.",
    [6, 6],
    (args, name) =>
      parameters([int32, int32, int32, int32, int32, { kind: 'decimal', precision: 8, scale: 6 }], timestamp)(
        args,
        name,
      ),
    () => (context, year: number, month: number, day: number, hour: number, minute: number, micros: bigint) => {
      const fits =
        year >= 1 &&
        year <= 9999 &&
        month >= 1 &&
        month <= 12 &&
        day >= 1 &&
        day <= daysInMonth(year, month) &&
        hour >= 0 &&
        hour < 24 &&
        minute >= 0 &&
        minute < 60 &&
        micros >= 0n &&
        micros < 60_000_000n
      if (!fits)
        throw invalidArgument('make_timestamp', `${year}-${month}-${day} ${hour}:${minute}`, 'there is no such moment')
      const local =
        BigInt(daysFromCivil(year, month, day)) * microsPerDay + BigInt(hour * 60 + minute) * 60_000_000n + micros
      return instantFromLocal(local, context.timezone)
    },
    { contextual: true },
  ),
  unix_date: define(
    'unix_date(date) → int',
    'Days since 1970-01-01.',
    [1, 1],
    parameters([date], int32),
    () => (_, d: number) => d,
    { contextual: true },
  ),
  date_from_unix_date: define(
    'date_from_unix_date(days) → date',
    'The date so many days after 1970-01-01.',
    [1, 1],
    parameters([int32], date),
    () => (_, d: number) => d,
  ),
  timestamp_millis: instants('timestamp_millis', 'The instant so many milliseconds after 1970-01-01 UTC.', 1000n),
  timestamp_micros: instants('timestamp_micros', 'The instant so many microseconds after 1970-01-01 UTC.', 1_000_000n),
  unix_seconds: sinceEpoch('unix_seconds', 'Seconds since 1970-01-01 UTC.', 1n),
  unix_millis: sinceEpoch('unix_millis', 'Milliseconds since 1970-01-01 UTC.', 1000n),
  unix_micros: sinceEpoch('unix_micros', 'Microseconds since 1970-01-01 UTC.', 1_000_000n),
  at_time_zone: define(
    'at_time_zone(value, zone) → timestamp_ntz of a timestamp, timestamp of a timestamp_ntz',
    'value AT TIME ZONE zone: the wall clock there at an instant, or the instant at which the wall clock there shows the value.',
    [2, 2],
    (args, name) => {
      const { type } = args[0]!
      if (type.kind === 'timestamp_ntz') return { args: [type, string], type: timestamp }
      if (!implicitlyCastable(type, timestamp)) throw wrongArguments(name, typesOf(args), 'it takes a timestamp')
      return { args: [timestamp, string], type: timestampNtz }
    },
    ({ type }) =>
      (_, value: bigint, zone: string): Value =>
        type.kind === 'timestamp' ? instantFromLocal(value, zone) : localFromInstant(value, zone),
    { contextual: true },
  ),
  from_utc_timestamp: define(
    'from_utc_timestamp(timestamp, zone) → timestamp',
    'As if the wall clock in UTC were that of the zone.',
    [2, 2],
    parameters([timestamp, string], timestamp),
    () => (_, value: bigint, zone: string) => localFromInstant(value, zone),
    { contextual: true },
  ),
  to_utc_timestamp: define(
    'to_utc_timestamp(timestamp, zone) → timestamp',
    'As if the wall clock in the zone were that of UTC.',
    [2, 2],
    parameters([timestamp, string], timestamp),
    () => (_, value: bigint, zone: string) => instantFromLocal(value, zone),
    { contextual: true },
  ),
  current_timezone: define(
    'current_timezone() → string',
    "The session's time zone.",
    [0, 0],
    () => ({ args: [], type: string }),
    () => (context) => context.timezone,
    { nullable: 'never', contextual: true },
  ),
} satisfies Record<string, FunctionDefinition>
