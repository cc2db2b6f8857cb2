import {
  Arena,
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
import type { SpillableAccount } from '../memory-pool.js'
import { bytesOf, readRun, writeRun, type SpilledRun } from '../spill/runs.js'
import type { SpillFile } from '../spill/spill-store.js'
import type { BatchStream } from './execution-plan.js'
import { outputRows } from './output-rows.js'

const mostRows = 8192
const mostRuns = 256
/** What a run takes while it is merged if that is not known: a batch. */
const unknownBatchBytes = 1024 * 1024

export interface RowOrder {
  readonly schema: Schema
  readonly keys: readonly BoundSortKey[]
}

/** Rows in order, read when it is their turn. */
export interface SortedRun {
  open(): BatchStream
  /** Memory that one of its batches takes, if known. */
  readonly batchBytes?: number
  /** All of its rows, if known: the less, the sooner it is merged into another run. */
  readonly bytes?: number
}

/** How many bytes a segment of a run should have: many runs are to be merged at once. */
export const runSegmentBytes = (account: SpillableAccount): number =>
  Math.max(65_536, Math.min(1024 * 1024, account.shareBytes / 64))

export const spilledSortedRun = (context: ExecutionContext, account: SpillableAccount, run: SpilledRun): SortedRun => ({
  open: () => readRun(context, account, run),
  batchBytes: run.reduce((most, { bytes }) => Math.max(most, bytes), 0),
  bytes: bytesOf(run),
})

/** How many of the runs, from the first on, can be merged in the account's share. */
function fitting(account: SpillableAccount, runs: readonly SortedRun[]): number {
  let bytes = 0
  let count = 0
  for (const { batchBytes } of runs) {
    bytes += Math.max(65_536, batchBytes ?? unknownBatchBytes) * 2
    if (count >= 2 && (bytes > account.shareBytes / 2 || count >= mostRuns)) break
    count++
  }
  return count
}

/** Of so many neighbours, those with the fewest bytes: the first of them. */
function lightest(runs: readonly SortedRun[], count: number): number {
  const bytesAt = (i: number): number => runs[i]!.bytes ?? unknownBatchBytes
  let bytes = 0
  for (let i = 0; i < count; i++) bytes += bytesAt(i)
  let [least, first] = [bytes, 0]
  for (let start = 1; start + count <= runs.length; start++) {
    bytes += bytesAt(start + count - 1) - bytesAt(start - 1)
    if (bytes < least) [least, first] = [bytes, start]
  }
  return first
}

/**
 * Merges runs of one order. Of more than fit into memory at once, as few as it takes are merged beforehand, by way of the file:
 * neighbours, so that it is stable, and the small ones, so that few rows are written again.
 */
export async function* mergeRuns(
  context: ExecutionContext,
  account: SpillableAccount,
  file: SpillFile,
  order: RowOrder,
  inputs: readonly SortedRun[],
): BatchStream {
  let runs = inputs
  for (;;) {
    const most = fitting(account, runs)
    if (most >= runs.length) break
    const start = lightest(runs, Math.min(most, runs.length - most + 1))
    const group = runs.slice(start, start + Math.min(fitting(account, runs.slice(start)), runs.length - most + 1))
    const run = await writeRun(context, file, order.schema, mergeSorted(context, account, order, group))
    const merged = spilledSortedRun(context, account, run)
    runs = [...runs.slice(0, start), merged, ...runs.slice(start + group.length)]
  }
  yield* mergeSorted(context, account, order, runs)
}

async function* mergeSorted(
  context: ExecutionContext,
  account: SpillableAccount,
  { schema, keys }: RowOrder,
  inputs: readonly SortedRun[],
): BatchStream {
  const arena = new Arena(context.columnar.heap, account)
  const evaluator = createEvaluator(
    context.columnar,
    keys.map((key) => key.expression),
    schema,
    { evaluation: context.evaluation },
  )
  const runs = inputs.map(
    (input, index) => new Run(index, input.open(), new Arena(context.columnar.heap, account), evaluator),
  )
  const output: MergedRows = { runs: new Int32Array(mostRows), rows: new Int32Array(mostRows), count: 0 }
  try {
    for (const run of runs) await run.advance()
    const widest = runs.flatMap(({ batch }) => (batch === null ? [] : [outputRows(context, [batch], mostRows)]))
    const step = Math.min(mostRows, ...widest)
    // A heap of runs, the one with the least row on top.
    const heap: Run[] = []
    const before = (a: Run, b: Run): boolean => isBefore(context, keys, a, b)
    for (const run of runs) if (run.batch !== null) push(heap, run, before)
    while (heap.length > 0) {
      output.count = 0
      // The output ends where a run's batch does: its next batch takes the memory of the former.
      while (output.count < step) {
        const top = heap[0]!
        output.runs[output.count] = top.index
        output.rows[output.count++] = top.position++
        if (top.position === top.batch!.rowCount) break
        sink(heap, before)
      }
      arena.reset()
      yield outputOf(context, arena, schema, runs, output)
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
  }
}

function isBefore(context: ExecutionContext, keys: readonly BoundSortKey[], a: Run, b: Run): boolean {
  const { heap } = context.columnar
  for (let i = 0; i < keys.length; i++) {
    const { descending, nullsFirst } = keys[i]!
    const compare = a.comparator(b, i, () => keyComparator(heap, a.keys[i]!, b.keys[i]!, descending, nullsFirst))
    const order = compare(a.position, b.position)
    if (order !== 0) return order < 0
  }
  return a.index < b.index
}

/** Each run gives a contiguous part of its batch; the parts are joined, then ordered. */
function outputOf(
  context: ExecutionContext,
  arena: Arena,
  schema: Schema,
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
  if (parts.length === 1) return recordBatch(schema, count, parts[0]!.columns)
  const joined = concatBatches(arena, schema, parts)
  const indexes = arena.allocate(count * 4)
  const { i32 } = context.columnar.heap
  for (let i = 0; i < count; i++) i32[(indexes >>> 2) + i] = offsets[runOf[i]!]! + rows[i]!
  return recordBatch(
    schema,
    count,
    joined.columns.map((column) => takeColumn(context.columnar, arena, column, indexes, count)),
  )
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
      this.batch = next.value
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
