import { Arena, columnFromValues, createEvaluator, readValue, recordBatch, takeColumn } from '@deltaworks/columnar'
import type { Unnest } from '@deltaworks/plan'
import type { Value } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

/** Rows of a batch of output, about: a batch ends after the input row that reaches it. */
const outputRows = 16_384

/** Repeats each row for the elements of its lists. */
export class UnnestExec implements ExecutionPlan {
  readonly name: string
  readonly schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #unnest: Unnest

  constructor(unnest: Unnest, input: ExecutionPlan) {
    this.#unnest = unnest
    this.schema = unnest.schema
    this.inputs = [input]
    this.name = `UnnestExec (${unnest.lists.length} lists${unnest.outer ? ', outer' : ''})`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const [input] = this.inputs
    const { columnar } = context
    const { heap } = columnar
    const width = input!.schema.fields.length
    const evaluator = createEvaluator(columnar, this.#unnest.lists, input!.schema, { evaluation: context.evaluation })
    const account = context.pool.account(this.name)
    const [lists, arena] = [new Arena(heap, account), new Arena(heap, account)]
    try {
      for await (const batch of open(input!, context)) {
        lists.reset()
        const columns = evaluator.project(lists, batch)
        for (let row = 0; row < batch.rowCount;) {
          const rows: number[] = []
          const added: Value[][] = this.schema.fields.slice(width).map(() => [])
          for (; row < batch.rowCount && rows.length < outputRows; row++) {
            const values = columns.map((column) => readValue(heap, column, row) as readonly Value[] | null)
            this.#elements(values, added, () => rows.push(row))
          }
          if (rows.length === 0) continue
          const pause = context.pause()
          if (pause !== null) await pause
          context.checkCancelled()
          arena.reset()
          const places = arena.allocate(rows.length * 4)
          heap.i32.set(rows, places >>> 2)
          const kept = batch.columns.map((column) => takeColumn(columnar, arena, column, places, rows.length))
          const made = added.map((values, i) => columnFromValues(arena, this.schema.fields[width + i]!.type, values))
          yield recordBatch(this.schema, rows.length, [...kept, ...made])
        }
      }
    } finally {
      lists.close()
      arena.close()
      account.close()
    }
  }

  /** Adds a row for each element, calling `repeat` for it. */
  #elements(lists: readonly (readonly Value[] | null)[], added: readonly Value[][], repeat: () => void): void {
    const { lists: expressions, outer, ordinality } = this.#unnest
    const longest = lists.reduce((count, values) => Math.max(count, values?.length ?? 0), 0)
    const rows = longest === 0 && outer ? 1 : longest
    for (let i = 0; i < rows; i++) {
      let place = 0
      lists.forEach((values, which) => {
        const value = values?.[i] ?? null
        if (expressions[which]!.type.kind === 'map') {
          const [key = null, entry = null] = (value ?? []) as readonly Value[]
          added[place++]!.push(key)
          added[place++]!.push(entry)
        } else added[place++]!.push(value)
      })
      if (ordinality) added[place]!.push(longest === 0 ? null : BigInt(i + 1))
      repeat()
    }
  }
}
