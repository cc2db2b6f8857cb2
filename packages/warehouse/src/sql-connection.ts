import type { LoadStep } from './load-script.js'
import type { TextRows } from './table-probe.js'
import type { Batches } from './warehouse-table.js'

export type RowsStep = Extract<LoadStep, { readonly kind: 'rows' }>

/** One connection (and session) with a warehouse, opened when it is first needed. Its errors are the driver's own. */
export interface SqlConnection {
  /** Where it is, for messages. */
  readonly location: string
  run(sql: string): Promise<void>
  /** Everything as text. */
  query(sql: string): Promise<TextRows>
  /** Sends rows to a relation. */
  copyRows?(step: RowsStep, rows: Batches): Promise<void>
  /** Whether there is a warehouse to be asked; asking must not make one. Absent: there is. */
  exists?(): boolean
  /** What the warehouse has written down of loads that failed, of files under a URI. */
  loadErrors?(uri: string): Promise<readonly string[]>
  /** Drops the connection; the next use opens another one. */
  reset(): Promise<void>
  close(): Promise<void>
}
