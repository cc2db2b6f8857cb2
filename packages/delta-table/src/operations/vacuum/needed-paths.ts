import {
  deletionVectorFile,
  readSnapshot,
  resolveFile,
  type AddFile,
  type RemoveFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { OperationContext } from '../../operation-context.js'
import { relativeTo } from './vacuum-object.js'

/**
 * Tells whether an object of the table's store must stay: files and deletion vectors of the snapshot, of tombstones that are
 * still young, and of the versions that are to stay readable. Of most files of the snapshot nothing is made: its columns
 * are asked.
 */
export async function neededPaths(
  { location, parquet }: OperationContext,
  snapshot: Snapshot,
  cutoffMs: number,
  keepVersions: readonly number[],
): Promise<(path: string) => boolean> {
  const resolved = new Set<string>()
  const keep = (file: AddFile | RemoveFile): void => {
    const data = resolveFile(location, file.path)
    if (data.store === location.store) resolved.add(data.path)
    const vector = deletionVectorFile(location, file)
    if (vector !== null && vector.store === location.store) resolved.add(vector.path)
  }
  for (const file of snapshot.files.apart()) keep(file)
  for (const tombstone of snapshot.tombstones.values()) {
    if ((tombstone.deletionTimeMs ?? 0) >= cutoffMs) keep(tombstone)
  }
  for (const version of keepVersions) {
    const { files } = await readSnapshot(location, parquet, { version })
    for (const [key, file] of files) if (!snapshot.files.has(key)) keep(file)
  }
  return (path) => (resolved.size > 0 && resolved.has(path)) || snapshot.files.has(relativeTo(path, location.path))
}
