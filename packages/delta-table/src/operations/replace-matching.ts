import type { Snapshot } from '@deltaworks/delta-log'
import type { Intent, OperationContext } from '../operation-context.js'
import type { Condition } from '../predicates.js'
import { runOptions } from '../run-options.js'
import { planOf, type Rows } from '../table-session.js'
import { fitTarget } from '../write/fit-target.js'
import type { AppendOptions } from '../write/write-options.js'
import { mergeIntent } from './merge/merge.js'

/**
 * Replaces the rows of the table that match one of the new rows: a merge that deletes them, and inserts all that is new.
 * @param on columns that are equal in both (null matches nothing), or a condition over `target` and `source`
 */
export async function replaceMatching(
  context: OperationContext,
  base: Snapshot,
  rows: Rows,
  options: AppendOptions,
  on: readonly string[] | Condition,
  nowMs: number,
): Promise<Intent | null> {
  const mergeSchema = options.mergeSchema === true
  // A merge passes over columns that the table has not; an overwrite refuses them.
  await fitTarget(context.location.uri, base.metadata, base.schema, planOf(rows), mergeSchema)
  const source = await context.session.materialise(planOf(rows), { name: 'replacing rows', ...runOptions(options) })
  const merge = { ...options, source: rows, on, whenMatchedDelete: {}, whenNotMatchedInsert: {}, mergeSchema }
  const intent = await mergeIntent(context, base, source, merge, nowMs, { insertsAll: true })
  if (intent === null) return null
  const { predicate } = intent.operation.parameters
  const parameters = { mode: 'Overwrite', predicate, partitionBy: JSON.stringify(base.metadata.partitionColumns) }
  return { ...intent, operation: { ...intent.operation, name: 'WRITE', parameters } }
}
