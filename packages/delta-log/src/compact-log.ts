import { joinPath } from '@deltaworks/storage'
import { fileKey } from './actions/add-file.js'
import type { Action } from './actions/action.js'
import { formatActions, readCommit } from './commit-file.js'
import { versionNotAvailable } from './errors.js'
import { versionDigits } from './log-file.js'
import { listLog } from './log-segment.js'
import { logFolder, type TableLocation } from './table-location.js'

/**
 * Writes the compaction of commits `first` to `last`; the commits stay.
 * @returns its path
 * @throws DeltaError DW-DELTA-0005 if not all of them are there
 */
export async function compactLog(location: TableLocation, first: number, last: number): Promise<string> {
  const { commits } = await listLog(location)
  const available = new Set(commits.map((commit) => commit.version))
  for (let version = first; version <= last; version++) {
    if (!available.has(version)) {
      throw versionNotAvailable(location.uri, version, commits[0]?.version ?? 0, commits.at(-1)?.version ?? 0)
    }
  }
  const newest = new Map<string, Action>()
  for (let version = first; version <= last; version++) {
    const actions = await readCommit(location, version)
    // Adds of a commit win over removes of it, as in a replay.
    for (const adds of [false, true]) {
      for (const action of actions) {
        if (action.kind === 'sidecar' || (action.kind === 'add') !== adds) continue
        const key = keyOf(action)
        if (key === null) continue
        newest.delete(key)
        newest.set(key, action)
      }
    }
  }
  const path = joinPath(logFolder(location), `${versionDigits(first)}.${versionDigits(last)}.compacted.json`)
  await location.store.put(path, formatActions([...newest.values()]), 'overwrite')
  return path
}

/** Actions with one key reconcile with each other; null: not kept in compactions. */
function keyOf(action: Action): string | null {
  switch (action.kind) {
    case 'add':
    case 'remove':
      return `file ${fileKey(action)}`
    case 'txn':
      return `txn ${action.appId}`
    case 'domainMetadata':
      return `domain ${action.domain}`
    case 'metaData':
    case 'protocol':
      return action.kind
    case 'commitInfo':
    case 'cdc':
      return null
  }
}
