import type { Schema } from '@deltaworks/schema'
import type { Column } from './column.js'

/**
 * Rows of one schema, column by column, in one thread's heap. At most 65,536 rows (`maxBatchRows`); scans and operators
 * aim at 16,384. Valid as long as the arena that holds its columns.
 */
export interface RecordBatch {
  readonly schema: Schema
  readonly rowCount: number
  /** One a field of the schema, each of `rowCount` rows. */
  readonly columns: readonly Column[]
}

export const maxBatchRows = 65_536
export const targetBatchRows = 16_384

export const recordBatch = (schema: Schema, rowCount: number, columns: readonly Column[]): RecordBatch => ({
  schema,
  rowCount,
  columns,
})
