import { kernelModule } from '@deltaworks/columnar'
import { errorFromData } from '@deltaworks/schema'
import type { Piscina } from 'piscina'
import { workerFailed } from '../errors.js'
import type { MemoryPool } from '../memory-pool.js'
import { workerEntry } from '../worker-entry.js'
import type { Task, TaskDone, TaskResult, WorkerSetup } from './task.js'

/** How often a task is started before its query fails: a worker that dies loses its task, which another one runs again. */
const attempts = 2

/** The session's worker threads, started when the first large query comes. One task a worker and stage. */
export class WorkerPool {
  readonly #threads: number
  readonly #pool: MemoryPool
  #piscina: Promise<Piscina> | null = null

  constructor(threads: number, pool: MemoryPool) {
    this.#threads = threads
    this.#pool = pool
  }

  async #start(): Promise<Piscina> {
    const { Piscina } = await import('piscina')
    const setup: WorkerSetup = {
      module: kernelModule(),
      poolCounter: this.#pool.counter,
      poolLimitBytes: this.#pool.limitBytes,
    }
    return new Piscina({
      filename: workerEntry(),
      workerData: setup,
      minThreads: this.#threads,
      maxThreads: this.#threads,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
    })
  }

  /** Runs the same task on every worker; they share out its splits among themselves. */
  async run(task: Task): Promise<readonly TaskDone[]> {
    this.#piscina ??= this.#start()
    const piscina = await this.#piscina
    const workers = Math.min(this.#threads, task.splits.length)
    const results = await Promise.all(Array.from({ length: workers }, () => this.#runOne(piscina, task)))
    const failed = results.filter((result) => result.kind === 'failed')
    // A task that stopped because another one failed says "cancelled": the cause is the other's error.
    const cause = failed.find((result) => result.error.fault !== 'cancelled') ?? failed[0]
    if (cause !== undefined) throw errorFromData(cause.error)
    return results.filter((result) => result.kind === 'done')
  }

  /**
   * A worker that dies has claimed splits whose rows are lost with it, so the stage cannot go on from where it was: the task is
   * run again alone only if it had claimed none; else the query fails with one clear error.
   */
  async #runOne(piscina: Piscina, task: Task): Promise<TaskResult> {
    const control = new Int32Array(task.control)
    for (let attempt = 1; ; attempt++) {
      try {
        return (await piscina.run(task)) as TaskResult
      } catch (error) {
        const untouched = Atomics.load(control, 0) === 0
        if (attempt >= attempts || !untouched) {
          Atomics.store(control, 1, 1)
          throw workerFailed('a stage', attempt, error)
        }
      }
    }
  }

  async close(): Promise<void> {
    const piscina = await this.#piscina
    this.#piscina = null
    await piscina?.destroy()
  }
}
