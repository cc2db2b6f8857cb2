import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'
import type { BoundSortKey } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { spillFile, type ExecutionContext } from '../execution-context.js'
import { mergeRuns, type SortedRun } from './merge-runs.js'

/** Merges inputs that are sorted by the keys. Rows with equal keys keep the order of the inputs. */
export class SortedUnionExec implements ExecutionPlan {
  readonly name: string
  readonly schema: Schema
  readonly inputs: readonly ExecutionPlan[]
  readonly spills = true
  readonly #keys: readonly BoundSortKey[]

  constructor(schema: Schema, keys: readonly BoundSortKey[], inputs: readonly ExecutionPlan[]) {
    this.schema = schema
    this.inputs = inputs
    this.#keys = keys
    this.name = `SortedUnionExec (${inputs.length} runs)`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const account = context.pool.spillable(this.name)
    const file = spillFile(context, this)
    const order = { schema: this.schema, keys: this.#keys }
    try {
      const inputs = this.inputs.map((input): SortedRun => ({ open: () => open(input, context) }))
      yield* mergeRuns(context, account, file, order, inputs)
    } finally {
      file.close()
      account.close()
    }
  }
}
