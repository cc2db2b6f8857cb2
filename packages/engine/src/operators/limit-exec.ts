import { Arena, recordBatch, sliceBatch } from '@deltaworks/columnar'
import type { Limit } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Skips rows, then passes on at most so many, and stops its input. */
export class LimitExec implements ExecutionPlan {
  readonly name: string
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #limit: Limit

  constructor(limit: Limit, input: ExecutionPlan) {
    this.#limit = limit
    this.schema = limit.schema
    this.inputs = [input]
    this.name = `LimitExec (skip ${limit.skip}, fetch ${limit.fetch ?? 'all'})`
  }

  async *execute(context: ExecutionContext): BatchStream {
    let { skip } = this.#limit
    let left = this.#limit.fetch ?? Number.MAX_SAFE_INTEGER
    if (left === 0) return
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    try {
      for await (const batch of open(this.inputs[0]!, context)) {
        if (skip >= batch.rowCount) {
          skip -= batch.rowCount
          continue
        }
        const end = Math.min(batch.rowCount, skip + left)
        arena.reset()
        const part = skip === 0 && end === batch.rowCount ? batch : sliceBatch(arena, batch, skip, end)
        yield recordBatch(this.schema, part.rowCount, part.columns)
        left -= end - skip
        skip = 0
        if (left <= 0) return
      }
    } finally {
      arena.close()
      account.close()
    }
  }
}
