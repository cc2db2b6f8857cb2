import { Arena, concatBatches, copyBatch, recordBatch, type RecordBatch } from '@deltaworks/columnar'
import type { ExecutionContext } from '../execution-context.js'
import { open, type ExecutionPlan } from './execution-plan.js'

/** All rows of an input as one batch in an arena of its own, until `close`. */
export interface CollectedBatch {
  readonly batch: RecordBatch
  readonly arena: Arena
  close(): void
}

/** For operators that need all of their input: sort, window, the build side of a join. Its memory is reserved from the pool. */
export async function collectBatch(
  input: ExecutionPlan,
  context: ExecutionContext,
  consumer: string,
): Promise<CollectedBatch> {
  const account = context.pool.account(consumer)
  const pieces = new Arena(context.columnar.heap, account)
  const arena = new Arena(context.columnar.heap, account)
  const close = (): void => {
    pieces.close()
    arena.close()
    account.close()
  }
  try {
    const batches: RecordBatch[] = []
    for await (const batch of open(input, context)) batches.push(copyBatch(pieces, batch))
    if (batches.length <= 1) {
      return {
        batch: batches[0] ?? recordBatch(input.schema, 0, concatBatches(arena, input.schema, []).columns),
        arena,
        close,
      }
    }
    const batch = concatBatches(arena, input.schema, batches)
    pieces.close()
    return { batch, arena, close }
  } catch (error) {
    close()
    throw error
  }
}
