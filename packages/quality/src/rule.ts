import type { Expression, SortKey } from '@deltaworks/expression'
import type { DataType } from '@deltaworks/schema'
import type { AnomalyStrategy } from './anomaly-strategy.js'
import type { MetricValue } from './analysis/metric.js'
import type { MetricAnalyzer } from './analysis/metric-analyzer.js'
import type { Bounds } from './bounds.js'

/** A failed critical rule stops publication; a failed warning is reported. */
export type RuleLevel = 'critical' | 'warning'
/** What happens to the rows that a rule fails on: kept apart, left out, marked, or nothing. */
export type RuleAction = 'quarantine' | 'drop' | 'flag' | 'none'

/**
 * One quality rule: plain data, whichever front end made it (the builder, DQDL, or by hand). What it asks is `constraint`;
 * `filter` narrows the rows that it asks about.
 */
export interface Rule {
  /** Names the rule in results and quarantine; unique in a rule set. */
  readonly id: string
  readonly description: string
  readonly level: RuleLevel
  readonly action: RuleAction
  readonly filter: Expression | null
  readonly constraint: Constraint
  /** What people should know when it fails. */
  readonly hint?: string
  /** For reports: by team, by importance. */
  readonly labels?: Readonly<Record<string, string>>
}

export type Constraint =
  | Completeness
  | Uniqueness
  | Compliance
  | ReferentialIntegrity
  | RowCount
  | ColumnCount
  | ColumnExists
  | Statistic
  | Freshness
  | Outliers
  | History
  | Composite
  | CustomSql
  | ColumnNames
  | ColumnList
  | Files
  | MetricConstraint

/** Metric: the share of rows in which `input` is not null. */
export interface Completeness {
  readonly kind: 'completeness'
  readonly input: Expression
  readonly bounds: Bounds
}

/**
 * Metric by `measure`: `uniqueness`, the share of rows whose key occurs once; `distinctness`, distinct keys by rows;
 * `unique_value_ratio`, keys that occur once by distinct keys; `distinct_count`.
 * Rows that fail are those beyond the first of their key, by the order of `keep`.
 */
export interface Uniqueness {
  readonly kind: 'uniqueness'
  readonly keys: readonly Expression[]
  readonly measure: 'uniqueness' | 'distinctness' | 'unique_value_ratio' | 'distinct_count'
  /** `skip`: rows with all keys null are not asked about; `fail`: a row with any key null fails (a primary key). */
  readonly nullKeys: 'skip' | 'fail'
  readonly keep: readonly SortKey[]
  readonly bounds: Bounds
}

/** Metric: the share of rows on which `predicate` holds, of those that are asked about. */
export interface Compliance {
  readonly kind: 'compliance'
  readonly predicate: Expression
  /** Rows on which the predicate is null (mostly because the value is): not asked about, failing, or passing. */
  readonly nulls: 'skip' | 'fail' | 'pass'
  /**
   * The expression whose value is judged, and shown when it fails; the predicate is null exactly where it is. Null if the
   * predicate is about more than one value.
   */
  readonly subject: Expression | null
  /** What a failing row is told: "is not a valid e-mail address". */
  readonly reason: string
  /** The predicate speaks of now: see clock.ts. */
  readonly clock?: boolean
  readonly bounds: Bounds
}

/** Metric: the share of rows whose key is found in the reference table, of those without a null in it. */
export interface ReferentialIntegrity {
  readonly kind: 'referential_integrity'
  readonly keys: readonly Expression[]
  /** Name of the table among the verification's references. */
  readonly reference: string
  readonly referenceKeys: readonly Expression[]
  readonly bounds: Bounds
}

export interface RowCount {
  readonly kind: 'row_count'
  readonly bounds: Bounds
}
export interface ColumnCount {
  readonly kind: 'column_count'
  readonly bounds: Bounds
}
export interface ColumnExists {
  readonly kind: 'column_exists'
  readonly column: string
  /** The type that it must have, or null for any. */
  readonly type: DataType | null
}

export type StatisticName =
  'min' | 'max' | 'mean' | 'sum' | 'standard_deviation' | 'distinct_count' | 'min_length' | 'max_length'

/** Metric: the statistic as a double. */
export interface Statistic {
  readonly kind: 'statistic'
  readonly statistic: StatisticName
  readonly input: Expression
  readonly bounds: Bounds
}

