import { memoryRefused } from './errors.js'

export const pageBytes = 4096

/** Words of the pool's counter: pages of 4 KiB, but for the units that spillable consumers have, and who waits. */
export const usedAt = 0
const peakAt = 1
export const spillableAt = 2
export const unitsAt = 3
const waitingAt = 4
export const exchangeAt = 5
/** The thread that has the headroom, by its share's number; 0: none. */
const headroomAt = 6
const counterWords = 7

/** Words of a thread's share: what it reserved, as in the counter, and for segments that the driver has not taken over yet. */
export const ownUsedAt = 0
export const ownSpillableAt = 1
export const ownUnitsAt = 2
export const inFlightAt = 3
/** What names the thread, never 0. */
const numberAt = 4
const shareWords = 5

/** What spillable consumers divide among them: the rest is for what cannot spill, and for the steps between two looks at the share. */
const spillablePart = 0.75
/** Spillable memory is shared out by units: an operator has a few of them, and the buffers of an exchange, which hold rows on their way, one. */
export const operatorUnits = 4
export const exchangeUnits = 1
/** What a consumer may hold whatever the budget: less would not hold a batch. */
const leastShareBytes = 512 * 1024
/** Segments between stages are kept in memory up to this part of the budget. */
const exchangePart = 1 / 6
/**
 * The last part of the budget, which one worker at a time may use: of workers that all need a little more to come to where they
 * give something back, one always gets there. A quarter of a budget so small that a step's least is much of it.
 */
const headroomBytes = (limitBytes: number): number =>
  Math.max(limitBytes / 8, Math.min(limitBytes / 4, 4 * 1024 * 1024))
/** Who has the headroom waits for nothing but memory of others; it is an error if none comes. */
const waitMs = 5000
/** Who waits for the headroom waits for whatever its holder does. */
const headroomWaitMs = 120_000
const waitSliceMs = 10

/** The words that all threads' pools count in. */
export const poolCounter = (): SharedArrayBuffer => new SharedArrayBuffer(counterWords * 4)

let shares = 0

/** What a thread's pool counts its reservations in. */
export function memoryShare(): SharedArrayBuffer {
  const share = new SharedArrayBuffer(shareWords * 4)
  shares = (shares % 0x7fffffff) + 1
  new Int32Array(share)[numberAt] = shares
  return share
}

/** What all threads of a session have reserved of its budget: pages in shared memory. */
export class PoolCounter {
  readonly limitBytes: number
  readonly words: Int32Array
  /** What was reserved through this object; in shared memory, so that it can be taken back if its thread dies. */
  readonly share: Int32Array
  readonly #isCancelled: (() => boolean) | null
  readonly #limitPages: number
  /** Without the headroom. */
  readonly #commonPages: number
  /** What this thread had reserved when it took the headroom; -1 while it does not have it. */
  #headroomSince = -1
  /** Units of this thread's task: those that it will have, and those of its consumers that hold memory now. */
  #expectedUnits = 0
  #heldUnits = 0
  /** Tasks of its stage that run at once. */
  #stageTasks = 1

  /** @param isCancelled for worker threads: a refused reservation waits for others to release, unless this says true */
  constructor(
    limitBytes: number,
    counter: SharedArrayBuffer,
    share: SharedArrayBuffer,
    isCancelled: (() => boolean) | null,
  ) {
    this.limitBytes = limitBytes
    this.words = new Int32Array(counter)
    this.share = new Int32Array(share)
    this.#isCancelled = isCancelled
    this.#limitPages = Math.floor(limitBytes / pageBytes)
    const reserved = isCancelled === null ? 0 : headroomBytes(limitBytes)
    this.#commonPages = Math.floor((limitBytes - reserved) / pageBytes)
  }

  bytes(word: number): number {
    return Atomics.load(this.words, word) * pageBytes
  }

  /** The most that was ever in use. */
  get peakBytes(): number {
    return this.bytes(peakAt)
  }

