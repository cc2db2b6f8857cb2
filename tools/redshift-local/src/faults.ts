/**
 * What may go wrong between a client and a warehouse.
 *
 * | kind             | what the client sees                                                                          |
 * |------------------|-----------------------------------------------------------------------------------------------|
 * | `throttle`       | ThrottlingException; nothing was done                                                         |
 * | `busy`           | ActiveStatementsExceededException; nothing was done                                           |
 * | `internal-error` | InternalServerException; nothing was done                                                     |
 * | `cut-request`    | the connection ends before the request is looked at                                           |
 * | `lost-response`  | the connection ends; the request *was* done                                                   |
 * | `abort`          | the statement ends ABORTED, and was not run                                                   |
 * | `fail`           | the statement ends FAILED, and was not run                                                    |
 * | `timeout-after`  | the statement was run, and ends ABORTED all the same, as one whose time ran out at its end    |
 * | `lose-session`   | the session ends (its transaction is rolled back) before the statement, which ends FAILED     |
 * | `delay`          | the statement starts after `delayMs`                                                          |
 */
export type FaultKind =
  | 'throttle'
  | 'busy'
  | 'internal-error'
  | 'cut-request'
  | 'lost-response'
  | 'abort'
  | 'fail'
  | 'timeout-after'
  | 'lose-session'
  | 'delay'

export interface FaultRule {
  readonly kind: FaultKind
  /** Operations of the API that it befalls (`ExecuteStatement`, `DescribeStatement`, …); all of them if absent. */
  readonly operations?: readonly string[]
  /** Only requests with a statement that this expression finds. */
  readonly sql?: RegExp | string
  /** How likely a request is befallen, 0 to 1; 1 if absent. */
  readonly probability?: number
  /** How many requests are befallen in all; without end if absent. */
  readonly times?: number
  /** Matching requests that pass before the first fault. */
  readonly skip?: number
  readonly delayMs?: number
}

const ofRequests: readonly FaultKind[] = ['throttle', 'busy', 'internal-error', 'cut-request', 'lost-response']

interface ActiveRule {
  readonly rule: FaultRule
  readonly sql: RegExp | null
  passed: number
  done: number
}

/** Decides which requests and statements go wrong. The same seed and order give the same faults. */
export class Faults {
  #rules: ActiveRule[] = []
  #state: number
  readonly counts = new Map<FaultKind, number>()

  constructor(seed = 1) {
    this.#state = seed >>> 0 || 1
  }

  add(...rules: readonly FaultRule[]): void {
    for (const rule of rules)
      this.#rules.push({ rule, sql: rule.sql === undefined ? null : new RegExp(rule.sql), passed: 0, done: 0 })
  }
  clear(): void {
    this.#rules = []
    this.counts.clear()
  }

  ofRequest(operation: string, sql: string): FaultRule | null {
    return this.#next((rule) => ofRequests.includes(rule.kind) && (rule.operations?.includes(operation) ?? true), sql)
  }
  ofStatement(sql: string): FaultRule | null {
    return this.#next((rule) => !ofRequests.includes(rule.kind), sql)
  }

  #next(applies: (rule: FaultRule) => boolean, sql: string): FaultRule | null {
    for (const active of this.#rules) {
      const { rule } = active
      if (!applies(rule) || (active.sql !== null && active.sql.exec(sql) === null)) continue
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
