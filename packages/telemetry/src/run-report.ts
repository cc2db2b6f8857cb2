import { invalidReport } from './errors.js'

/** Everything that a run leaves behind for people and for later runs: plain data, also as JSON. */
export interface RunReport {
  readonly formatVersion: 1
  readonly runId: string
  /** What was run: `run`, `maintenance`, `export`, `start` … */
  readonly command: string
  readonly lakehouse: string
  readonly environment: string
  readonly status: RunStatus
  /** Milliseconds since the epoch. */
  readonly startedMs: number
  readonly durationMs: number
  readonly root: string
  readonly landing: string | null
  readonly steps: readonly ReportStep[]
  readonly files: readonly ReportFile[]
  readonly quality: readonly ReportQuality[]
  readonly quarantine: readonly ReportQuarantine[]
  readonly tables: readonly ReportTable[]
  readonly profiles: readonly ReportProfile[]
  readonly exports: readonly ReportExport[]
  readonly places: readonly ReportPlace[]
  readonly warnings: readonly string[]
  readonly facts: readonly ReportFact[]
  readonly metrics: readonly ReportMetric[]
  /** Empty: they were not recorded. */
  readonly queries: readonly ReportQuery[]
}

export type RunStatus = 'succeeded' | 'warnings' | 'unchanged' | 'quality_failed' | 'failed'

/** Times are milliseconds since the run began. */
export interface ReportStep {
  readonly step: string
  /** `ingest`, `quality`, `quarantine`, `build`, `maintenance`, `export`: decides the colour. */
  readonly kind: string
  readonly table: string
  readonly layer: string
  /** `written`, `unchanged`, `checked`, `failed`. */
  readonly status: string
  readonly startMs: number
  readonly endMs: number
  readonly rowsIn: number
  readonly rowsOut: number
  readonly rowsQuarantined: number
  readonly filesWritten: number
  readonly bytesWritten: number
  readonly version: number | null
  readonly note: string | null
}

export interface ReportFile {
  readonly table: string
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
  readonly state: 'new' | 'changed' | 'again' | 'known'
}

export interface ReportQuality {
  readonly table: string
  readonly rule: string
  readonly description: string
  readonly level: 'critical' | 'warning'
  readonly status: 'passed' | 'failed' | 'error'
  readonly metric: number | null
  /** As text: `>= 0.95`. */
  readonly threshold: string
  readonly rowsFailed: number | null
  readonly message: string
}

export interface ReportQuarantine {
  readonly table: string
  readonly rule: string
  readonly reason: string
  readonly rows: number
}

export interface ReportTable {
  readonly table: string
  readonly layer: string
  readonly path: string
  readonly version: number
  /** Null if the log does not tell it. */
  readonly rowCount: number | null
  readonly files: number
  readonly sizeBytes: number
}

export interface ReportProfile {
  readonly table: string
  readonly rowCount: number
  readonly columns: readonly ReportColumnProfile[]
  /** Rows that quantiles, histograms and frequent values are told from. */
  readonly sampledRows?: number
  /** Earlier batches that it was compared with, and what is not as it was in them. */
  readonly comparedBatches?: number
  readonly drift?: readonly { readonly column: string | null; readonly kind: string; readonly message: string }[]
}

/** Bins of equal width. */
export interface ReportHistogram {
  readonly from: number
  readonly to: number
  readonly counts: readonly number[]
}

export interface ReportColumnProfile {
  readonly name: string
  readonly type: string
  readonly nullCount: number
  readonly completeness: number
  readonly approximateDistinct: number | null
  readonly min: string | null
  readonly max: string | null
  readonly mean: number | null
  readonly standardDeviation: number | null
  readonly minLength: number | null
  readonly maxLength: number | null
  readonly semanticType: string | null
  readonly topValues: readonly { readonly value: string | null; readonly count: number }[] | null
  /** From the least to the greatest value, the median in the middle. */
  readonly quantiles?: readonly number[] | null
  readonly histogram?: ReportHistogram | null
}

export interface ReportExport {
  readonly target: string
  readonly location: string
  readonly table: string
  readonly version: number | null
  readonly rows: number
  readonly status: 'loaded' | 'unchanged' | 'failed'
  readonly reconciled: boolean | null
  readonly durationMs: number
}

/** Where something is: a path, a URI or a command. */
export interface ReportPlace {
  readonly label: string
  readonly location: string
}

/** A query of a step, with its stages on worker threads. Times are milliseconds since the run began, and durations. */
export interface ReportQuery {
  /** Empty: of none. */
  readonly step: string
  /** Of its plan’s root. */
  readonly kind: string
  readonly startMs: number
  readonly durationMs: number
  readonly rows: number
  readonly filesTotal: number
  readonly filesPruned: number
  readonly spilledBytes: number
  /** The plan as it was executed, with what each operator did. */
  readonly plan: string
  readonly stages: readonly ReportStage[]
}

export interface ReportStage {
  readonly stage: number
  readonly name: string
  readonly startMs: number
  readonly durationMs: number
  readonly morsels: number
  readonly rows: number
  readonly exchangedBytes: number
  readonly spilledBytes: number
  readonly tasks: readonly ReportTask[]
}

export interface ReportTask {
  readonly task: number
  readonly morsels: number
  readonly rows: number
  readonly durationMs: number
  readonly heapBytes: number
}

/** A figure of the business. */
export interface ReportMetric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly value: number | null
  readonly problem: string | null
}

export interface ReportFact {
  readonly label: string
  readonly value: string
}

type Required = 'runId' | 'command' | 'lakehouse' | 'status' | 'startedMs' | 'durationMs' | 'root'

/** A report from what is known; the rest is empty. */
export const runReport = (known: Pick<RunReport, Required> & Partial<RunReport>): RunReport => ({
  environment: '',
  landing: null,
  steps: [],
  files: [],
  quality: [],
  quarantine: [],
  tables: [],
  profiles: [],
  exports: [],
  places: [],
  warnings: [],
  facts: [],
  metrics: [],
  queries: [],
  ...known,
  formatVersion: 1,
})

export const renderJson = (report: RunReport): string => `${JSON.stringify(report, null, 2)}\n`

/** @throws TelemetryError DW-TELEMETRY-0001 if the text is no report of a version that we know */
export function parseReport(text: string, source = 'The text'): RunReport {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw invalidReport(source, 'it is not JSON', error)
  }
  if (typeof data !== 'object' || data === null) throw invalidReport(source, 'it is not an object')
  const { formatVersion, ...known } = data as Partial<RunReport>
  if (formatVersion !== 1) throw invalidReport(source, `its formatVersion is ${String(formatVersion)}, not 1`)
  for (const key of ['runId', 'command', 'lakehouse', 'status', 'root'] as const) {
    if (typeof known[key] !== 'string') throw invalidReport(source, `it has no ${key}`)
  }
  for (const key of ['startedMs', 'durationMs'] as const) {
    if (typeof known[key] !== 'number') throw invalidReport(source, `it has no ${key}`)
  }
  return runReport(known as Pick<RunReport, Required>)
}
