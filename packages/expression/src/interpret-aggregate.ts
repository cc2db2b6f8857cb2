import { divideHalfUp, fitsPrecision, pow10, type DecimalType, type Value } from '@deltaworks/schema'
import { maxInt64, minInt64 } from './cast.js'
import { overflow } from './errors.js'
import { utcContext, type EvaluationContext } from './evaluation.js'
import type { BoundAggregate } from './expression.js'
import { interpret } from './interpret.js'
import { expressionKey } from './serialise.js'
import { comparatorOf } from './value-order.js'

/** The aggregate of a group's rows: slow and obvious, the twin of the engine's accumulators in tests. */
export function interpretAggregate(
  aggregate: BoundAggregate,
  rows: readonly (readonly Value[])[],
  context: EvaluationContext = utcContext,
): Value {
  const { filter, args, name } = aggregate
  const chosen = filter === null ? rows : rows.filter((row) => interpret(filter, row, context) === true)
  const tuples = chosen.map((row) => args.map((arg) => interpret(arg, row, context)))
  if (name === 'first' || name === 'last') {
    const kept = tuples[0]?.[1] === true ? tuples.filter(([v]) => v !== null) : tuples
    return (name === 'first' ? kept[0] : kept[kept.length - 1])?.[0] ?? null
  }
  let present = tuples.filter((tuple) => !tuple.includes(null))
  if (aggregate.distinct || name === 'approx_count_distinct' || name === 'collect_set') present = distinct(present)
  return present.length === 0 && aggregate.nullable ? null : combine(aggregate, present)
}

const distinct = (tuples: readonly Value[][]): Value[][] => [
  ...new Map(tuples.map((tuple) => [expressionKey(tuple), tuple])).values(),
]

function combine(aggregate: BoundAggregate, tuples: readonly Value[][]): Value {
  const { name, type, args } = aggregate
  const values: readonly Value[] = tuples.map((tuple) => tuple[0] ?? null)
  switch (name) {
    case 'count':
    case 'approx_count_distinct':
      return BigInt(tuples.length)
    case 'count_if':
      return BigInt(values.filter((v) => v === true).length)
    case 'sum':
      return sum(aggregate, values)
    case 'avg':
      return average(aggregate, values)
    case 'min':
    case 'max': {
      const compare = comparatorOf(type)
      const sign = name === 'min' ? 1 : -1
      return values.reduce((best, v) => (compare(v, best) * sign < 0 ? v : best))
    }
    case 'any_value':
      return values[0] ?? null
    case 'bool_and':
      return values.every((v) => v === true)
    case 'bool_or':
      return values.some((v) => v === true)
    case 'collect_list':
    case 'collect_set':
      return values
    case 'string_agg':
      return values.join(args.length === 2 ? String(tuples[0]![1]) : '')
    case 'median':
      return percentile(values as number[], 0.5)
    case 'percentile':
      return percentile(values as number[], tuples[0]![1] as number)
    default:
      return moments(name, tuples as readonly number[][])
  }
}

function sum({ type }: BoundAggregate, values: readonly Value[]): Value {
  if (type.kind === 'float64') return (values as readonly number[]).reduce((a, b) => a + b, 0)
  const total = (values as readonly bigint[]).reduce((a, b) => a + b, 0n)
  const fits = type.kind === 'decimal' ? fitsPrecision(total, type.precision) : total >= minInt64 && total <= maxInt64
  if (!fits) throw overflow(`sum of ${values.length} values`, type)
  return total
}

function average({ type, args }: BoundAggregate, values: readonly Value[]): Value {
  if (type.kind !== 'decimal') return (values as readonly number[]).reduce((a, b) => a + b, 0) / values.length
  const total = (values as readonly bigint[]).reduce((a, b) => a + b, 0n)
  const shift = type.scale - (args[0]!.type as DecimalType).scale
  return divideHalfUp(
    shift >= 0 ? total * pow10(shift) : total,
    BigInt(values.length) * (shift < 0 ? pow10(-shift) : 1n),
  )
}

function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * fraction
  const low = Math.floor(position)
  return sorted[low]! + (sorted[Math.min(low + 1, sorted.length - 1)]! - sorted[low]!) * (position - low)
}

/** Two-pass central moments. */
function moments(name: string, tuples: readonly number[][]): Value {
  const n = tuples.length
  const mean = (i: number): number => tuples.reduce((total, t) => total + t[i]!, 0) / n
  const [mx, my] = [mean(0), tuples[0]!.length > 1 ? mean(1) : mean(0)]
  const second = tuples[0]!.length > 1 ? 1 : 0
  const sxy = tuples.reduce((total, t) => total + (t[0]! - mx) * (t[second]! - my), 0)
  switch (name) {
    case 'var_pop':
    case 'covar_pop':
      return sxy / n
    case 'stddev_pop':
      return Math.sqrt(sxy / n)
    case 'variance':
    case 'covar_samp':
      return n < 2 ? null : sxy / (n - 1)
    case 'stddev':
      return n < 2 ? null : Math.sqrt(sxy / (n - 1))
    default: {
      const sxx = tuples.reduce((total, t) => total + (t[0]! - mx) ** 2, 0)
      const syy = tuples.reduce((total, t) => total + (t[1]! - my) ** 2, 0)
      return sxx === 0 || syy === 0 ? null : sxy / Math.sqrt(sxx * syy)
    }
  }
}
