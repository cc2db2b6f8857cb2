import { setImmediate } from 'node:timers/promises'
import type { ObjectVisitor } from './object-store.js'
import { StatThread, type AskedFiles } from './stat-thread.js'

export const pathsABatch = 2048
/** A thread takes as long to start as this many files. */
const batchesWithoutThread = 4

interface Batch {
  readonly paths: readonly string[]
  /** null: nobody has been asked yet. */
  asked: AskedFiles | null
}

/** Sizes and times of files that a walk finds: of few when they are wanted, of many by a thread, while the walk goes on. */
export class StatBatches {
  readonly #fileOf: (path: string) => string
  readonly #batches: Batch[] = []
  #thread: StatThread | null = null

  constructor(fileOf: (path: string) => string) {
    this.#fileOf = fileOf
  }

  add(paths: readonly string[]): void {
    this.#batches.push({ paths, asked: null })
    if (this.#batches.length <= batchesWithoutThread) return
    const thread = (this.#thread ??= new StatThread())
    for (const batch of this.#batches) batch.asked ??= thread.ask(batch.paths.map(this.#fileOf))
  }

  /** In no order. @param visit size -1: nothing is known of the file */
  async each(visit: ObjectVisitor): Promise<void> {
    let left = this.#batches.length
    // From the end this thread takes what the other has not begun.
    for (; left > 0; left--) {
      const { paths, asked } = this.#batches[left - 1]!
      if (asked?.claim() === false) break
      for (const path of paths) visit(path, -1, 0)
      await setImmediate()
    }
    for (const { paths, asked } of this.#batches.slice(0, left)) {
      const known = await asked!.facts
      paths.forEach((path, i) => visit(path, known[2 * i]!, Math.floor(known[2 * i + 1]!)))
    }
  }

  async close(): Promise<void> {
    await this.#thread?.close()
  }
}
