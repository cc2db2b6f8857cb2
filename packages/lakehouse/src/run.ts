import type { Session } from '@deltaworks/engine'
import type { DataFrame } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'
import { openStore, type ObjectMeta } from '@deltaworks/storage'
import { buildTable, isStale } from './build.js'
import { passGate, type GateResult } from './gate.js'
import { landingFiles, type LandingSelection } from './landing.js'
import { LandingRanges } from './landing-ranges.js'
import { Lake } from './lake.js'
import type { LakehouseDefinition } from './lakehouse-definition.js'
import { addToQuarantine, ruleFailures } from './quarantine.js'
import { computeMetrics } from './metrics/compute-metrics.js'
import { pinnedPaths } from './raw-versions.js'
import { expireRows } from './retention.js'
import { reopenRefused } from './review/decisions.js'
import type { RunContext } from './run-context.js'
import type { RunResult, TableState } from './run-result.js'
import { defaultRetryPolicy, retryStep, type RetryPolicy } from './runs/retry-step.js'
import { RunMetrics } from './runs/run-metrics.js'
import { FrameCache } from './runs/frame-cache.js'
import { Ingestion } from './runs/ingestion.js'
import { runInOrder } from './runs/run-in-order.js'
import { SharedInputs } from './runs/shared-inputs.js'
import { RunProgress, writtenBy } from './runs/run-progress.js'
import { selectedTables, type StepSelection } from './runs/step-graph.js'
import { logicalHash } from './runs/table-hash.js'
import { WrittenHashes } from './runs/written-hashes.js'
import { withSourceOffsets } from './source-offsets.js'
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
  /** Default: made of the clock. */
  readonly runId?: string | undefined
  /** Default: every landing file that is new or changed. */
  readonly selection?: LandingSelection
  /** Default: every step. */
  readonly steps?: StepSelection
  /** For tables that do not say it themselves; default: one try, as long as it takes. */
  readonly retry?: Partial<RetryPolicy>
  /** Tables that are built at once; default: 1 on a local disk, where each build has all cores, else 4. */
  readonly parallelism?: number
  /**
   * Versions of raw tables, by name. Nothing is ingested then, and whatever is built from these tables is built again from those
   * versions, whole. The next usual run builds from the newest again.
   */
  readonly pinned?: Readonly<Record<string, number>>
  /** Paths of landing files to look at instead of listing the landing zone: somebody tells of them. */
  readonly candidates?: readonly string[]
  readonly signal?: AbortSignal
  /** Whether the tables that it writes are hashed: see `logicalHash`. */
  readonly hashes?: boolean
  /** Called once, before the run writes anything; what it throws ends the run. */
  readonly beforeWriting?: () => Promise<void>
  /** Memory for rows that are read again in the run; default: a quarter of the session's budget. */
  readonly frameBytes?: number
  /** Landing zones up to this size are processed in memory: read once, each table handed on without being read back. */
  readonly inMemoryBytes?: number
}

const defaultInMemoryBytes = 64 * 1024 * 1024

/** Times that a run begins again because another one was faster, and the longest first wait before it does. */
const maxRestarts = 8
const restartWaitMs = 50

/**
 * Runs a lakehouse: landing files to raw tables, through the quality gate, to processed and analytics tables.
 * Everything that is up to date is left alone. Nothing is built behind a failed critical rule or a failed step; what does not
 * depend on it is.
 *
 * Runs may overlap: each commit happens once, and the run that loses one looks again at what there is now and goes on with
 * what is left. @throws DeltaError DW-DELTA-0016 and its kin if it loses too often
 */
export async function runLakehouse(options: RunOptions): Promise<RunResult> {
  const landing = openStore(options.landing)
  let listing = await landingFiles(landing, options.candidates)
  const run = new Run(runContext(options, listing), options)
  for (let attempt = 1; ; attempt++) {
    try {
      return await run.execute(listing, options.inMemoryBytes ?? defaultInMemoryBytes)
    } catch (error) {
      if (!isLostRace(error) || attempt > maxRestarts || options.signal?.aborted === true) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * restartWaitMs * 2 ** (attempt - 1)))
      listing = await landingFiles(landing, options.candidates)
      run.restart(runContext(options, listing))
    } finally {
      run.release()
    }
  }
}

/** A conflict, or a table that appeared between looking for it and making it. */
const isLostRace = (error: unknown): boolean =>
  isDeltaworksError(error) && (error.fault === 'conflict' || error.code === 'DW-TABLE-0011')

