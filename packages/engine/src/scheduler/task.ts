import type { EvaluationContext } from '@deltaworks/expression'
import type { ScanMetrics } from '@deltaworks/formats'
import type { Aggregate, LogicalPlan, MemorySegment, ScanSplit } from '@deltaworks/plan'
import type { ErrorData, Schema } from '@deltaworks/schema'
import type { FileSink, WrittenFile } from '../file-sink.js'

/** What a worker is started with. */
export interface WorkerSetup {
  readonly module: WebAssembly.Module
  readonly poolCounter: SharedArrayBuffer
  readonly poolLimitBytes: number
}

/** One message a worker and stage: plain data. Splits are claimed from `cursor`, which all workers of the stage share. */
export interface Task {
  readonly plan: LogicalPlan
  readonly splits: readonly ScanSplit[]
  /** int32[2]: the next split, and whether the query was cancelled. */
  readonly control: SharedArrayBuffer
  readonly evaluation: EvaluationContext
  readonly output: TaskOutput
}

/** What becomes of the rows: states of an aggregate, segments, or files. */
export type TaskOutput =
  | { readonly kind: 'aggregate'; readonly aggregate: Aggregate; readonly schema: Schema }
  | { readonly kind: 'segments' }
  | { readonly kind: 'files'; readonly sink: FileSink }

export interface TaskDone {
  readonly kind: 'done'
  readonly segments: readonly MemorySegment[]
  readonly files: readonly WrittenFile[]
  readonly scan: ScanMetrics
  readonly rowCount: number
  readonly durationMs: number
}

export type TaskResult = TaskDone | { readonly kind: 'failed'; readonly error: ErrorData }
