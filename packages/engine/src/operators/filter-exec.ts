import { Arena, createFilter, takeBatch, type FilterEvaluator } from '@deltaworks/columnar'
import type { Filter } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { BatchCoalescer } from './batch-coalescer.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Keeps the rows on which the predicate is true. */
export class FilterExec implements ExecutionPlan {
  readonly name = 'FilterExec'
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #filter: Filter
  /** It is executed once a morsel. */
  #evaluator: FilterEvaluator | null = null

  constructor(filter: Filter, input: ExecutionPlan) {
    this.#filter = filter
    this.schema = filter.schema
    this.inputs = [input]
  }

  async *execute(context: ExecutionContext): BatchStream {
    const [input] = this.inputs
    const { columnar, evaluation } = context
    const filter = (this.#evaluator ??= createFilter(columnar, this.#filter.predicate, input!.schema, { evaluation }))
    const account = context.pool.account(this.name)
    const arena = new Arena(columnar.heap, account)
    const coalescer = new BatchCoalescer(context, this.schema, account)
    try {
      for await (const batch of open(input!, context)) {
        arena.reset()
        const selection = filter.select(arena, batch)
        if (selection.count === batch.rowCount) yield* coalescer.add(batch)
        else if (selection.count > 0) yield* coalescer.add(takeBatch(columnar, arena, batch, selection))
      }
      yield* coalescer.rest()
    } finally {
      coalescer.close()
      arena.close()
      account.close()
    }
  }
}
