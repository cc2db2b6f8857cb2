import { Arena, concatBatches, copyBatch, type MemoryAccount, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import type { BatchStream } from './execution-plan.js'

/** Batches of fewer rows wait for others, until there are enough. */
const fewRows = 1024
const enoughRows = 4096
/** Rows that wait are copies: they take at most so much, and so much of the memory. */
const mostBytes = 2 * 1024 * 1024
const mostPart = 1 / 256

/**
 * Puts the few rows together that small files give, or that filters and joins leave: operators work batch by batch, and some
 * thirty aggregates cost more for a batch than for its hundred rows.
 */
export class BatchCoalescer {
  readonly #schema: Schema
  readonly #pieces: Arena
  readonly #joined: Arena
  readonly #mostBytes: number
  #waiting: RecordBatch[] = []
  #rows = 0

  constructor(context: ExecutionContext, schema: Schema, account: MemoryAccount) {
    this.#schema = schema
    this.#pieces = new Arena(context.columnar.heap, account)
    this.#joined = new Arena(context.columnar.heap, account)
    this.#mostBytes = Math.min(mostBytes, context.pool.limitBytes * mostPart)
  }

  /** What comes of a batch, in order: nothing yet, or rows that are valid until the next are asked for. */
  *add(batch: RecordBatch): Generator<RecordBatch, void, undefined> {
    if (batch.rowCount >= fewRows) {
      yield* this.rest()
      yield batch
      return
    }
    if (batch.rowCount === 0) return
    this.#waiting.push(copyBatch(this.#pieces, batch))
    this.#rows += batch.rowCount
    if (this.#rows >= enoughRows || this.#pieces.sizeBytes >= this.#mostBytes) yield* this.rest()
  }

  /** What still waits. */
  *rest(): Generator<RecordBatch, void, undefined> {
    if (this.#waiting.length === 0) return
    this.#joined.reset()
    const batch = concatBatches(this.#joined, this.#schema, this.#waiting)
    this.#pieces.reset()
    this.#waiting = []
    this.#rows = 0
    yield batch
  }

  close(): void {
    this.#pieces.close()
    this.#joined.close()
  }
}

/** The same rows in batches that are worth their while. */
export async function* coalesced(context: ExecutionContext, schema: Schema, stream: BatchStream): BatchStream {
  const account = context.pool.account('BatchCoalescer')
  const coalescer = new BatchCoalescer(context, schema, account)
  try {
    for await (const batch of stream) yield* coalescer.add(batch)
    yield* coalescer.rest()
  } finally {
    coalescer.close()
    account.close()
  }
}
