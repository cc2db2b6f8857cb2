import { channel } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { kernelModule } from '@deltaworks/columnar'
import type { EvaluationContext } from '@deltaworks/expression'
import type { LogicalPlan } from '@deltaworks/plan'
import { errorFromData, type Value } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import { cancelled, workerFailed } from '../errors.js'
import type { QueryMetrics, StageMetrics } from '../metrics.js'
import type { WrittenFile } from '../file-sink.js'
import { memoryShare, type ExchangeAccount, type MemoryPool } from '../memory-pool.js'
import { MorselQueue } from './morsel-queue.js'
import type { RowSums } from '../row-sums.js'
import { portablePlan } from './portable-plan.js'
import type { SpillTarget } from '../spill/spill-store.js'
import { writesFiles, type MorselSegment, type Stage } from './stage.js'
import type { DoneMorsel, TaskMessage, TaskRequest, TaskResult } from './task.js'
import type { TaskMetrics } from '../metrics.js'
import type { WorkerPool } from './worker-pool.js'

/** A morsel whose worker died is tried so often; then the stage fails. */
const maxAttempts = 3
const closeMs = 1000

const stageStart = channel('deltaworks:stage:start')
const stageFinish = channel('deltaworks:stage:finish')
const taskStart = channel('deltaworks:task:start')
const taskFinish = channel('deltaworks:task:finish')

/** What stages of one query share. */
export interface StageResources {
  readonly workers: WorkerPool
  readonly pool: MemoryPool
  readonly spill: SpillTarget
  /** `QuerySegments.ended`. */
  readonly queryEnded: SharedArrayBuffer
  readonly evaluation: EvaluationContext
  readonly metrics: QueryMetrics
  readonly signal: AbortSignal | undefined
}

interface RunningTask {
  readonly task: number
  /** How many workers died on its morsels before. */
  readonly deaths: number
  readonly files: string[]
  /** What its thread reserved. */
  readonly share: SharedArrayBuffer
}

const keepsNeighbours = ({ sink }: Stage): boolean => sink.kind === 'files' && sink.inOrder

/**
 * One execution of a stage on the workers. One task a worker; each pulls morsels; what a morsel gives is kept here until
 * the morsel is done, then it is taken in the order of the morsels.
 */
export class StageRun {
  readonly #stage: Stage
  readonly #resources: StageResources
  readonly #account: ExchangeAccount
  readonly #window: number
  readonly #queue: MorselQueue
  readonly #plan: LogicalPlan
  /** Whether tasks tell of morsels while they run: a channel of their own costs as much as a small morsel. */
  readonly #isTold: boolean
  readonly #metrics: StageMetrics
  readonly #ready = new Map<number, readonly MorselSegment[]>()
  readonly #written: WrittenFile[] = []
  readonly #measured: (readonly Value[])[] = []
  readonly #sums: (readonly (RowSums | null)[])[] = []
  /** Files of tasks that came to nothing. */
  readonly #orphans: string[] = []
  readonly #paused: { readonly claimed: readonly number[]; readonly deaths: number }[] = []
  #running = new Set<Promise<void>>()
  #tasks = 0
  #taken = 0
  readonly #taskCount: number
  #failure: unknown = null
  #wake: () => void = () => undefined

  /** @param account takes over segments that arrive; who takes them releases */
  constructor(stage: Stage, resources: StageResources, account: ExchangeAccount, window: number) {
    this.#stage = stage
    this.#resources = resources
    this.#account = account
    this.#window = window
    this.#isTold = window !== Infinity || writesFiles(stage.sink)
    this.#queue = MorselQueue.of(stage.pipeline.morsels.length, keepsNeighbours(stage) ? resources.workers.threads : 1)
    this.#taskCount = Math.min(resources.workers.threads, this.#queue.morselCount)
    this.#plan = portablePlan(stage.pipeline.plan)
    this.#metrics = {
      stage: stage.number,
      name: stage.name,
      morsels: stage.pipeline.morsels.length,
      tasks: [],
      rows: 0,
      exchangedBytes: 0,
      spilledBytes: 0,
      spilledFiles: 0,
      durationMs: 0,
    }
    resources.metrics.stages.push(this.#metrics)
  }

  /** Files that the stage wrote, when `segments` has ended. */
  get files(): readonly WrittenFile[] {
    return this.#written
  }

  /** States of what a split measured, one a task. */
  get measured(): readonly (readonly Value[])[] {
    return this.#measured
  }

  /** What rows added up to by output, one a task. */
  get sums(): readonly (readonly (RowSums | null)[])[] {
    return this.#sums
  }

