import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { createContext, kernelModule } from '@deltaworks/columnar'
import { FooterCache } from '@deltaworks/formats'
import { work, type Job, type JobResult } from './work.js'

/** Runs jobs on this thread, or on so many others; results come in the order of the jobs. */
export class Pool {
  readonly #workers: readonly Worker[]
  readonly #context = createContext()
  #round = 0

  constructor(threads: number) {
    const url = new URL('./worker.js', import.meta.url)
    this.#workers =
      threads === 1 ? [] : Array.from({ length: threads }, () => new Worker(url, { workerData: kernelModule() }))
  }

  async run(jobs: Iterable<Job> | AsyncIterable<Job>, use: (result: JobResult) => void): Promise<void> {
    const round = this.#round++
    if (this.#workers.length === 0) {
      const footers = new FooterCache()
      for await (const job of jobs) use(await work(this.#context, job, footers))
      return
    }
    const results: (JobResult | undefined)[] = []
    let used = 0
    const queue = new JobQueue(jobs)
    await Promise.all([
      queue.fill(),
      ...this.#workers.map(async (worker) => {
        for (let next = await queue.next(); next !== null; next = await queue.next()) {
          results[next.index] = await answer(worker, { job: next.job, round })
          for (; results[used] !== undefined; used++) {
            use(results[used]!)
            delete results[used]
          }
        }
      }),
    ])
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
  }
}

/** Jobs that are still being found while the first of them are done. */
class JobQueue {
  readonly #jobs: Iterable<Job> | AsyncIterable<Job>
  readonly #found: Job[] = []
  #taken = 0
  #isComplete = false
  #wake: (() => void)[] = []

  constructor(jobs: Iterable<Job> | AsyncIterable<Job>) {
    this.#jobs = jobs
  }

  async fill(): Promise<void> {
    try {
      for await (const job of this.#jobs) {
        this.#found.push(job)
        this.#tell()
        // Answers of the workers come in between.
        await setImmediate()
      }
    } finally {
      this.#isComplete = true
      this.#tell()
    }
  }

  async next(): Promise<{ readonly job: Job; readonly index: number } | null> {
    while (this.#taken === this.#found.length) {
      if (this.#isComplete) return null
      await new Promise<void>((wake) => this.#wake.push(wake))
    }
    const index = this.#taken++
    return { job: this.#found[index]!, index }
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

const answer = (worker: Worker, message: { readonly job: Job; readonly round: number }): Promise<JobResult> =>
  new Promise((resolve, reject) => {
    const done = (result: JobResult): void => {
      worker.off('error', reject)
      resolve(result)
    }
    worker.once('message', done)
    worker.once('error', reject)
    worker.postMessage(message)
  })
