import type { ColumnarContext } from '@deltaworks/columnar'
import type { EvaluationContext } from '@deltaworks/expression'
import { scanMetrics, type ScanMetrics } from '@deltaworks/formats'
import type { ScanSplit, TableScan } from '@deltaworks/plan'
import { cancelled } from './errors.js'
import type { MemoryPool } from './memory-pool.js'

/** What operators of one query (or one task of it) have at hand. */
export interface ExecutionContext {
  readonly columnar: ColumnarContext
  readonly pool: MemoryPool
  readonly evaluation: EvaluationContext
  readonly metrics: QueryMetrics
  /** Throws if the query was cancelled; asked once a batch. */
  checkCancelled(): void
  /** The splits of a scan: all that it has, or those that this task claims. */
  splitsOf(scan: TableScan): AsyncIterable<ScanSplit> | Iterable<ScanSplit>
}

/** Counters of one query. */
export interface QueryMetrics {
  readonly scan: ScanMetrics
  filesTotal: number
  filesPruned: number
  rowsOut: number
  batches: number
  durationMs: number
  readonly operators: OperatorMetrics[]
}

export interface OperatorMetrics {
  readonly operator: string
  /** Which operator it is: identity only. */
  readonly plan: object
  rows: number
  batches: number
  /** Time inside the operator and its inputs. */
  ms: number
}

export const queryMetrics = (): QueryMetrics => ({
  scan: scanMetrics(),
  filesTotal: 0,
  filesPruned: 0,
  rowsOut: 0,
  batches: 0,
  durationMs: 0,
  operators: [],
})

export const cancellation = (signal: AbortSignal | undefined): (() => void) => {
  if (signal === undefined) return () => undefined
  return () => {
    if (signal.aborted) throw cancelled()
  }
}
