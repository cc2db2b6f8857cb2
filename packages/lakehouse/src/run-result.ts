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
}
