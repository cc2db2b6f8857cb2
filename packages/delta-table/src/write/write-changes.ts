import { columnMapping, encodePath, type CdcFile } from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { joinPath } from '@deltaworks/storage'
import { field, string, type Schema } from '@deltaworks/schema'
import { columnsOfSchema, literalOf, projectionTo, unionOf } from '../plan-nodes.js'
import { withoutVoids } from './void-columns.js'
import { relativePath, sinkOf, partitionValuesIn, type WriteRowsOptions, type WriteTarget } from './write-rows.js'

/** How a row changed, as `_change_type` says it. */
export type ChangeType = 'insert' | 'delete' | 'update_preimage' | 'update_postimage'

const changeType = field('_change_type', string)

/** Rows of the table's columns as changes of one type. */
export const changesAs = (rows: LogicalPlan, type: ChangeType): LogicalPlan =>
  projectionTo(
    rows,
    [...columnsOfSchema(rows.schema), literalOf(type, string)],
    [...rows.schema.fields, { ...changeType, nullable: false }],
  )

export interface WrittenChanges {
  readonly actions: readonly CdcFile[]
  /** Store paths. */
  readonly paths: readonly string[]
}

export const noChanges: WrittenChanges = { actions: [], paths: [] }

/**
 * Writes change files (PROTOCOL.md, "Change Data Files"). Readers of changes then look at nothing else of the version, so the plans
 * must bring every row that the commit changes.
 * @param plans rows of the table's columns and `_change_type`
 */
export async function writeChanges(
  target: WriteTarget,
  plans: readonly LogicalPlan[],
  options: WriteRowsOptions,
): Promise<WrittenChanges> {
  if (plans.length === 0) return noChanges
  const { session, location, metadata, schema } = target
  const fields = [...schema.fields, changeType].map(({ name, type }, i) => ({
    name,
    type,
    nullable: plans.some((plan) => plan.schema.fields[i]!.nullable),
  }))
  const all: Schema = { fields }
  const sink = sinkOf(target, options, joinPath(location.path, '_change_data'))
  const signal = options.signal === undefined ? {} : { signal: options.signal }
  const { files } = await session.writeFiles(withoutVoids(unionOf(plans, all)), sink, signal)
  const { mode } = columnMapping(metadata, schema)
  return {
    actions: files.map((file) => ({
      kind: 'cdc',
      path: encodePath(relativePath(location.path, file.path)),
      partitionValues: partitionValuesIn(file, target, mode),
      sizeBytes: file.sizeBytes,
    })),
    paths: files.map((file) => file.path),
  }
}
