import type { MessagePort } from 'node:worker_threads'
import type { EvaluationContext } from '@deltaworks/expression'
import type { LogicalPlan } from '@deltaworks/plan'
import type { ErrorData, Value } from '@deltaworks/schema'
import type { WrittenFile } from '../file-sink.js'
import type { TaskMetrics } from '../metrics.js'
import type { RowSums } from '../row-sums.js'
import type { SpillTarget } from '../spill/spill-store.js'
import type { MorselSegment, SplitsByTable, StageSink } from './stage.js'

/** One worker's part of a stage, as data: it pulls morsels until none is left. May be run again elsewhere if the worker dies. */
export interface TaskRequest {
  readonly stage: number
  /** From 1; a retry has a number of its own. */
  readonly task: number
  readonly plan: LogicalPlan
  readonly sink: StageSink
  readonly morsels: readonly SplitsByTable[]
  readonly broadcast: SplitsByTable
  /** Buffer of the stage's `MorselQueue`. */
  readonly queue: SharedArrayBuffer
  /** How far the task may run ahead of what the driver took; Infinity: the driver waits for all of it. */
  readonly window: number
  /** Morsels that are this task's already: those of a task that paused or whose worker died. */
  readonly claimed: readonly number[]
  /** `share`: what this task has reserved, for when its worker dies. */
  readonly memory: {
    /** Tasks of the stage that run at once. */
    readonly tasks: number
    readonly limitBytes: number
    readonly counter: SharedArrayBuffer
    readonly share: SharedArrayBuffer
  }
  readonly spill: SpillTarget
  /** `QuerySegments.ended`. */
  readonly queryEnded: SharedArrayBuffer
  readonly evaluation: EvaluationContext
  readonly kernels: WebAssembly.Module
  /** For what is told while the task runs; null: all of it comes with the result. */
  readonly port: MessagePort | null
}

export interface DoneMorsel {
  readonly morsel: number
  readonly segments: readonly MorselSegment[]
}

/** What a task tells while it runs, in order, if it has a port. A message costs more than a small segment: all of a morsel's are in one. */
export type TaskMessage =
  | { readonly kind: 'done'; readonly morsels: readonly DoneMorsel[] }
  /** A file was begun: the driver deletes it if the task comes to nothing. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'end' }

export type TaskResult =
  /** The consumer does not take what is ready: the task ended before its next morsel, which stays its own. */
  | { readonly kind: 'paused'; readonly claimed: readonly number[]; readonly metrics: TaskMetrics }
  | {
      readonly kind: 'finished'
      readonly files: readonly WrittenFile[]
      /** State of what a split measured. */
      readonly measured: readonly (readonly Value[])[]
      /** What the rows of each output of a split added up to. */
      readonly sums: readonly (RowSums | null)[]
      /** Of a task without a port: all its morsels. */
      readonly done: readonly DoneMorsel[]
      readonly metrics: TaskMetrics
    }
  | { readonly kind: 'failed'; readonly error: ErrorData }