  /** Runs the stage. Segments come in the order of morsels, and within one as its rows come. */
  async *segments(): AsyncGenerator<MorselSegment, void, undefined> {
    const { signal } = this.#resources
    const start = performance.now()
    const abort = (): void => this.#fail(cancelled())
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted === true) this.#failure = cancelled()
    stageStart.publish({ stage: this.#stage.number, name: this.#stage.name, morsels: this.#metrics.morsels })
    let finished = false
    try {
      if (this.#failure === null) {
        for (let i = 0; i < this.#taskCount; i++) this.#launch([], 0)
      }
      for (;;) {
        if (this.#failure !== null) throw this.#failure
        const ready = this.#ready.get(this.#taken)
        if (ready !== undefined) {
          this.#ready.delete(this.#taken)
          yield* ready
          this.#queue.release(++this.#taken)
          continue
        }
        if (this.#paused.length > 0) {
          for (const { claimed, deaths } of this.#paused.splice(0)) this.#launch(claimed, deaths)
        }
        if (this.#running.size === 0) break
        await new Promise<void>((resolve) => (this.#wake = resolve))
      }
      finished = true
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#queue.cancel()
      while (this.#running.size > 0) await Promise.all(this.#running)
      await this.#deleteOrphans(finished)
      this.#metrics.durationMs = performance.now() - start
      stageFinish.publish(this.#metrics)
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= error
    this.#queue.cancel()
    this.#wake()
  }

  /** @param claimed morsels that are the task's from the start @param deaths of workers, on these morsels */
  #launch(claimed: readonly number[], deaths: number, task: number = ++this.#tasks): void {
    const own: RunningTask = { task, deaths, files: [], share: memoryShare() }
    const running: Promise<void> = this.#run(own, claimed)
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running.delete(running)
        this.#wake()
      })
    this.#running.add(running)
  }

  async #run(own: RunningTask, claimed: readonly number[]): Promise<void> {
    const { pipeline, sink, number, name } = this.#stage
    const { pool, spill, queryEnded, evaluation, workers } = this.#resources
    const channel = this.#isTold ? new MessageChannel() : null
    const ended = channel === null ? null : this.#listen(channel.port1, own)
    const request: TaskRequest = {
      stage: number,
      task: own.task,
      plan: this.#plan,
      sink,
      morsels: pipeline.morsels.map((morsel) => morsel.splits),
      broadcast: pipeline.broadcast,
      queue: this.#queue.buffer,
      window: this.#window,
      claimed,
      memory: { tasks: this.#taskCount, limitBytes: pool.limitBytes, counter: pool.counter, share: own.share },
      spill,
      queryEnded,
      evaluation,
      kernels: kernelModule(),
      port: channel?.port2 ?? null,
    }
    taskStart.publish({ stage: number, name, task: own.task })
    try {
      const result = await workers.run(request)
      await ended
      this.#finish(own, result)
    } catch (error) {
      // Messages that were on their way are still delivered; the port is closed behind them.
      if (ended !== null && !this.#queue.cancelled)
        await Promise.race([ended, delay(closeMs, undefined, { ref: false })])
      channel?.port1.removeAllListeners()
      pool.reclaim(own.share)
      if (this.#queue.cancelled) {
        this.#orphans.push(...own.files)
        return
      }
      this.#recover(own, error)
    } finally {
      channel?.port1.close()
    }
  }

  /** @returns when the task has told all */
  #listen(port: MessagePort, own: RunningTask): Promise<void> {
    return new Promise((resolve) => {
      port.on('message', (message: TaskMessage) => {
        if (message.kind === 'end') resolve()
        else this.#receive(own, message)
      })
      port.on('close', () => resolve())
    })
  }

  #receive(own: RunningTask, message: Exclude<TaskMessage, { kind: 'end' }>): void {
    switch (message.kind) {
      case 'done':
        this.#take(own, message.morsels)
        return
      case 'file':
        own.files.push(message.path)
    }
  }

  #take(own: RunningTask, morsels: readonly DoneMorsel[]): void {
    for (const { morsel, segments } of morsels) {
      for (const { split } of segments) {
        if (split.kind !== 'segment') continue
        this.#account.adopt(split.segment.byteLength, own.share)
        this.#metrics.exchangedBytes += split.segment.byteLength
      }
      this.#ready.set(morsel, segments)
    }
    this.#wake()
  }

  #finish(own: RunningTask, result: TaskResult): void {
    if (result.kind === 'failed') {
      // Segments of the morsel that it failed on.
      this.#resources.pool.reclaim(own.share)
      this.#orphans.push(...own.files)
      this.#fail(errorFromData(result.error))
      return
    }
    this.#addMetrics(result.metrics)
    if (result.kind === 'finished') {
      this.#take(own, result.done)
      this.#written.push(...result.files)
      this.#measured.push(...result.measured)
      this.#sums.push(result.sums)
    } else this.#paused.push({ claimed: result.claimed, deaths: own.deaths })
  }

  /** The worker died: what it had not finished is another one's. */
  #recover(own: RunningTask, error: unknown): void {
    this.#orphans.push(...own.files)
    const deaths = own.deaths + 1
    if (deaths >= maxAttempts) throw workerFailed(this.#stage.name, deaths, error)
    const successor = ++this.#tasks
    const claimed = this.#queue
      .reassign(own.task, successor)
      .filter((morsel) => morsel >= this.#taken && !this.#ready.has(morsel))
    this.#launch(claimed, deaths, successor)
  }

  #addMetrics(metrics: TaskMetrics): void {
    this.#metrics.tasks.push(metrics)
    this.#metrics.rows += metrics.rows
    this.#metrics.spilledBytes += metrics.query.spilledBytes
    this.#metrics.spilledFiles += metrics.query.spilledFiles
    const { scan } = this.#resources.metrics
    for (const [name, count] of Object.entries(metrics.query.scan)) scan[name as keyof typeof scan] += count
    taskFinish.publish({ stage: this.#stage.number, name: this.#stage.name, ...metrics })
  }

  async #deleteOrphans(finished: boolean): Promise<void> {
    const { sink } = this.#stage
    const store =
      sink.kind === 'files' ? sink.sink.store : sink.kind === 'split' ? sink.sink.outputs[0]!.sink.store : null
    if (store === null) return
    const paths = finished ? this.#orphans : [...this.#orphans, ...this.#written.map((file) => file.path)]
    if (paths.length > 0)
      await openStore(store)
        .delete(paths)
        .catch(() => undefined)
  }
}
