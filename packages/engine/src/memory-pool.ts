import type { MemoryAccount } from '@deltaworks/columnar'
import { consumersAt, exchangeAt, pageBytes, PoolCounter, poolCounter, spillableAt, usedAt } from './pool-counter.js'

/** Words of a thread's share: what it reserved, as in the counter, and for segments that the driver has not taken over yet. */
const ownUsedAt = 0
const ownSpillableAt = 1
const ownConsumersAt = 2
const inFlightAt = 3
const shareWords = 4

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

const pagesOf = (bytes: number): number => Math.ceil(bytes / pageBytes)

/**
 * One memory budget for all threads of a session: pages of 4 KiB counted in shared memory, so that workers reserve from the
 * same budget. Only what grows with rows is reserved.
 */
export class MemoryPool {
  readonly limitBytes: number
  /** Posted to workers, which make a pool of their own over it. */
  readonly counter: SharedArrayBuffer
  readonly #counter: PoolCounter
  /** What was reserved through this object; in shared memory, so that it can be taken back if its thread dies. */
  readonly #share: Int32Array

  /** @param isCancelled for worker threads: a refused reservation waits a little for others to release, unless this says true */
  constructor(
    limitBytes: number,
    counter: SharedArrayBuffer = poolCounter(),
    share: SharedArrayBuffer = memoryShare(),
    isCancelled: (() => boolean) | null = null,
  ) {
    this.limitBytes = limitBytes
    this.counter = counter
    this.#counter = new PoolCounter(limitBytes, counter, isCancelled)
    this.#share = new Int32Array(share)
  }

  /** Takes back what a thread had reserved when it died. */
  reclaim(share: SharedArrayBuffer): void {
    const own = new Int32Array(share)
    const { words } = this.#counter
    Atomics.sub(words, spillableAt, Atomics.exchange(own, ownSpillableAt, 0))
    Atomics.sub(words, consumersAt, Atomics.exchange(own, ownConsumersAt, 0))
    const inFlight = Atomics.exchange(own, inFlightAt, 0)
    Atomics.sub(words, exchangeAt, inFlight)
    this.#counter.give(Atomics.exchange(own, ownUsedAt, 0) + inFlight)
  }

  get usedBytes(): number {
    return this.#counter.bytes(usedAt)
  }

  /** The most that was ever in use. */
  get peakBytes(): number {
    return this.#counter.peakBytes
  }

  /** Spillable operators that hold memory now. */
  get spillableConsumers(): number {
    return Atomics.load(this.#counter.words, consumersAt)
  }

  account(consumer: string): PoolAccount {
    return new Account(this.#counter, this.#share, consumer, 'plain')
  }

  spillable(consumer: string): SpillableAccount {
    return new Account(this.#counter, this.#share, consumer, 'spillable')
  }

  exchange(consumer: string): ExchangeAccount {
    return new Account(this.#counter, this.#share, consumer, 'exchange')
  }

  /** Reserves for a segment that goes to the driver, whose exchange account adopts it. @returns false: it is to be spilled */
  reserveForExchange(bytes: number): boolean {
    const pages = pagesOf(bytes)
    if (!this.#counter.takeForExchange(pages)) return false
    Atomics.add(this.#share, inFlightAt, pages)
    return true
  }

  /** Like `reserveForExchange`, up to the budget. @throws EngineError DW-ENGINE-0001 */
  requireForExchange(bytes: number): void {
    const pages = pagesOf(bytes)
    this.#counter.take('Exchange', pages, bytes)
    Atomics.add(this.#counter.words, exchangeAt, pages)
    Atomics.add(this.#share, inFlightAt, pages)
  }
}

/** One consumer's reservations, of any kind. A query makes many thousands: nothing is kept but numbers. */
class Account implements SpillableAccount, ExchangeAccount {
  readonly #counter: PoolCounter
  readonly #share: Int32Array
  readonly #consumer: string
  readonly #kind: Kind
  #pages = 0
  /** From the first reservation to the close: until then it needs no share. */
  #counted = false

  constructor(counter: PoolCounter, share: Int32Array, consumer: string, kind: Kind) {
    this.#counter = counter
    this.#share = share
    this.#consumer = consumer
    this.#kind = kind
  }

  get usedBytes(): number {
    return this.#pages * pageBytes
  }

  get shareBytes(): number {
    return this.#counter.shareBytes
  }

  reserve(bytes: number): void {
    const pages = pagesOf(bytes)
    this.#counter.take(this.#consumer, pages, bytes)
    if (this.#kind === 'spillable' && !this.#counted) this.#count(1)
    this.#note(pages)
  }

  release(bytes: number): void {
    this.#give(Math.min(this.#pages, pagesOf(bytes)))
  }

  adopt(bytes: number, from?: SharedArrayBuffer): void {
    const pages = pagesOf(bytes)
    Atomics.sub(from === undefined ? this.#share : new Int32Array(from), inFlightAt, pages)
    this.#pages += pages
    Atomics.add(this.#share, ownUsedAt, pages)
  }

  close(): void {
    this.#give(this.#pages)
    if (this.#counted) this.#count(-1)
  }

  #count(by: 1 | -1): void {
    this.#counted = by === 1
    Atomics.add(this.#counter.words, consumersAt, by)
    Atomics.add(this.#share, ownConsumersAt, by)
  }

  #note(pages: number): void {
    this.#pages += pages
    Atomics.add(this.#share, ownUsedAt, pages)
    if (this.#kind === 'exchange') Atomics.add(this.#counter.words, exchangeAt, pages)
    if (this.#kind !== 'spillable') return
    Atomics.add(this.#counter.words, spillableAt, pages)
    Atomics.add(this.#share, ownSpillableAt, pages)
  }

  #give(pages: number): void {
    if (pages === 0) return
    this.#note(-pages)
    this.#counter.give(pages)
  }
}

/** What a thread's pool counts its reservations in. */
export const memoryShare = (): SharedArrayBuffer => new SharedArrayBuffer(shareWords * 4)
