import { forecastSeries } from './holt-winters.js'
import { invalidRule } from './errors.js'

/** How a metric's new value is judged by its earlier ones; plain data. Deequ's strategies. */
export type AnomalyStrategy =
  SimpleThreshold | RelativeRateOfChange | AbsoluteChange | OnlineNormal | BatchNormal | HoltWinters

/** The value itself must lie within [minimum, maximum]. */
export interface SimpleThreshold {
  readonly kind: 'simple_threshold'
  readonly minimum: number | null
  readonly maximum: number | null
}
/** A value by the one `order` before it must lie within [minimum, maximum]: 0.5 to 2 allows half to double. */
export interface RelativeRateOfChange {
  readonly kind: 'relative_rate_of_change'
  readonly minimum: number | null
  readonly maximum: number | null
  readonly order: number
}
/** The difference to the value before it must lie within [minimum, maximum]; of `order` 2 the difference of differences, and so on. */
export interface AbsoluteChange {
  readonly kind: 'absolute_change'
  readonly minimum: number | null
  readonly maximum: number | null
  readonly order: number
}
/**
 * Within `lowerDeviations`/`upperDeviations` standard deviations of the mean of the series so far (Welford's running moments;
 * earlier anomalies are left out of them).
 */
export interface OnlineNormal {
  readonly kind: 'online_normal'
  readonly lowerDeviations: number | null
  readonly upperDeviations: number | null
  /** So many first values are never anomalous: there is too little to judge by. */
  readonly warmUp: number
  readonly ignoreAnomalies: boolean
  /**
   * As Deequ: a value joins the mean and deviation that it is judged by, so that an outlier pulls them towards itself and is seen
   * later, or not at all.
   */
  readonly joinsFirst: boolean
}
/** Within so many standard deviations of the mean of all values; of those that are judged only if `includeInterval`. */
export interface BatchNormal {
  readonly kind: 'batch_normal'
  readonly lowerDeviations: number | null
  readonly upperDeviations: number | null
  readonly includeInterval: boolean
}
/** Within 1.96 deviations of a forecast by level, trend and season; needs two whole seasons. */
export interface HoltWinters {
  readonly kind: 'holt_winters'
  /** Values in a season: 24 hours of a day, 7 days of a week, 12 months of a year. */
  readonly periodicity: number
}

interface Limits {
  readonly minimum?: number
  readonly maximum?: number
}
const limits = ({ minimum, maximum }: Limits) => {
  if (minimum === undefined && maximum === undefined)
    throw invalidRule('an anomaly strategy needs a minimum or a maximum')
  if (minimum !== undefined && maximum !== undefined && minimum > maximum)
    throw invalidRule(`the minimum ${minimum} is above the maximum ${maximum}`)
  return { minimum: minimum ?? null, maximum: maximum ?? null }
}

export const simpleThreshold = (given: Limits): SimpleThreshold => ({ kind: 'simple_threshold', ...limits(given) })
export const relativeRateOfChange = (given: Limits & { order?: number }): RelativeRateOfChange => ({
  kind: 'relative_rate_of_change',
  ...limits(given),
  order: given.order ?? 1,
})
export const absoluteChange = (given: Limits & { order?: number }): AbsoluteChange => ({
  kind: 'absolute_change',
  ...limits(given),
  order: given.order ?? 1,
})
/** Deequ's former name of `absoluteChange`. */
export const rateOfChange = absoluteChange

interface Deviations {
  readonly lowerDeviations?: number | null
  readonly upperDeviations?: number | null
}
const deviations = ({ lowerDeviations = 3, upperDeviations = 3 }: Deviations) => {
  if (lowerDeviations === null && upperDeviations === null) throw invalidRule('one of the deviations must be given')
  if ((lowerDeviations ?? 0) < 0 || (upperDeviations ?? 0) < 0) throw invalidRule('deviations are not negative')
  return { lowerDeviations, upperDeviations }
}
export const onlineNormal = (
  options: Deviations & { warmUp?: number; ignoreAnomalies?: boolean; joinsFirst?: boolean } = {},
): OnlineNormal => ({
  kind: 'online_normal',
  ...deviations(options),
  warmUp: options.warmUp ?? 3,
  ignoreAnomalies: options.ignoreAnomalies ?? true,
  joinsFirst: options.joinsFirst ?? false,
})
export const batchNormal = (options: Deviations & { includeInterval?: boolean } = {}): BatchNormal => ({
  kind: 'batch_normal',
  ...deviations(options),
  includeInterval: options.includeInterval ?? false,
})

const periodicities: Readonly<Record<string, number>> = { 'hourly/daily': 24, 'daily/weekly': 7, 'monthly/yearly': 12 }
/** @param metric how often there is one; `season`: how long it takes to come round */
export const holtWinters = (
  metric: 'hourly' | 'daily' | 'monthly',
  season: 'daily' | 'weekly' | 'yearly',
): HoltWinters => {
  const periodicity = periodicities[`${metric}/${season}`]
  if (periodicity === undefined) throw invalidRule(`a ${metric} metric has no ${season} season here`)
  return { kind: 'holt_winters', periodicity }
}

