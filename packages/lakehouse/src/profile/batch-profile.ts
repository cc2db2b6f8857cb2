import type { ColumnProfile, TableProfile } from '@deltaworks/quality'

/** What the rows of one ingestion of a raw table hold, and how they differ from those of earlier ones. */
export interface BatchProfile extends TableProfile {
  readonly table: string
  readonly columns: readonly BatchColumnProfile[]
  /** Rows that quantiles, histograms, frequent values and semantic types are told from; the others are of all rows. */
  readonly sampledRows: number
  /** Earlier batches that it was compared with. */
  readonly comparedBatches: number
  readonly drift: readonly Drift[]
}

/** Values of columns declared as personal (`pii`) are never in a profile; their counts are. */
export interface BatchColumnProfile extends ColumnProfile {
  /** Values at the shares of `quantileShares`: of numbers, and of dates and times (microseconds since the epoch). Else null. */
  readonly quantiles: readonly number[] | null
  readonly histogram: Histogram | null
}

/** Bins of equal width from the least to the greatest sampled value; counts are of the sample. */
export interface Histogram {
  readonly from: number
  readonly to: number
  readonly counts: readonly number[]
}

export type DriftKind =
  | 'column_added'
  | 'column_removed'
  | 'type_changed'
  | 'row_count'
  | 'missing_values'
  | 'uniqueness'
  | 'distribution'
  | 'frequent_values'
  | 'semantic_type'

/** One way in which a batch is not as earlier ones were. */
export interface Drift {
  readonly kind: DriftKind
  /** Null: of the batch as a whole. */
  readonly column: string | null
  /** A sentence with both figures. */
  readonly message: string
}

/** 0 %, 1 %, 5 %, 10 % … 95 %, 99 %, 100 %. */
export const quantileShares: readonly number[] = [
  0,
  0.01,
  ...Array.from({ length: 19 }, (_, i) => (i + 1) / 20),
  0.99,
  1,
]
