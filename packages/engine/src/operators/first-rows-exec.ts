import {
  Arena,
  concatBatches,
  copyBatch,
  createEvaluator,
  firstRows,
  FirstRowCandidates,
  takeBatch,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { ExecutionContext } from '../execution-context.js'
import type { FirstRows } from '../first-rows.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Candidates gathered beside the first rows so far before those are chosen anew. */
const pendingRows = 65_536
const outputRows = 16_384

/** Of each partition of a window the row that its order puts first; rows keep their order. Holds little more than those rows. */
export class FirstRowsExec implements ExecutionPlan {
  readonly name = 'FirstRowsExec'
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #plan: FirstRows

  constructor(plan: FirstRows, input: ExecutionPlan) {
    this.#plan = plan
    this.schema = plan.schema
    this.inputs = [input]
  }

  async *execute(context: ExecutionContext): BatchStream {
    const { columnar } = context
    const window = this.#plan.windows[0]!
    const account = context.pool.account(this.name)
    const evaluator = createEvaluator(
      columnar,
      [...window.partitionBy, ...window.orderBy.map((key) => key.expression)],
      this.schema,
      { evaluation: context.evaluation },
    )
    const partitions = window.partitionBy.length
    const candidates = new FirstRowCandidates(
      columnar,
      account,
      window.partitionBy.map((key) => key.type),
    )
    const scratch = new Arena(columnar.heap, account)
    let kept = new Arena(columnar.heap, account)
    let spare = new Arena(columnar.heap, account)
    let batches: RecordBatch[] = []
    let rows = 0
    let firsts = 0
    const keysOf = (batch: RecordBatch) => {
      const columns = evaluator.project(scratch, batch)
      const order = window.orderBy.map(({ descending, nullsFirst }, i) => ({
        column: columns[partitions + i]!,
        descending,
        nullsFirst,
      }))
      return { partitionBy: columns.slice(0, partitions), order }
    }
    const choose = (): void => {
      scratch.reset()
      const all = batches.length === 1 ? batches[0]! : concatBatches(scratch, this.schema, batches)
      const { partitionBy, order } = keysOf(all)
      const chosen = firstRows(columnar, scratch, partitionBy, order, all.rowCount)
      spare.reset()
      batches = [copyBatch(spare, takeBatch(columnar, scratch, all, chosen))]
      rows = chosen.count
      firsts = rows
      ;[kept, spare] = [spare, kept]
      spare.reset()
    }
    try {
      for await (const batch of open(this.inputs[0]!, context)) {
        if (batch.rowCount === 0) continue
        scratch.reset()
        const { partitionBy, order } = keysOf(batch)
        const chosen = candidates.select(scratch, partitionBy, order[0] ?? null, batch.rowCount)
        if (chosen.count === 0) continue
        batches.push(copyBatch(kept, takeBatch(columnar, scratch, batch, chosen)))
        rows += chosen.count
        if (rows >= firsts * 2 + pendingRows && order.length > 0) choose()
      }
      if (rows === 0) return
      if (window.orderBy.length > 0) choose()
      for (const batch of batches) yield* this.#slices(context, scratch, batch)
    } finally {
      candidates.close()
      kept.close()
      spare.close()
      scratch.close()
      account.close()
    }
  }

  *#slices({ columnar }: ExecutionContext, scratch: Arena, batch: RecordBatch): Generator<RecordBatch> {
    if (batch.rowCount <= outputRows) {
      yield batch
      return
    }
    const { i32 } = columnar.heap
    for (let start = 0; start < batch.rowCount; start += outputRows) {
      scratch.reset()
      const count = Math.min(outputRows, batch.rowCount - start)
      const address = scratch.allocate(count * 4)
      for (let row = 0; row < count; row++) i32[(address >>> 2) + row] = start + row
      yield takeBatch(columnar, scratch, batch, { address, count })
    }
  }
}