export function runContext(options: RunOptions, listing: readonly ObjectMeta[]): RunContext {
  const pinned = pinnedPaths(options.lakehouse, options.pinned)
  const frames = new FrameCache(options.session.pool, options.frameBytes)
  const lake = new Lake(options.session, options.root, pinned, 'newest', frames)
  return {
    pinned,
    runId: options.runId ?? runIdOf(options.nowMicros),
    nowMicros: options.nowMicros,
    lakehouse: options.lakehouse,
    configuration: options.configuration,
    lake,
    metrics: new RunMetrics(lake),
    landing: openStore(options.landing),
    selection: options.selection ?? {},
    listsAll: options.candidates === undefined,
    unpacker: new LandingUnpacker(),
    ranges: new LandingRanges(options.session),
    signal: options.signal,
    keepInMemory:
      listing.reduce((sum, file) => sum + file.sizeBytes, 0) <= (options.inMemoryBytes ?? defaultInMemoryBytes),
  }
}

export const runIdOf = (nowMicros: bigint): string =>
  new Date(Number(nowMicros / 1000n))
    .toISOString()
    .replaceAll(/[-:]/g, '')
    .replace(/\.(\d+)Z/, '$1Z')

/** One run over the steps that it is about. */
class Run {
  #context: RunContext
  readonly #options: RunOptions
  readonly #selected: ReadonlySet<TableDefinition>
  readonly #progress: RunProgress
  /** Rows of gated tables without those that were refused: what builds read. Null: the gate did not let them pass. */
  readonly #good = new Map<string, Promise<DataFrame | null>>()
  /** Tables that nothing may be built from now: they, or what they are built from, failed. */
  readonly #blocked = new Set<TableDefinition>()
  #refused = false
  #begun: Promise<void> | null = null
  #shared: SharedInputs
  readonly #spilledBefore: number
  readonly #hashes: WrittenHashes
  readonly #ingestion: Ingestion
  /** One writes to the quarantine at a time. */
  #quarantining: Promise<unknown> = Promise.resolve()

