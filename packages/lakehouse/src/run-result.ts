import type { Fault } from '@deltaworks/schema'
import type { BatchProfile } from './profile/batch-profile.js'
import type { Layer } from './table-definition.js'

/** What one step of a run did. Times are milliseconds since the run began. */
export interface StepResult {
  readonly step: string
  readonly kind: 'ingest' | 'quality' | 'quarantine' | 'build'
  readonly table: string
  readonly layer: Layer | 'quality'
  /** `skipped`: a step that it depends on failed. */
  readonly status: 'written' | 'unchanged' | 'checked' | 'failed' | 'skipped'
  readonly startMs: number
  readonly endMs: number
  readonly rowsIn: number
  readonly rowsOut: number
  readonly rowsQuarantined: number
  readonly filesWritten: number
  readonly bytesWritten: number
  readonly version: number | null
  readonly note: string | null
  /** Tries that it took. */
  readonly attempts: number
}

/** A step that ended with an error, in the error's words. */
export interface StepFailure {
  readonly step: string
  readonly table: string
  readonly code: string
  readonly fault: Fault
  readonly message: string
}

export interface IngestedFile {
  readonly table: string
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly state: 'new' | 'changed' | 'again' | 'known'
}

export interface QualityResult {
  readonly table: string
  readonly rule: string
  readonly description: string
  readonly level: 'critical' | 'warning'
  readonly action: 'quarantine' | 'drop' | 'flag' | 'none'
  readonly status: 'passed' | 'failed' | 'error'
  readonly metric: number | null
  readonly threshold: string
  readonly rowsFailed: number | null
  readonly message: string
}

export interface TableState {
  readonly table: string
  readonly layer: Layer
  readonly path: string
  readonly version: number
  readonly rowCount: number | null
  readonly files: number
  readonly sizeBytes: number
  /** `logicalHash` of its rows, where the run wrote it and was asked for it. */
  readonly hash: string | null
}

/** What a run took of the machine, by its session. */
export interface RunUsage {
  /** All that went to disk for want of memory. */
  readonly spilledBytes: number
  /** The most that lay there at a time; of a session that is kept for several runs, in any of them. */
  readonly temporaryBytes: number
  /** The most that operators had reserved; likewise. */
  readonly memoryBytes: number
}

export const noUsage: RunUsage = { spilledBytes: 0, temporaryBytes: 0, memoryBytes: 0 }

/** How often a table's rows were taken from memory instead of being read (again). */
export interface FrameReuse {
  readonly hits: number
  readonly misses: number
  /** Frames that were let go for want of room. */
  readonly dropped: number
  /** The most bytes that were kept at a time, and how many may be. */
  readonly peakBytes: number
  readonly limitBytes: number
}

export const noReuse: FrameReuse = { hits: 0, misses: 0, dropped: 0, peakBytes: 0, limitBytes: 0 }

/** A figure that the definition asks for: see `sqlMetric`. */
export interface MetricValue {
  readonly name: string
  readonly description: string
  readonly unit: string
  /** Null: it is null, or could not be computed, as `problem` says. */
  readonly value: number | null
  readonly problem: string | null
}

export interface RunResult {
  readonly runId: string
  readonly lakehouse: string
  readonly root: string
  readonly landing: string
  readonly startedMs: number
  readonly durationMs: number
  /**
   * `unchanged`: nothing was new, nothing was committed. `quality_failed`: a critical rule failed; `failed`: a step ended with
   * an error. In both, what does not depend on it was done, and nothing is published.
   */
  readonly status: 'succeeded' | 'warnings' | 'unchanged' | 'quality_failed' | 'failed'
  readonly steps: readonly StepResult[]
  readonly failures: readonly StepFailure[]
  readonly files: readonly IngestedFile[]
  readonly quality: readonly QualityResult[]
  /** Of the batches that it ingested. */
  readonly profiles: readonly BatchProfile[]
  readonly quarantined: number
  readonly tables: readonly TableState[]
  readonly usage: RunUsage
  readonly reuse: FrameReuse
  /** Empty: nothing changed, or none is asked for. */
  readonly metrics: readonly MetricValue[]
}
