import type { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import type { DataFrame } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'
import { openStore, type ObjectMeta } from '@deltaworks/storage'
import { buildTable, isStale } from './build.js'
import { publishQualityFailure, publishStepFinish, publishStepStart, type StepEvent } from './events.js'
import { passGate, type GateResult } from './gate.js'
import {
  commitIngest,
  landingParts,
  planIngest,
  stagedMalformed,
  stageIngest,
  type IngestPlan,
  type StagedIngest,
} from './ingest.js'
import { disposeLanding } from './landing-disposal.js'
import type { LandingSelection } from './landing.js'
import { Lake } from './lake.js'
import type { LakehouseDefinition } from './lakehouse-definition.js'
import { addToQuarantine, ruleFailures } from './quarantine.js'
import { RunMetrics } from './run-metrics.js'
import { reopenRefused } from './review/decisions.js'
import type { RunContext } from './run-context.js'
import type { IngestedFile, QualityResult, RawProfile, RunResult, StepResult, TableState } from './run-result.js'
import type { SourceDefinition } from './source-definition.js'
import type { TableDefinition } from './table-definition.js'
import { LandingUnpacker } from './unpack/unpack-landing.js'

export interface RunOptions {
  readonly lakehouse: LakehouseDefinition
  readonly configuration: unknown
  readonly session: Session
  /** URI of the lake and of the landing zone. */
  readonly root: string
  readonly landing: string
  /** The run's clock, microseconds since the epoch; a replay gives the original's. */
  readonly nowMicros: bigint
  /** Default: every landing file that is new or changed. */
  readonly selection?: LandingSelection
  readonly signal?: AbortSignal
  /** Landing zones up to this size are processed in memory: read once, each table handed on without being read back. */
  readonly inMemoryBytes?: number
}

const defaultInMemoryBytes = 64 * 1024 * 1024

/** Times that a run begins again because another one was faster, and the longest first wait before it does. */
const maxRestarts = 8
const restartWaitMs = 50

/**
 * Runs a lakehouse: landing files to raw tables, through the quality gate, to processed and analytics tables.
 * Everything that is up to date is left alone. A failed critical rule ends the run before anything is built behind it.
 *
 * Runs may overlap: each commit happens once, and the run that loses one looks again at what there is now and goes on with
 * what is left. @throws DeltaError DW-DELTA-0016 and its kin if it loses too often
 */
export async function runLakehouse(options: RunOptions): Promise<RunResult> {
  const landing = openStore(options.landing)
  let listing = await landing.list('')
  const run = new Run(runContext(options, listing))
  for (let attempt = 1; ; attempt++) {
    try {
      return await run.execute(listing, options.inMemoryBytes ?? defaultInMemoryBytes)
    } catch (error) {
      if (!isLostRace(error) || attempt > maxRestarts || options.signal?.aborted === true) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * restartWaitMs * 2 ** (attempt - 1)))
      listing = await landing.list('')
      run.restart(runContext(options, listing))
    } finally {
      run.releaseUnpacked()
    }
  }
}

/** A conflict, or a table that appeared between looking for it and making it. */
const isLostRace = (error: unknown): boolean =>
  isDeltaworksError(error) && (error.fault === 'conflict' || error.code === 'DW-TABLE-0011')

export function runContext(options: RunOptions, listing: readonly ObjectMeta[]): RunContext {
  const lake = new Lake(options.session, options.root)
  return {
    runId: runIdOf(options.nowMicros),
    nowMicros: options.nowMicros,
    lakehouse: options.lakehouse,
    configuration: options.configuration,
    lake,
    metrics: new RunMetrics(lake),
    landing: openStore(options.landing),
    selection: options.selection ?? {},
    unpacker: new LandingUnpacker(),
    signal: options.signal,
    keepInMemory:
      listing.reduce((sum, file) => sum + file.sizeBytes, 0) <= (options.inMemoryBytes ?? defaultInMemoryBytes),
  }
}

const runIdOf = (nowMicros: bigint): string =>
  new Date(Number(nowMicros / 1000n))
    .toISOString()
    .replaceAll(/[-:]/g, '')
    .replace(/\.(\d+)Z/, '$1Z')

