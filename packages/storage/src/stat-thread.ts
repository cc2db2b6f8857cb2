import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** Text, as a file of its own would have to be shipped beside every bundle. Answers are size and time of each file, -1 where nothing can be told. */
const source = `
const { parentPort } = require('node:worker_threads')
const { statSync } = require('node:fs')
parentPort.on('message', (files) => {
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

  /** @returns size and time of modification of each, in milliseconds; size -1: nothing could be told of it */
  ask(files: readonly string[]): Promise<Float64Array> {
    const answer = new Promise<Float64Array>((resolve) => this.#answers.push(resolve))
    this.#worker.postMessage(files)
    return Promise.race([answer, this.#failure])
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
