import {
  civilFromDays,
  date,
  daysFromCivil,
  daysInMonth,
  float64,
  int32,
  int64,
  isInterval,
  isNumeric,
  isTimestamp,
  microsPerDay,
  string,
  timestamp,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { castKernel, floorDivide } from '../cast.js'
import { invalidArgument, invalidCast, wrongArguments } from '../errors.js'
import type { CallSite, EvaluationContext, FunctionDefinition, Resolution } from '../evaluation.js'
import type { BoundExpression } from '../expression.js'
import { instantFromLocal, localFromInstant, offsetMicrosAt } from '../zone.js'
import { implicitlyCastable, parameters, typesOf } from './argument-rules.js'
import {
  addMonths,
  dayOfWeek,
  dayOfYear,
  isoWeek,
  isoYear,
  lastDay,
  timeUnit,
  truncateDays,
  unitMicros,
  weekday,
  type TimeUnit,
} from './calendar.js'
import { resolveTruncation, truncationKernel } from './truncation.js'
import { formatDateTime, parseDateTime, parsePattern } from './datetime-pattern.js'
import { intervalFunctions } from './interval.js'
import { javaPattern } from './postgres-pattern.js'

/** The wall clock reading of a date or timestamp value. */
type Local = (value: Value, context: EvaluationContext) => bigint
function localOf(type: DataType): Local {
  if (type.kind === 'date') return (v) => BigInt(v as number) * microsPerDay
  if (type.kind === 'timestamp') return (v, context) => localFromInstant(v as bigint, context.timezone)
  return (v) => v as bigint
}
function daysOf(type: DataType): (value: Value, context: EvaluationContext) => number {
  if (type.kind === 'date') return (v) => v as number
  const local = localOf(type)
  return (v, context) => Number(floorDivide(local(v, context), microsPerDay))
}

/** A date or timestamp as it is; a string as what its text says it is at least. */
function temporal(args: readonly BoundExpression[], index: number, name: string, fallback: DataType): DataType {
  const { type } = args[index]!
  if (type.kind === 'date' || isTimestamp(type)) return type
  if (type.kind === 'string' || type.kind === 'null') return fallback
  throw wrongArguments(name, typesOf(args), `argument ${index + 1} must be a date or a timestamp`)
}

const ofDate = (
  name: string,
  doc: string,
  apply: (days: number) => number,
  type: DataType = int32,
  aliases?: readonly string[],
): FunctionDefinition => ({
  signature: `${name}(date) → ${type.kind}`,
  doc,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [1, 1],
  contextual: true,
  resolve: (args, called) => ({ args: [temporal(args, 0, called, date)], type }),
  kernel: (site) => {
    const days = daysOf(site.args[0]!.type)
    return (context, v: Value) => apply(days(v, context))
  },
})

const ofTime = (name: string, doc: string, apply: (microsOfDay: bigint) => number): FunctionDefinition => ({
  signature: `${name}(timestamp) → int`,
  doc,
  arity: [1, 1],
  contextual: true,
  resolve: (args, called) => ({ args: [temporal(args, 0, called, timestamp)], type: int32 }),
  kernel: (site) => {
    const local = localOf(site.args[0]!.type)
    return (context, v: Value) => {
      const micros = local(v, context)
      return apply(micros - floorDivide(micros, microsPerDay) * microsPerDay)
    }
  },
})

function unitOf(name: string, text: string): TimeUnit {
  const unit = timeUnit(text)
  if (unit === undefined)
    throw invalidArgument(name, text, 'it must be year, quarter, month, week, day, hour, minute or second')
  return unit
}

function truncateLocal(local: bigint, unit: TimeUnit): bigint {
  const micros = unitMicros[unit]
  if (micros !== null) return floorDivide(local, micros) * micros
  return BigInt(truncateDays(Number(floorDivide(local, microsPerDay)), unit)) * microsPerDay
}

const dateTrunc: FunctionDefinition = {
  signature: 'date_trunc(unit, timestamp) → timestamp',
  doc: 'The beginning of the year, quarter, month, week (Monday), day, hour, minute or second.',
  arity: [2, 2],
  contextual: true,
  resolve: (args, name) => {
    const type = temporal(args, 1, name, timestamp)
    const of = type.kind === 'date' ? timestamp : type
    return { args: [string, of], type: of }
  },
  kernel: (site) => {
    const zoned = site.type.kind === 'timestamp'
    return (context, unit: string, value: bigint) => {
      const local = zoned ? localFromInstant(value, context.timezone) : value
      const truncated = truncateLocal(local, unitOf('date_trunc', unit))
      return zoned ? instantFromLocal(truncated, context.timezone) : truncated
    }
  },
}

const extractors: Readonly<Record<string, (days: number, microsOfDay: bigint, local: bigint) => number>> = {
  year: (d) => civilFromDays(d).year,
  quarter: (d) => Math.floor((civilFromDays(d).month + 2) / 3),
  month: (d) => civilFromDays(d).month,
  week: isoWeek,
  day: (d) => civilFromDays(d).day,
  dayofweek: dayOfWeek,
  dow: (d) => dayOfWeek(d) - 1,
  isodow: (d) => weekday(d) + 1,
  doy: dayOfYear,
  dayofyear: dayOfYear,
  isoyear: isoYear,
  yearofweek: isoYear,
  hour: (_, m) => Number(m / 3_600_000_000n),
  minute: (_, m) => Number((m / 60_000_000n) % 60n),
  second: (_, m) => Number((m / 1_000_000n) % 60n),
  millisecond: (_, m) => Number((m / 1000n) % 60_000n),
  microsecond: (_, m) => Number(m % 60_000_000n),
  decade: (d) => Math.floor(civilFromDays(d).year / 10),
  century: (d) => Math.floor((civilFromDays(d).year + 99) / 100),
  millennium: (d) => Math.floor((civilFromDays(d).year + 999) / 1000),
  weekday: (d) => dayOfWeek(d) - 1,
  dw: (d) => dayOfWeek(d) - 1,
  dayofmonth: (d) => civilFromDays(d).day,
  yearweek: (d) => isoYear(d) * 100 + isoWeek(d),
  julian: (d) => d + 2_440_588,
}
const extractor = (field: string) => extractors[field] ?? extractors[timeUnit(field) ?? '']

const datePart: FunctionDefinition = {
  signature: 'date_part(field, value) → int, bigint for epoch',
  doc: 'A field of a date or timestamp: year, quarter, month, week, day, dow, isodow, doy, hour, minute, second. SQL: extract(field from value).',
  aliases: ['extract'],
  arity: [2, 2],
  contextual: true,
  resolve: (args, name) => {
    const field = args[0]
    if (isInterval(args[1]!.type)) {
      return { ...intervalFunctions.interval_part.resolve(args, name), nullable: args[1]!.nullable }
    }
    const type = temporal(args, 1, name, timestamp)
    const known = field?.kind === 'literal' && typeof field.value === 'string' ? field.value.toLowerCase() : null
    if (known === null) throw wrongArguments(name, typesOf(args), 'the field must be a literal')
    if (known === 'epoch') return { args: [string, type.kind === 'date' ? timestamp : type], type: int64 }
    if (extractor(known) === undefined)
      throw invalidArgument(name, known, `it must be one of ${Object.keys(extractors).join(', ')}`)
    return { args: [string, type], type: int32 }
  },
  kernel: (site) => {
    if (isInterval(site.args[1]!.type)) return intervalFunctions.interval_part.kernel!(site)
    const local = localOf(site.args[1]!.type)
    return (context, field: string, value: Value) => {
      if (site.type.kind === 'int64') return floorDivide(value as bigint, 1_000_000n)
      const micros = local(value, context)
      const days = floorDivide(micros, microsPerDay)
      return extractor(field.toLowerCase())!(Number(days), micros - days * microsPerDay, micros)
    }
  },
}

function dateRange(days: number, name: string): number {
  if (!Number.isFinite(days) || days < -719_162 - 366 * 10_000 || days > 2_932_896 + 366 * 90_000) {
    throw invalidArgument(name, days, 'the date is out of range')
  }
  return days
}

const shifted = (name: string, doc: string, sign: 1 | -1, aliases?: readonly string[]): FunctionDefinition => ({
  signature: `${name}(date, days) → date`,
  doc,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [2, 2],
  resolve: parameters([date, int32], date),
  kernel: () => (_, days: number, count: number) => dateRange(days + sign * count, name),
})

/** timestamp or date plus so many units; what SQL's `+ interval '1 day'` becomes. */
const addUnits: FunctionDefinition = {
  signature: 'timestamp_add(unit, count, value) → type of value',
  doc: 'The date or timestamp so many units later (years and months keep the day where the month has it).',
  aliases: ['dateadd', 'timestampadd'],
  arity: [3, 3],
  contextual: true,
  resolve: (args, name) => {
    const type = temporal(args, 2, name, timestamp)
    const unit =
      args[0]?.kind === 'literal' && typeof args[0].value === 'string' ? unitOf(name, args[0].value) : 'second'
    const daily = unitMicros[unit] === null || unit === 'day'
    const of = type.kind === 'date' && !daily ? timestamp : type
    return { args: [string, int32, of], type: of }
  },
  kernel: (site) => {
    const local = localOf(site.type)
    return (context, unitName: string, count: number, value: Value) => {
      const unit = unitOf('timestamp_add', unitName)
      if (site.type.kind === 'date') return addToDays(value as number, unit, count)
      const zoned = site.type.kind === 'timestamp'
      const micros = unitMicros[unit]
      if (micros !== null && unit !== 'day') return (value as bigint) + micros * BigInt(count)
      const reading = local(value, context)
      const days = floorDivide(reading, microsPerDay)
      const moved = BigInt(addToDays(Number(days), unit, count)) * microsPerDay + (reading - days * microsPerDay)
      return zoned ? instantFromLocal(moved, context.timezone) : moved
    }
  },
}

function addToDays(days: number, unit: TimeUnit, count: number): number {
  switch (unit) {
    case 'millennium':
      return addMonths(days, count * 12_000)
    case 'century':
      return addMonths(days, count * 1200)
    case 'decade':
      return addMonths(days, count * 120)
    case 'year':
      return addMonths(days, count * 12)
    case 'quarter':
      return addMonths(days, count * 3)
    case 'month':
      return addMonths(days, count)
    case 'week':
      return days + count * 7
    default:
      return days + count
  }
}

/** Parses with a Java pattern; without one, as a cast. `lenient` gives null where the strict form is an error. */
const parsed = (name: string, target: 'date' | 'timestamp', lenient: boolean): FunctionDefinition => ({
  signature: `${name}(text[, pattern]) → ${target}`,
  doc: `The ${target} that a text stands for, in a pattern of Java's DateTimeFormatter (\`M/d/yyyy H:mm\`) or PostgreSQL (\`YYYY-MM-DD\`)${lenient ? '; null if it is none' : ''}.`,
  arity: [1, 2],
  contextual: true,
  ...(lenient ? { nullable: 'always' as const } : {}),
  resolve: (args, called) => resolveParsed(args, called, target === 'date' ? date : timestamp),
  kernel: (site) => parseKernel(site, lenient),
})

function resolveParsed(args: readonly BoundExpression[], name: string, type: DataType): Resolution {
  const of = args[0]!.type
  if (args.length === 2 && (of.kind === 'string' || of.kind === 'null')) return { args: [string, string], type }
  // Of what is a moment already the pattern means nothing.
  if (args.length === 2) return { args: [of, string], type }
  if (type.kind === 'timestamp' && isNumeric(of)) return { args: [of.kind === 'decimal' ? float64 : of], type }
  if (!implicitlyCastable(of, type))
    throw wrongArguments(name, typesOf(args), `it takes a string, a date or a timestamp`)
  return { args: [of], type }
}

function parseKernel(
  site: CallSite,
  lenient: boolean,
): (context: EvaluationContext, value: Value, pattern?: string) => Value {
  const from = site.args[0]!.type
  const cast = site.args.length === 1 || from.kind !== 'string' ? castKernel(from, site.type) : null
  const fail = (value: Value): Value => {
    if (lenient) return null
    throw invalidCast(value, from, site.type)
  }
  if (cast !== null) return (context, value) => cast(value, context) ?? fail(value)
  const isDate = site.type.kind === 'date'
  return (context, value, pattern) => {
    const found = parseDateTime(value as string, parsePattern(javaPattern(pattern!)))
    if (found === null) return fail(value)
    if (isDate) return found.days
    const local = BigInt(found.days) * microsPerDay + BigInt(found.microsOfDay)
    if (found.offsetMinutes !== null) return local - BigInt(found.offsetMinutes) * 60_000_000n
    return instantFromLocal(local, context.timezone)
  }
}

const dateFormat: FunctionDefinition = {
  signature: 'date_format(value, pattern) → string',
  doc: "A date or timestamp in Java's DateTimeFormatter pattern.",
  arity: [2, 2],
  contextual: true,
  resolve: (args, name) => ({ args: [temporal(args, 0, name, timestamp), string], type: string }),
  kernel: (site) => {
    const from = site.args[0]!.type
    const local = localOf(from)
    return (context, value: Value, pattern: string) => {
      const offset =
        from.kind === 'timestamp' ? Number(offsetMicrosAt(value as bigint, context.timezone) / 60_000_000n) : 0
      return formatDateTime(local(value, context), parsePattern(javaPattern(pattern)), offset)
    }
  },
}

const makeDate: FunctionDefinition = {
  signature: 'make_date(year, month, day) → date',
  doc: 'The date of a year, month and day; an error if there is none.',
  arity: [3, 3],
  resolve: parameters([int32], date),
  kernel: () => (_, year: number, month: number, day: number) => {
    if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month) || year < 1 || year > 9999) {
      throw invalidArgument('make_date', `${year}-${month}-${day}`, 'there is no such date')
    }
    return daysFromCivil(year, month, day)
  },
}

