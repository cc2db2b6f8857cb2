import { removeOf, type AddFile, type Snapshot } from '@deltaworks/delta-log'
import type { BoundExpression } from '@deltaworks/expression'
import type { LogicalPlan } from '@deltaworks/plan'
import { predicateParameter } from '../condition-text.js'
import { keysOf } from '../delta-table-provider.js'
import { markDeleted, placesWhere, rowsByQuery } from '../mark-deleted.js'
import { fileBytesOf, reportOf, targetOf, type Intent, type OperationContext } from '../operation-context.js'
import { isTrue } from '../plan-nodes.js'
import { fileMatcher } from '../predicates.js'
import { runOptions } from '../run-options.js'
import type { TouchedFile } from '../touched-files.js'
import { writeChanges } from '../write/write-changes.js'
import type { WriteOptions } from '../write/write-options.js'
import { discardOnFailure, type WrittenRows } from '../write/write-rows.js'

/** What DELETE and UPDATE have found out and written before the marks and the change data. */
export interface RowChange {
  readonly name: 'DELETE' | 'UPDATE'
  readonly base: Snapshot
  /** Null: all rows. */
  readonly condition: BoundExpression | null
  /** Files with rows that it is about: those that go, and those whose rows are marked. */
  readonly files: readonly AddFile[]
  readonly removed: readonly AddFile[]
  readonly marked: readonly TouchedFile[]
  /** Rows of the removed files, written again. */
  readonly rows: WrittenRows
  /** Change data to write. */
  readonly changes: readonly LogicalPlan[]
  /** For the history, beside the numbers of files. */
  readonly metrics: Readonly<Record<string, number>>
  readonly rewritesRows: boolean
  readonly preservesRowIds: boolean
}

/** Marks rows, writes change data, and says what is to be committed; what was written is discarded if that fails. */
export async function rowChangeIntent(
  context: OperationContext,
  change: RowChange,
  predicate: BoundExpression,
  options: WriteOptions,
  nowMs: number,
): Promise<Intent> {
  const { base, condition, files, removed, rows } = change
  const places = (of: readonly AddFile[]) => [placesWhere(base, of, isTrue(predicate))]
  const marks = await discardOnFailure(context.location, rows, () =>
    markDeleted(context, change.marked, rowsByQuery(context, base, places, runOptions(options)), nowMs),
  )
  const changes = await discardOnFailure(context.location, { ...rows, otherPaths: marks.paths }, () =>
    writeChanges(targetOf(context, base), change.changes, {
      targetFileBytes: fileBytesOf(base.metadata, options),
      nowMs,
      ...runOptions(options),
    }),
  )
  const written = { ...rows, otherPaths: [...marks.paths, ...changes.paths] }
  const metrics = {
    numRemovedFiles: removed.length,
    numAddedFiles: written.adds.length,
    ...change.metrics,
    ...marks.metrics,
  }
  return {
    base,
    actions: [...removed.map((file) => removeOf(file, nowMs)), ...marks.actions, ...written.adds, ...changes.actions],
    written,
    operation: { name: change.name, parameters: { predicate: predicateParameter(condition) }, metrics },
    reads: {
      wholeTable: condition === null,
      predicates: condition === null ? [] : [fileMatcher(base, condition)],
      files: keysOf(files),
    },
    rewritesRows: change.rewritesRows,
    rowLevel: true,
    preservesRowIds: change.preservesRowIds,
    report: reportOf(written, removed.length, metrics),
  }
}
