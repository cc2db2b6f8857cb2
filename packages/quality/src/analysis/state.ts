import type { KllSketchState } from './kll-sketch.js'

/**
 * The sufficient statistic of a metric over some rows: states of two parts of a table add up to the state of both. Plain data,
 * and JSON keeps it.
 */
export type State =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'matches'; readonly matches: number; readonly count: number }
  | { readonly kind: 'minimum'; readonly value: number }
  | { readonly kind: 'maximum'; readonly value: number }
  | { readonly kind: 'range'; readonly minimum: number; readonly maximum: number }
  | { readonly kind: 'sum'; readonly sum: number }
  | { readonly kind: 'mean'; readonly sum: number; readonly count: number }
  | MomentsState
  | CorrelationState
  | { readonly kind: 'ratio_of_sums'; readonly numerator: number; readonly denominator: number }
  | DataTypesState
  | { readonly kind: 'distinct'; readonly registers: readonly number[] }
  | { readonly kind: 'sketch'; readonly sketch: KllSketchState }
  | FrequenciesState
  | FrequencySummary
  /** Of what does not add up: an exact quantile, a statement of one's own. */
  | { readonly kind: 'final'; readonly value: number }

/** n, mean and the sums of powers of distances from the mean; the third and fourth only if they are asked for. */
export interface MomentsState {
  readonly kind: 'moments'
  readonly n: number
  readonly mean: number
  readonly m2: number
  readonly m3: number
  readonly m4: number
}
export interface CorrelationState {
  readonly kind: 'correlation'
  readonly n: number
  readonly xMean: number
  readonly yMean: number
  readonly xy: number
  readonly xx: number
  readonly yy: number
}
export interface DataTypesState {
  readonly kind: 'data_types'
  readonly unknown: number
  readonly fractional: number
  readonly integral: number
  readonly boolean: number
  readonly string: number
}
/** How often each key occurs; a key is its values as JSON. */
export interface FrequenciesState {
  readonly kind: 'frequencies'
  readonly rows: number
  readonly counts: readonly (readonly [string, number])[]
}
/** What the frequencies amount to, when only that is wanted. */
export interface FrequencySummary {
  readonly kind: 'frequency_summary'
  readonly rows: number
  readonly groups: number
  readonly singles: number
  readonly duplicateRows: number
  /** Sum of c ln c over the counts. */
  readonly logSum: number
}
