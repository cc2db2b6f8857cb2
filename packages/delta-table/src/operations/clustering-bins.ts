import type { AddFile } from '@deltaworks/delta-log'

/*
 * Which files of a clustered table OPTIMIZE clusters. The files that one run put in order together are a cube, by their tags. New
 * files make a cube of their own, together with cubes that are no larger than what is to be written anyway: so a byte is written
 * again about log n times, and a second run finds nothing to do. Files that were clustered by other columns stay until FULL.
 */

export const clusteringProvider = 'liquid'

/** A file of which more than this share is deleted is clustered again without the deleted rows. */
const maxDeletedShare = 0.05

/**
 * @param columns what the files are to be clustered by
 * @param full all files become one cube
 * @returns the files of one cube to be made; empty: there is nothing to do
 */
export function filesToCluster(
  files: readonly AddFile[],
  columns: readonly string[],
  full: boolean,
): readonly AddFile[] {
  const cubes = new Map<string, AddFile[]>()
  const unclustered: AddFile[] = []
  const others: AddFile[] = []
  for (const file of files) {
    const cube = cubeOf(file, columns)
    if (cube === 'other columns') others.push(file)
    else if (cube === null || isMostlyDeleted(file)) unclustered.push(file)
    else cubes.set(cube, [...(cubes.get(cube) ?? []), file])
  }
  if (full) return cubes.size <= 1 && unclustered.length === 0 && others.length === 0 ? [] : files
  if (unclustered.length === 0) return []
  const chosen = unclustered
  let bytes = bytesOf(chosen)
  for (const cube of [...cubes.values()].sort((a, b) => bytesOf(a) - bytesOf(b))) {
    if (bytesOf(cube) > bytes) break
    chosen.push(...cube)
    bytes += bytesOf(cube)
  }
  return chosen
}

const bytesOf = (files: readonly AddFile[]): number => files.reduce((sum, file) => sum + file.sizeBytes, 0)

/** The cube that a file is of; null: it is in none, or of another implementation's making that left it unordered. */
function cubeOf({ tags, clusteringProvider: provider }: AddFile, columns: readonly string[]): string | null {
  const cube = tags?.['ZCUBE_ID'] ?? null
  if (cube === null || provider !== clusteringProvider) return null
  return tags?.['ZCUBE_ZORDER_BY'] === JSON.stringify(columns) ? cube : 'other columns'
}

const isMostlyDeleted = ({ deletionVector, stats }: AddFile): boolean => {
  if (deletionVector === null) return false
  const rows = stats === null ? null : (JSON.parse(stats) as { readonly numRecords?: unknown }).numRecords
  return typeof rows !== 'number' || deletionVector.cardinality > rows * maxDeletedShare
}
