import { scanMetrics, type ScanMetrics } from '@deltaworks/formats'

/** Counters of one query. */
export interface QueryMetrics {
  readonly scan: ScanMetrics
  filesTotal: number
  filesPruned: number
  rowsOut: number
  batches: number
  durationMs: number
  /** Bytes that this thread's operators wrote to disk for want of memory. */
  spilledBytes: number
  spilledFiles: number
  readonly operators: OperatorMetrics[]
  /** Stages that ran on worker threads, in the order in which they were started. */
  readonly stages: StageMetrics[]
}

/** One stage of a query on worker threads. */
export interface StageMetrics {
  readonly stage: number
  readonly name: string
  readonly morsels: number
  readonly tasks: TaskMetrics[]
  rows: number
  /** Bytes of the segments that crossed threads. */
  exchangedBytes: number
  /** Bytes that its operators and its output wrote to disk for want of memory. */
  spilledBytes: number
  spilledFiles: number
  durationMs: number
}

export interface OperatorMetrics {
  readonly operator: string
  /** Which operator it is: identity only. */
  readonly plan: object
  rows: number
  batches: number
  /** Time inside the operator and its inputs. */
  ms: number
  /** Bytes that it wrote to disk for want of memory. */
  spilledBytes: number
  spilledFiles: number
}

export const queryMetrics = (): QueryMetrics => ({
  scan: scanMetrics(),
  filesTotal: 0,
  filesPruned: 0,
  rowsOut: 0,
  batches: 0,
  durationMs: 0,
  spilledBytes: 0,
  spilledFiles: 0,
  operators: [],
  stages: [],
})

/** One worker's part of a stage. */
export interface TaskMetrics {
  readonly task: number
  readonly morsels: number
  readonly rows: number
  readonly durationMs: number
  /** The most that the thread's heap had in use when a morsel ended. */
  readonly heapBytes: number
  readonly query: Omit<QueryMetrics, 'operators' | 'stages'>
  readonly operators: readonly {
    readonly operator: string
    readonly depth: number
    /** How many rows the planner expects of it, over all tasks. */
    readonly estimatedRows: number | null
    readonly rows: number
    readonly batches: number
    readonly ms: number
    readonly spilledBytes: number
    readonly spilledFiles: number
  }[]
}
