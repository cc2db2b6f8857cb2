import { objectNotFoundCode, openStore } from '@deltaworks/storage'
import type { LandingSelection } from '../landing.js'
import type { RunResult } from '../run-result.js'
import { unknownRun } from './errors.js'
import { decodeJson, encodeJson } from './numbered-objects.js'
import { manifestsPath, unfinishedPath } from './operations-path.js'
import type { StepSelection } from './step-graph.js'

/** What a run was started with, and what it made: enough to resume it, and to do it again. */
export interface RunManifest {
  readonly formatVersion: 1
  readonly runId: string
  readonly lakehouse: string
  readonly environment: string
  readonly landing: string
  /** The run's clock: microseconds since the epoch, as text. */
  readonly nowMicros: string
  readonly configuration: unknown
  readonly selection: LandingSelection
  readonly steps: StepSelection
  /** Versions of raw tables that it was to build from, by name. */
  readonly pinned: Readonly<Record<string, number>>
  readonly startedMs: number
  /** `definitionHash` by the path of a table. */
  readonly definitions: Readonly<Record<string, number>>
  /** `rulesHash` by the path of a table; absent in manifests of earlier versions. */
  readonly rules?: Readonly<Record<string, number>>
  /** What the run was made by; absent in manifests of earlier versions. */
  readonly software?: Software
  /** Versions of the lake's tables when the run began, by path; -1: not there. */
  readonly before: Readonly<Record<string, number>>
  /** Null as long as the run has not ended by itself. */
  readonly finished: RunOutcome | null
}

/** Versions that a run was made by. Rows do not depend on them as far as we know; who compares them should know of them. */
export interface Software {
  readonly deltaworks: string
  readonly node: string
}

export const software: Software = { deltaworks: '0.1.0', node: process.versions.node }

export interface RunOutcome {
  readonly status: RunResult['status']
  readonly finishedMs: number
  readonly versions: Readonly<Record<string, number>>
  /** Paths of the tables that it wrote. */
  readonly written: readonly string[]
  readonly hashes: Readonly<Record<string, string>>
}

/** So many manifests of runs that have ended are kept. */
const keptManifests = 1000

const endedPath = (runId: string): string => `${manifestsPath}/${runId}.json`
const openPath = (runId: string): string => `${unfinishedPath}/${runId}.json`

/** What a run has begun with: it stays until the run ends, or until a later one has done what it was to do. */
export async function writeManifest(root: string, manifest: RunManifest): Promise<void> {
  await openStore(root).put(openPath(manifest.runId), encodeJson(manifest), 'overwrite')
}

/** @param supersedes whether the run has done what runs that did not end were to do */
export async function finishManifest(root: string, manifest: RunManifest, supersedes: boolean): Promise<void> {
  const store = openStore(root)
  await store.put(endedPath(manifest.runId), encodeJson(manifest), 'overwrite')
  const ended = await store.list(manifestsPath)
  const open = supersedes ? (await store.list(unfinishedPath)).map(({ path }) => path) : [openPath(manifest.runId)]
  const old = ended.slice(0, Math.max(0, ended.length - keptManifests)).map(({ path }) => path)
  if (open.length + old.length > 0) await store.delete([...open, ...old])
}

export async function readManifest(root: string, runId: string): Promise<RunManifest | null> {
  return (await readAt(root, openPath(runId))) ?? (await readAt(root, endedPath(runId)))
}

async function readAt(root: string, path: string): Promise<RunManifest | null> {
  try {
    return decodeJson(await openStore(root).get(path)) as RunManifest
  } catch (error) {
    if ((error as { readonly code?: string }).code === objectNotFoundCode) return null
    throw error
  }
}

/** @throws LakehouseError DW-LAKEHOUSE-0042 */
export async function requireManifest(root: string, runId: string): Promise<RunManifest> {
  const manifest = await readManifest(root, runId)
  if (manifest === null) throw unknownRun(runId, await runIds(root))
  return manifest
}

export const forgetManifest = (root: string, runId: string): Promise<void> => openStore(root).delete([openPath(runId)])

const idsIn = async (root: string, folder: string): Promise<readonly string[]> =>
  (await openStore(root).list(folder)).map(({ path }) => path.slice(folder.length + 1, -'.json'.length))

/** Runs that left a manifest, in the order of their names. */
export const runIds = async (root: string): Promise<readonly string[]> =>
  [...(await idsIn(root, manifestsPath)), ...(await idsIn(root, unfinishedPath))].sort()

/** Whether any run has left something in the lake. */
export const hasRuns = async (root: string): Promise<boolean> => (await runIds(root)).length > 0

/** The newest run that did not end by itself, or null. */
export async function unfinishedRun(root: string): Promise<RunManifest | null> {
  const runId = (await idsIn(root, unfinishedPath)).at(-1)
  return runId === undefined ? null : readAt(root, openPath(runId))
}
