import { RequestGate, withRetries, type RetryClass, type RetryOptions } from '../retry.js'

export interface RequestPolicy {
  readonly maxAttempts: number
  /** Requests of one thread that are under way at once. */
  readonly connections: number
  readonly classify: (error: unknown) => RetryClass
  /** Whether it is unknown if a request that failed so was executed. */
  readonly isAmbiguous: (error: unknown) => boolean
}

/** Sends the requests of one bucket: again if that may help, and fewer at once while the store is pressed. */
export class RequestRunner {
  readonly #policy: RequestPolicy
  readonly #gate: RequestGate
  readonly #retry: Pick<RetryOptions, 'sleep' | 'random'>

  constructor(policy: RequestPolicy, retry: Pick<RetryOptions, 'sleep' | 'random'> = {}) {
    this.#policy = policy
    this.#gate = new RequestGate(policy.connections)
    this.#retry = retry
  }

  /** @param request told whether an earlier attempt's answer was lost, so that its work may be done */
  run<T>(request: (uncertain: boolean) => Promise<T>): Promise<T> {
    let uncertain = false
    const { maxAttempts, isAmbiguous } = this.#policy
    const classify = (error: unknown): RetryClass => {
      const kind = this.#policy.classify(error)
      if (kind === 'slow-down') this.#gate.slowDown()
      return kind
    }
    return withRetries({ maxAttempts, ...this.#retry, classify }, () =>
      this.#gate.run(async () => {
        try {
          return await request(uncertain)
        } catch (error) {
          if (isAmbiguous(error)) uncertain = true
          throw error
        }
      }),
    )
  }
}
