import { recordBatch } from '@deltaworks/columnar'
import type { Union } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** The rows of all inputs, one input after the other. */
export class UnionExec implements ExecutionPlan {
  readonly name = 'UnionExec'
  readonly schema
  readonly inputs: readonly ExecutionPlan[]

  constructor(union: Union, inputs: readonly ExecutionPlan[]) {
    this.schema = union.schema
    this.inputs = inputs
  }

  async *execute(context: ExecutionContext): BatchStream {
    for (const input of this.inputs) {
      for await (const batch of open(input, context)) yield recordBatch(this.schema, batch.rowCount, batch.columns)
    }
  }
}
