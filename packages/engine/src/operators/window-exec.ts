import { Arena, type RecordBatch } from '@deltaworks/columnar'
import type { Window } from '@deltaworks/plan'
import { spillFile, type ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'
import { collectWindow, windowedBatches } from './window/collected-window.js'
import { SpilledWindow } from './window/spilled-window.js'

/**
 * Adds window functions: rows are ordered by partition and order keys, each partition is walked once. Rows keep their order,
 * unless there are more than fit into memory: then they go to disk, divided by partition keys.
 */
export class WindowExec implements ExecutionPlan {
  readonly name: string
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly spills = true
  readonly #window: Window

  constructor(window: Window, input: ExecutionPlan) {
    this.#window = window
    this.schema = window.schema
    this.inputs = [input]
    this.name = `WindowExec (${window.windows.map((w) => w.name).join(', ')})`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const account = context.pool.spillable(this.name)
    const file = spillFile(context, this)
    const stream = open(this.inputs[0]!, context)
    const pieces = new Arena(context.columnar.heap, account)
    const { windows } = this.#window
    try {
      const batches: RecordBatch[] = []
      if (await collectWindow(context, account, stream, pieces, batches, windows)) {
        const { schema } = this.inputs[0]!
        yield* windowedBatches(context, account, pieces, batches, windows, { input: schema, output: this.schema })
        return
      }
      const all = async function* (): BatchStream {
        yield* batches
        pieces.reset()
        yield* stream
      }
      yield* new SpilledWindow(context, account, file, this.#window).results(all())
    } finally {
      await stream.return()
      pieces.close()
      file.close()
      account.close()
    }
  }
}