/** The state of one run: what its steps did so far. */
class Run {
  #context: RunContext
  readonly #startedMs = Date.now()
  readonly #origin = performance.now()
  #steps: StepResult[] = []
  #files: IngestedFile[] = []
  #quality: QualityResult[] = []
  /** Rules whose failure was published: once a run, however often it begins again. */
  readonly #told = new Set<string>()
  readonly #stepCount: number
  #profiles: RawProfile[] = []
  #quarantined = 0
  /** Rows of gated tables without those that were refused: what builds read. */
  readonly #good = new Map<string, DataFrame>()
  /** Steps that committed before the run began again: they are not done twice, and not told twice. */
  #done: ReadonlySet<string> = new Set()

  constructor(context: RunContext) {
    this.#context = context
    this.#stepCount = context.lakehouse.tables.length
  }

  async execute(listing: readonly ObjectMeta[], inMemoryBytes: number): Promise<RunResult> {
    const { tables } = this.#context.lakehouse
    await this.#context.lake.preload(tables.map((table) => table.path))
    await this.ingest(
      tables.filter((table) => table.source !== null),
      listing,
      inMemoryBytes,
    )
    const passed = await this.gateAndBuild(tables.filter((table) => table.build !== null))
    await this.#context.metrics.flush()
    return this.result(passed)
  }

  /** Removes the temporary files of packed landing files. */
  releaseUnpacked(): void {
    this.#context.unpacker.close()
  }

