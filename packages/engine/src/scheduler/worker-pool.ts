import type { MessagePort } from 'node:worker_threads'
import type { DigestTask, DigestTaskResult } from './digest-task.js'
import type { SpliceTask, SpliceTaskResult } from './splice-task.js'
import type { TaskRequest, TaskResult } from './task.js'
import { workerEntry } from './worker-entry.js'

interface Pool {
  run(
    task: unknown,
    options: { readonly name?: string; readonly transferList: readonly MessagePort[] },
  ): Promise<unknown>
  destroy(): Promise<void>
}

/** Of a worker's JavaScript heap, for new objects. */
const youngMb = 12

/** The session's worker threads, started with the first task, or before. */
export class WorkerPool {
  readonly threads: number
  readonly #entry: string
  #pool: Promise<Pool> | null = null

  constructor(threads: number, entry: string = workerEntry()) {
    this.threads = threads
    this.#entry = entry
  }

  /** Whether they run already, so that a task costs its work alone. */
  get isStarted(): boolean {
    return this.#pool !== null
  }

  /** @throws what piscina rejects with if the worker dies; errors of the task itself are in its result */
  async run(task: TaskRequest): Promise<TaskResult> {
    this.#pool ??= this.#start()
    const pool = await this.#pool
    return pool.run(task, { transferList: task.port === null ? [] : [task.port] }) as Promise<TaskResult>
  }

  /** @throws as `run` does */
  async splice(task: SpliceTask): Promise<SpliceTaskResult> {
    this.#pool ??= this.#start()
    const pool = await this.#pool
    return pool.run(task, { name: 'splice', transferList: [] }) as Promise<SpliceTaskResult>
  }

  /** @throws as `run` does */
  async digest(task: DigestTask): Promise<DigestTaskResult> {
    this.#pool ??= this.#start()
    const pool = await this.#pool
    return pool.run(task, { name: 'digest', transferList: [] }) as Promise<DigestTaskResult>
  }

  /** Until all of them have loaded their code. */
  async start(): Promise<void> {
    this.#pool ??= this.#start()
    const pool = await this.#pool
    const wake = () => pool.run(null, { name: 'wake', transferList: [] })
    await Promise.all(Array.from({ length: this.threads }, wake))
  }

  async #start(): Promise<Pool> {
    const { Piscina } = await import('piscina')
    const pool = new Piscina({
      filename: this.#entry,
      minThreads: this.threads,
      maxThreads: this.threads,
      concurrentTasksPerWorker: 1,
      // A worker that waits in Atomics.wait for its next task cannot go on with its own asynchronous reads.
      atomics: 'disabled',
      recordTiming: false,
      // What a batch leaves behind is small and dies young: more room for it is memory that nobody needs.
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    })
    // A worker that dies without a task is replaced when the next one comes.
    pool.on('error', () => undefined)
    return pool as unknown as Pool
  }

  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = null
    await (await pool)?.destroy()
  }
}
