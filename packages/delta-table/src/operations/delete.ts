import { boolean } from '@deltaworks/schema'
import { appendOnly, checkWritable, isAppendOnly, type Snapshot } from '@deltaworks/delta-log'
import { writesChanges } from '../changes.js'
import { DeltaTableProvider } from '../delta-table-provider.js'
import { rowCountOf } from '../file-statistics-source.js'
import {
  fileBytesOf,
  runOperation,
  targetOf,
  type Intent,
  type OperationContext,
  type OperationResult,
} from '../operation-context.js'
import { splitTouched } from '../mark-deleted.js'
import { filterOf, isTrue, literalOf, not, scanOf } from '../plan-nodes.js'
import { bindCondition, candidateFiles, dataColumnsOf, type Condition } from '../predicates.js'
import { runOptions } from '../run-options.js'
import { findTouchedFiles } from '../touched-files.js'
import { scanTracked, trackedFields, withTrackedColumns } from '../tracked-rows.js'
import type { WriteOptions } from '../write/write-options.js'
import { changesAs } from '../write/write-changes.js'
import { nothing, writeRows } from '../write/write-rows.js'
import { rowChangeIntent, type RowChange } from './row-change.js'

/**
 * Deletes the rows for which the condition is true; without one, all rows. Files of whole partitions are only removed from the
 * log; of others, the rows that stay are written again, or, where the table has deletion vectors, the deleted rows are marked.
 * Without matching rows nothing is committed.
 */
export function deleteRows(
  context: OperationContext,
  snapshot: Snapshot,
  condition: Condition | null,
  options: WriteOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, (base, nowMs) =>
    deleteIntent(context, base, condition, options, nowMs),
  )
}

async function deleteIntent(
  context: OperationContext,
  base: Snapshot,
  condition: Condition | null,
  options: WriteOptions,
  nowMs: number,
): Promise<Intent | null> {
  const { session, location } = context
  if (isAppendOnly(base.metadata.configuration)) throw appendOnly(location.uri, 'delete from')
  const predicate = condition === null ? literalOf(true, boolean) : bindCondition(condition, base.schema)
  const candidates = candidateFiles(base, condition === null ? null : predicate)
  const wholeFiles = dataColumnsOf(base, predicate).length === 0
  checkWritable(location.uri, base.protocol, base.metadata, base.schema, wholeFiles ? 'write' : 'rewrite')
  const touched = wholeFiles
    ? candidates.map((file) => ({ file, rowCount: rowCountOf(file) ?? 0 }))
    : await findTouchedFiles(session, base, candidates, isTrue(predicate), runOptions(options))
  if (touched.length === 0) return null
  // A file of which every row goes needs no reading.
  const partial = wholeFiles ? [] : touched.filter(({ file, rowCount }) => rowCountOf(file) !== rowCount)
  const { marked, rewritten } = splitTouched(base, partial)
  const partly = rewritten.map(({ file }) => file)
  const staying = new Set(marked.map(({ file }) => file))
  const files = touched.map(({ file }) => file)
  const removed = files.filter((file) => !staying.has(file))
  const rows =
    partly.length === 0
      ? nothing
      : await writeRows(
          targetOf(context, base),
          filterOf(scanTracked(withTrackedColumns(base), partly), not(isTrue(predicate))),
          { targetFileBytes: fileBytesOf(base.metadata, options), nowMs, ...runOptions(options) },
        )
  // Whole files and marks tell by themselves which rows went; rows that are copied would look deleted and inserted.
  const gone = filterOf(scanOf(new DeltaTableProvider(base, { files })), isTrue(predicate))
  const change: RowChange = {
    name: 'DELETE',
    base,
    condition: condition === null ? null : predicate,
    files,
    removed,
    marked,
    rows,
    changes: partly.length > 0 && writesChanges(base) ? [changesAs(gone, 'delete')] : [],
    metrics: {
      numDeletedRows: touched.reduce((sum, { rowCount }) => sum + rowCount, 0),
      numCopiedRows: rows.rowCount,
      numRemovedBytes: removed.reduce((sum, file) => sum + file.sizeBytes, 0),
      numAddedBytes: rows.sizeBytes,
    },
    rewritesRows: partial.length > 0,
    preservesRowIds: partly.length === 0 || trackedFields(base).length > 0,
  }
  return rowChangeIntent(context, change, predicate, options, nowMs)
}
