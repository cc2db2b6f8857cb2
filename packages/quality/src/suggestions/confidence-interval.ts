import { invalidRule } from '../errors.js'

/** How sure one is of a share that was seen in a sample: `wilson` (the default, good near 0 and 1), or `wald`. */
export type IntervalStrategy = 'wilson' | 'wald'

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Ends are rounded outwards to two decimals, as Deequ's. @throws QualityError DW-QUALITY-0005 for a share or confidence out of [0, 1] */
export function confidenceInterval(
  share: number,
  rows: number,
  strategy: IntervalStrategy = 'wilson',
  confidence = 0.95,
): Interval {
  if (!(share >= 0 && share <= 1)) throw invalidRule(`a share is from 0 to 1, not ${share}`)
  if (!(confidence > 0 && confidence < 1)) throw invalidRule(`a confidence is between 0 and 1, not ${confidence}`)
  const z = normalQuantile(1 - (1 - confidence) / 2)
  const variance = (share * (1 - share)) / rows
  if (strategy === 'wald') return outwards(share, z * Math.sqrt(variance), 1)
  const square = (z * z) / rows
  return outwards(share + square / 2, z * Math.sqrt(variance + square / (4 * rows)), 1 / (1 + square))
}

const outwards = (centre: number, margin: number, factor: number): Interval => ({
  low: Math.floor(factor * (centre - margin) * 100 + 1e-9) / 100,
  high: Math.ceil(factor * (centre + margin) * 100 - 1e-9) / 100,
})

/** By bisection of the error function's series: exact to a double's rounding, and asked for once. */
function normalQuantile(probability: number): number {
  let [low, high] = [-10, 10]
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (normalShare(middle) < probability) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Marsaglia (2004). */
function normalShare(x: number): number {
  let [sum, term] = [x, x]
  for (let i = 3; sum + term !== sum; i += 2) sum += term *= (x * x) / i
  return 0.5 + sum * Math.exp(-0.5 * x * x - 0.918938533204672741780329736406)
}
