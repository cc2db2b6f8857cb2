import type { MemoryAccount } from '@deltaworks/columnar'
import {
  exchangeAt,
  exchangeUnits,
  inFlightAt,
  memoryShare,
  operatorUnits,
  ownSpillableAt,
  ownUnitsAt,
  ownUsedAt,
  pageBytes,
  PoolCounter,
  poolCounter,
  spillableAt,
  unitsAt,
  usedAt,
} from './pool-counter.js'

export { exchangeUnits, memoryShare, operatorUnits }

/** A consumer's part of the pool; `close` gives back all of it. */
export interface PoolAccount extends MemoryAccount {
  readonly usedBytes: number
  close(): void
}

/** The account of an operator that can put its state on disk, which it does when it is over its share. */
export interface SpillableAccount extends PoolAccount {
  /** Of the budget, less what cannot spill: divided by the spillable operators of all queries and threads. */
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

  /** @param isCancelled for worker threads: a refused reservation waits for others to release, unless this says true */
  constructor(
    limitBytes: number,
    counter: SharedArrayBuffer = poolCounter(),
    share: SharedArrayBuffer = memoryShare(),
    isCancelled: (() => boolean) | null = null,
  ) {
    this.limitBytes = limitBytes
    this.counter = counter
    this.#counter = new PoolCounter(limitBytes, counter, share, isCancelled)
  }

  /** Takes back what a thread had reserved when it died. */
  reclaim(share: SharedArrayBuffer): void {
    const own = new Int32Array(share)
    const { words } = this.#counter
    Atomics.sub(words, spillableAt, Atomics.exchange(own, ownSpillableAt, 0))
    Atomics.sub(words, unitsAt, Atomics.exchange(own, ownUnitsAt, 0))
    const inFlight = Atomics.exchange(own, inFlightAt, 0)
    Atomics.sub(words, exchangeAt, inFlight)
    this.#counter.giveUpHeadroom(own)
    this.#counter.give(Atomics.exchange(own, ownUsedAt, 0) + inFlight)
  }

  /** Tells of this thread's task before it begins. @param units of its spillable consumers @param tasks of its stage that run at once */
  expect(units: number, tasks: number): void {
    this.#counter.expect(units, tasks)
  }

  /** This thread's task is over. */
  end(): void {
    this.#counter.expect(0, 0)
    this.#counter.giveUpHeadroom(this.#counter.share)
  }

  get usedBytes(): number {
    return this.#counter.bytes(usedAt)
  }

  /** The most that was ever in use. */
  get peakBytes(): number {
    return this.#counter.peakBytes
  }

  /** Units of spillable consumers: of those that hold memory, and of tasks that run. */
  get spillableUnits(): number {
    return Atomics.load(this.#counter.words, unitsAt)
  }

  /** What a batch may take, about: an operator that spills may have ten copies of one on their way, on every thread. */
  get batchBytes(): number {
    return this.limitBytes / (16 * Math.max(2, this.#counter.stageTasks))
  }

  account(consumer: string): PoolAccount {
    return new Account(this.#counter, consumer, 'plain', 0)
  }

  spillable(consumer: string, units = operatorUnits): SpillableAccount {
    return new Account(this.#counter, consumer, 'spillable', units)
  }

  exchange(consumer: string): ExchangeAccount {
    return new Account(this.#counter, consumer, 'exchange', 0)
  }

  /** Reserves for a segment that goes to the driver, whose exchange account adopts it. @returns false: it is to be spilled */
  reserveForExchange(bytes: number): boolean {
    const pages = pagesOf(bytes)
    if (!this.#counter.takeForExchange(pages)) return false
    Atomics.add(this.#counter.share, inFlightAt, pages)
    return true
  }

  /** Like `reserveForExchange`, up to the budget. @throws EngineError DW-ENGINE-0001 */
  requireForExchange(bytes: number): void {
    const pages = pagesOf(bytes)
    this.#counter.take('Exchange', pages, bytes)
    Atomics.add(this.#counter.words, exchangeAt, pages)
    Atomics.add(this.#counter.share, inFlightAt, pages)
  }
}

/** One consumer's reservations, of any kind. A query makes many thousands: nothing is kept but numbers. */
class Account implements SpillableAccount, ExchangeAccount {
  readonly #counter: PoolCounter
  readonly #share: Int32Array
  readonly #consumer: string
  readonly #kind: Kind
  readonly #units: number
  #pages = 0
  /** From the first reservation to the close: until then it needs no share. */
  #counted = false

  constructor(counter: PoolCounter, consumer: string, kind: Kind, units: number) {
    this.#counter = counter
    this.#share = counter.share
    this.#consumer = consumer
    this.#kind = kind
    this.#units = units
  }

  get usedBytes(): number {
    return this.#pages * pageBytes
  }

  get shareBytes(): number {
    return this.#counter.shareBytes(this.#units)
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
    this.#counter.holdUnits(by * this.#units)
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
