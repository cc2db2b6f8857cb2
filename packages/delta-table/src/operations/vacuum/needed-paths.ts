import {
  deletionVectorFile,
  readSnapshot,
  resolveFile,
  type AddFile,
  type RemoveFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { OperationContext } from '../../operation-context.js'

/**
 * Store paths that must stay: files and deletion vectors of the snapshot, of tombstones that are still young, and of the
 * versions that are to stay readable.
 */
export async function neededPaths(
  { location, parquet }: OperationContext,
  snapshot: Snapshot,
  cutoffMs: number,
  keepVersions: readonly number[],
): Promise<ReadonlySet<string>> {
  const needed = new Set<string>()
  const keep = (file: AddFile | RemoveFile): void => {
    const data = resolveFile(location, file.path)
    if (data.store === location.store) needed.add(data.path)
    const vector = deletionVectorFile(location, file)
    if (vector !== null && vector.store === location.store) needed.add(vector.path)
  }
  for (const file of snapshot.files.values()) keep(file)
  for (const tombstone of snapshot.tombstones.values()) {
    if ((tombstone.deletionTimeMs ?? 0) >= cutoffMs) keep(tombstone)
  }
  for (const version of keepVersions) {
    const kept = await readSnapshot(location, parquet, { version })
    for (const file of kept.files.values()) keep(file)
  }
  return needed
}