export interface AnomalyVerdict {
  readonly anomalous: boolean
  /** The value that would have been expected, between these; null: unbounded or unknown. */
  readonly expectedMinimum: number | null
  readonly expectedMaximum: number | null
}

export interface Anomaly extends AnomalyVerdict {
  readonly index: number
  readonly value: number
}

const unknown: AnomalyVerdict = { anomalous: false, expectedMinimum: null, expectedMaximum: null }

/** The next value of a series. @param history earlier values, oldest first; too few of them: nothing to judge */
export function judge(strategy: AnomalyStrategy, history: readonly number[], value: number): AnomalyVerdict {
  const series = [...history, value]
  return verdicts(strategy, series, history.length, series.length)[0]!
}

/** Anomalies of a series at the places [from, to). */
export const detectAnomalies = (
  strategy: AnomalyStrategy,
  series: readonly number[],
  from = 0,
  to = series.length,
): readonly Anomaly[] =>
  verdicts(strategy, series, from, Math.min(to, series.length)).flatMap((of, i) =>
    of.anomalous ? [{ ...of, index: from + i, value: series[from + i]! }] : [],
  )

/** A verdict for each place in [from, to). */
function verdicts(strategy: AnomalyStrategy, series: readonly number[], from: number, to: number): AnomalyVerdict[] {
  const each = (judgeAt: (i: number) => AnomalyVerdict) =>
    Array.from({ length: to - from }, (_, k) => judgeAt(from + k))
  switch (strategy.kind) {
    case 'simple_threshold':
      return each((i) => within(series[i]!, strategy.minimum, strategy.maximum))
    case 'relative_rate_of_change':
      return each((i) => {
        const before = series[i - strategy.order]
        if (before === undefined) return unknown
        const [low, high] = [scaled(strategy.minimum, before), scaled(strategy.maximum, before)]
        // Of a negative metric the smaller multiple is the larger number.
        return before < 0 ? within(series[i]!, high, low) : within(series[i]!, low, high)
      })
    case 'absolute_change':
      return each((i) => {
        if (i < strategy.order) return unknown
        const expected = series[i]! - difference(series, i, strategy.order)
        return within(series[i]!, shifted(strategy.minimum, expected), shifted(strategy.maximum, expected))
      })
    case 'online_normal':
      return onlineVerdicts(strategy, series).slice(from, to)
    case 'batch_normal': {
      const known = strategy.includeInterval ? series : [...series.slice(0, from), ...series.slice(to)]
      if (known.length < 2) return each(() => unknown)
      const mean = known.reduce((a, b) => a + b, 0) / known.length
      // Of a sample, as Deequ computes it.
      const spread = Math.sqrt(known.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, known.length - 1))
      return each((i) => around(series[i]!, mean, spread, strategy))
    }
    case 'holt_winters': {
      if (from < 2 * strategy.periodicity) return each(() => unknown)
      const { forecasts, spread } = forecastSeries(series.slice(0, from), strategy.periodicity, to - from)
      return each((i) => {
        const forecast = forecasts[i - from]!
        // Equal values are not anomalous because they differ from the forecast in the last digit.
        const slack = 1.96 * spread + 1e-9 * Math.abs(forecast)
        return within(series[i]!, forecast - slack, forecast + slack)
      })
    }
  }
}

const scaled = (factor: number | null, previous: number) => (factor === null ? null : factor * previous)
const shifted = (change: number | null, previous: number) => (change === null ? null : previous + change)

/** The difference of an order that ends at a place. */
const difference = (series: readonly number[], i: number, order: number): number =>
  order === 0 ? series[i]! : difference(series, i, order - 1) - difference(series, i - 1, order - 1)

function within(value: number, minimum: number | null, maximum: number | null): AnomalyVerdict {
  const anomalous = (minimum !== null && value < minimum) || (maximum !== null && value > maximum)
  return { anomalous, expectedMinimum: minimum, expectedMaximum: maximum }
}

const around = (
  value: number,
  mean: number,
  spread: number,
  { lowerDeviations, upperDeviations }: Pick<OnlineNormal, 'lowerDeviations' | 'upperDeviations'>,
): AnomalyVerdict =>
  within(
    value,
    lowerDeviations === null ? null : mean - lowerDeviations * spread,
    upperDeviations === null ? null : mean + upperDeviations * spread,
  )

interface Moments {
  readonly count: number
  readonly mean: number
  readonly m2: number
}

const joined = ({ count, mean, m2 }: Moments, value: number): Moments => {
  const delta = value - mean
  const next = mean + delta / (count + 1)
  return { count: count + 1, mean: next, m2: m2 + delta * (value - next) }
}

function onlineVerdicts(strategy: OnlineNormal, series: readonly number[]): AnomalyVerdict[] {
  let moments: Moments = { count: 0, mean: 0, m2: 0 }
  return series.map((value, i) => {
    const after = joined(moments, value)
    const { count, mean, m2 } = strategy.joinsFirst ? after : moments
    const early = i < strategy.warmUp || count === 0
    const verdict = early ? unknown : around(value, mean, Math.sqrt(m2 / count), strategy)
    if (!(verdict.anomalous && strategy.ignoreAnomalies)) moments = after
    return verdict
  })
}
