import type { KllSketchState } from './kll-sketch.js'
import { rankedItems, rankIn } from './kll-sketch.js'

export interface DistanceOptions {
  /**
   * As Deequ has it: true gives the plain distance (of chi-square, the statistic); otherwise what chance explains of so few
   * samples is taken off (of chi-square, the probability is given).
   */
  readonly correctForLowNumberOfSamples?: boolean
  /** The level of the test that chance is judged by; default about 0.003. */
  readonly alpha?: number
}

/** Of the Kolmogorov–Smirnov test at a level of 0.003 (Knuth, volume 2, section 3.3.1). */
const defaultCAlpha = 1.8

/** The greatest difference between the cumulative distributions of two samples. */
export function numericalDistance(a: KllSketchState, b: KllSketchState, options: DistanceOptions = {}): number {
  const [first, second] = [rankedItems(a), rankedItems(b)]
  let distance = 0
  for (const items of [first.items, second.items]) {
    for (const item of items) {
      const difference = Math.abs(rankIn(first, item) / first.total - rankIn(second, item) / second.total)
      if (difference > distance) distance = difference
    }
  }
  return corrected(distance, first.total, second.total, options)
}

/** The greatest difference between the shares of a category. */
export function categoricalDistance(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
  options: DistanceOptions = {},
): number {
  const [n, m] = [totalOf(a), totalOf(b)]
  let distance = 0
  for (const key of new Set([...a.keys(), ...b.keys()])) {
    distance = Math.max(distance, Math.abs((a.get(key) ?? 0) / n - (b.get(key) ?? 0) / m))
  }
  return corrected(distance, n, m, options)
}

const totalOf = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)

function corrected(
  distance: number,
  n: number,
  m: number,
  { correctForLowNumberOfSamples = false, alpha }: DistanceOptions,
): number {
  const critical = alpha === undefined ? defaultCAlpha : Math.sqrt(-Math.log(alpha / 2) / 2)
  return correctForLowNumberOfSamples ? distance : Math.max(0, distance - critical * Math.sqrt((n + m) / (n * m)))
}

export interface ChiSquareOptions extends DistanceOptions {
  /** In tables of more than two categories, expected counts may be less than this … (Yates, Moore & McCabe) */
  readonly leastExpected?: number
  /** … in this share of the categories. */
  readonly shareBelow?: number
  /** In tables of two categories, none may be (Cochran). */
  readonly leastExpectedOfTwo?: number
}

/**
 * How likely a sample is, if it were drawn from the distribution of another (Pearson's test). Small categories are put together
 * until the test applies; NaN if fewer than two are left.
 */
export function chiSquareDistance(
  sample: ReadonlyMap<string, number>,
  baseline: ReadonlyMap<string, number>,
  options: ChiSquareOptions = {},
): number {
  const known = [...sample].reduce((sum, [key, count]) => (baseline.has(key) ? sum + count : sum), 0)
  const scale = known / totalOf(baseline)
  const cells = [...baseline].map(([key, count]) => ({ expected: count * scale, observed: sample.get(key) ?? 0 }))
  const grouped = withoutSmallCells(cells, options)
  if (grouped.length < 2) return NaN
  const observed = grouped.reduce((sum, cell) => sum + cell.observed, 0)
  const expected = grouped.reduce((sum, cell) => sum + cell.expected, 0)
  const statistic = grouped.reduce((sum, cell) => {
    const share = (cell.expected * observed) / expected
    return sum + (cell.observed - share) ** 2 / share
  }, 0)
  return options.correctForLowNumberOfSamples === true ? statistic : upperGamma((grouped.length - 1) / 2, statistic / 2)
}

interface Cell {
  readonly expected: number
  readonly observed: number
}

/** Joins the smallest two categories until few enough are small. */
function withoutSmallCells(cells: readonly Cell[], options: ChiSquareOptions): readonly Cell[] {
  const { leastExpected = 5, shareBelow = 0.2, leastExpectedOfTwo = 10 } = options
  let left = [...cells].sort((a, b) => a.expected - b.expected)
  while (left.length >= 2) {
    const two = left.length === 2
    const least = two ? leastExpectedOfTwo : leastExpected
    const allowed = two ? 0 : Math.floor(shareBelow * left.length)
    if (left.filter((cell) => cell.expected < least).length <= allowed) break
    const [first, second, ...rest] = left as [Cell, Cell, ...Cell[]]
    const joined = { expected: first.expected + second.expected, observed: first.observed + second.observed }
    left = [joined, ...rest].sort((a, b) => a.expected - b.expected)
  }
  return left
}

/** The regularised upper incomplete gamma function: a series below a + 1, Lentz's continued fraction above. */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a))
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a]
    for (let n = 1; n < 1000 && Math.abs(term) > sum * 1e-16; n++) sum += term *= x / (a + n)
    return 1 - sum * front
  }
  const tiny = 1e-300
  let b = x + 1 - a
  let c = 1 / tiny
  let d = 1 / b
  let fraction = d
  for (let n = 1; n < 1000; n++) {
    const factor = -n * (n - a)
    b += 2
    d = 1 / nonZero(factor * d + b, tiny)
    c = nonZero(b + factor / c, tiny)
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-16) break
  }
  return front * fraction
}

const nonZero = (value: number, tiny: number): number => (Math.abs(value) < tiny ? tiny : value)

/** By Stirling's series, moved up to where it converges. */
function logGamma(of: number): number {
  let shift = 0
  let x = of
  for (; x < 12; x++) shift += Math.log(x)
  const inverse = 1 / (x * x)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + series - shift
}
