import { encodeSegment, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import type { SegmentSplit } from '../scheduler/stage.js'
import type { SpillFile } from '../spill/spill-store.js'
import { segmentCapacity } from './segment-memory.js'

/** Writes segments to shared memory, or to disk when the exchange has no more of it. Both live as long as the query. */
export class SegmentWriter {
  readonly #context: ExecutionContext
  readonly #schema: Schema
  readonly #inMemory: boolean
  #file: SpillFile | null = null

  /** @param inMemory never to disk, and into memory that outlives the query: a lack of it is an error */
  constructor(context: ExecutionContext, schema: Schema, inMemory: boolean) {
    this.#context = context
    this.#schema = schema
    this.#inMemory = inMemory
  }

  /** @throws EngineError DW-ENGINE-0001, -0008 or -0009 */
  write(batches: readonly RecordBatch[]): SegmentSplit {
    const { columnar, pool, spill, segments } = this.#context
    const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0)
    let size = 0
    const encoded = encodeSegment<ArrayBuffer | SharedArrayBuffer>(columnar.heap, this.#schema, batches, (bytes) => {
      size = bytes
      if (this.#inMemory) {
        pool.requireForExchange(bytes)
        return new SharedArrayBuffer(bytes)
      }
      const capacity = segmentCapacity(bytes)
      if (pool.reserveForExchange(capacity)) return segments.take(capacity)
      this.#file ??= spill.file({ spilledBytes: 0, spilledFiles: 0 })
      return this.#file.buffer(bytes)
    })
    if (encoded instanceof SharedArrayBuffer) return { kind: 'segment', segment: encoded, rowCount }
    return { kind: 'spilled', ...this.#file!.appendBytes(new Uint8Array(encoded, 0, size), rowCount) }
  }

  /** Ends writing; the segments stay. */
  end(): void {
    this.#file?.end()
  }
}
