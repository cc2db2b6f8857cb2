import { getHeapStatistics } from 'node:v8'
import type { MessagePort, ResourceLimits } from 'node:worker_threads'
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

/** Of a worker's JavaScript heap, for new objects: what a batch leaves behind is small and dies young. */
const youngMb = 12
/** Of a worker's JavaScript heap, for the others, whatever the budget: rows are not in it. */
const leastOldMb = 512

/**
 * A worker whose heap may be small collects garbage at a third more than what it keeps, not at four times as much: with a small budget
 * that would be most of what the process holds.
 */
const resourceLimits = (memoryBytes: number): ResourceLimits => ({
  maxYoungGenerationSizeMb: youngMb,
  maxOldGenerationSizeMb: Math.max(leastOldMb, Math.min(memoryBytes, getHeapStatistics().heap_size_limit) / 2 ** 20),
})

/** The session's worker threads, started with the first task, or before. */
export class WorkerPool {
  readonly threads: number
  readonly #memoryBytes: number
  readonly #entry: string
  #pool: Promise<Pool> | null = null

  /** @param memoryBytes the session's budget */
  constructor(threads: number, memoryBytes: number, entry: string = workerEntry()) {
    this.threads = threads
    this.#memoryBytes = memoryBytes
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
      resourceLimits: resourceLimits(this.#memoryBytes),
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