/** Metric: hours between the newest value of a date or timestamp and the verification's clock. */
export interface Freshness {
  readonly kind: 'freshness'
  readonly input: Expression
  readonly bounds: Bounds
}

/**
 * Metric: the share of values outside what their group makes likely: `iqr`, beyond `factor` interquartile ranges from the
 * quartiles (Tukey; 1.5, 3); `z_score`, beyond `factor` standard deviations from the mean; `mad`, beyond `factor` scaled
 * median absolute deviations from the median (3.5).
 */
export interface Outliers {
  readonly kind: 'outliers'
  readonly input: Expression
  readonly method: OutlierMethod
  readonly factor: number
  readonly groupBy: readonly Expression[]
  readonly bounds: Bounds
}
export type OutlierMethod = 'iqr' | 'z_score' | 'mad'

/** Compares a metric of this run with its history in the repository. Metric: the observed one. */
export interface History {
  readonly kind: 'history'
  readonly observed: Observed
  readonly strategy: AnomalyStrategy
  /** Which earlier metrics count; default all. */
  readonly window?: HistoryWindow
}

/** Earlier metrics that have all of the tags, at this time or later, and before this time. Milliseconds since the epoch. */
export interface HistoryWindow {
  readonly tags?: Readonly<Record<string, string>>
  readonly afterMs?: number
  readonly beforeMs?: number
}

/** Constraints with a metric that has a history. */
export type Observed =
  Completeness | RowCount | Statistic | Compliance | Uniqueness | ColumnCount | ReferentialIntegrity | MetricConstraint

/** `and`: every part passes; `or`: one does; `not`: its one part does not. A row's verdict is the same operator over its verdicts of the parts. */
export interface Composite {
  readonly kind: 'composite'
  readonly operator: 'and' | 'or' | 'not'
  readonly parts: readonly Constraint[]
}

/** Metric: the share of rows that a statement selects, by the columns that it selects; the table is `primary`. */
export interface CustomSql {
  readonly kind: 'custom_sql'
  readonly sql: string
  readonly bounds: Bounds
}

/** Metric: the share of columns whose name has the form. */
export interface ColumnNames {
  readonly kind: 'column_names'
  readonly pattern: string
  readonly bounds: Bounds
}

/** Metric: 1 if the table has these columns, else 0. */
export interface ColumnList {
  readonly kind: 'column_list'
  readonly columns: readonly string[]
  readonly inOrder: boolean
  /** May the table have others? In order: behind these. */
  readonly others: boolean
}

/** About files that a table is made of, before they are read: see `FileSource`. */
export interface Files {
  readonly kind: 'files'
  /** A folder or file; null: where the verification's files come from. */
  readonly path: string | null
  readonly test: FileTest
  /** Of the newest files only, and of those whose path matches. */
  readonly recentFiles: number | null
  readonly uriPattern: string | null
}
export type FileTest =
  /** Every file's (or `share` of the files') size in bytes. */
  | { readonly kind: 'size'; readonly bytes: Bounds; readonly share: Bounds }
  /** Every file's time of change; `fresh` is told its microseconds, and the clock's. */
  | {
      readonly kind: 'freshness'
      readonly fresh: (changedMicros: bigint, nowMicros: bigint) => boolean
      readonly share: Bounds
    }
  /** The share of files that no other is equal to. */
  | { readonly kind: 'uniqueness'; readonly algorithm: HashAlgorithm; readonly bounds: Bounds }
  /** Every file has one of these checksums, or those of the files there. */
  | {
      readonly kind: 'match'
      readonly algorithm: HashAlgorithm
      readonly hashes: readonly string[] | null
      readonly comparePath: string | null
    }
export type HashAlgorithm = 'MD5' | 'SHA-1' | 'SHA-256'

/** Asks for the metric of an analyzer: the meaning of nulls is Deequ's. */
export interface MetricConstraint {
  readonly kind: 'metric'
  readonly analyzer: MetricAnalyzer
  readonly bounds: Bounds
  /** Of `DataType`: the share of values of this type is asked for. */
  readonly dataType: DataTypeName | null
  /** Judges the whole metric, by code instead of bounds. Such a rule cannot be printed. */
  readonly test: ((value: MetricValue) => boolean) | null
}
export type DataTypeName = 'Null' | 'Fractional' | 'Integral' | 'Boolean' | 'String' | 'Numeric'
