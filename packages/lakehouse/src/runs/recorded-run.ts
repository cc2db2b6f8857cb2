import { scan } from '@deltaworks/plan'
import { isDeltaworksError } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import { isStale } from '../build.js'
import { definitionHash } from '../definition-hash.js'
import { Lake } from '../lake.js'
import { runContext, runIdOf, runLakehouse, type RunOptions } from '../run.js'
import type { RunResult, StepFailure } from '../run-result.js'
import { checkBudget, type RunBudget } from './run-budget.js'
import { outOfTime, staleTables } from './errors.js'
import { publish } from './publication.js'
import { recordRun } from './run-journal.js'
import { RunLease, type LeaseHolder } from './run-lease.js'
import { forgetManifest, readManifest, writeManifest, type RunManifest, type RunOutcome } from './run-manifest.js'
import type { StepSelection } from './step-graph.js'
import { logicalHash } from './table-hash.js'

export interface RecordedRunOptions extends RunOptions {
  readonly environment: string
  /** Default: made of the run's clock. A run of an id that has ended well is not run again. */
  readonly runId?: string
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
 * @throws what `runLakehouse` throws; LakehouseError DW-LAKEHOUSE-0031, 0036 and 0037
 */
export async function runRecorded(options: RecordedRunOptions): Promise<RecordedRun> {
  const { root } = options
  const runId = options.runId ?? runIdOf(options.nowMicros)
  const store = openStore(root)
  const leaseOptions = { runId, name: leaseName(options.steps), durationMs: options.leaseMs }
  const outcome = await RunLease.acquire(store, leaseOptions)
  if (outcome.kind === 'taken') return { kind: 'busy', holder: outcome.holder }
  const { lease } = outcome
  try {
    const former = await readManifest(root, runId)
    if (options.runId !== undefined && former !== null && endedWell(former)) return { kind: 'done', manifest: former }
    await checkBudget(options, options.budget ?? {})
    const manifest = await startManifest(runId, former, options)
    await writeManifest(root, manifest)
    const result = await withinTime(options, (signal) => runLakehouse({ ...options, runId, ...signal }))
    await lease.check()
    await finish(manifest, result, options)
    return { kind: 'ran', result }
  } catch (error) {
    await recordFailure(runId, error, options)
    throw error
  } finally {
    await lease.release()
  }
}

const endedWell = ({ finished }: RunManifest): boolean =>
  finished !== null && finished.status !== 'failed' && finished.status !== 'quality_failed'

/** Runs of the same steps exclude each other; `run` is all of them. */
function leaseName(steps: StepSelection = {}): string {
  const parts = Object.entries(steps).flatMap(([key, names]: [string, readonly string[] | undefined]) =>
    names === undefined ? [] : [`${key}-${[...names].sort().join('+')}`],
  )
  return ['run', ...parts].join('_').replaceAll(/[^\w+-]/g, '-').slice(0, 200)
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
    startedMs: Date.now(),
    definitions: Object.fromEntries(lakehouse.tables.map((t) => [t.path, definitionHash(t, configuration)])),
    before: resumed ? former.before : await versionsOf(options, lake),
    finished: null,
  }
}

async function versionsOf({ lakehouse }: RecordedRunOptions, lake: Lake): Promise<Readonly<Record<string, number>>> {
  const versions: Record<string, number> = {}
  for (const { path } of lakehouse.tables) versions[path] = await lake.version(path)
  return versions
}

async function finish(manifest: RunManifest, result: RunResult, options: RecordedRunOptions): Promise<void> {
  const { root, session } = options
  const fine = result.status !== 'failed' && result.status !== 'quality_failed'
  const { hashes, ...outcome } = await outcomeOf(manifest, result, options)
  if (fine && !isPartial(options.steps)) await publishVersions(root, manifest.runId, outcome.versions, hashes)
  if (result.status === 'unchanged' && manifest.before !== undefined && outcome.written.length === 0) {
    await forgetManifest(root, manifest.runId)
    return
  }
  await recordRun(session, root, result, { environment: options.environment, nowMicros: options.nowMicros })
  await writeManifest(root, { ...manifest, finished: { ...outcome, hashes } })
}

/** The tables as the run leaves them; those that it (or a try of it before) wrote are hashed. */
async function outcomeOf(
  manifest: RunManifest,
  result: RunResult,
  { session, root, lakehouse, signal }: RecordedRunOptions,
): Promise<RunOutcome> {
  const lake = new Lake(session, root)
  const versions: Record<string, number> = {}
  const hashes: Record<string, string> = {}
  const written: string[] = []
  for (const { path } of lakehouse.tables) {
    const table = await lake.table(path)
    if (table === null) continue
    versions[path] = table.version
    if (table.version === manifest.before[path]) continue
    written.push(path)
    hashes[path] = await logicalHash(session, scan(table.provider()), signal)
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
 * @throws LakehouseError DW-LAKEHOUSE-0035 if a table is not up to date with what it is built from; then nothing is published
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

/** A run that ended with an error can be resumed: its manifest stays as it is. One that was interrupted tells so itself. */
async function recordFailure(runId: string, error: unknown, options: RecordedRunOptions): Promise<void> {
  if (!isDeltaworksError(error) || error.fault === 'usage' || options.signal?.aborted === true) return
  const { code, fault, message } = error
  try {
    await recordRun(options.session, options.root, failedResult(runId, { code, fault, message }, options), options)
  } catch {
    // The error that ended the run is the one to tell.
  }
}

const failedResult = (
  runId: string,
  error: Pick<StepFailure, 'code' | 'fault' | 'message'>,
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
  failures: [{ step: 'run', table: '', ...error }],
  files: [],
  quality: [],
  profiles: [],
  quarantined: 0,
  tables: [],
})

/** @throws LakehouseError DW-LAKEHOUSE-0037 */
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
