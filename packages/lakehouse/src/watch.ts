import { isDeltaworksError } from '@deltaworks/schema'
import { openStore, type ObjectMeta, type ObjectNotifications } from '@deltaworks/storage'
import { LakehouseError } from './errors.js'
import { runLakehouse, type RunOptions } from './run.js'
import type { RunResult } from './run-result.js'

export interface WatchOptions extends Omit<RunOptions, 'nowMicros' | 'signal' | 'pinned' | 'candidates'> {
  /** The landing zone is looked at this often; a file is in its table after this and the time of two batches, at most. */
  readonly intervalMs: number
  /** Files of a source in one batch, so that none takes long. Default 1,000. */
  readonly maxFiles?: number
  /** Only files that were not modified for so long: for writers that put files in place bit by bit. Default 0. */
  readonly settleMs?: number
  /** Tells of new objects of the landing zone, so that it need not be listed. */
  readonly notifications?: ObjectNotifications
  /** With notifications, it is listed all the same this often, for the case that one was lost. Default an hour. */
  readonly relistMs?: number
  /** Batches in a row that may fail; the next failure ends the watch. Default 10. */
  readonly maxFailures?: number
  /** Aborted: the batch that is under way is finished, and no other begins. */
  readonly stop: AbortSignal
  /** Does a batch; default `runLakehouse`. Null: it could not begin now, as another run is going on; it is looked at again. */
  readonly run?: (options: RunOptions) => Promise<RunResult | null>
  readonly onBatch?: (result: RunResult) => void | Promise<void>
  readonly onFailure?: (error: unknown) => void
  /** Microseconds since the epoch; tests pass their own. */
  readonly clock?: () => bigint
}

export interface WatchSummary {
  /** Runs that found something new. */
  readonly batches: number
  readonly failures: number
}

const defaultMaxFiles = 1000
const defaultRelistMs = 3_600_000
const defaultMaxFailures = 10
const maxFailureWaitMs = 60_000

/**
 * Runs a lakehouse again and again while files arrive: each batch is a run like any other, so that what was interrupted, or
 * told twice, is ingested once. Nothing is read of a landing zone that is as it was.
 * @throws what the first batch throws for a mistake of usage, and what the last of too many failing batches throws
 */
export async function watchLakehouse(options: WatchOptions): Promise<WatchSummary> {
  return new Watch(options).run()
}

class Watch {
  readonly #options: WatchOptions
  readonly #clock: () => bigint
  /** The landing zone as it was when everything of it was in the tables. */
  #settled: string | null = null
  #listedMs = -Infinity
  #batches = 0
  #failures = 0
  #failuresInRow = 0

  constructor(options: WatchOptions) {
    this.#options = options
    this.#clock = options.clock ?? (() => BigInt(Date.now()) * 1000n)
  }

