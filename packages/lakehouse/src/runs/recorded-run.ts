import { isDeltaworksError } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import { isStale } from '../build.js'
import { definitionHash, rulesHash } from '../definition-hash.js'
import { publishRunFinish, publishRunStart } from '../events.js'
import { Lake } from '../lake.js'
import { runContext, runIdOf, runLakehouse, type RunOptions } from '../run.js'
import { noReuse, noUsage, type RunResult, type StepFailure } from '../run-result.js'
import type { BuildContext } from '../table-definition.js'
import { checkBudget, type RunBudget } from './run-budget.js'
import { outOfTime, staleTables } from './errors.js'
import { publish } from './publication.js'
import { recordRun } from './run-journal.js'
import { RunLease, type LeaseHolder } from './run-lease.js'
import {
  finishManifest,
  forgetManifest,
  hasRuns,
  readManifest,
  software,
  writeManifest,
  type RunManifest,
  type RunOutcome,
} from './run-manifest.js'
import type { StepSelection } from './step-graph.js'
import { logicalHash } from './table-hash.js'

export interface RecordedRunOptions extends RunOptions {
  readonly environment: string
  /** Default: made of the run's clock. A run of an id that has ended well is not run again. */
  readonly runId?: string | undefined
  readonly leaseMs?: number
  readonly budget?: RunBudget
}

export type RecordedRun =
  | { readonly kind: 'ran'; readonly result: RunResult }
  /** Another run has the lease: nothing was done. */
  | { readonly kind: 'busy'; readonly holder: LeaseHolder }
  /** The run of this id has ended well before: nothing was done. */
  | { readonly kind: 'done'; readonly manifest: RunManifest }

/**
 * Runs a lakehouse as schedulers do: alone (a lease), with a manifest from which it can be resumed and replayed, a row a
 * step in the journal, and a publication at the end, by which readers see all of its tables at once.
 *
 * A run that found nothing to do leaves no trace. A run of some steps publishes nothing: see `publishLake`.
 * @throws what `runLakehouse` throws; LakehouseError DW-LAKEHOUSE-0041, 0046, 0047 and 0056
 */
export async function runRecorded(options: RecordedRunOptions): Promise<RecordedRun> {
  const runId = options.runId ?? runIdOf(options.nowMicros)
  const former = await readManifest(options.root, runId)
  if (options.runId !== undefined && former !== null && endedWell(former)) return { kind: 'done', manifest: former }
  await checkBudget(options, options.budget ?? {})
  const claim = new RunClaim(await startManifest(runId, former, options), options)
  const event = { runId, lakehouse: options.lakehouse.name, environment: options.environment, root: options.root }
  publishRunStart(event)
  let ended: { readonly result: RunResult | null; readonly error: unknown } = { result: null, error: null }
  try {
    if (await hasRuns(options.root)) await claim.take()
    const beforeWriting = () => claim.take()
    const result = await withinTime(options, (signal) =>
      runLakehouse({ ...options, ...signal, runId, beforeWriting, hashes: true }),
    )
    await claim.check()
    await finish(claim.manifest, result, options)
    ended = { result, error: null }
    return { kind: 'ran', result }
  } catch (error) {
    if (error instanceof LeaseTaken) return { kind: 'busy', holder: error.holder }
    ended = { result: null, error }
    await recordFailure(claim.manifest, error, options)
    throw error
  } finally {
    await claim.release()
    publishRunFinish({ ...event, ...ended })
  }
}

/** Never seen outside: it ends a run whose lease another one has. */
class LeaseTaken extends Error {
  readonly holder: LeaseHolder

  constructor(holder: LeaseHolder) {
    super(`the lease is held by run ${holder.runId}`)
    this.holder = holder
  }
}

/**
 * A run's lease and manifest. In a new lake they are not there before the run writes something, so that bad input leaves
 * nothing; in another one the lease is taken at once, so that two do not read what one will write.
 */
class RunClaim {
  readonly manifest: RunManifest
  readonly #options: RecordedRunOptions
  #lease: RunLease | null = null

