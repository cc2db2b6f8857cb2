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

  async run(jobs: readonly Job[], use: (result: JobResult) => void): Promise<void> {
    const round = this.#round++
    if (this.#workers.length === 0) {
      const footers = new FooterCache()
      for (const job of jobs) use(await work(this.#context, job, footers))
      return
    }
    const results: (JobResult | undefined)[] = []
    let next = 0
    let used = 0
    await Promise.all(
      this.#workers.map(async (worker) => {
        while (next < jobs.length) {
          const index = next++
          results[index] = await answer(worker, { job: jobs[index]!, round })
          for (; results[used] !== undefined; used++) {
            use(results[used]!)
            delete results[used]
          }
        }
      }),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()))
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
