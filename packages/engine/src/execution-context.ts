import type { ColumnarContext } from '@deltaworks/columnar'
import type { EvaluationContext } from '@deltaworks/expression'
import type { ScanSplit, TableScan } from '@deltaworks/plan'
import { cancelled } from './errors.js'
import type { QuerySegments } from './exchange/segment-memory.js'
import type { MemoryPool, SpillableAccount } from './memory-pool.js'
import type { OperatorMetrics, QueryMetrics } from './metrics.js'
import type { SpilledSegment, SpillFile, SpillStore } from './spill/spill-store.js'

/** What operators of one query (or one task of it) have at hand. */
export interface ExecutionContext {
  readonly columnar: ColumnarContext
  readonly pool: MemoryPool
  readonly evaluation: EvaluationContext
  readonly metrics: QueryMetrics
  readonly spill: SpillStore
  readonly segments: QuerySegments
  /** Throws if the query was cancelled; asked once a batch. */
  checkCancelled(): void
  /** Now and then a promise to be awaited, so that other events of this thread (an abort, say) have their turn; else null. */
  pause(): Promise<void> | null
  /** The splits of a scan: all that it has, or those that this task claims. */
  splitsOf(scan: TableScan): AsyncIterable<StageSplit> | Iterable<StageSplit>
}

/** Rows that a stage put on disk. */
export interface SpilledSplit extends SpilledSegment {
  readonly kind: 'spilled'
}

export type StageSplit = ScanSplit | SpilledSplit

/** A file for rows of an operator, which explain shows with it. */
export function spillFile(context: ExecutionContext, operator: object): SpillFile {
  let own: OperatorMetrics | undefined
  for (const metrics of context.metrics.operators) if (metrics.plan === operator) own = metrics
  return context.spill.file(own ?? { spilledBytes: 0, spilledFiles: 0 })
}

/**
 * Whether a spillable operator holds so much that it should spill now: `part` of its share, or a thread's heap is half full
 * of the 4 GiB that can be addressed. Steps between two looks may take as much again as is held.
 */
export function isOverShare({ columnar }: ExecutionContext, account: SpillableAccount, part: number): boolean {
  const { usedBytes } = account
  return (
    usedBytes > account.shareBytes * part || (usedBytes > 0 && columnar.heap.usedBytes > columnar.heap.limitBytes / 2)
  )
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
