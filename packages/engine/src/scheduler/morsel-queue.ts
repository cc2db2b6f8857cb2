const cursorAt = 0
const cancelledAt = 1
const releasedAt = 2
const regionsAt = 3
const headWords = 4
/** Of a region: its next morsel and its end (16 bits each), and the task whose it is. */
const regionWords = 2
/** A region of fewer morsels is left to its task. */
const leastShared = 4
const unclaimed = 0
/** A worker is not kept longer from other work by a consumer that does not take. */
const waitMs = 200

/**
 * The morsels of a stage, handed out through shared memory: a claim is one atomic addition, whoever asks.
 *
 *   int32: cursor | cancelled | released | regions | next and end, task of each region | who claimed each morsel: 0 nobody, n task n
 *
 * Where neighbours are to stay together there are regions: a task works through one from its first morsel to the last, and then
 * takes over half of what the slowest has left.
 *
 * A task whose output is taken in order runs at most a window ahead of what was taken (`released`), so that what waits for
 * its turn stays bounded. Where the driver's own turn does not come, the task pauses and is started again.
 */
export class MorselQueue {
  readonly buffer: SharedArrayBuffer
  readonly morselCount: number
  readonly #words: Int32Array

  readonly #regions: number
  /** Where it is said who claimed the morsels. */
  readonly #owners: number

  constructor(morselCount: number, buffer: SharedArrayBuffer = queueBuffer(morselCount, 0)) {
    this.buffer = buffer
    this.morselCount = morselCount
    this.#words = new Int32Array(buffer)
    this.#regions = this.#words[regionsAt]!
    this.#owners = headWords + this.#regions * regionWords
  }

  /** @param regions about equal parts of neighbours; 1: morsels are handed out one by one */
  static of(morselCount: number, regions: number): MorselQueue {
    const parted = regions > 1 && morselCount > regions && morselCount < 32_768 ? regions : 0
    const buffer = queueBuffer(morselCount, parted)
    const words = new Int32Array(buffer)
    for (let i = 0; i < parted; i++) {
      const [next, end] = [i, i + 1].map((at) => Math.floor((at * morselCount) / parted)) as [number, number]
      words[headWords + i * regionWords] = packed(next, end)
    }
    return new MorselQueue(morselCount, buffer)
  }

  /** The next morsel of the task, or -1 if there is none. Tasks are numbered from 1. */
  claim(task: number): number {
    for (;;) {
      const morsel = this.#regions > 0 ? this.#claimInRegion(task) : Atomics.add(this.#words, cursorAt, 1)
      if (morsel < 0 || morsel >= this.morselCount) return -1
      if (Atomics.compareExchange(this.#words, this.#owners + morsel, unclaimed, task) === unclaimed) return morsel
    }
  }

  #claimInRegion(task: number): number {
    for (;;) {
      const region = this.#regionOf(task)
      if (region < 0) return -1
      const at = headWords + region * regionWords
      const range = Atomics.load(this.#words, at)
      const [next, end] = unpacked(range)
      if (next < end && Atomics.compareExchange(this.#words, at, range, packed(next + 1, end)) === range) return next
    }
  }

  /** A region of the task with morsels left: its own, one that nobody has, or half of another's. -1: there is none. */
  #regionOf(task: number): number {
    const words = this.#words
    let own = -1
    for (let i = 0; i < this.#regions; i++) {
      const at = headWords + i * regionWords
      if (Atomics.load(words, at + 1) !== task) continue
      own = i
      const [next, end] = unpacked(Atomics.load(words, at))
      if (next < end) return i
    }
    for (let i = 0; i < this.#regions; i++) {
      if (Atomics.compareExchange(words, headWords + i * regionWords + 1, unclaimed, task) === unclaimed) return i
    }
    return own >= 0 && this.#takeHalf(own) ? own : -1
  }

  /** The second half of the largest rest becomes an empty region's. */
  #takeHalf(own: number): boolean {
    for (;;) {
      let [largest, most] = [-1, leastShared - 1]
      for (let i = 0; i < this.#regions; i++) {
        const [next, end] = unpacked(Atomics.load(this.#words, headWords + i * regionWords))
        if (end - next > most) [largest, most] = [i, end - next]
      }
      if (largest < 0) return false
      const at = headWords + largest * regionWords
      const range = Atomics.load(this.#words, at)
      const [next, end] = unpacked(range)
      if (end - next < leastShared) continue
      const middle = end - ((end - next) >> 1)
      if (Atomics.compareExchange(this.#words, at, range, packed(next, middle)) !== range) continue
      Atomics.store(this.#words, headWords + own * regionWords, packed(middle, end))
      return true
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
    for (let i = 0; i < this.#regions; i++) {
      Atomics.compareExchange(this.#words, headWords + i * regionWords + 1, task, successor)
    }
    const morsels: number[] = []
    for (let morsel = 0; morsel < this.morselCount; morsel++) {
      if (Atomics.compareExchange(this.#words, this.#owners + morsel, task, successor) === task) morsels.push(morsel)
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

const queueBuffer = (morsels: number, regions: number): SharedArrayBuffer => {
  const buffer = new SharedArrayBuffer((headWords + regions * regionWords + morsels) * 4)
  new Int32Array(buffer)[regionsAt] = regions
  return buffer
}

const packed = (next: number, end: number): number => (next << 16) | end
const unpacked = (range: number): [next: number, end: number] => [range >>> 16, range & 0xffff]
