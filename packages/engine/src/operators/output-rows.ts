import { rowBytes, type Heap, type RecordBatch } from '@deltaworks/columnar'

const outputBytes = 1024 * 1024
const fewestRows = 256

/** How many rows of the batches side by side an operator should give at once: fewer if they are wide. */
export function outputRows(heap: Heap, batches: readonly RecordBatch[], mostRows: number): number {
  const bytes = batches.reduce((sum, batch) => sum + rowBytes(heap, batch), 0)
  return Math.max(fewestRows, Math.min(mostRows, Math.floor(outputBytes / Math.max(1, bytes))))
}
