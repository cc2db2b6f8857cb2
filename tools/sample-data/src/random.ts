/** Numbers that depend on a seed alone: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
export class Random {
  #state: number

  constructor(seed: number) {
    // Mixed first, so that near seeds give far numbers; the state must not be 0.
    let x = (seed ^ 0x9e3779b9) >>> 0
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
    this.#state = (x ^ (x >>> 16)) >>> 0 || 1
  }

  /** An integer of 0 … n - 1. */
  below(n: number): number {
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x >>> 0
    return Math.floor((this.#state / 4_294_967_296) * n)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!
  }
}
