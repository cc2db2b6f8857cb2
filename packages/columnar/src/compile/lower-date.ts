import { parsePattern, type BoundCall, type BoundExpression, type PatternToken } from '@deltaworks/expression'
import { isTimestamp, type DataType } from '@deltaworks/schema'
import { floorDays, lowerCast, parsedMicros } from './lower-cast.js'
import { refuse, type LoopBuilder, type Operand } from './loop-builder.js'
import { i32Const, i64Const, load, op, type Code } from './wasm-module.js'

/** Field numbers of exprDateField. */
const fields: Readonly<Record<string, number>> = {
  year: 0,
  quarter: 1,
  month: 2,
  day: 3,
  dayofweek: 4,
  weekday: 5,
  dayofyear: 6,
  doy: 6,
  week: 7,
  last_day: 8,
}
const dateUnits: Readonly<Record<string, number>> = { year: 0, yyyy: 0, quarter: 1, month: 2, mon: 2, mm: 2, week: 3 }
const timeUnits: Readonly<Record<string, bigint>> = {
  day: 86_400_000_000n,
  hour: 3_600_000_000n,
  minute: 60_000_000n,
  second: 1_000_000n,
}
/** [microseconds of the unit, how many of them make the next]. */
const clockFields: Readonly<Record<string, readonly [bigint, bigint]>> = {
  hour: [3_600_000_000n, 24n],
  minute: [60_000_000n, 60n],
  second: [1_000_000n, 60n],
}

/** @returns null if the call is no function of dates */
export function lowerDate(b: LoopBuilder, e: BoundCall, args: readonly Operand[]): Operand | null {
  const [x, y] = args as [Operand, Operand]
  const valid = b.allValid(...args)
  const from = e.args[0]?.type
  if (e.name in fields && from !== undefined) return dateField(b, fields[e.name]!, from, x)
  const clock = clockFields[e.name]
  if (clock !== undefined && from !== undefined) return clockField(b, clock, from, x)
  switch (e.name) {
    case 'date_part': {
      const name = literalText(e.args[0])
      const of = e.args[1]!.type
      if (name in clockFields) return clockField(b, clockFields[name]!, of, y)
      return name in fields && name !== 'last_day' && name !== 'weekday'
        ? dateField(b, fields[name]!, of, y)
        : refuse(name)
    }
    case 'unix_date':
      return from?.kind === 'date' ? x : refuse('days of what is no date')
    case 'unix_micros':
      return from?.kind === 'timestamp' ? x : refuse('microseconds of what is no instant')
    case 'date_trunc':
      return truncateTimestamp(b, literalText(e.args[0]), e.type, y)
    case 'trunc': {
      const unit = dateUnits[literalText(e.args[1])] ?? refuse('a unit')
      return b.value('i32', b.set('i32', x.code, i32Const(unit), b.kernel('exprDateTruncate')), x.valid)
    }
    case 'date_add':
    case 'date_sub': {
      const moved = b.set('i64', x.code, op.extend, y.code, op.extend, e.name === 'date_add' ? op.i64add : op.i64sub)
      flagWhereValid(b, valid, [
        ...moved,
        ...i64Const(-4_000_000n),
        ...op.i64lt,
        ...moved,
        ...i64Const(2_932_896n),
        ...op.i64gt,
        ...op.i32or,
      ])
      return b.value('i32', b.set('i32', moved, op.wrap), valid)
    }
    case 'datediff':
      return b.value('i32', b.set('i32', x.code, y.code, op.i32sub), valid)
    case 'add_months': {
      const moved = b.set('i32', x.code, y.code, b.kernel('exprAddMonths'))
      const far: Code = [
        ...y.code,
        ...i32Const(120_000),
        ...op.i32gt,
        ...y.code,
        ...i32Const(-120_000),
        ...op.i32lt,
        ...op.i32or,
      ]
      flagWhereValid(b, valid, [
        ...far,
        ...moved,
        ...i32Const(2_932_896),
        ...op.i32gt,
        ...op.i32or,
        ...moved,
        ...i32Const(-4_000_000),
        ...op.i32lt,
        ...op.i32or,
      ])
      return b.value('i32', moved, valid)
    }
    case 'to_date':
    case 'to_timestamp':
    case 'try_to_date':
    case 'try_to_timestamp':
      return parseText(b, e, x)
    default:
      return null
  }
}

function flagWhereValid(b: LoopBuilder, valid: Code | null, condition: Code): void {
  b.flagIf(valid === null ? condition : [...condition, ...valid, ...op.i32and])
}

