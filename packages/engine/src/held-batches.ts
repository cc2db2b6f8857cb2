import { Arena, copyBatch, type RecordBatch } from '@deltaworks/columnar'
import type { ExecutionContext } from './execution-context.js'
import type { PoolAccount } from './memory-pool.js'

const maxRows = 32_768
const maxBytes = 8 * 1024 * 1024

/** The first batches of a stream, copied, as long as they are small. */
export class HeldBatches {
  readonly #arena: Arena
  readonly #batches: RecordBatch[] = []
  #rows = 0

  constructor(context: ExecutionContext, account: PoolAccount) {
    this.#arena = new Arena(context.columnar.heap, account)
  }

  /** @returns false if it would be too much: then nothing more should come */
  hold(batch: RecordBatch): boolean {
    if (this.#rows + batch.rowCount > maxRows || this.#arena.sizeBytes > maxBytes) return false
    this.#batches.push(copyBatch(this.#arena, batch))
    this.#rows += batch.rowCount
    return true
  }

  /** What is held; it is valid until `close`, and not held any more. */
  release(): readonly RecordBatch[] {
    this.#rows = 0
    return this.#batches.splice(0)
  }

  close(): void {
    this.#arena.close()
  }
}
