import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Session } from '@deltaworks/engine'
import {
  alertFacts,
  confirmAlerts,
  judgeAlerts,
  noReuse,
  noUsage,
  settleAlerts,
  type AlertFacts,
  type AlertsConfiguration,
  type AlertTask,
  type AlertVerdict,
  type ChannelNotices,
  type LakehouseDefinition,
  type QualityResult,
  type ResourcePressure,
  type RunEvent,
  type RunResult,
  type StepFinishEvent,
} from '@deltaworks/lakehouse'
import { errorToData } from '@deltaworks/schema'
import { secretMask } from '@deltaworks/telemetry'
import { alertMessage, sendAlert, type AlertPlace } from '@deltaworks/telemetry/operations'

export interface AlertDeskOptions {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  readonly root: string
  readonly environment: string
  readonly configuration: AlertsConfiguration
  /** What ends; default: a run. */
  readonly task?: AlertTask | undefined
}

/** Failures that come together are told in one message. */
const gatherMs = 2000

/** Tells people what the alert rules of a lakehouse say: failures while the run goes on, the rest when it has ended. */
export class AlertDesk {
  readonly #options: AlertDeskOptions
  #runId: string | null = null
  #failed: Pick<RunResult, 'steps' | 'failures' | 'quality'> = { steps: [], failures: [], quality: [] }
  #timer: NodeJS.Timeout | undefined
  /** One tells at a time. */
  #telling: Promise<readonly unknown[]> = Promise.resolve([])
  #stop: () => void = () => undefined

  constructor(options: AlertDeskOptions) {
    this.#options = options
  }

  /** From now on failed steps are told within seconds. */
  listen(): void {
    const listeners: readonly (readonly [string, (message: unknown) => void])[] = [
      ['deltaworks:run:start', (message) => this.#begin((message as RunEvent).runId)],
      ['deltaworks:step:finish', (message) => this.#step(message as StepFinishEvent)],
      ['deltaworks:quality:failed', (message) => this.#quality(message as QualityResult)],
    ]
    for (const [channel, listener] of listeners) subscribe(channel, listener)
    this.#stop = () => {
      for (const [channel, listener] of listeners) unsubscribe(channel, listener)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#stop()
  }

  /** @returns what could not be told */
  async ended(
    result: RunResult | null,
    error: unknown,
    pressures: readonly ResourcePressure[],
  ): Promise<readonly unknown[]> {
    clearTimeout(this.#timer)
    const early = await this.#telling
    const { lakehouse, session, root, task } = this.#options
    const data = error === null ? null : errorToData(error)
    try {
      const facts = await alertFacts({
        lakehouse,
        session,
        root,
        ...(task === undefined ? {} : { task }),
        result,
        error: data,
        pressures,
      })
      return [...early, ...(await this.tell(judgeAlerts(lakehouse.alerts, facts)))]
    } catch (problem) {
      return [...early, problem]
    }
  }

  /** Brings verdicts into the ledger and tells what is to be told. @returns what could not be told */
  async tell(verdicts: readonly AlertVerdict[]): Promise<readonly unknown[]> {
    const { root, configuration } = this.#options
    const nowMs = Date.now()
    const due = await settleAlerts(root, verdicts, configuration, nowMs)
    const outcomes = await Promise.all(due.map((notices) => this.#send(notices, nowMs)))
    if (outcomes.length > 0) await confirmAlerts(root, outcomes, nowMs)
    return outcomes.flatMap(({ failure }) => (failure === null ? [] : [failure]))
  }

  /** Tells every channel that it would be told. @returns what could not be told */
  async test(): Promise<readonly unknown[]> {
    const nowMs = Date.now()
    const alert = { ...testVerdict, sinceMs: nowMs }
    const channels = Object.keys(this.#options.configuration.channels)
    const sent = await Promise.all(
      channels.map((channel) => this.#send({ channel, notices: [{ kind: 'opened', alert }] }, nowMs)),
    )
    return sent.flatMap(({ failure }) => (failure === null ? [] : [failure]))
  }

  async #send(notices: ChannelNotices, nowMs: number) {
    const channel = this.#options.configuration.channels[notices.channel]!
    const message = alertMessage(notices.notices, this.#place(nowMs), secretMask)
    try {
      await sendAlert(notices.channel, channel, message, secretMask)
      return { ...notices, delivered: true, failure: null }
    } catch (failure) {
      return { ...notices, delivered: false, failure }
    }
  }

  #place(nowMs: number): AlertPlace {
    const { lakehouse, environment, root, configuration } = this.#options
    const runId = this.#runId
    return {
      lakehouse: lakehouse.name,
      environment,
      runId,
      root,
      report: runId === null ? null : (configuration.reports?.replaceAll('{run}', encodeURIComponent(runId)) ?? null),
      runbooks: configuration.runbooks ?? null,
      nowMs,
    }
  }

  #begin(runId: string): void {
    this.#runId = runId
    this.#failed = { steps: [], failures: [], quality: [] }
  }

  #step({ result, failure }: StepFinishEvent): void {
    if (failure === null) return
    const { steps, failures } = this.#failed
    this.#failed = { ...this.#failed, steps: [...steps, result], failures: [...failures, failure] }
    this.#tellSoon()
  }

  #quality(result: QualityResult): void {
    this.#failed = { ...this.#failed, quality: [...this.#failed.quality, result] }
    if (result.level === 'critical') this.#tellSoon()
  }

  #tellSoon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#telling = this.#telling.then(async (before) => [...before, ...(await this.#tellFailures())])
    }, gatherMs)
    this.#timer.unref()
  }

  async #tellFailures(): Promise<readonly unknown[]> {
    const rules = this.#options.lakehouse.alerts.filter(({ kind }) => kind === 'failure' || kind === 'quality')
    const facts: AlertFacts = {
      task: 'run',
      result: { ...unfinishedResult, ...this.#failed },
      error: null,
      unfinished: null,
      history: new Map(),
      pressures: [],
      changedMs: new Map(),
      nowMs: Date.now(),
    }
    try {
      return await this.tell(judgeAlerts(rules, facts).filter(({ firing }) => firing))
    } catch (problem) {
      return [problem]
    }
  }
}

const testVerdict: AlertVerdict = {
  key: 'test',
  rule: 'test',
  severity: 'warning',
  runbook: null,
  channels: null,
  firing: true,
  title: 'A test: alerts arrive here',
  detail: 'Nothing is wrong. It was sent by `deltaworks-batch alerts test`.',
}

const unfinishedResult: RunResult = {
  runId: '',
  lakehouse: '',
  root: '',
  landing: '',
  startedMs: 0,
  durationMs: 0,
  status: 'failed',
  steps: [],
  failures: [],
  files: [],
  quality: [],
  profiles: [],
  quarantined: 0,
  tables: [],
  usage: noUsage,
  reuse: noReuse,
  metrics: [],
}
