import { openStore } from '@deltaworks/storage'
import { nothingToResume } from './errors.js'
import { runRecorded, type RecordedRun, type RecordedRunOptions } from './recorded-run.js'
import { requireManifest, unfinishedRun, type RunManifest } from './run-manifest.js'

/** What the command gives; the rest is in the run's manifest. */
export type ResumeOptions = Omit<RecordedRunOptions, 'landing' | 'nowMicros' | 'configuration' | 'selection' | 'steps'>

/**
 * Goes on with a run that did not end (or ended with an error): with its clock, configuration and files, from the last step
 * that it committed. Its tables become those of a run that was never disturbed.
 * @param options `runId`: default, the newest run that did not end by itself
 * @throws LakehouseError DW-LAKEHOUSE-0042, 0043, and what `runRecorded` throws
 */
export async function resumeRun(options: ResumeOptions): Promise<RecordedRun> {
  const manifest = await manifestToResume(options)
  return runRecorded({ ...options, ...startOf(manifest) })
}

async function manifestToResume({ root, runId }: ResumeOptions): Promise<RunManifest> {
  if (runId !== undefined) return requireManifest(root, runId)
  const manifest = await unfinishedRun(root)
  if (manifest === null) throw nothingToResume(openStore(root).uri)
  return manifest
}

/** What a run was started with. */
export const startOf = (manifest: RunManifest) => ({
  runId: manifest.runId,
  environment: manifest.environment,
  landing: manifest.landing,
  nowMicros: BigInt(manifest.nowMicros),
  configuration: manifest.configuration,
  selection: manifest.selection,
  steps: manifest.steps,
  pinned: manifest.pinned,
})
