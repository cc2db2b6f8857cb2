import { batchToRows } from '@deltaworks/columnar'
import type { Session } from '@deltaworks/engine'
import type { LogicalPlan } from '@deltaworks/plan'
import { formatRows, type RowFormat } from './print-rows.js'

/** Prints the rows of a query as they come; a table for people, whose widths need them all, at the end. */
export async function printQuery(
  session: Session,
  query: LogicalPlan,
  format: RowFormat,
  signal: AbortSignal,
): Promise<void> {
  if (format === 'table') {
    const result = await session.collect(query, { signal })
    process.stdout.write(formatRows(result.schema, result.rows, format))
    return
  }
  if (format === 'csv') process.stdout.write(formatRows(query.schema, [], format))
  for await (const batch of session.stream(query, { signal })) {
    const text = formatRows(batch.schema, batchToRows(session.context.heap, batch), format)
    process.stdout.write(format === 'csv' ? text.slice(text.indexOf('\n') + 1) : text)
  }
}
