import type { Action, LogAction } from './actions/action.js'
import { fileKey, type AddFile } from './actions/add-file.js'
import { removeOf, type RemoveFile } from './actions/remove-file.js'
import type { ReadSet } from './conflict.js'
import { readDeletedRows } from './deletion-vector/deletion-vector.js'
import { storeDeletionVectors } from './deletion-vector/deletion-vector-write.js'
import { withDeletionVector } from './deletion-vector/with-deletion-vector.js'
import { pathKey } from './file-path.js'
import type { TableLocation } from './table-location.js'

/*
 * Two commits that mark different rows of one file as deleted do not contradict each other, although both replace the file's
 * deletion vector. The later one takes the union:
 *
 *   base     f {1}
 *   winner   remove f {1}   add f {1, 5}
 *   ours     remove f {1}   add f {1, 9}      becomes   remove f {1, 5}   add f {1, 5, 9}
 *
 * Had both marked row 5 (one deletes it, the other updates it, say), the conflict stands.
 */

/** A commit as it stands behind a winner, and what of the winner is still to be looked at for conflicts. */
export interface Reconciled {
  readonly ours: readonly Action[]
  readonly reads: ReadSet
  readonly winner: readonly LogAction[]
  /** Store path of a file with new deletion vectors. */
  readonly path: string | null
}

interface Mark {
  readonly remove: RemoveFile
  readonly add: AddFile
}

interface Union {
  readonly mark: Mark
  readonly ours: Mark
  readonly rows: Uint32Array
}

/**
 * Takes out of the winner's actions the deletion vectors that go together with our commit.
 * Only for commits whose result depends on nothing of a file but the rows that they mark.
 */
export async function reconcileRows(
  location: TableLocation,
  ours: readonly Action[],
  reads: ReadSet,
  winner: readonly LogAction[],
): Promise<Reconciled> {
  const settled = new Set<LogAction>()
  const unions: Union[] = []
  const own = marksOf(ours)
  const removed = new Set(ours.flatMap((action) => (action.kind === 'remove' ? [fileKey(action)] : [])))
  for (const [path, mark] of marksOf(winner)) {
    const before = await rowsOf(location, mark.remove)
    const after = await rowsOf(location, mark.add)
    // Restoring a version can bring rows back.
    if (!includesAll(after, before)) continue
    const key = fileKey(mark.remove)
    const mine = own.get(path)
    if (mine !== undefined && fileKey(mine.remove) === key) {
      const rows = unionOf(before, after, await rowsOf(location, mine.add))
      if (rows === null) continue
      unions.push({ mark, ours: mine, rows })
    } else if (removed.has(key) || reads.files.has(key)) continue
    settled.add(mark.remove)
    settled.add(mark.add)
  }
  const rest = settled.size === 0 ? winner : winner.filter((action) => !settled.has(action))
  if (unions.length === 0) return { ours, reads, winner: rest, path: null }
  return { ...(await withUnions(location, ours, reads, unions)), winner: rest }
}

async function withUnions(
  location: TableLocation,
  ours: readonly Action[],
  reads: ReadSet,
  unions: readonly Union[],
): Promise<Omit<Reconciled, 'winner'>> {
  const requests = unions.map(({ mark, rows }) => ({ file: mark.add, rows }))
  const { descriptors, path } = await storeDeletionVectors(location, requests)
  const replaced = new Map<Action, Action>()
  const files = new Set(reads.files)
  unions.forEach(({ mark, ours: mine }, i) => {
    replaced.set(mine.remove, removeOf(mark.add, mine.remove.deletionTimeMs ?? 0, mine.remove.dataChange))
    replaced.set(mine.add, withDeletionVector(mark.add, descriptors[i]!))
    if (files.delete(fileKey(mark.remove))) files.add(fileKey(mark.add))
  })
  return { ours: ours.map((action) => replaced.get(action) ?? action), reads: { ...reads, files }, path }
}

/** Files that a commit removes and adds again with a deletion vector. */
function marksOf(actions: readonly LogAction[]): ReadonlyMap<string, Mark> {
  const removes = new Map<string, RemoveFile>()
  for (const action of actions) if (action.kind === 'remove') removes.set(pathKey(action.path), action)
  const marks = new Map<string, Mark>()
  for (const add of actions) {
    if (add.kind !== 'add' || add.deletionVector === null) continue
    const remove = removes.get(pathKey(add.path))
    if (remove !== undefined) marks.set(pathKey(add.path), { remove, add })
  }
  return marks
}

const noRows = new Uint32Array(0)

const rowsOf = async (location: TableLocation, file: AddFile | RemoveFile): Promise<Uint32Array> =>
  (await readDeletedRows(location, file)) ?? noRows

/** Both ascending. */
function includesAll(rows: Uint32Array, wanted: Uint32Array): boolean {
  let at = 0
  for (const row of wanted) {
    while (at < rows.length && rows[at]! < row) at++
    if (rows[at] !== row) return false
  }
  return true
}

/** @returns null if a row that was not deleted before is deleted by both */
function unionOf(before: Uint32Array, theirs: Uint32Array, ours: Uint32Array): Uint32Array | null {
  const union = new Set(theirs)
  const known = new Set(before)
  for (const row of ours) {
    if (union.has(row) && !known.has(row)) return null
    union.add(row)
  }
  return Uint32Array.from(union).sort()
}
