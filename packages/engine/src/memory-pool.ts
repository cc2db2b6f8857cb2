import type { MemoryAccount } from '@deltaworks/columnar'
import { memoryRefused } from './errors.js'

const pageBytes = 4096

/** Words of the pool's counter: pages of 4 KiB, but for the consumers and who waits. */
const usedAt = 0
const peakAt = 1
const spillableAt = 2
const consumersAt = 3
const waitingAt = 4
const exchangeAt = 5
const counterWords = 6
/** Words of a thread's share: what it reserved, as in the counter, and for segments that the driver has not taken over yet. */
const shareWords = 4

/** What spillable consumers divide among them: the rest is for what cannot spill, and for the steps between two looks at the share. */
const spillablePart = 0.75
/** What a consumer may hold whatever the budget: less would not hold a batch. */
const leastShareBytes = 512 * 1024
/** Segments between stages are kept in memory up to this part of the budget. */
const exchangePart = 0.25
/** Others give back what they hold when they next look at their share: on a busy machine that takes them a while. */
const waitMs = 5000
const waitSliceMs = 10

/** A consumer's part of the pool; `close` gives back all of it. */
export interface PoolAccount extends MemoryAccount {
  readonly usedBytes: number
  close(): void
}

/** The account of an operator that can put its state on disk, which it does when it is over its share. */
export interface SpillableAccount extends PoolAccount {
  /** The budget, less what cannot spill, divided by the spillable operators of all queries and threads that hold memory now. */
  readonly shareBytes: number
}

/** The driver's account of segments between stages; workers reserve on its behalf (`reserveForExchange`). */
export interface ExchangeAccount extends PoolAccount {
  /** Takes over what a thread reserved. @param share its share; default: this pool's */
  adopt(bytes: number, share?: SharedArrayBuffer): void
}

/** What a pool's reservations are made in beside the total. */
type Kind = 'plain' | 'spillable' | 'exchange'

/**
 * One memory budget for all threads of a session: pages of 4 KiB counted in shared memory, so that workers reserve from the
 * same budget. Only what grows with rows is reserved.
 */
export class MemoryPool {
  readonly limitBytes: number
  /** Posted to workers, which make a pool of their own over it. */
  readonly counter: SharedArrayBuffer
  readonly #words: Int32Array
  /** What was reserved through this object; in shared memory, so that it can be taken back if its thread dies. */
  readonly #share: Int32Array
  readonly #isCancelled: (() => boolean) | null

  /** @param isCancelled for worker threads: a refused reservation waits a little for others to release, unless this says true */
  constructor(
    limitBytes: number,
    counter: SharedArrayBuffer = new SharedArrayBuffer(counterWords * 4),
    share: SharedArrayBuffer = memoryShare(),
    isCancelled: (() => boolean) | null = null,
  ) {
    this.limitBytes = limitBytes
    this.counter = counter
    this.#words = new Int32Array(counter)
    this.#share = new Int32Array(share)
    this.#isCancelled = isCancelled
  }

