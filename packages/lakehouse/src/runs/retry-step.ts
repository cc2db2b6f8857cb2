import { isDeltaworksError } from '@deltaworks/schema'
import { stepTimedOut } from './errors.js'

/** How often, and for how long, a step is tried. */
export interface RetryPolicy {
  /** In all; 1: no second try. */
  readonly attempts: number
  /** Wait before the second try; it doubles with every further one, and each is shortened by up to half at random. */
  readonly backoffMs: number
  /** Bound on one try; null: none. */
  readonly timeoutMs: number | null
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 1, backoffMs: 1000, timeoutMs: null }

/** What may be otherwise the next time: a store that did not answer, memory that others had, a try that took too long. */
const isPassing = (error: unknown): boolean =>
  isDeltaworksError(error) && (error.fault === 'storage' || error.fault === 'resources')

/**
 * Does a step, again after what may pass. Its task must be idempotent.
 * @throws LakehouseError DW-LAKEHOUSE-0040 if the last try took too long, and whatever the last try throws
 */
export async function retryStep<T>(
  step: string,
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  task: (signal: AbortSignal | undefined, attempt: number) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withinTime(step, policy.timeoutMs, signal, (bound) => task(bound, attempt))
    } catch (error) {
      if (attempt >= policy.attempts || !isPassing(error) || signal?.aborted === true) throw error
      await pause(policy.backoffMs * 2 ** (attempt - 1) * (1 - Math.random() / 2), signal)
    }
  }
}

async function withinTime<T>(
  step: string,
  timeoutMs: number | null,
  signal: AbortSignal | undefined,
  task: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (timeoutMs === null) return task(signal)
  const bound = AbortSignal.timeout(timeoutMs)
  try {
    return await task(signal === undefined ? bound : AbortSignal.any([signal, bound]))
  } catch (error) {
    throw bound.aborted && signal?.aborted !== true ? stepTimedOut(step, timeoutMs) : error
  }
}

/** Waits, but not longer than until the signal. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}
