import { Arena, batchFromRows } from '@deltaworks/columnar'
import type { Values } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import type { BatchStream, ExecutionPlan } from './execution-plan.js'

/** Rows that the plan itself holds. */
export class ValuesExec implements ExecutionPlan {
  readonly name = 'ValuesExec'
  readonly schema
  readonly inputs = []
  readonly #values: Values

  constructor(values: Values) {
    this.#values = values
    this.schema = values.schema
  }

  async *execute(context: ExecutionContext): BatchStream {
    const { rows, schema } = this.#values
    if (rows.length === 0) return
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    try {
      for (let start = 0; start < rows.length; start += batchRows) {
        arena.reset()
        yield batchFromRows(arena, schema, rows.slice(start, start + batchRows))
      }
    } finally {
      arena.close()
      account.close()
    }
  }
}

const batchRows = 16_384
