import type { BoundExpression } from '@deltaworks/expression'
import type { Aggregate } from '@deltaworks/plan'
import type { Schema, Value } from '@deltaworks/schema'
import type { FileSink, WrittenFile } from './file-sink.js'
import type { QueryMetrics } from './metrics.js'
import type { RowSums } from './row-sums.js'

/**
 * Where the rows of a query go that are judged while they are written: each to one of several outputs, or to none, and what is
 * measured of all of them on the way. Expressions are bound to the query's columns, and those
 * that are computed of them. Plain data: it is posted to workers.
 */
export interface SplitSink {
  /** Columns that are computed first, behind the query's: those of each step may use all before it. What follows may use them. */
  readonly computed: readonly (readonly BoundExpression[])[]
  /** A condition an output, of which at most one is true of a row: there it goes. A row of which none is true is written nowhere. */
  readonly routes: readonly BoundExpression[]
  readonly outputs: readonly SplitOutput[]
  /** Without keys; its input is the query. Null: nothing is measured. */
  readonly measures: Pick<Aggregate, 'aggregates' | 'schema'> | null
}

export interface SplitOutput {
  /** Columns of the files, computed of the rows that come here alone. */
  readonly expressions: readonly BoundExpression[]
  readonly schema: Schema
  /** All outputs are in one store. */
  readonly sink: FileSink
  /** Whether the rows are added up on the way: `SplitResult.sums`. */
  readonly summed?: boolean
}

export interface SplitResult {
  /** By output. */
  readonly files: readonly (readonly WrittenFile[])[]
  /** By output; null where they were not asked for. */
  readonly sums: readonly (RowSums | null)[]
  /** The row of the measures. */
  readonly measures: readonly Value[] | null
  readonly metrics: QueryMetrics
}
