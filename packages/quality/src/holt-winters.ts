/*
 * Triple exponential smoothing with additive trend and season (Holt 1957, Winters 1960; ETS(A,A,A) of Hyndman and
 * Athanasopoulos), as Deequ starts and fits it: by the squares of one-step residuals.
 */

interface Smoothing {
  /** Of level, trend and season, each from 0 to 1. */
  readonly alpha: number
  readonly beta: number
  readonly gamma: number
}

interface Model {
  readonly forecasts: readonly number[]
  readonly residuals: readonly number[]
}

/** @returns forecasts of the next values, and the deviation of the residuals' sizes */
export function forecastSeries(
  series: readonly number[],
  periodicity: number,
  ahead: number,
): { readonly forecasts: readonly number[]; readonly spread: number } {
  const smoothing = fit((of) => {
    const { residuals } = smooth(series, periodicity, ahead, of)
    return residuals.reduce((sum, residual) => sum + residual * residual, 0)
  })
  const { forecasts, residuals } = smooth(series, periodicity, ahead, smoothing)
  const sizes = residuals.map(Math.abs)
  const mean = sizes.reduce((a, b) => a + b, 0) / sizes.length
  const variance = sizes.reduce((sum, size) => sum + (size - mean) ** 2, 0) / Math.max(1, sizes.length - 1)
  return { forecasts, spread: Math.sqrt(variance) }
}

export function smooth(
  series: readonly number[],
  periodicity: number,
  ahead: number,
  { alpha, beta, gamma }: Smoothing,
): Model {
  const sum = (from: number) => series.slice(from, from + periodicity).reduce((a, b) => a + b, 0)
  let level = sum(0) / periodicity
  let trend = (sum(periodicity) - sum(0)) / periodicity ** 2
  const first = level
  const seasons = series.slice(0, periodicity).map((value) => value - first)
  const residuals: number[] = [series[0]! - (level + trend + seasons[0]!)]
  const forecasts: number[] = []
  for (let t = 0; t < series.length + ahead; t++) {
    const season = seasons[t]!
    const known = t < series.length
    const value = known ? series[t]! : level + trend + seasons[seasons.length - periodicity]!
    if (!known) forecasts.push(value)
    const [lastLevel, lastTrend] = [level, trend]
    level = alpha * (value - season) + (1 - alpha) * (lastLevel + lastTrend)
    trend = beta * (level - lastLevel) + (1 - beta) * lastTrend
    seasons.push(gamma * (value - lastLevel - lastTrend) + (1 - gamma) * season)
    if (t + 1 < series.length) residuals.push(series[t + 1]! - (level + trend + seasons[t + 1]!))
  }
  return { forecasts, residuals }
}

/** The smoothing in the unit cube with the least cost: by steps along each parameter, halved where none helps. */
function fit(cost: (of: Smoothing) => number): Smoothing {
  let best: Smoothing = { alpha: 0.3, beta: 0.1, gamma: 0.1 }
  let least = cost(best)
  for (let step = 0.2; step > 1e-4;) {
    let better = false
    for (const name of ['alpha', 'beta', 'gamma'] as const) {
      for (const direction of [step, -step]) {
        const tried = { ...best, [name]: Math.min(1, Math.max(0, best[name] + direction)) }
        const found = cost(tried)
        if (found < least) [best, least, better] = [tried, found, true]
      }
    }
    if (!better) step /= 2
  }
  return best
}