const now = (
  name: string,
  type: DataType,
  aliases: readonly string[],
  apply: (context: EvaluationContext) => Value,
): FunctionDefinition => ({
  signature: `${name}() → ${type.kind}`,
  doc: 'The moment at which the query began (the same for all of its rows).',
  aliases,
  arity: [0, 0],
  nullable: 'never',
  contextual: true,
  resolve: () => ({ args: [], type }),
  kernel: () => (context: EvaluationContext) => apply(context),
})

const monthsBetween: FunctionDefinition = {
  signature: 'months_between(a, b) → double',
  doc: 'Months from b to a; whole if both are the same day or the last of their months, else with 31sts, rounded to 8 digits.',
  arity: [2, 2],
  contextual: true,
  resolve: parameters([timestamp], float64),
  kernel: () => (context, a: bigint, b: bigint) => {
    const parts = [a, b].map((v) => {
      const local = localFromInstant(v, context.timezone)
      const days = Number(floorDivide(local, microsPerDay))
      const civil = civilFromDays(days)
      return {
        ...civil,
        last: lastDay(days) === days,
        seconds: Number((local - BigInt(days) * microsPerDay) / 1_000_000n),
      }
    })
    const [x, y] = parts as [(typeof parts)[0], (typeof parts)[0]]
    const months = (x.year - y.year) * 12 + x.month - y.month
    if (x.day === y.day || (x.last && y.last)) return months
    const seconds = (x.day - y.day) * 86_400 + x.seconds - y.seconds
    return Math.round((months + seconds / (31 * 86_400)) * 1e8) / 1e8
  },
}

