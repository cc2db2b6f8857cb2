import {
  Arena,
  concatBatches,
  copyBatch,
  plainColumn,
  recordBatch,
  sliceBatch,
  type RecordBatch,
} from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import { isOverShare, type ExecutionContext } from '../execution-context.js'
import type { PoolAccount, SpillableAccount } from '../memory-pool.js'
import type { BatchStream, ExecutionPlan } from '../operators/execution-plan.js'
import type { SpilledSegment, SpillFile } from './spill-store.js'

/** Rows on disk, in order. */
export type SpilledRun = readonly SpilledSegment[]

export const rowsOf = (run: SpilledRun): number => run.reduce((sum, { rowCount }) => sum + rowCount, 0)
export const bytesOf = (run: SpilledRun): number => run.reduce((sum, { bytes }) => sum + bytes, 0)

/** A copy without dictionaries that are larger than what they save: each batch would have its own. */
export function compactCopy(arena: Arena, batch: RecordBatch): RecordBatch {
  const columns = batch.columns.map((column) =>
    column.dictionary === null || column.dictionary.length * 4 <= batch.rowCount ? column : plainColumn(arena, column),
  )
  return copyBatch(arena, recordBatch(batch.schema, batch.rowCount, columns))
}

/** The batches of a run, one segment in memory at a time. */
export async function* readRun(context: ExecutionContext, account: PoolAccount, run: SpilledRun): BatchStream {
  const arena = new Arena(context.columnar.heap, account)
  try {
    for (const segment of run) {
      const pause = context.pause()
      if (pause !== null) await pause
      context.checkCancelled()
      arena.reset()
      yield* context.spill.read(arena, segment)
    }
  } finally {
    arena.close()
  }
}

/** Writes a stream to a file as it comes. */
export async function writeRun(
  context: ExecutionContext,
  file: SpillFile,
  schema: Schema,
  stream: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
): Promise<SpilledRun> {
  const run: SpilledSegment[] = []
  for await (const batch of stream) {
    if (batch.rowCount > 0) run.push(file.append(context.columnar.heap, schema, [batch]))
  }
  return run
}

/** What was collected of an input: as much as its consumer's share holds, and whether that is all. */
export interface Collected {
  readonly batches: readonly RecordBatch[]
  readonly rowCount: number
  readonly isAll: boolean
}

/** Takes copies of batches until there are no more or the account is over `part` of its share. */
export async function collectShare(
  context: ExecutionContext,
  account: SpillableAccount,
  arena: Arena,
  stream: BatchStream,
  part: number,
): Promise<Collected> {
  const batches: RecordBatch[] = []
  let rowCount = 0
  for (;;) {
    const next = await stream.next()
    if (next.done === true) return { batches, rowCount, isAll: true }
    if (next.value.rowCount === 0) continue
    batches.push(compactCopy(arena, next.value))
    rowCount += next.value.rowCount
    if (isOverShare(context, account, part)) return { batches, rowCount, isAll: false }
  }
}

/** The batches as one. */
export const joinBatches = (arena: Arena, schema: Schema, batches: readonly RecordBatch[]): RecordBatch =>
  batches.length === 1
    ? batches[0]!
    : batches.length === 0
      ? recordBatch(schema, 0, concatBatches(arena, schema, []).columns)
      : concatBatches(arena, schema, batches)

/** Parts of a batch, each valid until the next. */
export function* partsOf(arena: Arena, batch: RecordBatch, rows: number): Generator<RecordBatch> {
  if (batch.rowCount <= rows) {
    if (batch.rowCount > 0) yield batch
    return
  }
  for (let start = 0; start < batch.rowCount; start += rows) {
    arena.reset()
    yield sliceBatch(arena, batch, start, Math.min(batch.rowCount, start + rows))
  }
}

/** A run read as an operator's input. */
export class SpilledRunExec implements ExecutionPlan {
  readonly name = 'SpilledRunExec'
  readonly schema: Schema
  readonly inputs = []
  readonly #run: SpilledRun

  constructor(schema: Schema, run: SpilledRun) {
    this.schema = schema
    this.#run = run
  }

  async *execute(context: ExecutionContext): BatchStream {
    const account = context.pool.account(this.name)
    try {
      yield* readRun(context, account, this.#run)
    } finally {
      account.close()
    }
  }
}
