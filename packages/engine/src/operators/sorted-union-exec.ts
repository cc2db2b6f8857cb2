import {
  Arena,
  copyBatch,
  createEvaluator,
  concatBatches,
  keyComparator,
  recordBatch,
  sliceBatch,
  takeColumn,
  type Column,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { BoundSortKey } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

const outputRows = 8192

/** Merges inputs that are sorted by the keys. Rows with equal keys keep the order of the inputs. */
export class SortedUnionExec implements ExecutionPlan {
  readonly name: string
  readonly schema: Schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #keys: readonly BoundSortKey[]

  constructor(schema: Schema, keys: readonly BoundSortKey[], inputs: readonly ExecutionPlan[]) {
    this.schema = schema
    this.inputs = inputs
    this.#keys = keys
    this.name = `SortedUnionExec (${inputs.length} runs)`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const account = context.pool.account(this.name)
    const arena = new Arena(context.columnar.heap, account)
    const evaluator = createEvaluator(
      context.columnar,
      this.#keys.map((key) => key.expression),
      this.schema,
      { evaluation: context.evaluation },
    )
    const runs = this.inputs.map(
      (input, index) => new Run(index, open(input, context), new Arena(context.columnar.heap, account), evaluator),
    )
    const output: MergedRows = { runs: new Int32Array(outputRows), rows: new Int32Array(outputRows), count: 0 }
    try {
      for (const run of runs) await run.advance()
      // A heap of runs, the one with the least row on top.
      const heap: Run[] = []
      const before = (a: Run, b: Run): boolean => this.#before(context, a, b)
      for (const run of runs) if (run.batch !== null) push(heap, run, before)
      while (heap.length > 0) {
        output.count = 0
        // The output ends where a run's batch does: its next batch takes the memory of the former.
        while (output.count < outputRows) {
          const top = heap[0]!
          output.runs[output.count] = top.index
          output.rows[output.count++] = top.position++
          if (top.position === top.batch!.rowCount) break
          sink(heap, before)
        }
        arena.reset()
        yield this.#output(context, arena, runs, output)
        const top = heap[0]!
        if (top.position === top.batch!.rowCount) {
          await top.advance()
          if (top.batch === null) {
            const last = heap.pop()!
            if (heap.length > 0) heap[0] = last
          }
          if (heap.length > 0) sink(heap, before)
        }
      }
    } finally {
      for (const run of runs) await run.close()
      arena.close()
      account.close()
    }
  }

  #before(context: ExecutionContext, a: Run, b: Run): boolean {
    const { heap } = context.columnar
    for (let i = 0; i < this.#keys.length; i++) {
      const { descending, nullsFirst } = this.#keys[i]!
      const compare = a.comparator(b, i, () => keyComparator(heap, a.keys[i]!, b.keys[i]!, descending, nullsFirst))
      const order = compare(a.position, b.position)
      if (order !== 0) return order < 0
    }
    return a.index < b.index
  }

  /** Each run gives a contiguous part of its batch; the parts are joined, then ordered. */
  #output(
    context: ExecutionContext,
    arena: Arena,
    runs: readonly Run[],
    { runs: runOf, rows, count }: MergedRows,
  ): RecordBatch {
    const firsts = new Int32Array(runs.length).fill(-1)
    const counts = new Int32Array(runs.length)
    for (let i = 0; i < count; i++) {
      const run = runOf[i]!
      if (firsts[run] === -1) firsts[run] = rows[i]!
      counts[run]!++
    }
    const offsets = new Int32Array(runs.length)
    const parts: RecordBatch[] = []
    let offset = 0
    for (const { index, batch } of runs) {
      if (counts[index] === 0) continue
      offsets[index] = offset - firsts[index]!
      offset += counts[index]!
      parts.push(sliceBatch(arena, batch!, firsts[index]!, firsts[index]! + counts[index]!))
    }
    if (parts.length === 1) return recordBatch(this.schema, count, parts[0]!.columns)
    const joined = concatBatches(arena, this.schema, parts)
    const indexes = arena.allocate(count * 4)
    const { i32 } = context.columnar.heap
    for (let i = 0; i < count; i++) i32[(indexes >>> 2) + i] = offsets[runOf[i]!]! + rows[i]!
    return recordBatch(
      this.schema,
      count,
      joined.columns.map((column) => takeColumn(context.columnar, arena, column, indexes, count)),
    )
  }
}

/** Which row of which run comes next. */
interface MergedRows {
  readonly runs: Int32Array
  readonly rows: Int32Array
  count: number
}

type Before = (a: Run, b: Run) => boolean
type CompareRows = (i: number, j: number) => number

/** One sorted input and its place in it. */
class Run {
  readonly index: number
  batch: RecordBatch | null = null
  position = 0
  keys: readonly Column[] = []
  readonly #stream: BatchStream
  readonly #arena: Arena
  readonly #evaluator: { project(arena: Arena, batch: RecordBatch): Column[] }
  /** Comparators with other runs' batches, by run and key, until either has another batch. */
  #comparators = new Map<Run, { readonly batch: RecordBatch; readonly of: CompareRows[] }>()

  constructor(
    index: number,
    stream: BatchStream,
    arena: Arena,
    evaluator: { project(arena: Arena, batch: RecordBatch): Column[] },
  ) {
    this.index = index
    this.#stream = stream
    this.#arena = arena
    this.#evaluator = evaluator
  }

  async advance(): Promise<void> {
    this.#arena.reset()
    this.#comparators.clear()
    this.position = 0
    this.batch = null
    for (;;) {
      const next = await this.#stream.next()
      if (next.done === true) return
      if (next.value.rowCount === 0) continue
      this.batch = copyBatch(this.#arena, next.value)
      this.keys = this.#evaluator.project(this.#arena, this.batch)
      return
    }
  }

  comparator(other: Run, key: number, make: () => CompareRows): CompareRows {
    let known = this.#comparators.get(other)
    if (known === undefined || known.batch !== other.batch) {
      known = { batch: other.batch!, of: [] }
      this.#comparators.set(other, known)
    }
    return (known.of[key] ??= make())
  }

  async close(): Promise<void> {
    await this.#stream.return()
    this.#arena.close()
  }
}

function push(heap: Run[], run: Run, before: Before): void {
  heap.push(run)
  for (let i = heap.length - 1; i > 0;) {
    const parent = (i - 1) >> 1
    if (!before(heap[i]!, heap[parent]!)) return
    ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
    i = parent
  }
}

/** Puts the top where it belongs. */
function sink(heap: Run[], before: Before): void {
  for (let i = 0; ;) {
    const left = 2 * i + 1
    const right = left + 1
    let least = i
    if (left < heap.length && before(heap[left]!, heap[least]!)) least = left
    if (right < heap.length && before(heap[right]!, heap[least]!)) least = right
    if (least === i) return
    ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
    i = least
  }
}
