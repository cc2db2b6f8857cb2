import { readCommit, type AddFile } from '@deltaworks/delta-log'
import { DeltaTableProvider, type DeltaTable } from '@deltaworks/delta-table'

/**
 * The rows that were appended to a table since a version, as a table; null if anything else was done to it: rows removed, changed
 * or moved to other files, its columns changed, or its log cleaned away.
 */
export async function appendedRows(table: DeltaTable, since: number): Promise<DeltaTableProvider | null> {
  const { snapshot } = table
  const files: AddFile[] = []
  for (let version = since + 1; version <= table.version; version++) {
    for (const action of await commitActions(table, version)) {
      if (action.kind === 'remove' || action.kind === 'metaData' || action.kind === 'protocol') return null
      if (action.kind !== 'add') continue
      if (!action.dataChange || action.deletionVector !== null) return null
      files.push(action)
    }
  }
  const current = new Map([...snapshot.files.values()].map((file) => [file.path, file]))
  const there = files.map(({ path }) => current.get(path))
  if (there.some((file) => file === undefined)) return null
  return new DeltaTableProvider(snapshot, { files: there as readonly AddFile[], name: `new in ${table.uri}` })
}

/** A commit that is not there any more cannot be looked at: as if everything had been done in it. */
async function commitActions(table: DeltaTable, version: number) {
  try {
    return await readCommit(table.snapshot.location, version)
  } catch (error) {
    if ((error as { readonly code?: string }).code?.startsWith('DW-') === true) return [{ kind: 'remove' as const }]
    throw error
  }
}
