import type { AddFile, Snapshot } from '@deltaworks/delta-log'
import { partitionKey } from '../predicates.js'

/** Files that are to become one (or, if they are large, a few). */
export type Bin = readonly AddFile[]

/** Bins of a plan: by partition, and there first-fit of the files from the smallest on. */
export function planBins(
  snapshot: Snapshot,
  files: readonly AddFile[],
  targetBytes: number,
  zorderBy: readonly string[],
  rewritesAll = false,
): readonly Bin[] {
  const partitions = new Map<string, AddFile[]>()
  for (const file of files) {
    const key = partitionKey(snapshot, file)
    const known = partitions.get(key)
    if (known === undefined) partitions.set(key, [file])
    else known.push(file)
  }
  const bins: Bin[] = []
  for (const partition of partitions.values()) {
    if (zorderBy.length === 0) bins.push(...packed(partition, targetBytes, rewritesAll))
    else if (!isClustered(partition, zorderBy)) bins.push(partition)
  }
  return bins
}

/** @param rewritesAll files that are large, or alone in their bin, too */
function packed(files: readonly AddFile[], targetBytes: number, rewritesAll: boolean): readonly Bin[] {
  const small = files
    .filter((file) => rewritesAll || file.sizeBytes < targetBytes || file.deletionVector !== null)
    .sort((a, b) => a.sizeBytes - b.sizeBytes)
  const bins: AddFile[][] = []
  let current: AddFile[] = []
  let bytes = 0
  for (const file of small) {
    if (current.length > 0 && bytes + file.sizeBytes > targetBytes) {
      bins.push(current)
      current = []
      bytes = 0
    }
    current.push(file)
    bytes += file.sizeBytes
  }
  bins.push(current)
  if (current.length === 0) bins.pop()
  return bins.filter((bin) => rewritesAll || bin.length > 1 || bin.some((file) => file.deletionVector !== null))
}

/** Whether one run has clustered all of the files by these columns already. */
const isClustered = (files: readonly AddFile[], columns: readonly string[]): boolean => {
  const wanted = JSON.stringify(columns)
  const cube = files[0]?.tags?.['ZCUBE_ID']
  return (
    cube !== undefined &&
    files.every(
      (file) =>
        file.tags?.['ZCUBE_ID'] === cube && file.tags?.['ZCUBE_ZORDER_BY'] === wanted && file.deletionVector === null,
    )
  )
}
