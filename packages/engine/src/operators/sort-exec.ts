import { Arena, createEvaluator, recordBatch, sortIndexes, takeColumn } from '@deltaworks/columnar'
import type { Sort } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { collectBatch } from './collected-batch.js'
import type { BatchStream, ExecutionPlan } from './execution-plan.js'

const outputRows = 16_384

/** Orders all rows. Stable. */
export class SortExec implements ExecutionPlan {
  readonly name = 'SortExec'
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #sort: Sort

  constructor(sort: Sort, input: ExecutionPlan) {
    this.#sort = sort
    this.schema = sort.schema
    this.inputs = [input]
  }

  async *execute(context: ExecutionContext): BatchStream {
    const input = await collectBatch(this.inputs[0]!, context, this.name)
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    try {
      const { batch } = input
      if (batch.rowCount === 0) return
      const { keys } = this.#sort
      const evaluator = createEvaluator(
        context.columnar,
        keys.map((key) => key.expression),
        batch.schema,
        { evaluation: context.evaluation },
      )
      const columns = evaluator.project(input.arena, batch)
      const order = sortIndexes(
        context.columnar,
        input.arena,
        keys.map(({ descending, nullsFirst }, i) => ({ column: columns[i]!, descending, nullsFirst })),
        batch.rowCount,
      )
      for (let start = 0; start < batch.rowCount; start += outputRows) {
        arena.reset()
        const rows = Math.min(outputRows, batch.rowCount - start)
        yield recordBatch(
          this.schema,
          rows,
          batch.columns.map((column) => takeColumn(context.columnar, arena, column, order + start * 4, rows)),
        )
      }
    } finally {
      arena.close()
      account.close()
      input.close()
    }
  }
}
