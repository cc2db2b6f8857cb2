import { inputsOf, type LogicalPlan } from '@deltaworks/plan'

/** Columnar memory that a byte of a file becomes at most, about: Parquet is compressed. */
const expansion = 4
const bytesPerValue = 16

/** What files of so many bytes may bring into memory. */
export const bytesOfFiles = (sizeBytes: number): number => sizeBytes * expansion

/** What the plan's scans may bring into memory, from what their tables say; nothing is read and nothing pruned. */
export function estimateInputBytes(plan: LogicalPlan): number {
  if (plan.kind === 'values') return plan.rows.length * plan.schema.fields.length * bytesPerValue
  if (plan.kind !== 'scan') return inputsOf(plan).reduce((sum, input) => sum + estimateInputBytes(input), 0)
  const { sizeBytes, rowCount } = plan.table.statistics
  if (sizeBytes !== null) return bytesOfFiles(sizeBytes)
  return (rowCount ?? 0) * plan.projection.length * bytesPerValue
}
