/**
 * What may go wrong between a client and a store.
 *
 * | kind            | what the client sees                                                                 |
 * |-----------------|--------------------------------------------------------------------------------------|
 * | `slow-down`     | 503 SlowDown; nothing was done                                                       |
 * | `internal-error`| 500 InternalError; nothing was done                                                  |
 * | `conflict`      | 409 ConditionalRequestConflict; nothing was done                                     |
 * | `cut-request`   | the connection ends before the request is looked at; nothing was done                |
 * | `lost-response` | the connection ends; the request *was* done                                          |
 * | `cut-body`      | status and headers, half of the body, then the connection ends                       |
 * | `slow-body`     | the body comes in small pieces, with pauses (`delayMs` in all, 200 if not given)      |
 * | `delay`         | the answer comes after `delayMs`                                                     |
 */
export type FaultKind =
  'slow-down' | 'internal-error' | 'conflict' | 'cut-request' | 'lost-response' | 'cut-body' | 'slow-body' | 'delay'

export interface FaultRule {
  readonly kind: FaultKind
  /** Operations of the S3 API that it befalls (`PutObject`, `GetObject`, …); all of them if absent. */
  readonly operations?: readonly string[]
  /** Only requests on keys that this expression finds. */
  readonly key?: RegExp | string
  /** How likely a request is befallen, 0 to 1; 1 if absent. */
  readonly probability?: number
  /** How many requests are befallen in all; without end if absent. */
  readonly times?: number
  /** Matching requests that pass before the first fault. */
  readonly skip?: number
  readonly delayMs?: number
}

interface ActiveRule {
  readonly rule: FaultRule
  readonly key: RegExp | null
  passed: number
  done: number
}

/** Decides which requests go wrong. The same seed and order of requests give the same faults. */
export class Faults {
  #rules: ActiveRule[] = []
  #state: number
  /** How many faults of each kind there have been. */
  readonly counts = new Map<FaultKind, number>()

  constructor(seed = 1) {
    this.#state = seed >>> 0 || 1
  }

  add(...rules: readonly FaultRule[]): void {
    for (const rule of rules) {
      this.#rules.push({ rule, key: rule.key === undefined ? null : new RegExp(rule.key), passed: 0, done: 0 })
    }
  }

  clear(): void {
    this.#rules = []
    this.counts.clear()
  }

  /** The fault of a request, if it has one: that of the first rule that strikes. */
  next(operation: string, key: string): FaultRule | null {
    for (const active of this.#rules) {
      const { rule } = active
      if (rule.operations !== undefined && !rule.operations.includes(operation)) continue
      if (active.key !== null && active.key.exec(key) === null) continue
      if (active.passed++ < (rule.skip ?? 0) || active.done >= (rule.times ?? Infinity)) continue
      if (this.#random() >= (rule.probability ?? 1)) continue
      active.done++
      this.counts.set(rule.kind, (this.counts.get(rule.kind) ?? 0) + 1)
      return rule
    }
    return null
  }

  /** xorshift32: [0, 1). */
  #random(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    this.#state >>>= 0
    return this.#state / 2 ** 32
  }
}
