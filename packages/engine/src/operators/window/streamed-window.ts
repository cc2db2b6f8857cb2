import {
  Arena,
  columnFromValues,
  createEvaluator,
  readValue,
  recordBatch,
  type Column,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { BoundExpression, BoundSortKey, BoundWindow } from '@deltaworks/expression'
import { field, type Schema, type Value } from '@deltaworks/schema'
import type { ExecutionContext } from '../../execution-context.js'
import type { SpillableAccount } from '../../memory-pool.js'
import { readRun, SpilledRunExec, writeRun, type SpilledRun } from '../../spill/runs.js'
import type { SpilledSegment, SpillFile } from '../../spill/spill-store.js'
import type { BatchStream } from '../execution-plan.js'
import { SortExec } from '../sort-exec.js'
import { streamedFunction, type Reach, type StreamedFunction } from './streamed-function.js'

const valuesAtOnce = 8192
/** Of texts, fewer. */
const charactersAtOnce = 262_144

/** Whether all of the windows can be computed over partitions that do not fit into memory. */
export const canStream = (windows: readonly BoundWindow[]): boolean =>
  windows.every((window) => streamedFunction(window) !== null)

/**
 * Windows of one partition and order key over partitions of any size, of which no more than a batch is in memory:
 *
 *   rows ─► sorted run ─┬─► values of each function, a run each ─┐
 *                       └────────────────────────────────────────┴─► rows with their values
 */
export async function* streamedWindow(
  context: ExecutionContext,
  account: SpillableAccount,
  file: SpillFile,
  rows: SpilledRun,
  windows: readonly BoundWindow[],
  schemas: { readonly input: Schema; readonly output: Schema },
): BatchStream {
  const [{ partitionBy, orderBy }] = windows as [BoundWindow]
  const partitionKeys = partitionBy.map((expression) => ({ expression, descending: false, nullsFirst: true }))
  const keys: readonly BoundSortKey[] = [...partitionKeys, ...orderBy]
  const sort = new SortExec({ schema: schemas.input, keys }, new SpilledRunExec(schemas.input, rows))
  const sorted = await writeRun(context, file, schemas.input, sort.execute(context))
  const marks = new KeyMarks(context, schemas.input, partitionBy.length, keys)
  const values = await valuesOf(context, account, file, sorted, windows, schemas.input, marks)
  yield* withValues(context, account, sorted, windows, values, schemas.output, marks)
}

/** Tells where partitions and peers begin in rows that are sorted by the keys. */
class KeyMarks {
  readonly #evaluator
  readonly #context: ExecutionContext
  readonly #partitions: number
  #former: readonly Value[] | null = null

  constructor(context: ExecutionContext, schema: Schema, partitions: number, keys: readonly BoundSortKey[]) {
    const expressions = keys.map((key) => key.expression)
    this.#context = context
    this.#partitions = partitions
    this.#evaluator = createEvaluator(context.columnar, expressions, schema, { evaluation: context.evaluation })
  }

  restart(): void {
    this.#former = null
  }

  /** For each row of the next batch 2: a partition begins, 1: peers begin, 0: neither. */
  of(arena: Arena, batch: RecordBatch): Uint8Array {
    const { heap } = this.#context.columnar
    const columns = this.#evaluator.project(arena, batch)
    const marks = new Uint8Array(batch.rowCount)
    for (let row = 0; row < batch.rowCount; row++) {
      const own = columns.map((column) => readValue(heap, column, row))
      const former = this.#former
      const at = former === null ? 0 : own.findIndex((value, i) => !isSame(value, former[i]!))
      marks[row] = at < 0 ? 0 : former === null || at < this.#partitions ? 2 : 1
      this.#former = own
    }
    return marks
  }
}

/** Equal as sort keys are: null with null, NaN with NaN, 0 with -0. */
const isSame = (a: Value, b: Value): boolean =>
  a === b ||
  (typeof a === 'object' && a !== null && JSON.stringify(plain(a)) === JSON.stringify(plain(b))) ||
  Object.is(a, b)

const plain = (value: Value): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `#${part}` : part)))

/** Runs of values, one a window: each stands for what its function's reach says. */
async function valuesOf(
  context: ExecutionContext,
  account: SpillableAccount,
  file: SpillFile,
  sorted: SpilledRun,
  windows: readonly BoundWindow[],
  schema: Schema,
  marks: KeyMarks,
): Promise<readonly ValueRun[]> {
  const sinks = windows.map((window) => new ValueRun(context, account, file, window))
  const readers = windows.map((window) => new ArgumentReader(context, schema, window))
  const arena = new Arena(context.columnar.heap, account)
  marks.restart()
  let isStarted = false
  try {
    for await (const batch of readRun(context, account, sorted)) {
      arena.reset()
      const begins = marks.of(arena, batch)
      for (const reader of readers) reader.open(arena, batch)
      for (let row = 0; row < batch.rowCount; row++) {
        const begin = begins[row]!
        for (const [i, sink] of sinks.entries()) {
          if (isStarted && begin > 0) sink.endPeers()
          if (isStarted && begin === 2) sink.endPartition()
          sink.row(readers[i]!.at(row), begin > 0)
        }
        isStarted = true
      }
    }
    for (const sink of sinks) sink.end(isStarted)
  } finally {
    arena.close()
  }
  return sinks
}

