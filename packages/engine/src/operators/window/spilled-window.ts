import { Arena, createEvaluator, recordBatch, type Column, type RecordBatch } from '@deltaworks/columnar'
import { expressionKey, type BoundWindow } from '@deltaworks/expression'
import type { Window } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../../execution-context.js'
import type { SpillableAccount } from '../../memory-pool.js'
import { maxSpillLevel, PartitionSpiller } from '../../spill/partition-spiller.js'
import { readRun, rowsOf, writeRun, type SpilledRun } from '../../spill/runs.js'
import type { SpillFile } from '../../spill/spill-store.js'
import type { BatchStream } from '../execution-plan.js'
import { collectWindow, windowedBatches } from './collected-window.js'
import { canStream, streamedWindow } from './streamed-window.js'

/** Of the share: rows that are divided at once. Dividing takes three times as much again. */
const dividedPart = 0.1
/** A part that keeps so much of the rows is of few partitions: dividing it again does not help. */
const fewKeys = 0.9

/**
 * Windows over more rows than fit into memory: divided on disk by partition key, and computed part by part. A partition that
 * does not fit is computed in its order without being held, where its functions can be (`streamedFunction`).
 */
export class SpilledWindow {
  readonly #context: ExecutionContext
  readonly #account: SpillableAccount
  readonly #file: SpillFile
  readonly #window: Window

  constructor(context: ExecutionContext, account: SpillableAccount, file: SpillFile, window: Window) {
    this.#context = context
    this.#account = account
    this.#file = file
    this.#window = window
  }

  /** Windows of one partition key after the other; each takes the rows of the former. */
  async *results(rows: BatchStream): BatchStream {
    const { windows, schema } = this.#window
    const groups = groupBy(windows, ({ partitionBy }) => expressionKey(partitionBy))
    yield* this.#chained(rows, windows, groups, schema, (stream, own, schemas) =>
      this.#divided(stream, own, schemas, 0, false),
    )
  }

  /** Groups of windows, each over what the former gave; columns come out in the order of `windows`. */
  async *#chained(
    rows: BatchStream,
    windows: readonly BoundWindow[],
    groups: readonly (readonly BoundWindow[])[],
    schema: Schema,
    compute: (stream: BatchStream, windows: readonly BoundWindow[], schemas: Schemas) => BatchStream,
  ): BatchStream {
    const width = schema.fields.length - windows.length
    const fieldOf = (window: BoundWindow) => schema.fields[width + windows.indexOf(window)]!
    let stream = rows
    let input: Schema = { fields: schema.fields.slice(0, width) }
    for (const group of groups) {
      const output: Schema = { fields: [...input.fields, ...group.map(fieldOf)] }
      stream = compute(stream, group, { input, output })
      input = output
    }
    const made = groups.flat()
    const places = windows.map((window) => width + made.indexOf(window))
    for await (const { rowCount, columns } of stream) {
      yield recordBatch(schema, rowCount, [...columns.slice(0, width), ...places.map((place) => columns[place]!)])
    }
  }

  /** @param isOfFewKeys dividing did not help before */
  async *#divided(
    stream: BatchStream,
    windows: readonly BoundWindow[],
    schemas: Schemas,
    level: number,
    isOfFewKeys: boolean,
  ): BatchStream {
    const context = this.#context
    const pieces = new Arena(context.columnar.heap, this.#account)
    try {
      const batches: RecordBatch[] = []
      if (await collectWindow(context, this.#account, stream, pieces, batches, windows.length)) {
        yield* windowedBatches(context, this.#account, pieces, batches, windows, schemas)
        return
      }
      const all = async function* (): BatchStream {
        yield* batches
        pieces.reset()
        yield* stream
      }
      if (windows[0]!.partitionBy.length === 0 || isOfFewKeys || level > maxSpillLevel) {
        yield* this.#ordered(all(), windows, schemas)
        return
      }
      const parts = await this.#divide(all(), windows[0]!, schemas.input, level)
      const rows = parts.reduce((sum, part) => sum + rowsOf(part), 0)
      for (const part of parts) {
        const few = rowsOf(part) > rows * fewKeys
        if (part.length > 0)
          yield* this.#divided(readRun(context, this.#account, part), windows, schemas, level + 1, few)
      }
    } finally {
      await stream.return()
      pieces.close()
    }
  }

  async #divide(
    stream: BatchStream,
    { partitionBy }: BoundWindow,
    schema: Schema,
    level: number,
  ): Promise<readonly SpilledRun[]> {
    const { columnar, evaluation } = this.#context
    const evaluator = createEvaluator(columnar, partitionBy, schema, { evaluation })
    const keysOf = (arena: Arena, batch: RecordBatch): readonly Column[] => evaluator.project(arena, batch)
    const block = this.#account.shareBytes * dividedPart
    const spiller = new PartitionSpiller(this.#context, this.#account, this.#file, schema, keysOf, level, block)
    try {
      for await (const batch of stream) spiller.add(batch)
      return spiller.finish()
    } finally {
      spiller.close()
    }
  }

  /** Partitions that do not fit: windows of one order after the other. */
  async *#ordered(stream: BatchStream, windows: readonly BoundWindow[], schemas: Schemas): BatchStream {
    const context = this.#context
    if (!canStream(windows)) {
      yield* this.#whole(stream, windows, schemas)
      return
    }
    const groups = groupBy(
      windows,
      ({ orderBy }) => expressionKey(orderBy.map((key) => key.expression)) + order(orderBy),
    )
    yield* this.#chained(stream, windows, groups, schemas.output, (rows, own, between) => {
      const compute = async function* (account: SpillableAccount, file: SpillFile): BatchStream {
        const run = await writeRun(context, file, between.input, rows)
        yield* streamedWindow(context, account, file, run, own, between)
      }
      return compute(this.#account, this.#file)
    })
  }

  /** All rows at once, whatever that takes. @throws EngineError DW-ENGINE-0001 if that is more than there is */
  async *#whole(stream: BatchStream, windows: readonly BoundWindow[], schemas: Schemas): BatchStream {
    const pieces = new Arena(this.#context.columnar.heap, this.#account)
    const batches: RecordBatch[] = []
    try {
      for (;;) {
        if (await collectWindow(this.#context, this.#account, stream, pieces, batches, windows.length)) break
      }
      yield* windowedBatches(this.#context, this.#account, pieces, batches, windows, schemas)
    } finally {
      pieces.close()
    }
  }
}

interface Schemas {
  readonly input: Schema
  readonly output: Schema
}

const order = (keys: BoundWindow['orderBy']): string =>
  keys.map(({ descending, nullsFirst }) => `${descending}${nullsFirst}`).join()

function groupBy(windows: readonly BoundWindow[], keyOf: (window: BoundWindow) => string): BoundWindow[][] {
  const groups = new Map<string, BoundWindow[]>()
  for (const window of windows) {
    const key = keyOf(window)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [window])
    else group.push(window)
  }
  return [...groups.values()]
}
