import { channel } from 'node:diagnostics_channel'

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
