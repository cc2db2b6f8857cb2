import {
  checkWritable,
  readNothing,
  requiredFeatures,
  withFeatures,
  type Action,
  type Metadata,
  type Protocol,
  type ReadSet,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { Schema } from '@deltaworks/schema'
import { runOperation, type OperationContext, type OperationResult } from '../../operation-context.js'
import { emptyReport } from '../../write-report.js'
import type { WriteOptions } from '../../write/write-options.js'
import { nothing } from '../../write/write-rows.js'

/** A change of a table's definition; its rows stay where they are. */
export interface Alteration {
  readonly metadata: Metadata
  readonly schema: Schema
  /** Features to be added beside those that metadata and schema ask for. */
  readonly features?: readonly string[]
  /** Instead of the base's protocol with features added. */
  readonly protocol?: Protocol
  readonly actions?: readonly Action[]
  /** What was looked at to find the change allowed. */
  readonly reads?: ReadSet
  /** Spark's name of the command. */
  readonly name: string
  readonly parameters: Readonly<Record<string, string>>
}

/**
 * Commits a change of the definition, with the protocol that it needs.
 * @param alter null: the table is already as it should be
 */
export function alterTable(
  context: OperationContext,
  snapshot: Snapshot,
  options: WriteOptions,
  alter: (base: Snapshot, nowMs: number) => Promise<Alteration | null>,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    checkWritable(context.location.uri, base.protocol, base.metadata, base.schema, 'write')
    const change = await alter(base, nowMs)
    if (change === null) return null
    const { metadata, schema } = change
    const needed = [...requiredFeatures(schema, metadata.configuration), ...(change.features ?? [])]
    const protocol = change.protocol ?? withFeatures(base.protocol, needed)
    return {
      base,
      actions: [
        ...(protocol === base.protocol ? [] : [protocol]),
        ...(metadata === base.metadata ? [] : [metadata]),
        ...(change.actions ?? []),
      ],
      written: nothing,
      operation: { name: change.name, parameters: change.parameters, metrics: {} },
      reads: change.reads ?? readNothing,
      isolation: 'Serializable',
      remakesMetadata: true,
      report: { ...emptyReport, committed: true },
    }
  })
}
