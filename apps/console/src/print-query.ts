import { batchToRows, toArrowStream } from '@deltaworks/columnar'
import type { Session } from '@deltaworks/engine'
import type { LogicalPlan } from '@deltaworks/plan'
import { Option } from 'commander'
import { formatRows, type RowFormat } from './print-rows.js'

/** How the rows of a table leave: as text, or as the bytes of an Arrow IPC stream or a Parquet file. */
export type TableFormat = RowFormat | 'arrow' | 'parquet'

export const tableFormatOption = (): Option =>
  new Option('--format <format>', 'how rows are printed; arrow and parquet are bytes for a file or another program')
    .choices(['table', 'jsonl', 'csv', 'arrow', 'parquet'])
    .default('table')

/** Prints the rows of a query as they come; a table for people, whose widths need them all, at the end. */
export async function printQuery(
  session: Session,
  query: LogicalPlan,
  format: TableFormat,
  signal: AbortSignal,
): Promise<void> {
  if (format === 'table') {
    const result = await session.collect(query, { signal })
    process.stdout.write(formatRows(result.schema, result.rows, format))
    return
  }
  if (format === 'arrow') {
    process.stdout.write(await toArrowStream(session.context.heap, query.schema, session.stream(query, { signal })))
    return
  }
  if (format === 'parquet') return printParquet(session, query, signal)
  if (format === 'csv') process.stdout.write(formatRows(query.schema, [], format))
  for await (const batch of session.stream(query, { signal })) {
    const text = formatRows(batch.schema, batchToRows(session.context.heap, batch), format)
    process.stdout.write(format === 'csv' ? text.slice(text.indexOf('\n') + 1) : text)
  }
}

async function printParquet(session: Session, query: LogicalPlan, signal: AbortSignal): Promise<void> {
  const { ParquetWriter } = await import('@deltaworks/formats')
  const account = session.pool.account('parquet output')
  const onPart = (part: Uint8Array): void => void process.stdout.write(Buffer.from(part))
  const writer = new ParquetWriter(session.context, account, query.schema, { onPart })
  for await (const batch of session.stream(query, { signal })) writer.write(batch)
  writer.finish()
}