  constructor(manifest: RunManifest, options: RecordedRunOptions) {
    this.manifest = manifest
    this.#options = options
  }

  /** @throws LeaseTaken */
  async take(): Promise<void> {
    if (this.#lease !== null) return
    const { root, steps, leaseMs } = this.#options
    const { runId } = this.manifest
    const outcome = await RunLease.acquire(openStore(root), { runId, name: leaseName(steps), durationMs: leaseMs })
    if (outcome.kind === 'taken') throw new LeaseTaken(outcome.holder)
    this.#lease = outcome.lease
    await writeManifest(root, this.manifest)
  }

  async check(): Promise<void> {
    await this.#lease?.check()
  }

  async release(): Promise<void> {
    await this.#lease?.release()
  }
}

const endedWell = ({ finished }: RunManifest): boolean =>
  finished !== null && finished.status !== 'failed' && finished.status !== 'quality_failed'

/** Runs of the same steps exclude each other; `run` is all of them. */
function leaseName(steps: StepSelection = {}): string {
  const parts = Object.entries(steps).flatMap(([key, names]: [string, readonly string[] | undefined]) =>
    names === undefined ? [] : [`${key}-${[...names].sort().join('+')}`],
  )
  return ['run', ...parts]
    .join('_')
    .replaceAll(/[^\w+-]/g, '-')
    .slice(0, 200)
}

const isPartial = (steps: StepSelection = {}): boolean => Object.values(steps).some((names) => names !== undefined)

/** What the run began with. Of a run that is resumed, what its first try began with. */
async function startManifest(
  runId: string,
  former: RunManifest | null,
  options: RecordedRunOptions,
): Promise<RunManifest> {
  const { lakehouse, configuration, session, root } = options
  const lake = new Lake(session, root)
  const resumed = former !== null && former.finished === null
  return {
    formatVersion: 1,
    runId,
    lakehouse: lakehouse.name,
    environment: options.environment,
    landing: options.landing,
    nowMicros: String(options.nowMicros),
    configuration,
    selection: options.selection ?? {},
    steps: options.steps ?? {},
    pinned: options.pinned ?? {},
    startedMs: Date.now(),
    definitions: Object.fromEntries(lakehouse.tables.map((t) => [t.path, definitionHash(t, configuration)])),
    rules: Object.fromEntries(lakehouse.tables.map((t) => [t.path, rulesHash(t, rulesContext(options))])),
    software,
    before: resumed ? former.before : await versionsOf(options, lake),
    finished: null,
  }
}

const rulesContext = ({ configuration, nowMicros }: RecordedRunOptions): BuildContext<never> => ({
  configuration: configuration as never,
  nowMicros,
})

async function versionsOf({ lakehouse }: RecordedRunOptions, lake: Lake): Promise<Readonly<Record<string, number>>> {
  const versions: Record<string, number> = {}
  for (const { path } of lakehouse.tables) versions[path] = await lake.version(path)
  return versions
}

async function finish(manifest: RunManifest, result: RunResult, options: RecordedRunOptions): Promise<void> {
  const { root, session } = options
  const whole = result.status !== 'failed' && result.status !== 'quality_failed' && !isPartial(options.steps)
  const { hashes, ...outcome } = await outcomeOf(manifest, result, options)
  if (whole) await publishVersions(root, manifest.runId, outcome.versions, hashes)
  if (result.status === 'unchanged' && outcome.written.length === 0) {
    await forgetManifest(root, manifest.runId)
    return
  }
  await recordRun(session, root, result, options)
  await finishManifest(root, { ...manifest, finished: { ...outcome, hashes } }, whole)
}

/** The tables as the run leaves them, with the hashes of those that it (or a try of it before) wrote. */
async function outcomeOf(
  manifest: RunManifest,
  result: RunResult,
  { session, root, lakehouse, signal }: RecordedRunOptions,
): Promise<RunOutcome> {
  const versions: Record<string, number> = {}
  const hashes: Record<string, string> = {}
  const written: string[] = []
  for (const { path, name } of lakehouse.tables) {
    const state = result.tables.find(({ table }) => table === name)
    if (state === undefined) continue
    versions[path] = state.version
    if (state.version === manifest.before[path]) continue
    written.push(path)
    hashes[path] = state.hash ?? (await logicalHash(session, await new Lake(session, root).frame(path), signal))
  }
  return { status: result.status, finishedMs: Date.now(), versions, written, hashes }
}

/** @returns false if the newest publication has these versions already */
export async function publishVersions(
  root: string,
  runId: string,
  versions: Readonly<Record<string, number>>,
  hashes: Readonly<Record<string, string>>,
): Promise<boolean> {
  const published = await publish(root, (latest) => {
    const same =
      latest !== null &&
      Object.keys(latest.versions).length === Object.keys(versions).length &&
      Object.entries(versions).every(([path, version]) => latest.versions[path] === version)
    if (same) return null
    const known = Object.entries(latest?.hashes ?? {}).filter(([path]) => latest!.versions[path] === versions[path])
    return { runId, publishedMs: Date.now(), versions, hashes: { ...Object.fromEntries(known), ...hashes } }
  })
  return published !== null
}

/**
 * Publishes the tables that runs of some steps have left: the last step of a scheduler that runs each table as a task.
 * @returns false if the newest publication has them already
 * @throws LakehouseError DW-LAKEHOUSE-0045 if a table is not up to date with what it is built from; then nothing is published
 */
export async function publishLake(options: RecordedRunOptions): Promise<boolean> {
  const context = runContext(options, [])
  const stale: string[] = []
  for (const table of options.lakehouse.tables) {
    if (table.build !== null && (await isStale(table, context))) stale.push(table.name)
  }
  if (stale.length > 0) throw staleTables(stale)
  const versions = Object.entries(await versionsOf(options, context.lake)).filter(([, version]) => version >= 0)
  return publishVersions(options.root, context.runId, Object.fromEntries(versions), {})
}

/**
 * A run that wrote something and then ended with an error can be resumed: its manifest stays. One that wrote nothing because of
 * what it was given leaves nothing; one that was interrupted is no failure.
 */
async function recordFailure(manifest: RunManifest, error: unknown, options: RecordedRunOptions): Promise<void> {
  try {
    const versions = await versionsOf(options, new Lake(options.session, options.root))
    const wrote = Object.entries(versions).some(([path, version]) => version !== manifest.before[path])
    const interrupted = options.signal?.aborted === true
    if (!wrote && !interrupted) await forgetManifest(options.root, manifest.runId)
    if (interrupted || !isDeltaworksError(error) || (!wrote && (error.fault === 'usage' || error.fault === 'data')))
      return
    await recordRun(options.session, options.root, failedResult(manifest.runId, error, options), options)
  } catch {
    // The error that ended the run is the one to tell.
  }
}

const failedResult = (
  runId: string,
  { code, fault, message }: Pick<StepFailure, 'code' | 'fault' | 'message'>,
  { lakehouse, root, landing }: RecordedRunOptions,
): RunResult => ({
  runId,
  lakehouse: lakehouse.name,
  root,
  landing,
  startedMs: Date.now(),
  durationMs: 0,
  status: 'failed',
  steps: [],
  failures: [{ step: 'run', table: '', code, fault, message }],
  files: [],
  quality: [],
  profiles: [],
  quarantined: 0,
  tables: [],
  usage: noUsage,
  reuse: noReuse,
  metrics: [],
})

/** @throws LakehouseError DW-LAKEHOUSE-0047 */
async function withinTime<T>(
  { budget, signal }: RecordedRunOptions,
  task: (signal: { readonly signal?: AbortSignal }) => Promise<T>,
): Promise<T> {
  const timeMs = budget?.timeMs
  if (timeMs === undefined) return task({})
  const bound = AbortSignal.timeout(timeMs)
  try {
    return await task({ signal: signal === undefined ? bound : AbortSignal.any([signal, bound]) })
  } catch (error) {
    throw bound.aborted && signal?.aborted !== true ? outOfTime(timeMs) : error
  }
}
