import {
  civilFromDays,
  float64,
  interval,
  isInterval,
  isNumeric,
  isTimestamp,
  timestamp,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import { floorDivide } from '../cast.js'
import { divisionByZero, overflow } from '../errors.js'
import type { CallSite, EvaluationContext, Resolution, ScalarKernel } from '../evaluation.js'
import { instantFromLocal, localFromInstant } from '../zone.js'
import { addMonths } from './calendar.js'

/** Months, days and microseconds: the value of an interval. */
export type IntervalParts = readonly [number, number, bigint]
type Operator = 'add' | 'subtract' | 'multiply' | 'divide' | 'modulo'

export const microsPerDay = 86_400_000_000n

/** A wall clock reading as its date, the days of that and the microseconds since midnight. */
export function civilOf(local: bigint) {
  const days = Number(floorDivide(local, microsPerDay))
  return { ...civilFromDays(days), days, rest: local - BigInt(days) * microsPerDay }
}

const isMoment = (type: DataType): boolean => type.kind === 'date' || isTimestamp(type)
const momentOf = (type: DataType): DataType => (type.kind === 'timestamp_ntz' ? type : timestamp)

/** The types of arithmetic with intervals and moments; null if neither is in it. */
export function resolveIntervals(operator: Operator, a: DataType, b: DataType): Resolution | null {
  const sum = operator === 'add' || operator === 'subtract'
  if (operator === 'subtract' && isMoment(a) && isMoment(b)) {
    const type = a.kind === 'timestamp_ntz' && b.kind === 'timestamp_ntz' ? a : timestamp
    return { args: [type, type], type: interval }
  }
  if (sum && isInterval(a) && isInterval(b)) return { args: [interval, interval], type: interval }
  if (sum && isMoment(a) && isInterval(b)) return { args: [momentOf(a), interval], type: momentOf(a) }
  if (operator === 'add' && isInterval(a) && isMoment(b)) return { args: [interval, momentOf(b)], type: momentOf(b) }
  if (operator === 'multiply' && isInterval(a) && isNumeric(b)) return { args: [interval, float64], type: interval }
  if (operator === 'multiply' && isNumeric(a) && isInterval(b)) return { args: [float64, interval], type: interval }
  if (operator === 'divide' && isInterval(a) && isNumeric(b)) return { args: [interval, float64], type: interval }
  return null
}

/** Null if the call has nothing to do with intervals. */
export function intervalKernel(site: CallSite, operator: Operator, lenient: boolean): ScalarKernel | null {
  const [a, b] = site.args.map((arg) => arg.type) as [DataType, DataType]
  if (!isInterval(a) && !isInterval(b) && !isInterval(site.type)) return null
  const sign = operator === 'subtract' ? -1 : 1
  if (isMoment(a) && isMoment(b)) return (context, x: bigint, y: bigint) => apart(x, y, a, context)
  if (isMoment(a)) return (context, x: bigint, by: IntervalParts) => shiftedBy(x, by, sign, a, context)
  if (isMoment(b)) return (context, by: IntervalParts, x: bigint) => shiftedBy(x, by, 1, b, context)
  if (operator === 'multiply') {
    return isInterval(a)
      ? (_, x: IntervalParts, n: number) => times(x, n)
      : (_, n: number, x: IntervalParts) => times(x, n)
  }
  if (operator === 'divide') {
    return (_, x: IntervalParts, n: number) => {
      if (n !== 0) return times(x, 1 / n)
      if (lenient) return null
      throw divisionByZero(`interval / ${n}`)
    }
  }
  return (_, x: IntervalParts, y: IntervalParts) =>
    checked(x[0] + sign * y[0], x[1] + sign * y[1], x[2] + BigInt(sign) * y[2])
}

function checked(months: number, days: number, micros: bigint): Value {
  const fits =
    Math.abs(months) <= 2_147_483_647 && Math.abs(days) <= 2_147_483_647 && BigInt.asIntN(64, micros) === micros
  if (!fits) throw overflow('an interval', interval)
  return [months, days, micros]
}

/** Days and time between two moments' wall clock readings, both of one sign. */
function apart(end: bigint, start: bigint, type: DataType, context: EvaluationContext): Value {
  const local = (v: bigint): bigint => (type.kind === 'timestamp' ? localFromInstant(v, context.timezone) : v)
  const micros = local(end) - local(start)
  return [0, Number(micros / microsPerDay), micros % microsPerDay]
}

/** The moment so much later or earlier: months and days by the calendar, the rest by the clock. */
export function shiftedBy(
  value: bigint,
  [months, days, micros]: IntervalParts,
  sign: 1 | -1,
  type: DataType,
  context: EvaluationContext,
): Value {
  let moved = value
  if (months !== 0 || days !== 0) {
    const zoned = type.kind === 'timestamp'
    const reading = civilOf(zoned ? localFromInstant(value, context.timezone) : value)
    const date = addMonths(reading.days, sign * months) + sign * days
    const local = BigInt(date) * microsPerDay + reading.rest
    moved = zoned ? instantFromLocal(local, context.timezone) : local
  }
  const result = moved + BigInt(sign) * micros
  if (BigInt.asIntN(64, result) !== result) throw overflow('a moment plus an interval', type)
  return result
}

/** Fractions of months become days (30 a month), fractions of days time. */
function times([months, days, micros]: IntervalParts, n: number): Value {
  const wholeMonths = Math.trunc(months * n)
  const exactDays = days * n + (months * n - wholeMonths) * 30
  const wholeDays = Math.trunc(exactDays)
  const rest = Number.isInteger(n) ? micros * BigInt(n) : BigInt(Math.round(Number(micros) * n))
  return checked(wholeMonths + 0, wholeDays + 0, rest + BigInt(Math.round((exactDays - wholeDays) * 86_400e6)))
}
