/** How long a failure asks to wait before the next attempt; `never`: the next attempt would fail alike. */
export type RetryClass = 'never' | 'soon' | 'slow-down'

export interface RetryOptions {
  readonly maxAttempts: number
  /** Upper bound of the first wait, milliseconds; it doubles with each attempt. Default 100. */
  readonly baseMs?: number
  /** Upper bound of any wait. Default 20,000. */
  readonly maxMs?: number
  readonly classify: (error: unknown) => RetryClass
  readonly sleep?: (ms: number) => Promise<void>
  readonly random?: () => number
}

/** A store that says "slow down" is given this much time at first. */
const slowDownBaseMs = 500

/**
 * Runs an attempt until it succeeds, fails for good, or was made often enough. Waits are random up to a bound that doubles
 * ("full jitter": clients that failed together do not come back together).
 * @param attempt told its number, from 1
 */
export async function withRetries<T>(options: RetryOptions, attempt: (number: number) => Promise<T>): Promise<T> {
  const { maxAttempts, classify, baseMs = 100, maxMs = 20_000, sleep = wait, random = Math.random } = options
  for (let number = 1; ; number++) {
    try {
      return await attempt(number)
    } catch (error) {
      const kind = classify(error)
      if (kind === 'never' || number >= maxAttempts) throw error
      const base = kind === 'slow-down' ? Math.max(slowDownBaseMs, baseMs) : baseMs
      await sleep(random() * Math.min(maxMs, base * 2 ** (number - 1)))
    }
  }
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * How many requests may be under way at once. "Slow down" halves it, each success gives a little back (additive increase,
 * multiplicative decrease, as TCP does), so that a store under pressure is not pressed harder by more retries.
 */
export class RequestGate {
  readonly #most: number
  #limit: number
  #underWay = 0
  readonly #waiting: (() => void)[] = []

  constructor(most: number) {
    this.#most = most
    this.#limit = most
  }

  /** Requests that may be under way now. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#limit))
  }

  async run<T>(request: () => Promise<T>): Promise<T> {
    while (this.#underWay >= this.limit) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#underWay++
    try {
      const result = await request()
      this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit)
      return result
    } finally {
      this.#underWay--
      for (let free = this.limit - this.#underWay; free > 0 && this.#waiting.length > 0; free--)
        this.#waiting.shift()!()
    }
  }

  slowDown(): void {
    this.#limit = Math.max(1, this.#limit / 2)
  }
}
