import { microsPer, type Expression, type Interval } from '@deltaworks/expression'
import { int32, string } from '@deltaworks/schema'

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
