import { Arena, createFilter, takeBatch } from '@deltaworks/columnar'
import type { Filter } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Keeps the rows on which the predicate is true. */
export class FilterExec implements ExecutionPlan {
  readonly name = 'FilterExec'
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #filter: Filter

  constructor(filter: Filter, input: ExecutionPlan) {
    this.#filter = filter
    this.schema = filter.schema
    this.inputs = [input]
  }

  async *execute(context: ExecutionContext): BatchStream {
    const [input] = this.inputs
    const filter = createFilter(context.columnar, this.#filter.predicate, input!.schema, {
      evaluation: context.evaluation,
    })
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    try {
      for await (const batch of open(input!, context)) {
        arena.reset()
        const selection = filter.select(arena, batch)
        if (selection.count === batch.rowCount) yield batch
        else if (selection.count > 0) yield takeBatch(context.columnar, arena, batch, selection)
      }
    } finally {
      arena.close()
      account.close()
    }
  }
}
