import { memoryRefused } from './errors.js'

export const pageBytes = 4096

/** Words of the pool's counter: pages of 4 KiB, but for the consumers and who waits. */
export const usedAt = 0
const peakAt = 1
export const spillableAt = 2
export const consumersAt = 3
const waitingAt = 4
export const exchangeAt = 5
const counterWords = 6

/** What spillable consumers divide among them: the rest is for what cannot spill, and for the steps between two looks at the share. */
const spillablePart = 0.75
/** What a consumer may hold whatever the budget: less would not hold a batch. */
const leastShareBytes = 512 * 1024
/** Segments between stages are kept in memory up to this part of the budget. */
const exchangePart = 1 / 6
/** Others give back what they hold when they next look at their share: on a busy machine that takes them a while. */
const waitMs = 5000
const waitSliceMs = 10

/** The words that all threads' pools count in. */
export const poolCounter = (): SharedArrayBuffer => new SharedArrayBuffer(counterWords * 4)

/** What all threads of a session have reserved of its budget: pages in shared memory. */
export class PoolCounter {
  readonly limitBytes: number
  readonly words: Int32Array
  readonly #isCancelled: (() => boolean) | null

  /** @param isCancelled for worker threads: a refused reservation waits a little for others to release, unless this says true */
  constructor(limitBytes: number, counter: SharedArrayBuffer, isCancelled: (() => boolean) | null) {
    this.limitBytes = limitBytes
    this.words = new Int32Array(counter)
    this.#isCancelled = isCancelled
  }

  bytes(word: number): number {
    return Atomics.load(this.words, word) * pageBytes
  }

  /** The most that was ever in use. */
  get peakBytes(): number {
    return this.bytes(peakAt)
  }

  /** Of one spillable consumer. */
  get shareBytes(): number {
    const unspillable = this.bytes(usedAt) - this.bytes(spillableAt)
    const consumers = Math.max(1, Atomics.load(this.words, consumersAt))
    return Math.max(leastShareBytes, (this.limitBytes * spillablePart - unspillable) / consumers)
  }

  /** @param bytes what was asked for, in so many pages @throws EngineError DW-ENGINE-0001 */
  take(consumer: string, pages: number, bytes: number): void {
    const until = this.#isCancelled === null ? 0 : performance.now() + waitMs
    for (;;) {
      const before = Atomics.add(this.words, usedAt, pages)
      if ((before + pages) * pageBytes <= this.limitBytes) return this.#notePeak(before + pages)
      Atomics.sub(this.words, usedAt, pages)
      if (performance.now() >= until || this.#isCancelled?.() !== false) {
        throw memoryRefused(consumer, bytes, before * pageBytes, this.limitBytes)
      }
      Atomics.add(this.words, waitingAt, 1)
      Atomics.wait(this.words, usedAt, before, waitSliceMs)
      Atomics.sub(this.words, waitingAt, 1)
    }
  }

  /** @returns false: segments between stages have no more room */
  takeForExchange(pages: number): boolean {
    const held = Atomics.add(this.words, exchangeAt, pages)
    if ((held + pages) * pageBytes <= this.limitBytes * exchangePart) {
      const before = Atomics.add(this.words, usedAt, pages)
      if ((before + pages) * pageBytes <= this.limitBytes * spillablePart) {
        this.#notePeak(before + pages)
        return true
      }
      Atomics.sub(this.words, usedAt, pages)
    }
    Atomics.sub(this.words, exchangeAt, pages)
    return false
  }

  give(pages: number): void {
    Atomics.sub(this.words, usedAt, pages)
    if (Atomics.load(this.words, waitingAt) > 0) Atomics.notify(this.words, usedAt)
  }

  #notePeak(pages: number): void {
    for (;;) {
      const peak = Atomics.load(this.words, peakAt)
      if (pages <= peak || Atomics.compareExchange(this.words, peakAt, peak, pages) === peak) return
    }
  }
}
