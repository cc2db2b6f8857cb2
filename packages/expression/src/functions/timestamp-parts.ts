import {
  date,
  float64,
  int64,
  isNumeric,
  isTimestamp,
  string,
  timestamp,
  timestampNtz,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { floorDivide } from '../cast.js'
import { invalidArgument, overflow, wrongArguments } from '../errors.js'
import type { EvaluationContext, FunctionDefinition } from '../evaluation.js'
import { instantFromLocal, localFromInstant, requireTimezone } from '../zone.js'
import { parameters, typesOf } from './argument-rules.js'
import { formatDateTime, parseDateTime, parsePattern } from './datetime-pattern.js'
import { define } from './define.js'
import { javaPattern, strftimePattern } from './postgres-pattern.js'

const microsPerDay = 86_400_000_000n

function localReading(type: DataType): (value: Value, context: EvaluationContext) => bigint {
  if (type.kind === 'date') return (v) => BigInt(v as number) * microsPerDay
  if (type.kind === 'timestamp') return (v, context) => localFromInstant(v as bigint, context.timezone)
  return (v) => v as bigint
}

const momentOr = (type: DataType, name: string, types: readonly DataType[]): DataType => {
  if (type.kind === 'date' || isTimestamp(type)) return type
  if (type.kind === 'string' || type.kind === 'null') return timestamp
  throw wrongArguments(name, types, 'it takes a date or a timestamp')
}

function strftimeTokens(name: string, pattern: string) {
  const java = strftimePattern(pattern)
  if ('unknown' in java) throw invalidArgument(name, pattern, `the conversion ${java.unknown} is not supported`)
  return parsePattern(java.pattern)
}

function parsedAt(text: string, pattern: string, name: string, context: EvaluationContext): bigint | null {
  const found = parseDateTime(
    text,
    pattern.includes('%') ? strftimeTokens(name, pattern) : parsePattern(javaPattern(pattern)),
  )
  if (found === null) return null
  const local = BigInt(found.days) * microsPerDay + BigInt(found.microsOfDay)
  return found.offsetMinutes === null
    ? instantFromLocal(local, context.timezone)
    : local - BigInt(found.offsetMinutes) * 60_000_000n
}

/** A number of units since the epoch as an instant; of a moment the units. */
const epoch = (name: string, unit: string, perSecond: bigint): FunctionDefinition =>
  define(
    `${name}(timestamp) → bigint; ${name}(number) → timestamp`,
    `The ${unit} since 1970-01-01 UTC of a moment; of a number the moment.`,
    [1, 1],
    (args, called) => {
      const { type } = args[0]!
      if (isNumeric(type)) return { args: [int64], type: timestamp }
      return {
        args: [momentOr(type, called, typesOf(args)).kind === 'timestamp_ntz' ? timestampNtz : timestamp],
        type: int64,
      }
    },
    (site) =>
      site.type.kind === 'int64'
        ? (_, value: bigint) => floorDivide(value * perSecond, 1_000_000n)
        : (_, value: bigint) => {
            const micros = (value * 1_000_000n) / perSecond
            if (BigInt.asIntN(64, micros) !== micros) throw overflow(`${name}(${value})`, timestamp)
            return micros
          },
    { contextual: true },
  )

export const timestampParts = {
  epoch: define(
    'epoch(timestamp) → double',
    'The seconds since 1970-01-01 UTC, with their fraction.',
    [1, 1],
    (args, name) => ({
      args: [momentOr(args[0]!.type, name, typesOf(args)).kind === 'timestamp_ntz' ? timestampNtz : timestamp],
      type: float64,
    }),
    () => (_, value: bigint) => Number(value) / 1e6,
    { contextual: true },
  ),
  epoch_ms: epoch('epoch_ms', 'milliseconds', 1000n),
  epoch_us: epoch('epoch_us', 'microseconds', 1_000_000n),
  from_unixtime: define(
    'from_unixtime(seconds[, pattern]) → string',
    "The moment so many seconds after 1970-01-01 UTC as text (yyyy-MM-dd HH:mm:ss, if left out) in the session's zone.",
    [1, 2],
    parameters([int64, string], string),
    () =>
      (context, seconds: bigint, pattern = 'yyyy-MM-dd HH:mm:ss') =>
        formatDateTime(localFromInstant(seconds * 1_000_000n, context.timezone), parsePattern(javaPattern(pattern))),
    { contextual: true },
  ),
  strftime: define(
    'strftime(timestamp, pattern) → string',
    "A date or timestamp in a pattern of C's strftime: %Y-%m-%d %H:%M:%S.",
    [2, 2],
    (args, name) => {
      // DuckDB takes the pattern first as well.
      if (args[0]!.type.kind === 'string' && args[1]!.type.kind !== 'string') {
        return { args: [string, momentOr(args[1]!.type, name, typesOf(args))], type: string }
      }
      return { args: [momentOr(args[0]!.type, name, typesOf(args)), string], type: string }
    },
    (site) => {
      const at = site.args[0]!.type.kind === 'string' ? 1 : 0
      const local = localReading(site.args[at]!.type)
      return (context, ...values: Value[]) =>
        formatDateTime(local(values[at]!, context), strftimeTokens('strftime', String(values[1 - at])))
    },
    { contextual: true },
  ),
  strptime: define(
    'strptime(text, pattern) → timestamp',
    "The moment that a text stands for in a pattern of C's strptime; an error if it stands for none.",
    [2, 2],
    parameters([string], timestamp),
    () => (context, text: string, pattern: string) => {
      const found = parsedAt(text, pattern, 'strptime', context)
      if (found === null) throw invalidArgument('strptime', text, `it is not in the pattern ${pattern}`)
      return found
    },
    { contextual: true },
  ),
  try_strptime: define(
    'try_strptime(text, pattern) → timestamp',
    "The moment that a text stands for in a pattern of C's strptime; null if it stands for none.",
    [2, 2],
    parameters([string], timestamp),
    () => (context, text: string, pattern: string) => parsedAt(text, pattern, 'try_strptime', context),
    { nullable: 'always', contextual: true },
  ),
  convert_timezone: define(
    'convert_timezone([from, ]to, timestamp) → timestamp_ntz',
    "The wall clock reading in one zone of a reading in another (the session's, if left out).",
    [2, 3],
    (args, name) => {
      const { type } = args[args.length - 1]!
      const of = momentOr(type, name, typesOf(args))
      const zones = args.slice(1).map(() => string)
      return {
        args: [...zones, of.kind === 'timestamp' && args.length === 2 ? timestamp : timestampNtz],
        type: timestampNtz,
      }
    },
    (site) =>
      site.args.length === 3
        ? (_, from: string, to: string, value: bigint) =>
            localFromInstant(instantFromLocal(value, requireTimezone(from)), requireTimezone(to))
        : (context, to: string, value: bigint) =>
            localFromInstant(
              site.args[1]!.type.kind === 'timestamp' ? value : instantFromLocal(value, context.timezone),
              requireTimezone(to),
            ),
    { contextual: true },
  ),
  date: define(
    'date(value) → date',
    'A text, timestamp or date as a date.',
    [1, 1],
    parameters([date], date),
    () => (_, value: number) => value,
    { contextual: true },
  ),
  to_timestamp_ntz: define(
    'to_timestamp_ntz(value) → timestamp_ntz',
    'A text, date or timestamp as a wall clock reading without a zone.',
    [1, 1],
    parameters([timestampNtz], timestampNtz),
    () => (_, value: bigint) => value,
    { contextual: true },
  ),
} satisfies Record<string, FunctionDefinition>
