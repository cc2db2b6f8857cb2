/** How a metric's new value is judged by its earlier ones; plain data. */
export type AnomalyStrategy = RelativeRateOfChange | AbsoluteChange | OnlineNormal

/** New by previous must lie within [minimum, maximum]: 0.5 to 2 allows half to double. No history: nothing to judge. */
export interface RelativeRateOfChange {
  readonly kind: 'relative_rate_of_change'
  readonly minimum: number | null
  readonly maximum: number | null
}
/** New minus previous must lie within [minimum, maximum]. */
export interface AbsoluteChange {
  readonly kind: 'absolute_change'
  readonly minimum: number | null
  readonly maximum: number | null
}
/**
 * Within `lowerDeviations`/`upperDeviations` standard deviations of the mean of the series so far (Welford's running
 * moments; earlier anomalies are left out of them).
 */
export interface OnlineNormal {
  readonly kind: 'online_normal'
  readonly lowerDeviations: number
  readonly upperDeviations: number
  /** So many first values are never anomalous: there is too little to judge by. */
  readonly warmUp: number
}

export const relativeRateOfChange = (limits: { minimum?: number; maximum?: number }): RelativeRateOfChange => ({
  kind: 'relative_rate_of_change',
  minimum: limits.minimum ?? null,
  maximum: limits.maximum ?? null,
})
export const absoluteChange = (limits: { minimum?: number; maximum?: number }): AbsoluteChange => ({
  kind: 'absolute_change',
  minimum: limits.minimum ?? null,
  maximum: limits.maximum ?? null,
})
export const onlineNormal = (
  options: { lowerDeviations?: number; upperDeviations?: number; warmUp?: number } = {},
): OnlineNormal => ({
  kind: 'online_normal',
  lowerDeviations: options.lowerDeviations ?? 3,
  upperDeviations: options.upperDeviations ?? 3,
  warmUp: options.warmUp ?? 3,
})

export interface AnomalyVerdict {
  readonly anomalous: boolean
  /** The value that would have been expected, between these; null: unbounded or unknown. */
  readonly expectedMinimum: number | null
  readonly expectedMaximum: number | null
}

/** @param history earlier values, oldest first */
export function judge(strategy: AnomalyStrategy, history: readonly number[], value: number): AnomalyVerdict {
  const previous = history.at(-1)
  if (previous === undefined) return { anomalous: false, expectedMinimum: null, expectedMaximum: null }
  switch (strategy.kind) {
    case 'relative_rate_of_change':
      // Of a negative metric the smaller multiple is the larger number.
      return previous < 0
        ? verdict(value, scaled(strategy.maximum, previous), scaled(strategy.minimum, previous))
        : verdict(value, scaled(strategy.minimum, previous), scaled(strategy.maximum, previous))
    case 'absolute_change':
      return verdict(value, shifted(strategy.minimum, previous), shifted(strategy.maximum, previous))
    case 'online_normal': {
      const moments = normalMoments(strategy, history)
      if (moments.count < strategy.warmUp) return { anomalous: false, expectedMinimum: null, expectedMaximum: null }
      const deviation = Math.sqrt(moments.m2 / moments.count)
      return verdict(
        value,
        moments.mean - strategy.lowerDeviations * deviation,
        moments.mean + strategy.upperDeviations * deviation,
      )
    }
  }
}

const scaled = (factor: number | null, previous: number) => (factor === null ? null : factor * previous)
const shifted = (change: number | null, previous: number) => (change === null ? null : previous + change)

function verdict(value: number, minimum: number | null, maximum: number | null): AnomalyVerdict {
  const anomalous = (minimum !== null && value < minimum) || (maximum !== null && value > maximum)
  return { anomalous, expectedMinimum: minimum, expectedMaximum: maximum }
}

interface Moments {
  count: number
  mean: number
  m2: number
}

function normalMoments(strategy: OnlineNormal, history: readonly number[]): Moments {
  const moments: Moments = { count: 0, mean: 0, m2: 0 }
  for (const value of history) {
    if (moments.count >= strategy.warmUp) {
      const deviation = Math.sqrt(moments.m2 / moments.count)
      const distance = value - moments.mean
      if (distance < -strategy.lowerDeviations * deviation || distance > strategy.upperDeviations * deviation) continue
    }
    moments.count++
    const delta = value - moments.mean
    moments.mean += delta / moments.count
    moments.m2 += delta * (value - moments.mean)
  }
  return moments
}
