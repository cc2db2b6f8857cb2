import type { Entity, MetricAnalyzer } from './metric-analyzer.js'

/** What an analyzer found. */
export interface Metric {
  readonly analyzer: MetricAnalyzer
  readonly entity: Entity
  /** Deequ's name. */
  readonly name: string
  readonly instance: string
  readonly value: MetricValue | null
  /** Why there is no value: no rows to tell by, or what is wrong. */
  readonly problem: string | null
}

export type MetricValue =
  | { readonly kind: 'number'; readonly value: number }
  /** By a name: quantiles by their share. */
  | { readonly kind: 'numbers'; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'distribution'; readonly distribution: Distribution }
  | { readonly kind: 'binned'; readonly bins: readonly Bin[]; readonly numberOfBins: number; readonly missing: number }
  | {
      readonly kind: 'buckets'
      readonly buckets: readonly Bucket[]
      readonly parameters: readonly number[]
      readonly data: readonly (readonly number[])[]
    }

export interface DistributionValue {
  readonly absolute: number
  readonly ratio: number
}
export interface Distribution {
  /** Distinct values, also those that are not in detail. */
  readonly numberOfBins: number
  /** The most frequent first. A missing value is `NullValue`. */
  readonly values: ReadonlyMap<string, DistributionValue>
}
export interface Bin extends DistributionValue {
  readonly low: number
  readonly high: number
}
export interface Bucket {
  readonly low: number
  readonly high: number
  readonly count: number
}

export const numberValue = (value: number): MetricValue => ({ kind: 'number', value })

/** The one number of a metric; of a distribution, how many values it has. */
export function metricNumber(value: MetricValue | null): number | null {
  switch (value?.kind) {
    case undefined:
      return null
    case 'number':
      return value.value
    case 'numbers':
      return Object.values(value.values)[0] ?? null
    case 'distribution':
      return value.distribution.numberOfBins
    case 'binned':
      return value.numberOfBins
    case 'buckets':
      return value.buckets.length
  }
}