  async run(): Promise<WatchSummary> {
    const { stop, intervalMs } = this.#options
    while (!stop.aborted) {
      const begunMs = performance.now()
      let more = false
      try {
        more = await this.#look()
        this.#failuresInRow = 0
      } catch (error) {
        await this.#failed(error)
      }
      const left = intervalMs - (performance.now() - begunMs)
      if (!more && left > 0 && this.#options.notifications === undefined) await this.#sleep(left)
    }
    return { batches: this.#batches, failures: this.#failures }
  }

  /** @returns whether there is more to do at once */
  async #look(): Promise<boolean> {
    const { notifications, relistMs = defaultRelistMs } = this.#options
    if (notifications === undefined || performance.now() - this.#listedMs >= relistMs) return this.#lookAtAll()
    return this.#lookAtNews(notifications)
  }

  async #lookAtAll(): Promise<boolean> {
    const listing = await openStore(this.#options.landing).list('')
    const signature = signatureOf(listing)
    if (signature === this.#settled) {
      this.#listedMs = performance.now()
      return false
    }
    const nowMicros = this.#clock()
    const result = await this.#batch({}, nowMicros)
    if (result === null) return false
    const more = this.#isFull(result)
    // By the clock of the batch: what has grown old enough since was too young for it, and is still to come.
    const waits = this.#waitsFor(listing, nowMicros)
    if (!more) this.#listedMs = performance.now()
    this.#settled = more || waits ? null : signature
    return more
  }

  /** Messages are taken off the queue once their objects are in the tables; one that comes again finds them there. */
  async #lookAtNews(notifications: ObjectNotifications): Promise<boolean> {
    const { intervalMs, landing, stop } = this.#options
    const messages = await notifications.receive(landing, intervalMs, stop)
    if (messages.length === 0) return false
    const candidates = [...new Set(messages.flatMap((message) => message.paths))]
    if (candidates.length > 0 && (await this.#batch({ candidates })) === null) return false
    await notifications.acknowledge(messages)
    return true
  }

  async #batch(what: Pick<RunOptions, 'candidates'>, nowMicros = this.#clock()): Promise<RunResult | null> {
    const { maxFiles = defaultMaxFiles, settleMs = 0, run = runLakehouse, onBatch } = this.#options
    const result = await run({
      ...this.#runOptions(),
      ...what,
      nowMicros,
      selection: {
        ...this.#options.selection,
        ...(what.candidates === undefined ? { maxFiles } : {}),
        ...(settleMs > 0 ? { untilMs: Number(nowMicros / 1000n) - settleMs } : {}),
      },
    })
    if (result !== null && result.status !== 'unchanged') {
      this.#batches++
      await onBatch?.(result)
    }
    // What failed is not done: the landing zone is not settled, and its messages stay in their queue.
    const [failure] = result?.failures ?? []
    if (failure !== undefined) throw new LakehouseError(failure.code, failure.fault, failure.message, { ...failure })
    return result
  }

  #runOptions(): Omit<RunOptions, 'nowMicros'> {
    const { lakehouse, configuration, session, root, landing, inMemoryBytes } = this.#options
    return {
      lakehouse,
      configuration,
      session,
      root,
      landing,
      ...(inMemoryBytes === undefined ? {} : { inMemoryBytes }),
    }
  }

  /** Whether a source had more files than go into one batch. */
  #isFull({ files }: RunResult): boolean {
    const { maxFiles = defaultMaxFiles } = this.#options
    const counts = new Map<string, number>()
    for (const { table, state } of files) {
      if (state !== 'known') counts.set(table, (counts.get(table) ?? 0) + 1)
    }
    return [...counts.values()].some((count) => count >= maxFiles)
  }

  /** Whether files were too young for a batch of that time. */
  #waitsFor(listing: readonly ObjectMeta[], nowMicros: bigint): boolean {
    const { settleMs = 0 } = this.#options
    return settleMs > 0 && listing.some(({ modifiedMs }) => modifiedMs >= Number(nowMicros / 1000n) - settleMs)
  }

  async #failed(error: unknown): Promise<void> {
    const { maxFailures = defaultMaxFailures, onFailure, intervalMs } = this.#options
    const mistaken = this.#batches === 0 && isDeltaworksError(error) && error.fault === 'usage'
    this.#failures++
    if (mistaken || ++this.#failuresInRow > maxFailures) throw error
    onFailure?.(error)
    await this.#sleep(Math.min(maxFailureWaitMs, intervalMs * 2 ** this.#failuresInRow))
  }

  #sleep(ms: number): Promise<void> {
    const { stop } = this.#options
    return new Promise((resolve) => {
      if (stop.aborted) return resolve()
      const end = (): void => {
        clearTimeout(timer)
        stop.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      stop.addEventListener('abort', end)
    })
  }
}

const signatureOf = (listing: readonly ObjectMeta[]): string =>
  listing.map(({ path, sizeBytes, modifiedMs, etag }) => `${path}\n${sizeBytes} ${modifiedMs} ${etag ?? ''}`).join('\n')
