import { Arena } from './arena.js'
import type { ColumnarContext } from './context.js'
import { hashColumns } from './hash.js'
import type { RecordBatch } from './record-batch.js'
import type { SelectionVector } from './take.js'

/** The rows of each of `partitions` parts, by the hash of their keys: equal keys are in the same part, in every thread. */
export function partitionBatch(
  context: ColumnarContext,
  arena: Arena,
  batch: RecordBatch,
  keyIndexes: readonly number[],
  partitions: number,
): SelectionVector[] {
  const { rowCount, columns } = batch
  const { kernels, heap } = context
  const rows = arena.allocate(rowCount * 4)
  const scratch = new Arena(heap, arena.account)
  try {
    const keys = keyIndexes.map((i) => columns[i]!)
    const hashes = hashColumns(context, scratch, keys, rowCount)
    const starts = scratch.allocateZeroed((partitions + 1) * 4)
    kernels['partitionRows']!(hashes, rowCount, partitions, starts, rows)
    const at = heap.u32.slice(starts >>> 2, (starts >>> 2) + partitions + 1)
    return Array.from({ length: partitions }, (_, i) => ({ address: rows + at[i]! * 4, count: at[i + 1]! - at[i]! }))
  } finally {
    scratch.close()
  }
}
