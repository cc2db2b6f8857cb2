import { errorToData } from '@deltaworks/schema'
import { Lake } from '../lake.js'
import { tableOf } from '../lakehouse-definition.js'
import type { MaintenanceOptions } from '../maintain.js'
import { latestPublication } from '../runs/publication.js'
import { carryOut, Rates } from './carry-out.js'
import { recordDecisions, type DecisionEntry } from './decision-log.js'
import { maintainAlone, type Exclusive } from './maintenance-lease.js'
import {
  assessTable,
  byBenefit,
  type Assessment,
  type MaintenanceMeasure,
  type MaintenanceOperation,
  type MaintenanceStep,
  type Savings,
} from './plan-maintenance.js'

export interface MaintenanceRunOptions extends MaintenanceOptions {
  /** When no step may begin any more, and one that runs is given up; null: whenever it is done. */
  readonly untilMs: number | null
  /** Tables with a commit in the last so many milliseconds are left alone: a writer is at work. */
  readonly idleMs: number
  /** Bytes of data files that the run may write again; null: all that is due. */
  readonly maxBytes?: number | null
  /** For tests. Default `Date.now`. */
  readonly clock?: () => number
}

export interface MaintenanceStepResult {
  readonly table: string
  readonly operation: MaintenanceOperation
  /**
   * `in part`: as far as the budget or the window went; `postponed`: the budget is used up, or the window has closed or would
   * before the step ends; `busy`: a writer is at work; `failed`: the run ended here with an error.
   */
  readonly status: 'done' | 'in part' | 'would run' | 'postponed' | 'busy' | 'failed'
  /** Why, in words. */
  readonly reason: string
  readonly expected: Savings
  readonly expectedSeconds: number
  /** Seconds that a query is expected to save: steps are done in this order. */
  readonly benefit: number
  /** null: not done. */
  readonly saved: Savings | null
  readonly seconds: number
}

/**
 * Does for each table what its definition asks for and its state has need of, the most useful first, within the window and
 * the budget; alone (a lease). All that it needs to know stands in the tables' logs, so a run that was interrupted, or whose
 * window closed, is simply started again. What it decided about each table, and why, is kept in `operations/maintenance`.
 */
export async function runMaintenance(
  options: MaintenanceRunOptions,
): Promise<Exclusive<readonly MaintenanceStepResult[]>> {
  const runId = `maintenance-${new Date(options.nowMs).toISOString().replaceAll(/[-:.]/g, '')}`
  return maintainAlone(options.root, runId, async (takeLease) => {
    const { lakehouse, tables, session, root, dryRun, nowMs } = options
    const definitions = tables.length === 0 ? lakehouse.tables : tables.map((name) => tableOf(lakehouse, name))
    const seen = new Lake(session, root)
    for (const { path } of tables.length === 0 ? [] : definitions) await seen.existing(path)
    const there = await Promise.all(definitions.map(({ path }) => seen.table(path)))
    if (there.every((table) => table === null)) return []
    if (!dryRun) await takeLease()
    // Another run may have maintained them until now.
    const lake = new Lake(session, root)
    const publication = await latestPublication(root)
    const assessments: Assessment[] = []
    for (const definition of definitions) {
      assessments.push(...(await assessTable(lake, definition, nowMs, publication)))
    }
    return new MaintenanceRun(runId, lake, options).execute(assessments)
  })
}

class MaintenanceRun {
  readonly #runId: string
  readonly #lake: Lake
  readonly #options: MaintenanceRunOptions
  readonly #clock: () => number
  readonly #rates = new Rates()
  readonly #results = new Map<MaintenanceStep, MaintenanceStepResult>()
  #leftBytes: number

  constructor(runId: string, lake: Lake, options: MaintenanceRunOptions) {
    this.#runId = runId
    this.#lake = lake
    this.#options = options
    this.#clock = options.clock ?? Date.now
    this.#leftBytes = options.maxBytes ?? Infinity
  }