function literalText(e: BoundExpression | undefined): string {
  return e?.kind === 'literal' && typeof e.value === 'string' ? e.value.toLowerCase() : refuse('a computed unit')
}

/** Days of a date or (in UTC) a timestamp, as i32. */
function daysOf(b: LoopBuilder, type: DataType, x: Operand): Code {
  if (type.kind === 'date') return x.code
  if (!isTimestamp(type) || (type.kind === 'timestamp' && !b.zoneIsUtc)) return refuse('a zone')
  return b.set('i32', floorDays(b, x.code), op.wrap)
}

function dateField(b: LoopBuilder, field: number, type: DataType, x: Operand): Operand {
  const days = daysOf(b, type, x)
  return b.value('i32', b.set('i32', days, i32Const(field), b.kernel('exprDateField')), x.valid)
}

function clockField(b: LoopBuilder, [unit, count]: readonly [bigint, bigint], type: DataType, x: Operand): Operand {
  if (!isTimestamp(type) || (type.kind === 'timestamp' && !b.zoneIsUtc)) return refuse('a zone')
  const micros = b.set('i64', x.code, floorDays(b, x.code), i64Const(86_400_000_000n), op.i64mul, op.i64sub)
  return b.value('i32', b.set('i32', micros, i64Const(unit), op.i64div, i64Const(count), op.i64rem, op.wrap), x.valid)
}

function truncateTimestamp(b: LoopBuilder, name: string, type: DataType, x: Operand): Operand {
  if (type.kind === 'timestamp' && !b.zoneIsUtc) return refuse('a zone')
  const micros = timeUnits[name]
  if (micros !== undefined) {
    const quotient = b.set('i64', x.code, i64Const(micros), op.i64div)
    const below: Code = [...x.code, ...quotient, ...i64Const(micros), ...op.i64mul, ...op.i64lt, ...op.extendU]
    return b.value('i64', b.set('i64', quotient, below, op.i64sub, i64Const(micros), op.i64mul), x.valid)
  }
  const unit = dateUnits[name] ?? refuse('a unit')
  const days: Code = [
    ...b.set('i32', floorDays(b, x.code), op.wrap),
    ...i32Const(unit),
    ...b.kernel('exprDateTruncate'),
  ]
  return b.value('i64', b.set('i64', days, op.extend, i64Const(86_400_000_000n), op.i64mul), x.valid)
}

const kinds: Readonly<Record<string, number>> = { y: 1, M: 2, d: 3, H: 4, m: 5, s: 6, S: 7 }

/** The program of exprParseDateTime for a pattern; what it accepts, the interpreter accepts with the same result. */
function patternProgram(tokens: readonly PatternToken[]): Uint8Array {
  const program: number[] = []
  tokens.forEach((token, i) => {
    if (token.kind === 'optional') refuse('an optional part of a pattern')
    if (token.kind === 'text') {
      for (const byte of Buffer.from(token.text)) program.push(0, byte)
      return
    }
    const { letter, width } = token
    const kind = kinds[letter]
    if (kind === undefined || width > 9 || (letter === 'M' && width > 2) || (letter === 'y' && width === 2))
      return refuse('a field of a pattern')
    const adjacent = tokens[i + 1]?.kind === 'field'
    const most =
      letter === 'S' ? width : width === 1 ? (adjacent ? 1 : 9) : letter === 'y' && width > 2 && !adjacent ? 9 : width
    program.push(kind, (letter === 'S' ? 1 : width) | (most << 4))
  })
  return new Uint8Array(program)
}

function parseText(b: LoopBuilder, e: BoundCall, x: Operand): Operand {
  const lenient = e.name.startsWith('try_')
  if (e.args.length === 1) {
    return lowerCast(b, { kind: 'cast', input: e.args[0]!, type: e.type, lenient, nullable: e.nullable }, x)
  }
  const pattern = e.args[1]!
  if (pattern.kind !== 'literal' || typeof pattern.value !== 'string') return refuse('a computed pattern')
  const program = b.text(patternProgram(parsePattern(pattern.value)))
  if (e.type.kind === 'timestamp' && !b.zoneIsUtc) return refuse('a zone')
  const rep = e.type.kind === 'date' ? 'i32' : 'i64'
  const operand = b.guarded(x.valid, rep, () => {
    b.flagIf(x.code, program.code, b.scratch, b.kernel('exprParseDateTime'), op.eqz)
    return rep === 'i32'
      ? b.value('i32', b.set('i32', b.scratch, load.i32()), null)
      : b.value('i64', parsedMicros(b), null)
  })
  return lenient && operand.valid === null ? { ...operand, valid: i32Const(1) } : operand
}
