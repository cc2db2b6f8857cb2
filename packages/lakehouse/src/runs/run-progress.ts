import type { DeltaTable } from '@deltaworks/delta-table'
import { publishQualityFailure, publishStepFinish, publishStepStart, type StepEvent } from '../events.js'
import type { BatchProfile } from '../profile/batch-profile.js'
import type { IngestedFile, QualityResult, StepFailure, StepResult } from '../run-result.js'
import type { RunContext } from '../run-context.js'
import type { TableDefinition } from '../table-definition.js'

/** What a step says of itself when it ends; the rest has a default. */
export type StepFacts = Pick<StepResult, 'step' | 'kind' | 'status' | 'startMs'> &
  Partial<Omit<StepResult, 'table'>> & { readonly table: TableDefinition | null }

/** What a run has done so far, and the telling of it. */
export class RunProgress {
  readonly startedMs = Date.now()
  readonly #origin = performance.now()
  readonly #stepCount: number
  steps: StepResult[] = []
  files: IngestedFile[] = []
  quality: QualityResult[] = []
  profiles: BatchProfile[] = []
  failures: StepFailure[] = []
  quarantined = 0
  /** Rules whose failure was published: once a run, however often it begins again. */
  readonly #told = new Set<string>()
  /** Steps that committed before the run began again: they are not done twice, and not told twice. */
  #done: ReadonlySet<string> = new Set()

  constructor(stepCount: number) {
    this.#stepCount = stepCount
  }

  /** Milliseconds since the run began. */
  now(): number {
    return performance.now() - this.#origin
  }

  /** Forgets what was seen, and keeps what was committed. */
  restart(): void {
    this.steps = this.steps.filter((step) => step.status === 'written')
    this.#done = new Set(this.steps.map((step) => step.step))
    const written = new Set(this.steps.filter((step) => step.kind !== 'quarantine').map((step) => step.table))
    this.files = this.files.filter((file) => written.has(file.table))
    this.quality = this.quality.filter((result) => written.has(result.table))
    this.profiles = this.profiles.filter(({ table }) => written.has(table))
    this.failures = []
  }

  start(runId: string, step: string, kind: StepEvent['kind']): void {
    publishStepStart({ runId, step, kind, index: this.steps.length, count: this.#stepCount })
  }

  /** A step that is worth an event. */
  finish(runId: string, facts: StepFacts): void {
    const step = this.add(facts)
    publishStepFinish({
      runId,
      step: step.step,
      kind: step.kind,
      index: this.steps.length,
      count: this.#stepCount,
      durationMs: step.endMs - step.startMs,
      rows: step.rowsOut,
      result: step,
      failure: this.failures.find((failure) => failure.step === step.step) ?? null,
    })
  }

  add(facts: StepFacts): StepResult {
    const step: StepResult = {
      rowsIn: 0,
      rowsOut: 0,
      rowsQuarantined: 0,
      filesWritten: 0,
      bytesWritten: 0,
      version: null,
      note: null,
      attempts: 1,
      ...facts,
      table: facts.table?.name ?? 'quarantine',
      layer: facts.table?.layer ?? 'quality',
      endMs: this.now(),
    }
    this.steps.push(step)
    return step
  }

  unchanged(step: string, kind: StepResult['kind'], table: TableDefinition, startMs: number): void {
    if (!this.#done.has(step)) this.add({ step, kind, table, status: 'unchanged', startMs })
  }

  judged(
    table: TableDefinition,
    results: readonly QualityResult[],
    { runId, lakehouse, lake }: Pick<RunContext, 'runId' | 'lakehouse' | 'lake'>,
  ): void {
    this.quality = [...this.quality.filter((result) => result.table !== table.name), ...results]
    for (const result of results) {
      const key = `${result.table}\n${result.rule}`
      if (result.status === 'passed' || this.#told.has(key)) continue
      this.#told.add(key)
      publishQualityFailure({ runId, lakehouse: lakehouse.name, root: lake.root, version: null, ...result })
    }
  }
}

/** What a step that wrote a table says of it. */
export const writtenBy = (table: DeltaTable) => {
  const { rowsWritten, filesWritten, bytesWritten } = table.lastWrite
  return { rowsOut: rowsWritten, filesWritten, bytesWritten, version: table.version }
}
