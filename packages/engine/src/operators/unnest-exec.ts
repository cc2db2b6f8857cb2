import {
  Arena,
  columnFromValues,
  createEvaluator,
  readValue,
  recordBatch,
  takeColumn,
  type Column,
  type Heap,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Unnest } from '@deltaworks/plan'
import type { Value } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

const outputRows = 16_384

/** Rows of output that are being gathered: the input row of each, and what is added to it by column. */
interface Gathered {
  readonly rows: number[]
  readonly added: readonly Value[][]
}

/** The lists of one input row. */
type Lists = readonly (readonly Value[] | null)[]

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
    const evaluator = createEvaluator(columnar, this.#unnest.lists, input!.schema, { evaluation: context.evaluation })
    const account = context.pool.account(this.name)
    const [lists, arena] = [new Arena(heap, account), new Arena(heap, account)]
    try {
      for await (const batch of open(input!, context)) {
        lists.reset()
        const columns = evaluator.project(lists, batch)
        for (const gathered of this.#gather(heap, columns, batch.rowCount)) {
          const pause = context.pause()
          if (pause !== null) await pause
          context.checkCancelled()
          yield this.#batch(context, arena, batch, gathered)
        }
      }
    } finally {
      lists.close()
      arena.close()
      account.close()
    }
  }

  /** What comes of a batch's rows, in parts of `outputRows`; the last may have fewer. */
  *#gather(heap: Heap, columns: readonly Column[], rowCount: number): Generator<Gathered> {
    let gathered = this.#nothing()
    for (let row = 0; row < rowCount; row++) {
      const lists: Lists = columns.map((column) => readValue(heap, column, row) as readonly Value[] | null)
      for (let from = 0, end = this.#countOf(lists); from < end;) {
        const to = Math.min(end, from + outputRows - gathered.rows.length)
        this.#add(gathered, row, lists, from, to)
        from = to
        if (gathered.rows.length < outputRows) continue
        yield gathered
        gathered = this.#nothing()
      }
    }
    if (gathered.rows.length > 0) yield gathered
  }

  #nothing(): Gathered {
    const width = this.inputs[0]!.schema.fields.length
    return { rows: [], added: this.schema.fields.slice(width).map(() => []) }
  }

  /** Rows that come of one. */
  #countOf(lists: Lists): number {
    const longest = longestOf(lists)
    return longest === 0 && this.#unnest.outer ? 1 : longest
  }

  /** Adds a row for each of the elements [from, to). */
  #add({ rows, added }: Gathered, row: number, lists: Lists, from: number, to: number): void {
    const { lists: expressions, ordinality } = this.#unnest
    const isEmpty = longestOf(lists) === 0
    for (let i = from; i < to; i++) {
      let place = 0
      lists.forEach((values, which) => {
        const value = values?.[i] ?? null
        if (expressions[which]!.type.kind === 'map') {
          const [key = null, entry = null] = (value ?? []) as readonly Value[]
          added[place++]!.push(key)
          added[place++]!.push(entry)
        } else added[place++]!.push(value)
      })
      if (ordinality) added[place]!.push(isEmpty ? null : BigInt(i + 1))
      rows.push(row)
    }
  }

  #batch({ columnar }: ExecutionContext, arena: Arena, batch: RecordBatch, { rows, added }: Gathered): RecordBatch {
    arena.reset()
    const places = arena.allocate(rows.length * 4)
    columnar.heap.i32.set(rows, places >>> 2)
    const kept = batch.columns.map((column) => takeColumn(columnar, arena, column, places, rows.length))
    const made = added.map((values, i) => columnFromValues(arena, this.schema.fields[kept.length + i]!.type, values))
    return recordBatch(this.schema, rows.length, [...kept, ...made])
  }
}

const longestOf = (lists: Lists): number => lists.reduce((count, values) => Math.max(count, values?.length ?? 0), 0)
