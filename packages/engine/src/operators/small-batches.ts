import { Arena, concatBatches, copyBatch, type Heap, type MemoryAccount, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'

const fewRows = 1024
const enoughRows = 4096
/** Files beyond this are read in batches that are worth their while. */
const smallFileBytes = 256 * 1024
/** Of the files whose rows wait: they are held in memory. */
const mostBytes = 2 * 1024 * 1024

/**
 * Puts the few rows that small files give together: operators work batch by batch, and some thirty aggregates cost more for a
 * batch than for its hundred rows.
 */
export class SmallBatches {
  readonly #schema: Schema
  readonly #pieces: Arena
  readonly #joined: Arena
  #waiting: RecordBatch[] = []
  #rows = 0
  #bytes = 0

  constructor(heap: Heap, account: MemoryAccount, schema: Schema) {
    this.#schema = schema
    this.#pieces = new Arena(heap, account)
    this.#joined = new Arena(heap, account)
  }

  /** @param fileBytes that the batch was read from, all of it */
  isSmall(batch: RecordBatch, fileBytes: number): boolean {
    return batch.rowCount < fewRows && fileBytes <= smallFileBytes
  }

  /** Keeps a copy of a batch. */
  add(batch: RecordBatch, fileBytes: number): void {
    this.#waiting.push(copyBatch(this.#pieces, batch))
    this.#rows += batch.rowCount
    this.#bytes += fileBytes
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  get isFull(): boolean {
    return this.#rows >= enoughRows || this.#bytes >= mostBytes
  }

  /** What waits, in its order, as one batch; it is valid until the next one is taken. */
  take(): RecordBatch {
    this.#joined.reset()
    const batch = concatBatches(this.#joined, this.#schema, this.#waiting)
    this.#pieces.reset()
    this.#waiting = []
    this.#rows = 0
    this.#bytes = 0
    return batch
  }

  close(): void {
    this.#pieces.close()
    this.#joined.close()
  }
}
