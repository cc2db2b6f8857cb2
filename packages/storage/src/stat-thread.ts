import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * Text, as a file of its own would have to be shipped beside every bundle. Answers are size and time of each file, -1 where
 * nothing can be told; none of files that were claimed by somebody else.
 */
const source = `
const { parentPort } = require('node:worker_threads')
const { statSync } = require('node:fs')
parentPort.on('message', ({ files, claim }) => {
  if (Atomics.compareExchange(claim, 0, 0, 1) !== 0) return parentPort.postMessage(new Float64Array(0))
  const facts = new Float64Array(files.length * 2)
  for (let i = 0; i < files.length; i++) {
    try {
      const stats = statSync(files[i])
      facts[2 * i] = stats.isFile() ? stats.size : -1
      facts[2 * i + 1] = stats.mtimeMs
    } catch {
      facts[2 * i] = -1
    }
  }
  parentPort.postMessage(facts, [facts.buffer])
})
`

export interface AskedFiles {
  /** Size and time of modification of each, in milliseconds; size -1: nothing could be told of it. Nothing, if they were claimed. */
  readonly facts: Promise<Float64Array>
  /** Takes them away from the thread. @returns false if it has begun with them */
  claim(): boolean
}

/** Asks the system about files on another thread, while this one looks for more of them. */
export class StatThread {
  readonly #worker = new Worker(source, { eval: true, execArgv: [], resourceLimits: { maxYoungGenerationSizeMb: 4 } })
  readonly #answers: ((facts: Float64Array) => void)[] = []
  readonly #failure: Promise<never>

  constructor() {
    this.#worker.on('message', (facts: Float64Array) => this.#answers.shift()!(facts))
    this.#failure = once(this.#worker, 'exit').then(() => {
      throw new Error('the thread that asks about files ended')
    })
    this.#failure.catch(() => undefined)
  }

  /** Asks the thread about files, in its turn. */
  ask(files: readonly string[]): AskedFiles {
    const claim = new Int32Array(new SharedArrayBuffer(4))
    const answer = new Promise<Float64Array>((resolve) => this.#answers.push(resolve))
    this.#worker.postMessage({ files, claim })
    const facts = Promise.race([answer, this.#failure])
    // Whoever waits for it hears of a failure.
    facts.catch(() => undefined)
    return { facts, claim: () => Atomics.compareExchange(claim, 0, 0, 1) === 0 }
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