  /** Forgets what this run has seen, and keeps what it has committed. */
  restart(context: RunContext): void {
    this.releaseUnpacked()
    this.#context = context
    this.#good.clear()
    this.#steps = this.#steps.filter((step) => step.status === 'written')
    this.#done = new Set(this.#steps.map((step) => step.step))
    const written = new Set(this.#steps.filter((step) => step.kind !== 'quarantine').map((step) => step.table))
    this.#files = this.#files.filter((file) => written.has(file.table))
    this.#quality = this.#quality.filter((result) => written.has(result.table))
    this.#profiles = []
  }

  /** Malformed rows of all sources are quarantined before any raw table says that it has their files. */
  async ingest(
    tables: readonly TableDefinition[],
    listing: readonly ObjectMeta[],
    inMemoryBytes: number,
  ): Promise<void> {
    let context = this.#context
    let unpackedBytes = 0
    const staged: { readonly staged: StagedIngest; readonly startMs: number }[] = []
    const planned: IngestPlan[] = []
    for (const table of tables) {
      const startMs = this.#now()
      const plan = await planIngest(table, listing, context)
      planned.push(plan)
      const told = new Set(this.#files.filter((file) => file.table === table.name).map((file) => file.path))
      const fresh = plan.files.filter((file) => file.state !== 'known' || !told.has(file.path))
      this.#files.push(
        ...fresh.map(({ path, sizeBytes, sha256, state }) => ({
          table: table.name,
          path,
          sizeBytes,
          sha256,
          state,
        })),
      )
      if (plan.pending.length === 0) {
        this.#unchanged(`ingest ${table.name}`, 'ingest', table, startMs)
        continue
      }
      this.#start(`ingest ${table.name}`, 'ingest')
      const parts = await landingParts(plan, context)
      unpackedBytes += parts.reduce((sum, part) => sum + part.sizeBytes, 0)
      // Packed files may be small in the listing and large to read.
      if (unpackedBytes > inMemoryBytes && context.keepInMemory) {
        context = { ...context, keepInMemory: false }
        this.#context = context
      }
      staged.push({ staged: await stageIngest(plan, context, parts), startMs })
    }
    const malformed = staged.filter(
      ({ staged }) => staged.rowsMalformed > 0 && staged.table.source!.malformed === 'quarantine',
    )
    if (malformed.length > 0) {
      await this.#quarantine(
        malformed.map(({ staged }) => stagedMalformed(staged, context)).reduce((a, b) => a.union(b)),
        'quarantine malformed rows',
      )
    }
    for (const {
      staged: { table, ...stage },
      startMs,
    } of staged) {
      const written = await commitIngest({ table, ...stage }, context)
      const step = this.#step({
        step: `ingest ${table.name}`,
        kind: 'ingest',
        table,
        status: 'written',
        startMs,
        rowsIn: stage.rowsRead,
        rowsQuarantined: table.source!.malformed === 'quarantine' ? stage.rowsMalformed : 0,
        note: malformedNote(table.source!.malformed, stage.rowsMalformed),
        ...writtenBy(written),
      })
      this.#steps.push(step)
      this.#finish(step)
    }
    for (const { table, files } of planned) await disposeLanding(table.source!, files, context)
  }

  /** @returns false if a critical rule failed; what was built before it stays, nothing behind it is built */
  async gateAndBuild(tables: readonly TableDefinition[]): Promise<boolean> {
    for (const table of tables) {
      const startMs = this.#now()
      if (!(await isStale(table, this.#context))) {
        this.#unchanged(`build ${table.name}`, 'build', table, startMs)
        continue
      }
      const inputs: Record<string, DataFrame> = {}
      for (const [name, input] of Object.entries(table.from)) {
        const rows = await this.#goodRows(input)
        if (rows === null) return false
        inputs[name] = rows
      }
      if (!(await this.#build(table, inputs))) return false
    }
    return true
  }

  async #build(table: TableDefinition, inputs: Readonly<Record<string, DataFrame>>): Promise<boolean> {
    const startMs = this.#now()
    this.#start(`build ${table.name}`, 'build')
    const former = await this.#context.lake.version(table.path)
    let rowsIn = 0
    for (const input of Object.values(table.from)) {
      rowsIn += (await this.#context.lake.existing(input.path)).detail().numRows ?? 0
    }
    const built = await buildTable(table, inputs, this.#context, (gate) => this.#quarantineFailures(table, gate))
    this.#judged(table, built.gate.results)
    const step = this.#step({
      step: `build ${table.name}`,
      kind: 'build',
      table,
      status: built.table === null ? 'failed' : built.table.version === former ? 'unchanged' : 'written',
      startMs,
      rowsIn,
      ...(built.table === null ? {} : writtenBy(built.table)),
    })
    this.#steps.push(step)
    this.#finish(step)
    return built.table !== null
  }

  /** A table's rows as builds may read them; a raw table passes its gate first, once a run. @returns null if it does not pass */
  async #goodRows(table: TableDefinition): Promise<DataFrame | null> {
    const { lake } = this.#context
    if (table.source === null) return lake.frame(table.path)
    const known = this.#good.get(table.path)
    if (known !== undefined) return known
    const startMs = this.#now()
    this.#start(`check ${table.name}`, 'quality')
    const rows = await lake.frame(table.path)
    const gate = await passGate(table, rows, this.#context)
    const refused = await this.#quarantineFailures(table, gate)
    this.#judged(table, gate.results)
    if (gate.profile !== null) this.#profiles.push({ table: table.name, ...gate.profile })
    const step = this.#step({
      step: `check ${table.name}`,
      kind: 'quality',
      table,
      status: gate.criticalFailed ? 'failed' : 'checked',
      startMs,
      rowsQuarantined: refused,
    })
    this.#steps.push(step)
    this.#finish(step)
    if (gate.criticalFailed) return null
    this.#good.set(table.path, gate.good)
    return gate.good
  }

  /** @returns how many rows were refused */
  async #quarantineFailures(table: TableDefinition, gate: GateResult): Promise<number> {
    const failures = (
      [
        ['refused', gate.refused],
        ['flagged', gate.flagged],
      ] as const
    ).flatMap(([disposition, rows]) => (rows === null ? [] : [ruleFailures(rows, table, disposition, this.#context)]))
    if (failures.length === 0) return 0
    return this.#quarantine(
      failures.reduce((a, b) => a.union(b)),
      `quarantine rows of ${table.name}`,
    )
  }

  async #quarantine(rows: DataFrame, step: string): Promise<number> {
    const startMs = this.#now()
    const { added, table } = await addToQuarantine(rows, this.#context)
    await reopenRefused(rows, this.#context)
    this.#quarantined += added
    this.#steps.push({
      ...this.#step({
        step,
        kind: 'quarantine',
        table: null,
        status: added > 0 ? 'written' : 'unchanged',
        startMs,
        rowsOut: added,
      }),
      ...(added > 0 ? writtenBy(table) : {}),
    })
    return added
  }

  async result(passed: boolean): Promise<RunResult> {
    const { runId, lakehouse, lake, landing } = this.#context
    const tables: TableState[] = []
    for (const table of lakehouse.tables) {
      const opened = await lake.table(table.path)
      if (opened === null) continue
      const { numRows, numFiles, sizeInBytes } = opened.detail()
      tables.push({
        table: table.name,
        layer: table.layer,
        path: opened.uri,
        version: opened.version,
        rowCount: numRows,
        files: numFiles,
        sizeBytes: sizeInBytes,
      })
    }
    const changed = this.#steps.some((step) => step.status === 'written')
    const refused = this.#quarantined > 0 || this.#steps.some((step) => step.rowsQuarantined > 0)
    const warned = refused || this.#quality.some((rule) => rule.status !== 'passed')
    return {
      runId,
      lakehouse: lakehouse.name,
      root: lake.root,
      landing: landing.uri,
      startedMs: this.#startedMs,
      durationMs: this.#now(),
      status: !passed ? 'quality_failed' : !changed ? 'unchanged' : warned ? 'warnings' : 'succeeded',
      steps: this.#steps,
      files: this.#files,
      quality: this.#quality,
      profiles: this.#profiles,
      quarantined: this.#quarantined,
      tables,
    }
  }

  #unchanged(step: string, kind: StepResult['kind'], table: TableDefinition, startMs: number): void {
    if (this.#done.has(step)) return
    this.#steps.push(this.#step({ step, kind, table, status: 'unchanged', startMs }))
  }

  #judged(table: TableDefinition, results: readonly QualityResult[]): void {
    this.#quality = [...this.#quality.filter((result) => result.table !== table.name), ...results]
    const { runId, lakehouse, lake } = this.#context
    for (const result of results) {
      const key = `${result.table}\n${result.rule}`
      if (result.status === 'passed' || this.#told.has(key)) continue
      this.#told.add(key)
      publishQualityFailure({ runId, lakehouse: lakehouse.name, root: lake.root, version: null, ...result })
    }
  }

  #now(): number {
    return performance.now() - this.#origin
  }

  #step(
    facts: Pick<StepResult, 'step' | 'kind' | 'status' | 'startMs'> &
      Partial<Omit<StepResult, 'table'>> & { readonly table: TableDefinition | null },
  ): StepResult {
    return {
      rowsIn: 0,
      rowsOut: 0,
      rowsQuarantined: 0,
      filesWritten: 0,
      bytesWritten: 0,
      version: null,
      note: null,
      ...facts,
      table: facts.table?.name ?? 'quarantine',
      layer: facts.table?.layer ?? 'quality',
      endMs: this.#now(),
    }
  }

  #start(step: string, kind: StepEvent['kind']): void {
    publishStepStart({ runId: this.#context.runId, step, kind, index: this.#steps.length, count: this.#stepCount })
  }

  #finish(step: StepResult): void {
    publishStepFinish({
      runId: this.#context.runId,
      step: step.step,
      kind: step.kind,
      index: this.#steps.length,
      count: this.#stepCount,
      durationMs: step.endMs - step.startMs,
      rows: step.rowsOut,
    })
  }
}

function malformedNote(malformed: SourceDefinition['malformed'], rows: number): string | null {
  if (rows === 0 || malformed === 'quarantine' || malformed === 'fail') return null
  return `${rows} malformed row${rows > 1 ? 's' : ''} ${malformed === 'keep' ? 'kept' : 'dropped'}`
}

const writtenBy = (table: DeltaTable) => {
  const { rowsWritten, filesWritten, bytesWritten } = table.lastWrite
  return { rowsOut: rowsWritten, filesWritten, bytesWritten, version: table.version }
}
