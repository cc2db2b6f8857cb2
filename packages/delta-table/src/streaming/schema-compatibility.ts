import { formatSchema, withoutFieldMetadata, type Snapshot } from '@deltaworks/delta-log'

/** Whether readers of a stream need not notice that the one became the other: columns, types and partitioning are the same. */
export const isCompatibleSchema = (before: Snapshot, after: Snapshot): boolean =>
  formatSchema(withoutFieldMetadata(before.schema)) === formatSchema(withoutFieldMetadata(after.schema)) &&
  before.partitionColumns.join('\n') === after.partitionColumns.join('\n')
