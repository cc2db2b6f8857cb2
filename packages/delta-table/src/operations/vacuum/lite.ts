import {
  commitTimestamps,
  deletionVectorFile,
  listLog,
  logFolder,
  readCommit,
  resolveFile,
  type CommitFile,
  type LogAction,
  type Snapshot,
  type TableLocation,
} from '@deltaworks/delta-log'
import { joinPath, objectNotFoundCode } from '@deltaworks/storage'
import { logTooShort } from '../../errors.js'
import type { VacuumObject } from './vacuum-object.js'

/*
 * VACUUM LITE: every file that a commit has removed is named in the log. A run notes up to which version it has looked, in
 * `_last_vacuum_info`, so that the next one goes on from there; commits in between that are gone from the log would be files
 * that nobody finds again, so then a full run is asked for.
 */

const lastVacuumFile = '_last_vacuum_info'
const versionField = 'latestCommitVersionOutsideOfRetentionWindow'

/** @throws DeltaTableError DW-TABLE-0030 if commits are gone that no run has looked at */
export async function objectsRemovedByLog(
  snapshot: Snapshot,
  cutoffMs: number,
): Promise<{ readonly objects: readonly VacuumObject[]; readonly latestExpired: number | null }> {
  const { location } = snapshot
  const seen = await readLastVacuum(location)
  const { commits } = await listLog(location)
  const from = seen === null ? 0 : seen + 1
  const earliest = commits[0]?.version ?? snapshot.version + 1
  if (earliest > from) throw logTooShort(location.uri, from, earliest)
  const times = await commitTimestamps(location, snapshot.metadata.configuration)
  const expired = new Map(times.filter((t) => t.timestampMs < cutoffMs).map((t) => [t.version, t.timestampMs]))
  const objects = new Map<string, VacuumObject>()
  const wanted = commits.filter(({ version }) => version >= from && expired.has(version))
  for (const actions of await readAll(location, wanted)) {
    for (const object of removedBy(snapshot, actions.actions, expired.get(actions.version)!)) {
      objects.set(object.path, object)
    }
  }
  const found = [...objects.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  return { objects: found, latestExpired: wanted.at(-1)?.version ?? null }
}

async function readAll(
  location: TableLocation,
  commits: readonly CommitFile[],
): Promise<readonly { readonly version: number; readonly actions: readonly LogAction[] }[]> {
  const result: { version: number; actions: readonly LogAction[] }[] = []
  const atOnce = 16
  for (let i = 0; i < commits.length; i += atOnce) {
    const group = commits.slice(i, i + atOnce)
    const read = await Promise.all(group.map(({ version }) => readCommit(location, version)))
    read.forEach((actions, at) => result.push({ version: group[at]!.version, actions }))
  }
  return result
}

/** Data files and deletion vectors that a commit removes, and its change files, which nobody can ask for any more. */
function* removedBy(
  { location }: Snapshot,
  actions: readonly LogAction[],
  committedMs: number,
): Generator<VacuumObject> {
  for (const action of actions) {
    if (action.kind !== 'remove' && action.kind !== 'cdc') continue
    const modifiedMs = action.kind === 'remove' ? (action.deletionTimeMs ?? committedMs) : committedMs
    const data = resolveFile(location, action.path)
    if (data.store === location.store) yield { path: data.path, sizeBytes: action.sizeBytes ?? 0, modifiedMs }
    const vector = action.kind === 'remove' ? deletionVectorFile(location, action) : null
    if (vector !== null && vector.store === location.store) yield { path: vector.path, sizeBytes: 0, modifiedMs }
  }
}

async function readLastVacuum(location: TableLocation): Promise<number | null> {
  try {
    const data = await location.store.get(joinPath(logFolder(location), lastVacuumFile))
    const json = JSON.parse(Buffer.from(data).toString('utf8')) as { readonly [versionField]?: unknown }
    const version = json[versionField]
    return typeof version === 'number' && Number.isSafeInteger(version) ? version : null
  } catch (error) {
    if (error instanceof SyntaxError || (error as { code?: string }).code === objectNotFoundCode) return null
    throw error
  }
}

export async function writeLastVacuum(location: TableLocation, version: number): Promise<void> {
  const path = joinPath(logFolder(location), lastVacuumFile)
  await location.store.put(path, Buffer.from(JSON.stringify({ [versionField]: version })), 'overwrite')
}
