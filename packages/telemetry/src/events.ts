import type { ReportStep } from './run-report.js'

/**
 * What packages publish on `node:diagnostics_channel`, as far as this package looks at it: it imports none of them.
 */
export interface RunMessage {
  readonly runId: string
  readonly lakehouse: string
  readonly environment: string
  readonly root: string
}

export interface RunFinishMessage extends RunMessage {
  readonly result: RunOutcome | null
  readonly error: unknown
}

export interface RunOutcome {
  readonly status: string
  readonly durationMs: number
  readonly quarantined: number
  readonly steps: readonly StepOutcome[]
  readonly quality: readonly QualityOutcome[]
  readonly tables: readonly {
    readonly table: string
    readonly layer: string
    readonly version: number
    readonly rowCount: number | null
    readonly files: number
    readonly sizeBytes: number
  }[]
  /** Figures of the business. */
  readonly metrics: readonly {
    readonly name: string
    readonly description: string
    readonly unit: string
    readonly value: number | null
  }[]
}

/** A step as reports show it, and how often it was tried. */
export type StepOutcome = Omit<ReportStep, 'note'> & { readonly attempts: number }

export interface QualityOutcome {
  readonly table: string
  readonly rule: string
  readonly level: string
  readonly status: string
  readonly metric: number | null
  readonly threshold: string
  readonly rowsFailed: number | null
  readonly message: string
}

export interface StepMessage {
  readonly runId: string
  readonly step: string
  readonly kind: string
}

export interface StepFinishMessage extends StepMessage {
  readonly durationMs: number
  readonly rows: number
  readonly result: StepOutcome
  readonly failure: { readonly code: string; readonly message: string } | null
}

export interface QueryMessage {
  readonly plan: { readonly kind: string }
  /** Of this execution alone: the same plan may be executed twice at once. Filled while it runs. */
  readonly metrics: object
}

export interface QueryFinishMessage extends QueryMessage {
  readonly metrics: {
    readonly rowsOut: number
    readonly batches: number
    readonly durationMs: number
    readonly filesTotal: number
    readonly filesPruned: number
    readonly spilledBytes: number
    readonly scan: Readonly<Record<string, number>>
    readonly stages: readonly StageMetricsMessage[]
  }
}

export interface StageMetricsMessage {
  readonly stage: number
  readonly name: string
  readonly morsels: number
  readonly rows: number
  readonly durationMs: number
  readonly spilledBytes: number
  readonly exchangedBytes: number
  readonly tasks: readonly {
    readonly task: number
    readonly morsels: number
    readonly rows: number
    readonly durationMs: number
    readonly heapBytes: number
  }[]
}

export interface StageMessage {
  readonly stage: number
  readonly name: string
  readonly morsels: number
}

export interface StageFinishMessage extends StageMessage {
  readonly rows: number
  readonly exchangedBytes: number
  readonly spilledBytes: number
  readonly durationMs: number
}

export interface TaskMessage {
  readonly stage: number
  readonly name: string
  readonly task: number
}

export interface TaskFinishMessage extends TaskMessage {
  readonly morsels: number
  readonly rows: number
  readonly durationMs: number
  readonly heapBytes: number
}

export interface CommitMessage {
  readonly table: string
  readonly version?: number
  readonly operation: string
  readonly attempts?: number
}

export interface PressureMessage {
  readonly resource: string
  readonly share: number
  readonly used: string
  readonly limit: string
}

/** Message by channel. */
export interface Messages {
  readonly 'deltaworks:run:start': RunMessage
  readonly 'deltaworks:run:finish': RunFinishMessage
  readonly 'deltaworks:step:start': StepMessage
  readonly 'deltaworks:step:finish': StepFinishMessage
  readonly 'deltaworks:query:start': QueryMessage
  readonly 'deltaworks:query:finish': QueryFinishMessage
  readonly 'deltaworks:stage:start': StageMessage
  readonly 'deltaworks:stage:finish': StageFinishMessage
  readonly 'deltaworks:task:start': TaskMessage
  readonly 'deltaworks:task:finish': TaskFinishMessage
  readonly 'deltaworks:commit:finish': CommitMessage
  readonly 'deltaworks:commit:conflict': CommitMessage
  readonly 'deltaworks:quality:failed': QualityOutcome
  readonly 'deltaworks:resources:pressure': PressureMessage
}
