import { physicalName, resolveFile, type AddFile, type ColumnMappingMode, type Snapshot } from '@deltaworks/delta-log'
import type { DataType, Field } from '@deltaworks/schema'
import type { OperationContext } from '../operation-context.js'

/** Footers that are read at once. */
const readAhead = 16

/**
 * Files that still hold columns, or members of structs, that the table has no more. DROP COLUMN writes no file again, so their bytes
 * stay until REORG … APPLY (PURGE). Reads the footer of every file.
 */
export async function filesWithDroppedColumns(
  { parquet }: OperationContext,
  snapshot: Snapshot,
  files: readonly AddFile[],
): Promise<ReadonlySet<AddFile>> {
  const { mode } = snapshot.columnMapping
  const found = new Set<AddFile>()
  // Without column mapping no column can be dropped.
  if (mode === 'none') return found
  const kept = [...snapshot.schema.fields, ...hiddenFields(snapshot)]
  for (let at = 0; at < files.length; at += readAhead) {
    const group = files.slice(at, at + readAhead)
    const schemas = await Promise.all(
      group.map((file) => {
        const { store, path } = resolveFile(snapshot.location, file.path)
        return parquet.schema(store, path, file.sizeBytes)
      }),
    )
    schemas.forEach(({ fields }, i) => {
      if (holdsOthers(fields, kept, mode)) found.add(group[i]!)
    })
  }
  return found
}

/** Columns of files that are in no schema: change types, and what row tracking keeps. */
const hiddenFields = (snapshot: Snapshot): readonly Field[] =>
  [
    '_change_type',
    snapshot.metadata.configuration['delta.rowTracking.materializedRowIdColumnName'],
    snapshot.metadata.configuration['delta.rowTracking.materializedRowCommitVersionColumnName'],
  ].flatMap((name): Field[] => (name === undefined ? [] : [{ name, type: { kind: 'string' }, nullable: true }]))

function holdsOthers(stored: readonly Field[], kept: readonly Field[], mode: ColumnMappingMode): boolean {
  return stored.some((column) => {
    const known = kept.find((field) => physicalName(field, mode) === column.name)
    return known === undefined || typeHoldsOthers(column.type, known.type, mode)
  })
}

function typeHoldsOthers(stored: DataType, kept: DataType, mode: ColumnMappingMode): boolean {
  switch (stored.kind) {
    case 'struct':
      return kept.kind === 'struct' && holdsOthers(stored.fields, kept.fields, mode)
    case 'list':
      return kept.kind === 'list' && typeHoldsOthers(stored.element, kept.element, mode)
    case 'map':
      return (
        kept.kind === 'map' &&
        (typeHoldsOthers(stored.key, kept.key, mode) || typeHoldsOthers(stored.value, kept.value, mode))
      )
    default:
      return false
  }
}
