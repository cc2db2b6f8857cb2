import type { ColumnarContext } from '@deltaworks/columnar'
import type { EvaluationContext } from '@deltaworks/expression'
import type { ScanSplit, TableScan } from '@deltaworks/plan'
import { cancelled } from './errors.js'
import type { MemoryPool } from './memory-pool.js'
import type { QueryMetrics } from './metrics.js'

/** What operators of one query (or one task of it) have at hand. */
export interface ExecutionContext {
  readonly columnar: ColumnarContext
  readonly pool: MemoryPool
  readonly evaluation: EvaluationContext
  readonly metrics: QueryMetrics
  /** Throws if the query was cancelled; asked once a batch. */
  checkCancelled(): void
  /** Now and then a promise to be awaited, so that other events of this thread (an abort, say) have their turn; else null. */
  pause(): Promise<void> | null
  /** The splits of a scan: all that it has, or those that this task claims. */
  splitsOf(scan: TableScan): AsyncIterable<ScanSplit> | Iterable<ScanSplit>
}

const pauseMs = 40

/** A pause after every 40 ms: operators await each other without ever waiting, which keeps timers and signals out. */
export function pauses(): () => Promise<void> | null {
  let last = performance.now()
  return () => {
    if (performance.now() - last < pauseMs) return null
    return new Promise((resolve) =>
      setImmediate(() => {
        last = performance.now()
        resolve()
      }),
    )
  }
}

export const cancellation = (signal: AbortSignal | undefined): (() => void) => {
  if (signal === undefined) return () => undefined
  return () => {
    if (signal.aborted) throw cancelled()
  }
}