  /**
   * What spillable consumers of so many units may hold: of what is left of the budget. Units of operators that have not begun
   * count, too, here and in the tasks beside: who holds what is theirs later cannot give it back at once.
   */
  shareBytes(units: number): number {
    const unspillable = this.bytes(usedAt) - this.bytes(spillableAt)
    const all = Math.max(1, this.#expectedUnits * this.#stageTasks, Atomics.load(this.words, unitsAt))
    return Math.max(leastShareBytes, ((this.limitBytes * spillablePart - unspillable) * Math.min(units, all)) / all)
  }

  /** Tasks of this thread's stage that run at once. */
  get stageTasks(): number {
    return this.#stageTasks
  }

  /** Tells of a task before it begins. @param units of its consumers @param tasks of its stage that run at once */
  expect(units: number, tasks: number): void {
    this.#stageTasks = tasks
    const before = this.#units
    this.#expectedUnits = units
    this.#countUnits(before)
  }

  /** A consumer begins to hold memory (or, less than 0, no longer does). */
  holdUnits(units: number): void {
    const before = this.#units
    this.#heldUnits += units
    this.#countUnits(before)
  }

  get #units(): number {
    return Math.max(this.#expectedUnits, this.#heldUnits)
  }

  #countUnits(before: number): void {
    const more = this.#units - before
    if (more === 0) return
    Atomics.add(this.words, unitsAt, more)
    Atomics.add(this.share, ownUnitsAt, more)
  }

  /** @param bytes what was asked for, in so many pages @throws EngineError DW-ENGINE-0001 */
  take(consumer: string, pages: number, bytes: number): void {
    if (this.#tryTake(pages)) return
    const start = performance.now()
    for (;;) {
      const used = Atomics.load(this.words, usedAt)
      const patienceMs = this.#headroomSince < 0 ? headroomWaitMs : waitMs
      if (this.#isCancelled?.() !== false || performance.now() - start >= patienceMs) {
        throw memoryRefused(consumer, bytes, used * pageBytes, this.limitBytes)
      }
      Atomics.add(this.words, waitingAt, 1)
      Atomics.wait(this.words, usedAt, used, waitSliceMs)
      Atomics.sub(this.words, waitingAt, 1)
      if (this.#tryTake(pages)) return
    }
  }

  /** What is refused is never counted, not for a moment: another thread would be refused for it. */
  #tryTake(pages: number): boolean {
    for (;;) {
      const before = Atomics.load(this.words, usedAt)
      const after = before + pages
      if (after > this.#commonPages && !(this.#takeHeadroom() && after <= this.#limitPages)) return false
      if (Atomics.compareExchange(this.words, usedAt, before, after) !== before) continue
      this.#notePeak(after)
      return true
    }
  }

  /** @returns false: another thread has it */
  #takeHeadroom(): boolean {
    if (this.#isCancelled === null || this.#headroomSince >= 0) return true
    if (Atomics.compareExchange(this.words, headroomAt, 0, this.share[numberAt]!) !== 0) return false
    this.#headroomSince = Atomics.load(this.share, ownUsedAt)
    return true
  }

  /** This thread needs it no longer: it is back where it took it, or there is room for all. */
  #settleHeadroom(used: number): void {
    if (used > this.#commonPages && Atomics.load(this.share, ownUsedAt) > this.#headroomSince) return
    this.#headroomSince = -1
    this.giveUpHeadroom(this.share)
  }

  /** For a thread that died, too. */
  giveUpHeadroom(share: Int32Array): void {
    Atomics.compareExchange(this.words, headroomAt, share[numberAt]!, 0)
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
    const used = Atomics.sub(this.words, usedAt, pages) - pages
    if (this.#headroomSince >= 0) this.#settleHeadroom(used)
    if (Atomics.load(this.words, waitingAt) > 0) Atomics.notify(this.words, usedAt)
  }

  #notePeak(pages: number): void {
    for (;;) {
      const peak = Atomics.load(this.words, peakAt)
      if (pages <= peak || Atomics.compareExchange(this.words, peakAt, peak, pages) === peak) return
    }
  }
}