  constructor(context: RunContext, options: RunOptions) {
    this.#context = context
    this.#options = options
    this.#spilledBefore = options.session.spill.writtenBytes
    this.#selected = selectedTables(options.lakehouse, options.steps ?? {})
    this.#progress = new RunProgress(this.#selected.size)
    this.#shared = new SharedInputs([...this.#selected])
    this.#hashes = new WrittenHashes(options.root)
    this.#ingestion = new Ingestion({
      progress: this.#progress,
      hashes: options.hashes === true ? this.#hashes : null,
      policy: (table) => this.#policy(table),
      beforeWriting: () => this.#beforeWriting(),
      quarantine: (rows, step) => this.#quarantine(rows, step),
    })
  }

  async execute(listing: readonly ObjectMeta[], inMemoryBytes: number): Promise<RunResult> {
    const tables = this.#context.lakehouse.tables.filter((table) => this.#selected.has(table))
    await this.#context.lake.preload(this.#context.lakehouse.tables.map((table) => table.path))
    await this.#streamIfLarge(inMemoryBytes)
    const raw = tables.filter((table) => table.source !== null)
    if (this.#context.pinned.size === 0) {
      this.#context = await this.#ingestion.run(raw, listing, this.#context, inMemoryBytes)
      await this.#expire(raw)
    }
    await this.buildAll(tables.filter((table) => table.build !== null))
    if (this.#context.metrics.any) {
      await this.#beforeWriting()
      await this.#context.metrics.flush()
    }
    return this.result()
  }

  /** Landing files may be few because they were archived, or because only new ones are told: the tables tell how much there is. */
  async #streamIfLarge(inMemoryBytes: number): Promise<void> {
    if (!this.#context.keepInMemory) return
    const { lake, lakehouse } = this.#context
    let bytes = 0
    for (const { source, path } of lakehouse.tables) {
      if (source !== null) bytes += (await lake.table(path))?.detail().sizeInBytes ?? 0
    }
    if (bytes > inMemoryBytes) this.#context = { ...this.#context, keepInMemory: false }
  }

  /** Removes the temporary files of packed landing files, and gives back the memory of frames. */
  release(): void {
    this.#context.unpacker.close()
    this.#context.lake.frames.close()
  }

  /** Forgets what this run has seen, and keeps what it has committed. */
  restart(context: RunContext): void {
    this.release()
    this.#context = context
    this.#shared = new SharedInputs([...this.#selected])
    this.#good.clear()
    this.#blocked.clear()
    this.#refused = false
    this.#progress.restart()
  }

  async #expire(tables: readonly TableDefinition[]): Promise<void> {
    for (const table of tables) {
      const { retentionDays } = table.source!
      if (retentionDays === null) continue
      const startMs = this.#progress.now()
      await this.#beforeWriting()
      const written = await expireRows(table, this.#context)
      if (written === null) continue
      const note = `rows ingested more than ${retentionDays} days ago are removed`
      const step = `expire ${table.name}`
      this.#progress.add({ step, kind: 'ingest', table, status: 'written', startMs, note, version: written.version })
    }
  }

  /** Builds what is stale, each table behind those that it reads; what depends on a failure is skipped, the rest goes on. */
  async buildAll(tables: readonly TableDefinition[]): Promise<void> {
    const limit = this.#options.parallelism ?? (this.#context.lake.root.startsWith('file:') ? 1 : 4)
    const again = new Set(this.#context.pinned.keys())
    for (const table of tables) {
      if (Object.values(table.from).some((input) => again.has(input.path))) again.add(table.path)
    }
    await runInOrder(
      tables,
      (table) => Object.values(table.from),
      limit,
      (table) => this.#buildStep(table, again),
    )
  }

  /** @param again tables to build whether they are stale or not */
  async #buildStep(table: TableDefinition, again: ReadonlySet<string>): Promise<void> {
    const step = `build ${table.name}`
    const startMs = this.#progress.now()
    let attempts = 1
    try {
      if (this.#skipped(table, step, startMs)) return
      const wanted = this.#context.pinned.size > 0 ? again.has(table.path) : await isStale(table, this.#context)
      if (!wanted) {
        this.#progress.unchanged(step, 'build', table, startMs)
        return
      }
      const inputs: Record<string, DataFrame> = {}
      for (const [name, input] of Object.entries(table.from)) {
        const rows = await this.#goodRows(input)
        if (rows === null) this.#blocked.add(input)
        else inputs[name] = table.incremental ? rows : await this.#shared.rowsOf(input, rows, this.#context)
      }
      if (this.#skipped(table, step, startMs)) return
      await retryStep(step, this.#policy(table), this.#context.signal, (signal, attempt) => {
        attempts = attempt
        return this.#build(table, inputs, { ...this.#context, signal }, attempt)
      })
    } catch (error) {
      if (isLostRace(error) || this.#context.signal?.aborted === true || !isDeltaworksError(error)) throw error
      this.#blocked.add(table)
      const { code, fault, message } = error
      this.#progress.failures.push({ step, table: table.name, code, fault, message })
      const facts = { step, kind: 'build', table, status: 'failed', startMs, attempts, note: message } as const
      this.#progress.finish(this.#context.runId, facts)
    } finally {
      this.#shared.ended(table, this.#context)
    }
  }

  /** Whether an input of the table failed; the step is told then. */
  #skipped(table: TableDefinition, step: string, startMs: number): boolean {
    const missing = Object.values(table.from).filter((input) => this.#blocked.has(input))
    if (missing.length === 0) return false
    this.#blocked.add(table)
    const note = `${[...new Set(missing.map(({ name }) => name))].join(', ')} failed`
    this.#progress.add({ step, kind: 'build', table, status: 'skipped', startMs, note })
    return true
  }

  #policy(table: TableDefinition): RetryPolicy {
    return { ...defaultRetryPolicy, ...this.#options.retry, ...table.retry }
  }

  async #build(
    table: TableDefinition,
    inputs: Readonly<Record<string, DataFrame>>,
    context: RunContext,
    attempts: number,
  ): Promise<void> {
    const startMs = this.#progress.now()
    this.#progress.start(context.runId, `build ${table.name}`, 'build')
    const former = await context.lake.version(table.path)
    let rowsIn = 0
    for (const input of Object.values(table.from)) {
      rowsIn += (await context.lake.existing(input.path)).detail().numRows ?? 0
    }
    await this.#beforeWriting()
    const built = await buildTable(table, inputs, context, (gate) => this.#quarantineFailures(table, gate))
    this.#progress.judged(table, built.gate.results, context)
    if (built.table === null) {
      this.#refused = true
      this.#blocked.add(table)
    }
    this.#progress.finish(context.runId, {
      step: `build ${table.name}`,
      kind: 'build',
      table,
      status: built.table === null ? 'failed' : built.table.version === former ? 'unchanged' : 'written',
      startMs,
      rowsIn,
      attempts,
      ...(built.table === null ? { note: 'a critical rule failed' } : writtenBy(built.table)),
      ...(built.incremental === undefined ? {} : { note: incrementalNotes[built.incremental] }),
    })
  }

  /** A table's rows as builds may read them; a raw table passes its gate first, once a run. @returns null if it does not pass */
  async #goodRows(table: TableDefinition): Promise<DataFrame | null> {
    if (table.source === null) return this.#context.lake.frame(table.path)
    let rows = this.#good.get(table.path)
    if (rows === undefined) {
      rows = this.#passGate(table)
      this.#good.set(table.path, rows)
    }
    return rows
  }

  async #passGate(table: TableDefinition): Promise<DataFrame | null> {
    const { lake, runId } = this.#context
    const startMs = this.#progress.now()
    this.#progress.start(runId, `check ${table.name}`, 'quality')
    const gate = await passGate(table, await lake.frame(table.path), this.#context)
    const refused = await this.#quarantineFailures(table, gate)
    this.#progress.judged(table, gate.results, this.#context)
    if (gate.criticalFailed) this.#refused = true
    this.#progress.finish(runId, {
      step: `check ${table.name}`,
      kind: 'quality',
      table,
      status: gate.criticalFailed ? 'failed' : 'checked',
      startMs,
      rowsQuarantined: refused,
    })
    return gate.criticalFailed ? null : gate.good
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
    const rows = await withSourceOffsets(
      failures.reduce((a, b) => a.union(b)),
      table,
      this.#context,
    )
    return this.#quarantine(rows, `quarantine rows of ${table.name}`)
  }

  /** To be awaited before each write. */
  #beforeWriting(): Promise<void> {
    this.#begun ??= this.#options.beforeWriting?.() ?? Promise.resolve()
    return this.#begun
  }

  #quarantine(rows: DataFrame, step: string): Promise<number> {
    const added = this.#quarantining.then(() => this.#addToQuarantine(rows, step))
    this.#quarantining = added.catch(() => undefined)
    return added
  }

  async #addToQuarantine(rows: DataFrame, step: string): Promise<number> {
    const startMs = this.#progress.now()
    await this.#beforeWriting()
    const { added, table } = await addToQuarantine(rows, this.#context)
    await reopenRefused(rows, this.#context)
    this.#progress.quarantined += added
    this.#progress.add({
      step,
      kind: 'quarantine',
      table: null,
      status: added > 0 ? 'written' : 'unchanged',
      startMs,
      rowsOut: added,
      ...(added > 0 ? { ...writtenBy(table), rowsOut: added } : {}),
    })
    return added
  }

  async #hashOf({ path }: TableDefinition, version: number): Promise<string> {
    const { lake } = this.#context
    return this.#hashes.of(path, version) ?? logicalHash(lake.session, await lake.frame(path))
  }

  async result(): Promise<RunResult> {
    const { steps, files, quality, profiles, failures, quarantined, startedMs } = this.#progress
    const { runId, lakehouse, lake, landing } = this.#context
    const tables: TableState[] = []
    const hashed = this.#options.hashes === true ? steps : []
    const written = new Set(hashed.filter(({ status }) => status === 'written').map(({ table }) => table))
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
        hash: written.has(table.name) ? await this.#hashOf(table, opened.version) : null,
      })
    }
    const changed = steps.some((step) => step.status === 'written')
    const { spill, pool } = lake.session
    const refused = quarantined > 0 || steps.some((step) => step.rowsQuarantined > 0)
    const warned = refused || quality.some((rule) => rule.status !== 'passed')
    const fine = !changed ? 'unchanged' : warned ? 'warnings' : 'succeeded'
    return {
      runId,
      lakehouse: lakehouse.name,
      root: lake.root,
      landing: landing.uri,
      startedMs,
      durationMs: this.#progress.now(),
      status: failures.length > 0 ? 'failed' : this.#refused ? 'quality_failed' : fine,
      steps,
      failures,
      files,
      quality,
      profiles,
      quarantined,
      tables,
      usage: {
        spilledBytes: spill.writtenBytes - this.#spilledBefore,
        temporaryBytes: spill.peakBytes,
        memoryBytes: pool.peakBytes,
      },
      reuse: lake.frames.reuse,
      metrics: changed ? await computeMetrics(lakehouse, lake, this.#context.signal) : [],
    }
  }
}

const incrementalNotes = {
  append: 'from new rows alone, which were appended',
  aggregate: 'from new rows alone, whose groups were merged',
} as const