  async execute(assessments: readonly Assessment[]): Promise<readonly MaintenanceStepResult[]> {
    const steps = byBenefit(assessments.flatMap(({ step }) => (step === null ? [] : [step])))
    const measures = new Map(assessments.map(({ step, measure }) => [step, measure]))
    try {
      for (const step of steps) {
        this.#options.signal?.throwIfAborted()
        this.#results.set(step, await this.#step(step, due(measures.get(step)!)))
      }
    } catch (error) {
      this.#leaveRest(steps, error)
      // The error that ended the run is the one to tell.
      await this.#record(assessments).catch(() => undefined)
      throw error
    }
    await this.#record(assessments)
    return [...this.#results.values()]
  }

  /** After an error, or a signal that ends the run. */
  #leaveRest(steps: readonly MaintenanceStep[], error: unknown): void {
    const failed = steps.find((step) => !this.#results.has(step))
    if (failed !== undefined && this.#options.signal?.aborted !== true) {
      const { code, message } = errorToData(error)
      this.#leave(failed, 'failed', `${code}: ${message}`)
    }
    for (const step of steps) {
      if (!this.#results.has(step)) this.#leave(step, 'postponed', 'the run ended before it')
    }
  }

  #leave(step: MaintenanceStep, status: MaintenanceStepResult['status'], reason: string): void {
    this.#results.set(step, outcome(step, status, reason, this.#rates.expected(step)))
  }

  /** @param why the step is due */
  async #step(step: MaintenanceStep, why: string): Promise<MaintenanceStepResult> {
    const { nowMs, idleMs, untilMs, dryRun } = this.#options
    const seconds = this.#rates.expected(step)
    const leave = (status: MaintenanceStepResult['status'], reason: string) => outcome(step, status, reason, seconds)
    const rewritten = step.expected.bytesRewritten
    const fits = rewritten <= this.#leftBytes
    if (dryRun && fits) {
      this.#leftBytes -= rewritten
      return leave('would run', why)
    }
    const table = await this.#lake.existing(step.definition.path)
    const leftMs = untilMs === null ? Infinity : untilMs - this.#clock()
    if (nowMs - table.snapshot.timestampMs < idleMs) {
      return leave('busy', `it was written in the last ${Math.ceil(idleMs / 60_000)} minutes`)
    }
    if (leftMs <= 0) return leave('postponed', 'the window has closed')
    if (seconds * 1000 > leftMs) {
      return leave(
        'postponed',
        `it takes about ${seconds.toFixed(0)} s, the window has ${(leftMs / 1000).toFixed(0)} s left`,
      )
    }
    const short = `it writes ${megabytes(rewritten)} again, the budget has ${megabytes(this.#leftBytes)} left`
    if (dryRun) return leave('postponed', short)
    const done = await carryOut(this.#lake, table, step, this.#options, leftMs, this.#leftBytes)
    if (done === null) return leave('postponed', fits ? 'the window closed while it was done' : short)
    this.#leftBytes -= done.saved.bytesRewritten
    this.#rates.measured(step.operation, done.saved.bytesRewritten, done.seconds)
    const reason = done.whole ? why : fits ? 'the window closed before its end' : short
    return { ...leave(done.whole ? 'done' : 'in part', reason), saved: done.saved, seconds: done.seconds }
  }

  async #record(assessments: readonly Assessment[]): Promise<void> {
    const { session, root, dryRun } = this.#options
    if (dryRun) return
    const decidedMs = this.#options.nowMs
    const entries = assessments.map((assessment) =>
      entryOf(this.#runId, decidedMs, assessment, assessment.step && this.#results.get(assessment.step)!),
    )
    await recordDecisions(session, root, entries)
  }
}

const outcome = (
  step: MaintenanceStep,
  status: MaintenanceStepResult['status'],
  reason: string,
  expectedSeconds: number,
): MaintenanceStepResult => ({
  table: step.definition.name,
  operation: step.operation,
  status,
  reason,
  expected: step.expected,
  expectedSeconds,
  benefit: step.benefit,
  saved: null,
  seconds: 0,
})

const figure = (value: number): string => String(Math.round(value * 1000) / 1000)

const due = ({ name, value, threshold }: MaintenanceMeasure): string =>
  `${name}: ${figure(value)}, due from ${figure(threshold)} on`

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`

function entryOf(
  runId: string,
  decidedMs: number,
  { definition, operation, measure, version }: Assessment,
  result: MaintenanceStepResult | null,
): DecisionEntry {
  const saved = result?.saved ?? null
  return {
    runId,
    decidedMs,
    table: definition.name,
    operation,
    decision: result === null || result.status === 'would run' ? 'not due' : result.status,
    reason: result?.reason ?? due(measure),
    policy: JSON.stringify(definition.maintenance),
    measure: measure.name,
    measured: measure.value,
    threshold: measure.threshold,
    version,
    benefit: result?.benefit ?? null,
    expectedSeconds: result?.expectedSeconds ?? null,
    expectedBytesRewritten: result?.expected.bytesRewritten ?? null,
    seconds: saved === null ? null : result!.seconds,
    bytesRewritten: saved?.bytesRewritten ?? null,
    bytesFreed: saved?.bytesFreed ?? null,
    filesBefore: saved?.filesBefore ?? null,
    filesAfter: saved?.filesAfter ?? null,
    scannedBytesBefore: saved?.scannedBytesBefore ?? null,
    scannedBytesAfter: saved?.scannedBytesAfter ?? null,
  }
}
