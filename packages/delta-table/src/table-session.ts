import type { ColumnarContext, MemoryAccount, RecordBatch } from '@deltaworks/columnar'
import type { FileSink, WriteResult } from '@deltaworks/engine'
import type { LogicalPlan, TableProvider } from '@deltaworks/plan'
import type { Schema, Value } from '@deltaworks/schema'

export type { FileSink, WrittenFile } from '@deltaworks/engine'
export type WrittenFiles = Pick<WriteResult, 'files' | 'rowCount'>

/** Rows to be written or merged: a DataFrame, or a plan. */
export type Rows = LogicalPlan | { readonly plan: LogicalPlan }

export const planOf = (rows: Rows): LogicalPlan => ('plan' in rows ? rows.plan : rows)

export interface RunOptions {
  readonly signal?: AbortSignal
}

/** What a table needs of a session; @deltaworks/engine's `Session` is one. */
export interface TableSession {
  readonly context: ColumnarContext
  readonly pool: { account(consumer: string): MemoryAccount }
  collect(
    query: LogicalPlan,
    options?: RunOptions,
  ): Promise<{ readonly schema: Schema; readonly rows: readonly (readonly Value[])[] }>
  /** Batches in `context`'s heap, each valid until the next is asked for. */
  stream(query: LogicalPlan, options?: RunOptions): AsyncIterable<RecordBatch>
  materialise(query: LogicalPlan, options?: RunOptions & { readonly name?: string }): Promise<TableProvider>
  writeFiles(query: LogicalPlan, sink: FileSink, options?: RunOptions): Promise<WrittenFiles>
}
