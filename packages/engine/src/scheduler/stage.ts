import type { Aggregate, Join, LogicalPlan, MemorySegment, Sort, TableProvider, TableScan } from '@deltaworks/plan'
import type { BoundExpression } from '@deltaworks/expression'
import type { SpilledSplit, StageSplit } from '../execution-context.js'
import type { PartitionBy } from '../exchange/exchange-partitioner.js'
import type { FileSink } from '../file-sink.js'
import type { SplitSink } from '../split-sink.js'

/*
 * How a large plan is executed. The driver cuts it at exchanges into stages; a stage is one plan without an exchange (its
 * fragment), the morsels over which that is executed, and where the rows go (its sink):
 *
 *   Pipeline { plan, morsels, broadcast }  ── sink: gather ──►  segments in the order of the morsels
 *                                          ── partitions ────►  segments by partition
 *                                          ── sink: files ───►  Parquet files
 *                                          ── sink: split ───►  Parquet files of several tables, and measures
 *
 * Scans of a fragment read a StageTable: which splits, says the morsel (each split is in one morsel) or the broadcast (every
 * morsel sees all of them). Segments that a stage made are the splits of the next. All of this is plain data but for
 * `StageTable.scan`, which is left behind when a stage is posted.
 */

/** Splits by `StageTable.id`. */
export type SplitsByTable = Readonly<Record<string, readonly StageSplit[]>>

export interface Morsel {
  readonly splits: SplitsByTable
  readonly bytes: number
}

/** A table whose splits are told by morsel. */
export interface StageTable extends TableProvider {
  readonly id: string
}

/** A plan and the splits over which it is executed; the rows of all morsels, in order, are its rows. */
export interface Pipeline {
  readonly plan: LogicalPlan
  readonly morsels: readonly Morsel[]
  readonly broadcast: SplitsByTable
  /** What its morsels read, about. */
  readonly bytes: number
  /** False if a split can be read by this thread alone (`memory://`): then it has one morsel, executed here. */
  readonly portable: boolean
  /** The morsels are parts of an order: who writes them keeps neighbours together. */
  readonly inOrder?: boolean
}

/** A node that only physical plans know is an ordinary node with what it does more. */
export interface PhasedAggregate extends Aggregate {
  readonly phase: 'partial' | 'final'
}

export interface BroadcastJoin extends Join {
  readonly buildSide: 'left' | 'right'
  /** The build side is the same for every morsel: its table is built once a task. */
  readonly retainBuild: boolean
}

/** A scan of a table whose rows are compared with another's: files and row groups without any row between the bounds are left out. */
export interface BoundedScan extends TableScan {
  /** Conditions over the table's columns that no row is tested for: what is read must satisfy them or be of no use. */
  readonly keyBounds: readonly BoundExpression[]
}

export const boundsOf = (scan: TableScan): readonly BoundExpression[] =>
  'keyBounds' in scan ? (scan as BoundedScan).keyBounds : []

/** A sort whose input is a union of sorted runs. */
export interface MergingSort extends Sort {
  readonly merge: true
}

export type StageSink =
  /** `inMemory`: segments outlive the query, so none may be on disk. */
  | {
      readonly kind: 'gather'
      readonly segmentRows: number
      readonly segmentBytes?: number
      readonly inMemory?: boolean
    }
  /** Rows by what is computed of the fragment's output. */
  | { readonly kind: 'partitions'; readonly by: PartitionBy; readonly partitions: number }
  /** `inOrder`: rows of morsels that are no neighbours do not come into one file. */
  | { readonly kind: 'files'; readonly sink: FileSink; readonly inOrder: boolean }
  | { readonly kind: 'split'; readonly sink: SplitSink }

/** Whether a sink's rows are durable when its task is finished, and not before. */
export const writesFiles = ({ kind }: StageSink): boolean => kind === 'files' || kind === 'split'

export interface Stage {
  readonly number: number
  /** What explain calls it. */
  readonly name: string
  readonly pipeline: Pipeline
  readonly sink: StageSink
}

/** Rows that a morsel gave: of a partition, if the sink makes them. */
export interface MorselSegment {
  readonly morsel: number
  readonly partition: number
  readonly rowCount: number
  readonly split: SegmentSplit
}

/** Rows in shared memory, or on disk if that is full. */
export type SegmentSplit = (MemorySegment & { readonly kind: 'segment' }) | SpilledSplit

export const splitBytes = (split: SegmentSplit): number =>
  split.kind === 'segment' ? split.segment.byteLength : split.bytes