/** The arguments of a window function, row by row. */
class ArgumentReader {
  readonly #evaluator
  readonly #context: ExecutionContext
  readonly #args: number
  #columns: readonly Column[] = []

  constructor(context: ExecutionContext, schema: Schema, { args, filter }: BoundWindow) {
    const expressions: readonly BoundExpression[] = filter === null ? args : [...args, filter]
    this.#args = args.length
    this.#context = context
    this.#evaluator = createEvaluator(context.columnar, expressions, schema, { evaluation: context.evaluation })
  }

  open(arena: Arena, batch: RecordBatch): void {
    this.#columns = this.#evaluator.project(arena, batch)
  }

  /** Null: the FILTER drops the row. */
  at(row: number): readonly Value[] | null {
    const { heap } = this.#context.columnar
    const values = this.#columns.map((column) => readValue(heap, column, row))
    return values.length > this.#args && values[this.#args] !== true ? null : values
  }
}

/** The values of one function, put on disk as they come. */
class ValueRun {
  readonly reach: Reach
  readonly run: SpilledSegment[] = []
  readonly #context: ExecutionContext
  readonly #account: SpillableAccount
  readonly #file: SpillFile
  readonly #function: StreamedFunction
  readonly #schema: Schema
  #pending: Value[] = []
  #characters = 0

  constructor(context: ExecutionContext, account: SpillableAccount, file: SpillFile, window: BoundWindow) {
    this.#context = context
    this.#account = account
    this.#file = file
    this.#function = streamedFunction(window)!
    this.#schema = { fields: [field('value', window.type)] }
    this.reach = this.#function.reach
  }

  readonly #put = (value: Value): void => {
    this.#pending.push(value)
    if (typeof value === 'string') this.#characters += value.length
    if (this.#pending.length >= valuesAtOnce || this.#characters >= charactersAtOnce) this.#flush()
  }

  row(args: readonly Value[] | null, isFirst: boolean): void {
    this.#function.row(args, isFirst, this.#put)
  }

  endPeers(): void {
    this.#function.endPeers(this.#put)
  }

  endPartition(): void {
    this.#function.endPartition(this.#put)
  }

  end(hadRows: boolean): void {
    if (hadRows) {
      this.endPeers()
      this.endPartition()
    }
    this.#flush()
  }

  #flush(): void {
    if (this.#pending.length === 0) return
    const arena = new Arena(this.#context.columnar.heap, this.#account)
    try {
      const column = columnFromValues(arena, this.#schema.fields[0]!.type, this.#pending)
      const batch = recordBatch(this.#schema, this.#pending.length, [column])
      this.run.push(this.#file.append(this.#context.columnar.heap, this.#schema, [batch]))
    } finally {
      arena.close()
    }
    this.#pending = []
    this.#characters = 0
  }
}

async function* withValues(
  context: ExecutionContext,
  account: SpillableAccount,
  sorted: SpilledRun,
  windows: readonly BoundWindow[],
  runs: readonly ValueRun[],
  schema: Schema,
  marks: KeyMarks,
): BatchStream {
  const cursors = runs.map((run) => new ValueCursor(context, account, run))
  const arena = new Arena(context.columnar.heap, account)
  marks.restart()
  try {
    for await (const batch of readRun(context, account, sorted)) {
      arena.reset()
      const begins = marks.of(arena, batch)
      const added: Column[] = []
      for (const [i, cursor] of cursors.entries()) {
        const values: Value[] = []
        for (const begin of begins) {
          if (cursor.changesAt(begin)) await cursor.advance()
          values.push(cursor.value)
        }
        added.push(columnFromValues(arena, windows[i]!.type, values))
      }
      yield recordBatch(schema, batch.rowCount, [...batch.columns, ...added])
    }
  } finally {
    for (const cursor of cursors) await cursor.close()
    arena.close()
  }
}

/** Reads a run of values one by one. */
class ValueCursor {
  value: Value = null
  readonly #reach: Reach
  readonly #context: ExecutionContext
  readonly #stream: BatchStream
  #values: readonly Value[] = []
  #position = 0

  constructor(context: ExecutionContext, account: SpillableAccount, { reach, run }: ValueRun) {
    this.#reach = reach
    this.#context = context
    this.#stream = readRun(context, account, run)
  }

  changesAt(begin: number): boolean {
    return this.#reach === 'row' || begin >= (this.#reach === 'peers' ? 1 : 2)
  }

  async advance(): Promise<void> {
    if (this.#position === this.#values.length) {
      const next = await this.#stream.next()
      if (next.done === true) throw new RangeError('a window function gave too few values')
      const { rowCount, columns } = next.value
      const { heap } = this.#context.columnar
      this.#values = Array.from({ length: rowCount }, (_, row) => readValue(heap, columns[0]!, row))
      this.#position = 0
    }
    this.value = this.#values[this.#position++]!
  }

  async close(): Promise<void> {
    await this.#stream.return()
  }
}