export const datetimeFunctions = {
  year: ofDate('year', 'The year.', (d) => civilFromDays(d).year),
  quarter: ofDate('quarter', 'The quarter, 1 to 4.', (d) => Math.floor((civilFromDays(d).month + 2) / 3)),
  month: ofDate('month', 'The month, 1 to 12.', (d) => civilFromDays(d).month),
  day: ofDate('day', 'The day of the month.', (d) => civilFromDays(d).day, int32, ['dayofmonth']),
  dayofweek: ofDate('dayofweek', '1 is Sunday, 7 is Saturday.', dayOfWeek),
  weekday: ofDate('weekday', '0 is Monday, 6 is Sunday.', weekday),
  dayofyear: ofDate('dayofyear', 'The day of the year, from 1.', dayOfYear),
  week: ofDate('week', 'The ISO week of the year, 1 to 53.', isoWeek, int32, ['weekofyear']),
  last_day: ofDate('last_day', "The last day of the date's month.", lastDay, date),
  hour: ofTime('hour', 'The hour, 0 to 23.', (m) => Number(m / 3_600_000_000n)),
  minute: ofTime('minute', 'The minute, 0 to 59.', (m) => Number((m / 60_000_000n) % 60n)),
  second: ofTime('second', 'The second, 0 to 59, without its fraction.', (m) => Number((m / 1_000_000n) % 60n)),
  date_part: datePart,
  date_trunc: dateTrunc,
  trunc: {
    signature: 'trunc(date, unit) → date; trunc(number[, digits]) → number',
    doc: 'The beginning of the year, quarter, month or week of a date; or a number without the digits after so many (0) of its fraction.',
    aliases: ['truncate'],
    arity: [1, 2],
    contextual: true,
    resolve: (args, name) =>
      isNumeric(args[0]!.type) ? resolveTruncation(args, name) : parameters([date, string], date)(args, name),
    kernel: (site) =>
      site.type.kind === 'date'
        ? (_, days: number, unit: string) => truncateDays(days, unitOf('trunc', unit))
        : truncationKernel(site),
  },
  date_add: shifted('date_add', 'The date so many days later.', 1, ['adddate']),
  date_sub: shifted('date_sub', 'The date so many days earlier.', -1),
  datediff: {
    signature: 'datediff(end, start) → int',
    doc: 'Days from start to end.',
    aliases: ['date_diff'],
    arity: [2, 2],
    resolve: parameters([date], int32),
    kernel: () => (_, end: number, start: number) => end - start,
  },
  add_months: {
    signature: 'add_months(date, months) → date',
    doc: "The same day so many months later, or that month's last day.",
    arity: [2, 2],
    resolve: parameters([date, int32], date),
    kernel: () => (_, days: number, months: number) => dateRange(addMonths(days, months), 'add_months'),
  },
  months_between: monthsBetween,
  timestamp_add: addUnits,
  to_date: parsed('to_date', 'date', false),
  to_timestamp: parsed('to_timestamp', 'timestamp', false),
  try_to_date: parsed('try_to_date', 'date', true),
  try_to_timestamp: parsed('try_to_timestamp', 'timestamp', true),
  date_format: dateFormat,
  make_date: makeDate,
  current_date: now('current_date', date, ['curdate', 'today'], (c) =>
    Number(floorDivide(localFromInstant(c.nowMicros, c.timezone), microsPerDay)),
  ),
  current_timestamp: now('current_timestamp', timestamp, ['now'], (c) => c.nowMicros),
  unix_timestamp: {
    signature: 'unix_timestamp(timestamp) → bigint',
    doc: 'Seconds since 1970-01-01 UTC.',
    aliases: ['to_unix_timestamp'],
    arity: [1, 1],
    contextual: true,
    resolve: parameters([timestamp], int64),
    kernel: () => (_, value: bigint) => floorDivide(value, 1_000_000n),
  },
  timestamp_seconds: {
    signature: 'timestamp_seconds(seconds) → timestamp',
    doc: 'The instant so many seconds after 1970-01-01 UTC.',
    arity: [1, 1],
    resolve: parameters([int64], timestamp),
    kernel: () => (_, seconds: bigint) => seconds * 1_000_000n,
  },
} satisfies Record<string, FunctionDefinition>
