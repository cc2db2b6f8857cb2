import { channel } from 'node:diagnostics_channel'
import type { QualityResult, RunResult, StepFailure, StepResult } from './run-result.js'

/** What a run publishes on `deltaworks:run:*` and `deltaworks:step:*`; costs nothing unless someone subscribes. */
export interface StepEvent {
  readonly runId: string
  readonly step: string
  readonly kind: 'ingest' | 'quality' | 'quarantine' | 'build' | 'maintenance' | 'export'
  readonly index: number
  readonly count: number
}

/** What is published on `deltaworks:step:finish`. */
export interface StepFinishEvent extends StepEvent {
  readonly durationMs: number
  readonly rows: number
  readonly result: StepResult
  readonly failure: StepFailure | null
}

/** What is published on `deltaworks:run:start`. */
export interface RunEvent {
  readonly runId: string
  readonly lakehouse: string
  readonly environment: string
  /** URI of the lake. */
  readonly root: string
}

/** What is published on `deltaworks:run:finish`: its result, or the error that ended it. Both null: it did nothing. */
export interface RunFinishEvent extends RunEvent {
  readonly result: RunResult | null
  readonly error: unknown
}

const runStart = channel('deltaworks:run:start')
const runFinish = channel('deltaworks:run:finish')

export const publishRunStart = (event: RunEvent): void => {
  if (runStart.hasSubscribers) runStart.publish(event)
}
export const publishRunFinish = (event: RunFinishEvent): void => {
  if (runFinish.hasSubscribers) runFinish.publish(event)
}

const stepStart = channel('deltaworks:step:start')
const stepFinish = channel('deltaworks:step:finish')

export const publishStepStart = (event: StepEvent): void => {
  if (stepStart.hasSubscribers) stepStart.publish(event)
}
export const publishStepFinish = (event: StepFinishEvent): void => {
  if (stepFinish.hasSubscribers) stepFinish.publish(event)
}

/** What is published on `deltaworks:quality:failed` for each rule that failed or could not be evaluated: once a run and rule. */
export interface QualityFailure extends QualityResult {
  readonly runId: string
  readonly lakehouse: string
  /** URI of the lake. */
  readonly root: string
  /** Version of the table, where rules looked at one as it is. */
  readonly version: number | null
}

const qualityFailed = channel('deltaworks:quality:failed')

export const publishQualityFailure = (failure: QualityFailure): void => {
  if (qualityFailed.hasSubscribers) qualityFailed.publish(failure)
}