  /** Takes back what a thread had reserved when it died. */
  reclaim(share: SharedArrayBuffer): void {
    const words = new Int32Array(share)
    Atomics.sub(this.#words, usedAt, Atomics.exchange(words, 0, 0))
    Atomics.sub(this.#words, spillableAt, Atomics.exchange(words, 1, 0))
    Atomics.sub(this.#words, consumersAt, Atomics.exchange(words, 2, 0))
    const inFlight = Atomics.exchange(words, 3, 0)
    Atomics.sub(this.#words, usedAt, inFlight)
    Atomics.sub(this.#words, exchangeAt, inFlight)
    if (Atomics.load(this.#words, waitingAt) > 0) Atomics.notify(this.#words, usedAt)
  }

  get usedBytes(): number {
    return this.#bytes(usedAt)
  }

  /** The most that was ever in use. */
  get peakBytes(): number {
    return this.#bytes(peakAt)
  }

  /** Spillable operators that hold memory now. */
  get spillableConsumers(): number {
    return Atomics.load(this.#words, consumersAt)
  }

  #bytes(word: number): number {
    return Atomics.load(this.#words, word) * pageBytes
  }

  account(consumer: string): PoolAccount {
    return this.#open(consumer, 'plain')
  }

  spillable(consumer: string): SpillableAccount {
    return this.#open(consumer, 'spillable')
  }

  exchange(consumer: string): ExchangeAccount {
    return this.#open(consumer, 'exchange')
  }

  /** Reserves for a segment that goes to the driver, whose exchange account adopts it. @returns false: it is to be spilled */
  reserveForExchange(bytes: number): boolean {
    const pages = Math.ceil(bytes / pageBytes)
    const held = Atomics.add(this.#words, exchangeAt, pages)
    if ((held + pages) * pageBytes <= this.limitBytes * exchangePart) {
      const before = Atomics.add(this.#words, usedAt, pages)
      if ((before + pages) * pageBytes <= this.limitBytes * spillablePart) {
        this.#notePeak(before + pages)
        Atomics.add(this.#share, 3, pages)
        return true
      }
      Atomics.sub(this.#words, usedAt, pages)
    }
    Atomics.sub(this.#words, exchangeAt, pages)
    return false
  }

  /** Like `reserveForExchange`, up to the budget. @throws EngineError DW-ENGINE-0001 */
  requireForExchange(bytes: number): void {
    const pages = Math.ceil(bytes / pageBytes)
    this.#take('Exchange', pages, bytes)
    Atomics.add(this.#words, exchangeAt, pages)
    Atomics.add(this.#share, 3, pages)
  }

  #notePeak(pages: number): void {
    for (;;) {
      const peak = Atomics.load(this.#words, peakAt)
      if (pages <= peak || Atomics.compareExchange(this.#words, peakAt, peak, pages) === peak) return
    }
  }

  #shareBytes(): number {
    const unspillable = this.#bytes(usedAt) - this.#bytes(spillableAt)
    const consumers = Math.max(1, this.spillableConsumers)
    return Math.max(leastShareBytes, (this.limitBytes * spillablePart - unspillable) / consumers)
  }

  /** @throws EngineError DW-ENGINE-0001 */
  #take(consumer: string, pages: number, bytes: number): void {
    const until = this.#isCancelled === null ? 0 : performance.now() + waitMs
    for (;;) {
      const before = Atomics.add(this.#words, usedAt, pages)
      if ((before + pages) * pageBytes <= this.limitBytes) {
        this.#notePeak(before + pages)
        return
      }
      Atomics.sub(this.#words, usedAt, pages)
      if (performance.now() >= until || this.#isCancelled?.() !== false) {
        throw memoryRefused(consumer, bytes, before * pageBytes, this.limitBytes)
      }
      Atomics.add(this.#words, waitingAt, 1)
      Atomics.wait(this.#words, usedAt, before, waitSliceMs)
      Atomics.sub(this.#words, waitingAt, 1)
    }
  }

  #open(consumer: string, kind: Kind): SpillableAccount & ExchangeAccount {
    const words = this.#words
    const share = this.#share
    const own = kind === 'spillable' ? spillableAt : kind === 'exchange' ? exchangeAt : -1
    let used = 0
    let counted = false
    /** A consumer counts from its first reservation to its close: until then it needs no share. */
    const count = (): void => {
      if (counted || kind !== 'spillable') return
      counted = true
      Atomics.add(words, consumersAt, 1)
      Atomics.add(share, 2, 1)
    }
    const note = (pages: number): void => {
      used += pages
      Atomics.add(share, 0, pages)
      if (own >= 0) Atomics.add(words, own, pages)
      if (own === spillableAt) Atomics.add(share, 1, pages)
    }
    const give = (pages: number): void => {
      Atomics.sub(words, usedAt, pages)
      note(-pages)
      if (Atomics.load(words, waitingAt) > 0) Atomics.notify(words, usedAt)
    }
    const shareBytes = (): number => this.#shareBytes()
    return {
      reserve: (bytes) => {
        const pages = Math.ceil(bytes / pageBytes)
        this.#take(consumer, pages, bytes)
        count()
        note(pages)
      },
      release: (bytes) => give(Math.min(used, Math.ceil(bytes / pageBytes))),
      adopt: (bytes, from) => {
        const pages = Math.ceil(bytes / pageBytes)
        Atomics.sub(from === undefined ? share : new Int32Array(from), 3, pages)
        used += pages
        Atomics.add(share, 0, pages)
      },
      close: () => {
        give(used)
        if (!counted) return
        counted = false
        Atomics.sub(words, consumersAt, 1)
        Atomics.sub(share, 2, 1)
      },
      get usedBytes() {
        return used * pageBytes
      },
      get shareBytes() {
        return shareBytes()
      },
    }
  }
}

/** What a thread's pool counts its reservations in. */
export const memoryShare = (): SharedArrayBuffer => new SharedArrayBuffer(shareWords * 4)
