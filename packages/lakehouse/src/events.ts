import { channel } from 'node:diagnostics_channel'
import type { QualityResult } from './run-result.js'

/** What a run publishes on `deltaworks:run:*` and `deltaworks:step:*`; costs nothing unless someone subscribes. */
export interface StepEvent {
  readonly runId: string
  readonly step: string
  readonly kind: 'ingest' | 'quality' | 'quarantine' | 'build' | 'maintenance' | 'export'
  readonly index: number
  readonly count: number
}

const stepStart = channel('deltaworks:step:start')
const stepFinish = channel('deltaworks:step:finish')

export const publishStepStart = (event: StepEvent): void => {
  if (stepStart.hasSubscribers) stepStart.publish(event)
}
export const publishStepFinish = (event: StepEvent & { readonly durationMs: number; readonly rows: number }): void => {
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
