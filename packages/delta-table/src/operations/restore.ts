import {
  appendOnly,
  checkWritable,
  isAppendOnly,
  readEverything,
  readSnapshot,
  removeOf,
  resolveFile,
  type Action,
  type AddFile,
  type Snapshot,
} from '@deltaworks/delta-log'
import { filesGone } from '../errors.js'
import { reportOf, runOperation, type OperationContext, type OperationResult } from '../operation-context.js'
import { restoredActions, restoredMetadata } from './restored-metadata.js'
import type { WriteOptions } from '../write/write-options.js'
import { nothing } from '../write/write-rows.js'

/** What to go back to. */
export type RestoreTarget = { readonly version: number } | { readonly timestampMs: number }

/**
 * Makes the table what it was, as a new version: files that came later are removed, files that went are added again.
 * @throws DeltaTableError DW-TABLE-0010 if VACUUM has deleted files that are needed
 */
export function restoreTable(
  context: OperationContext,
  snapshot: Snapshot,
  target: RestoreTarget,
  options: WriteOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    const { location, parquet } = context
    checkWritable(location.uri, base.protocol, base.metadata, base.schema, 'write')
    const wanted = await readSnapshot(location, parquet, target)
    const removed = [...base.files].filter(([key]) => !wanted.files.has(key)).map(([, file]) => file)
    const added = [...wanted.files].filter(([key]) => !base.files.has(key)).map(([, file]) => file)
    const metadata = restoredMetadata(wanted, base)
    const others = restoredActions(wanted, base)
    const metadataChanged = JSON.stringify(metadata) !== JSON.stringify(base.metadata)
    if (removed.length === 0 && added.length === 0 && !metadataChanged && others.length === 0) return null
    if (removed.length > 0 && isAppendOnly(base.metadata.configuration)) throw appendOnly(location.uri, 'restore')
    await checkPresent(context, wanted.version, added)
    const bytes = (files: readonly AddFile[]): number => files.reduce((sum, file) => sum + file.sizeBytes, 0)
    const metrics = {
      tableSizeAfterRestore: bytes([...wanted.files.values()]),
      numOfFilesAfterRestore: wanted.files.size,
      numRemovedFiles: removed.length,
      numRestoredFiles: added.length,
      removedFilesSize: bytes(removed),
      restoredFilesSize: bytes(added),
    }
    const actions: readonly Action[] = [
      ...others,
      ...(metadataChanged ? [metadata] : []),
      ...removed.map((file) => removeOf(file, nowMs)),
      ...added.map((file) => ({ ...file, dataChange: true })),
    ]
    const parameters =
      'version' in target ? { version: String(target.version) } : { timestamp: String(target.timestampMs) }
    return {
      base,
      actions,
      written: nothing,
      operation: { name: 'RESTORE', parameters, metrics },
      reads: readEverything,
      report: { ...reportOf(nothing, removed.length, metrics), filesWritten: added.length },
    }
  })
}

async function checkPresent(context: OperationContext, version: number, files: readonly AddFile[]): Promise<void> {
  const gone: string[] = []
  const atOnce = 32
  for (let i = 0; i < files.length; i += atOnce) {
    const group = files.slice(i, i + atOnce)
    const present = await Promise.all(
      group.map((file) => {
        const { store, path } = resolveFile(context.location, file.path)
        return store.exists(path)
      }),
    )
    group.forEach((file, at) => {
      if (!present[at]) gone.push(file.path)
    })
  }
  if (gone.length > 0) throw filesGone(context.location.uri, version, gone)
}
