import { StatThread } from './stat-thread.js'
import type { ObjectVisitor } from './object-store.js'

export const pathsABatch = 2048
/** A thread takes as long to start as this many files. */
const batchesWithoutThread = 4

interface Batch {
  readonly paths: readonly string[]
  /** null: nobody has been asked yet. */
  facts: Promise<Float64Array> | null
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
    this.#batches.push({ paths, facts: null })
    if (this.#batches.length <= batchesWithoutThread) return
    const thread = (this.#thread ??= new StatThread())
    for (const batch of this.#batches) {
      if (batch.facts !== null) continue
      batch.facts = thread.ask(batch.paths.map(this.#fileOf))
      // Whoever waits for it hears of a failure.
      batch.facts.catch(() => undefined)
    }
  }

  /** @param visit size -1: nothing is known of the file */
  async each(visit: ObjectVisitor): Promise<void> {
    for (const { paths, facts } of this.#batches) {
      const known = await facts
      paths.forEach((path, i) => {
        if (known === null) visit(path, -1, 0)
        else visit(path, known[2 * i]!, Math.floor(known[2 * i + 1]!))
      })
    }
  }

  async close(): Promise<void> {
    await this.#thread?.close()
  }
}
