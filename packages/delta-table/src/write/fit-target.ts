import { formatSchema, withSchema, type Metadata } from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import { identityOf, withHighWaterMark } from './column-rules.js'
import { fitRows, markAfter } from './table-rules.js'

export interface FittedTarget {
  readonly plan: LogicalPlan
  /** The table's, or with columns added. */
  readonly metadata: Metadata
  readonly schema: Schema
  readonly evolved: boolean
  readonly identities: readonly string[]
}

/** Fits rows to a table (see `fitRows`), and the table to the rows where `mergeSchema` allows it. */
export async function fitTarget(
  table: string,
  metadata: Metadata,
  schema: Schema,
  rows: LogicalPlan,
  mergeSchema: boolean,
): Promise<FittedTarget> {
  const fitted = await fitRows(table, metadata, schema, rows, mergeSchema)
  const { plan, evolved, identities } = fitted
  return evolved
    ? { ...withSchema(metadata, fitted.schema), plan, evolved, identities }
    : { metadata, schema, plan, evolved, identities }
}

/** The metadata after identity values were made for so many rows; the same if there are none. */
export function withIdentityMarks(
  metadata: Metadata,
  schema: Schema,
  identities: readonly string[],
  rowCount: number,
): Metadata {
  if (identities.length === 0 || rowCount <= 0) return metadata
  const fields = schema.fields.map((column) => {
    const sequence = identities.includes(column.name) ? identityOf(column) : null
    return sequence === null ? column : withHighWaterMark(column, markAfter(sequence, rowCount))
  })
  return { ...metadata, schemaString: formatSchema({ fields }) }
}
