import { valuesCompare, type BoundAggregate } from '@deltaworks/expression'
import { divideHalfUp, fitsPrecision, pow10, type DataType, type Value } from '@deltaworks/schema'

/** An aggregate over a frame that only grows: rows are added in order, the result may be asked for at any time. */
export interface RunningAggregate {
  add(args: readonly Value[]): void
  /** Undefined if it does not fit its type: the specification makes the error. */
  result(): Value | undefined
}

/** Gives exactly what `interpretAggregate` does for the same rows; null for aggregates that need all of them at once. */
export function runningAggregate({ name, args, type }: BoundAggregate): RunningAggregate | null {
  switch (name) {
    case 'count': {
      let count = 0n
      return {
        add: (values) => {
          if (!values.includes(null)) count++
        },
        result: () => count,
      }
    }
    case 'min':
    case 'max': {
      const sign = name === 'min' ? 1 : -1
      let best: Value = null
      return {
        add: ([value]) => {
          if (value === null) return
          if (best === null || sign * valuesCompare(args[0]!.type, value!, best) < 0) best = value!
        },
        result: () => best,
      }
    }
    case 'sum':
      return type.kind === 'float64' ? runningFloat(false) : runningSum(type)
    case 'avg':
      return type.kind === 'decimal' ? runningAverage(args[0]!.type, type) : runningFloat(true)
    default:
      return null
  }
}

/** Doubles are added from the first row on, as the specification does: the same rounding. */
function runningFloat(average: boolean): RunningAggregate {
  let total = 0
  let count = 0
  return {
    add: ([value]) => {
      if (value === null) return
      total += value as number
      count++
    },
    result: () => (count === 0 ? null : average ? total / count : total),
  }
}

function runningSum(type: DataType): RunningAggregate {
  let total = 0n
  let count = 0
  const fits = (): boolean =>
    type.kind === 'decimal' ? fitsPrecision(total, type.precision) : BigInt.asIntN(64, total) === total
  return {
    add: ([value]) => {
      if (value === null) return
      total += value as bigint
      count++
    },
    result: () => (count === 0 ? null : fits() ? total : undefined),
  }
}

function runningAverage(argument: DataType, type: DataType): RunningAggregate | null {
  if (argument.kind !== 'decimal' || type.kind !== 'decimal') return null
  const shift = type.scale - argument.scale
  let total = 0n
  let count = 0n
  return {
    add: ([value]) => {
      if (value === null) return
      total += value as bigint
      count++
    },
    result: () =>
      count === 0n
        ? null
        : divideHalfUp(shift >= 0 ? total * pow10(shift) : total, count * (shift < 0 ? pow10(-shift) : 1n)),
  }
}
