import { rowBytes, type RecordBatch } from '@deltaworks/columnar'
import type { ExecutionContext } from '../execution-context.js'

const outputBytes = 1024 * 1024
const fewestRows = 256

/** How many rows of the batches side by side an operator should give at once: fewer if they are wide. */
export function outputRows(
  { columnar, pool }: ExecutionContext,
  batches: readonly RecordBatch[],
  mostRows: number,
): number {
  const bytes = batches.reduce((sum, batch) => sum + rowBytes(columnar.heap, batch), 0)
  const most = Math.min(outputBytes, pool.batchBytes)
  return Math.max(fewestRows, Math.min(mostRows, Math.floor(most / Math.max(1, bytes))))
}
