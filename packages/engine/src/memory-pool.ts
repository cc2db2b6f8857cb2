import type { MemoryAccount } from '@deltaworks/columnar'
import { memoryRefused } from './errors.js'

const pageBytes = 4096

/** A consumer's part of the pool; `close` gives back all of it. */
export interface PoolAccount extends MemoryAccount {
  readonly usedBytes: number
  close(): void
}

/**
 * One memory budget for all threads of a session: pages of 4 KiB counted in shared memory, so that workers reserve from the
 * same budget. Only what grows with rows is reserved.
 */
export class MemoryPool {
  readonly limitBytes: number
  /** Posted to workers, which make a pool of their own over it. */
  readonly counter: SharedArrayBuffer
  readonly #pages: Int32Array
  /** What was reserved through this object; in shared memory, so that it can be taken back if its thread dies. */
  readonly #share: Int32Array

  constructor(
    limitBytes: number,
    counter: SharedArrayBuffer = new SharedArrayBuffer(8),
    share: SharedArrayBuffer = new SharedArrayBuffer(4),
  ) {
    this.limitBytes = limitBytes
    this.counter = counter
    this.#pages = new Int32Array(counter)
    this.#share = new Int32Array(share)
  }

  /** Takes back what a thread had reserved when it died. */
  reclaim(share: SharedArrayBuffer): void {
    Atomics.sub(this.#pages, 0, Atomics.exchange(new Int32Array(share), 0, 0))
  }

  get usedBytes(): number {
    return Atomics.load(this.#pages, 0) * pageBytes
  }

  /** The most that was ever in use. */
  get peakBytes(): number {
    return Atomics.load(this.#pages, 1) * pageBytes
  }

  account(consumer: string): PoolAccount {
    let used = 0
    const reserve = (bytes: number): void => {
      const pages = Math.ceil(bytes / pageBytes)
      const before = Atomics.add(this.#pages, 0, pages)
      if ((before + pages) * pageBytes > this.limitBytes) {
        Atomics.sub(this.#pages, 0, pages)
        throw memoryRefused(consumer, bytes, before * pageBytes, this.limitBytes)
      }
      used += pages
      Atomics.add(this.#share, 0, pages)
      if (before + pages > Atomics.load(this.#pages, 1)) Atomics.store(this.#pages, 1, before + pages)
    }
    const release = (bytes: number): void => {
      const pages = Math.min(used, Math.ceil(bytes / pageBytes))
      give(pages)
    }
    const give = (pages: number): void => {
      Atomics.sub(this.#pages, 0, pages)
      Atomics.sub(this.#share, 0, pages)
      used -= pages
    }
    return {
      reserve,
      release,
      close: () => {
        give(used)
      },
      get usedBytes() {
        return used * pageBytes
      },
    }
  }
}
