import { objectNotFoundCode, openStore } from '@deltaworks/storage'
import type { LandingSelection } from '../landing.js'
import type { RunResult } from '../run-result.js'
import { unknownRun } from './errors.js'
import { decodeJson, encodeJson } from './numbered-objects.js'
import { manifestsPath } from './operations-path.js'
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
  readonly startedMs: number
  /** `definitionHash` by the path of a table. */
  readonly definitions: Readonly<Record<string, number>>
  /** Versions of the lake's tables when the run began, by path; -1: not there. */
  readonly before: Readonly<Record<string, number>>
  /** Null as long as the run has not ended by itself. */
  readonly finished: RunOutcome | null
}

export interface RunOutcome {
  readonly status: RunResult['status']
  readonly finishedMs: number
  readonly versions: Readonly<Record<string, number>>
  /** Paths of the tables that it wrote. */
  readonly written: readonly string[]
  readonly hashes: Readonly<Record<string, string>>
}

const manifestPath = (runId: string): string => `${manifestsPath}/${runId}.json`

export async function writeManifest(root: string, manifest: RunManifest): Promise<void> {
  await openStore(root).put(manifestPath(manifest.runId), encodeJson(manifest), 'overwrite')
}

export async function readManifest(root: string, runId: string): Promise<RunManifest | null> {
  try {
    return decodeJson(await openStore(root).get(manifestPath(runId))) as RunManifest
  } catch (error) {
    if ((error as { readonly code?: string }).code === objectNotFoundCode) return null
    throw error
  }
}

/** @throws LakehouseError DW-LAKEHOUSE-0032 */
export async function requireManifest(root: string, runId: string): Promise<RunManifest> {
  const manifest = await readManifest(root, runId)
  if (manifest === null) throw unknownRun(runId, await runIds(root))
  return manifest
}

export const forgetManifest = (root: string, runId: string): Promise<void> =>
  openStore(root).delete([manifestPath(runId)])

/** Runs that left a manifest, the newest last. */
export async function runIds(root: string): Promise<readonly string[]> {
  const listing = await openStore(root).list(manifestsPath)
  return listing.map(({ path }) => path.slice(manifestsPath.length + 1, -'.json'.length))
}

/** The newest run that did not end by itself, or null. */
export async function unfinishedRun(root: string): Promise<RunManifest | null> {
  for (const runId of [...(await runIds(root))].reverse()) {
    const manifest = await readManifest(root, runId)
    if (manifest !== null && manifest.finished === null) return manifest
  }
  return null
}
