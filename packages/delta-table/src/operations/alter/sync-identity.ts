import { formatSchema, readEverything, type Snapshot } from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { fieldIndex, int64 } from '@deltaworks/schema'
import { DeltaTableProvider } from '../../delta-table-provider.js'
import { badAlteration } from '../../errors.js'
import type { OperationContext, OperationResult } from '../../operation-context.js'
import { aggregateOf, columnAt, scanColumns } from '../../plan-nodes.js'
import { runOptions } from '../../run-options.js'
import { identityOf, withHighWaterMark } from '../../write/column-rules.js'
import type { WriteOptions } from '../../write/write-options.js'
import { alterTable } from './alter-table.js'

/**
 * ALTER TABLE … ALTER COLUMN … SYNC IDENTITY: the next generated value is behind all that are there, explicit ones included.
 * @throws DeltaTableError DW-TABLE-0020
 */
export function syncIdentity(
  context: OperationContext,
  snapshot: Snapshot,
  column: string,
  options: WriteOptions,
): Promise<OperationResult | null> {
  const table = context.location.uri
  return alterTable(context, snapshot, options, async (base) => {
    const index = fieldIndex(base.schema, column)
    const of = index < 0 ? null : base.schema.fields[index]!
    const sequence = of === null ? null : identityOf(of)
    if (of === null || sequence === null) throw badAlteration(table, `Column ${column}`, 'it is no identity column')
    const scan = scanColumns(new DeltaTableProvider(base), [index])
    const name = sequence.step > 0n ? 'max' : 'min'
    const args = [columnAt(scan.schema, 0)]
    const aggregate = { name, args, distinct: false, filter: null, type: int64, nullable: true } as const
    const plan: LogicalPlan = aggregateOf(scan, [], [{ name: 'edge', aggregate }])
    const edge = (await context.session.collect(plan, runOptions(options))).rows[0]?.[0] as bigint | null | undefined
    if (edge === null || edge === undefined) return null
    const { start, step, highWaterMark } = sequence
    // The mark lies on the sequence, at or behind the edge.
    const steps = (edge - start + step - (step > 0n ? 1n : -1n)) / step
    const mark = steps < 0n ? start : start + steps * step
    const isBehind = highWaterMark !== null && (step > 0n ? highWaterMark >= mark : highWaterMark <= mark)
    if (isBehind) return null
    const fields = base.schema.fields.map((f) => (f === of ? withHighWaterMark(f, mark) : f))
    return {
      metadata: { ...base.metadata, schemaString: formatSchema({ fields }) },
      schema: { fields },
      reads: readEverything,
      name: 'SYNC IDENTITY',
      parameters: { column },
    }
  })
}
