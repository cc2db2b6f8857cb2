import {
  Arena,
  copyBatch,
  concatBatches,
  createEvaluator,
  recordBatch,
  sortIndexes,
  takeColumn,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Sort } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Rows gathered beside the best so far before those are chosen anew. */
const pendingRows = 32_768
const outputRows = 16_384

/** The first `fetch` rows in an order, holding little more than those at any time. Rows with equal keys keep their order. */
export class TopKExec implements ExecutionPlan {
  readonly name: string
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #sort: Sort
  readonly #fetch: number

  constructor(sort: Sort, fetch: number, input: ExecutionPlan) {
    this.#sort = sort
    this.#fetch = fetch
    this.schema = sort.schema
    this.inputs = [input]
    this.name = `TopKExec (${fetch})`
  }

  async *execute(context: ExecutionContext): BatchStream {
    if (this.#fetch === 0) return
    const { keys } = this.#sort
    const account = context.pool.account(this.name)
    const { heap } = context.columnar
    const evaluator = createEvaluator(
      context.columnar,
      keys.map((key) => key.expression),
      this.schema,
      { evaluation: context.evaluation },
    )
    let kept = new Arena(heap, account)
    let spare = new Arena(heap, account)
    const scratch = new Arena(heap, account)
    let batches: RecordBatch[] = []
    let rows = 0
    /** The best of what was gathered, in order, in an arena of its own. */
    const choose = (): void => {
      scratch.reset()
      const all = batches.length === 1 ? batches[0]! : concatBatches(scratch, this.schema, batches)
      const columns = evaluator.project(scratch, all)
      const sortKeys = keys.map(({ descending, nullsFirst }, i) => ({ column: columns[i]!, descending, nullsFirst }))
      const order = sortIndexes(context.columnar, scratch, sortKeys, all.rowCount, this.#fetch)
      rows = Math.min(this.#fetch, all.rowCount)
      const best = all.columns.map((column) => takeColumn(context.columnar, scratch, column, order, rows))
      spare.reset()
      batches = [copyBatch(spare, recordBatch(this.schema, rows, best))]
      ;[kept, spare] = [spare, kept]
      spare.reset()
    }
    try {
      for await (const batch of open(this.inputs[0]!, context)) {
        if (batch.rowCount === 0) continue
        batches.push(copyBatch(kept, batch))
        rows += batch.rowCount
        if (rows >= this.#fetch + Math.max(pendingRows, this.#fetch)) choose()
      }
      if (rows === 0) return
      choose()
      const [best] = batches
      if (rows <= outputRows) {
        yield best!
        return
      }
      const identity = kept.allocate(rows * 4)
      for (let row = 0; row < rows; row++) heap.i32[(identity >>> 2) + row] = row
      for (let start = 0; start < rows; start += outputRows) {
        scratch.reset()
        const count = Math.min(outputRows, rows - start)
        yield recordBatch(
          this.schema,
          count,
          best!.columns.map((column) => takeColumn(context.columnar, scratch, column, identity + start * 4, count)),
        )
      }
    } finally {
      kept.close()
      spare.close()
      scratch.close()
      account.close()
    }
  }
}
