const cursorAt = 0
const cancelledAt = 1
const releasedAt = 2
const headWords = 4
const unclaimed = 0
/** A worker is not kept longer from other work by a consumer that does not take. */
const waitMs = 200

/**
 * The morsels of a stage, handed out through shared memory: a claim is one atomic addition, whoever asks.
 *
 *   int32: cursor | cancelled | released | – | who claimed each morsel: 0 nobody, n task n
 *
 * A task whose output is taken in order runs at most a window ahead of what was taken (`released`), so that what waits for
 * its turn stays bounded. Where the driver's own turn does not come, the task pauses and is started again.
 */
export class MorselQueue {
  readonly buffer: SharedArrayBuffer
  readonly morselCount: number
  readonly #words: Int32Array

  constructor(morselCount: number, buffer: SharedArrayBuffer = new SharedArrayBuffer((headWords + morselCount) * 4)) {
    this.buffer = buffer
    this.morselCount = morselCount
    this.#words = new Int32Array(buffer)
  }

  /** The next morsel of the task, or -1 if there is none. Tasks are numbered from 1. */
  claim(task: number): number {
    for (;;) {
      const morsel = Atomics.add(this.#words, cursorAt, 1)
      if (morsel >= this.morselCount) return -1
      if (Atomics.compareExchange(this.#words, headWords + morsel, unclaimed, task) === unclaimed) return morsel
    }
  }

  /**
   * Blocks for a while until the morsel is less than `window` ahead of what was taken, or the stage is cancelled. For worker
   * threads only. @returns whether it is
   */
  waitForTurn(morsel: number, window: number): boolean {
    const until = performance.now() + waitMs
    for (;;) {
      const released = Atomics.load(this.#words, releasedAt)
      if (morsel < released + window || this.cancelled) return true
      const left = until - performance.now()
      if (left <= 0) return false
      Atomics.wait(this.#words, releasedAt, released, left)
    }
  }

  /** Says that the outputs of the first `count` morsels were taken. */
  release(count: number): void {
    Atomics.store(this.#words, releasedAt, count)
    Atomics.notify(this.#words, releasedAt)
  }

  /** Makes the morsels that the task claimed its successor's. */
  reassign(task: number, successor: number): readonly number[] {
    const morsels: number[] = []
    for (let morsel = 0; morsel < this.morselCount; morsel++) {
      if (Atomics.compareExchange(this.#words, headWords + morsel, task, successor) === task) morsels.push(morsel)
    }
    return morsels
  }

  get cancelled(): boolean {
    return Atomics.load(this.#words, cancelledAt) !== 0
  }

  cancel(): void {
    Atomics.store(this.#words, cancelledAt, 1)
    Atomics.notify(this.#words, releasedAt)
  }
}
