import { openStore } from '@deltaworks/storage'
import { RunLease, type LeaseHolder } from '../runs/run-lease.js'

/** What was done by the one who has the lake's maintenance to itself, or who has it. */
export type Exclusive<T> =
  { readonly kind: 'ran'; readonly result: T } | { readonly kind: 'busy'; readonly holder: LeaseHolder }

/** Never seen outside. */
class LeaseTaken extends Error {
  readonly holder: LeaseHolder

  constructor(holder: LeaseHolder) {
    super(`the lease is held by ${holder.runId}`)
    this.holder = holder
  }
}

/**
 * Does maintenance of a lake while nobody else does. The lease is taken when the task asks for it, before it writes: bad
 * input, and a lake that is not there, leave nothing behind.
 * @param task gets what takes the lease; it does not come back from it if another one has it
 */
export async function maintainAlone<T>(
  root: string,
  runId: string,
  task: (takeLease: () => Promise<void>) => Promise<T>,
): Promise<Exclusive<T>> {
  let lease: RunLease | null = null
  const take = async (): Promise<void> => {
    if (lease !== null) return
    const outcome = await RunLease.acquire(openStore(root), { runId, name: 'maintenance' })
    if (outcome.kind === 'taken') throw new LeaseTaken(outcome.holder)
    lease = outcome.lease
  }
  try {
    return { kind: 'ran', result: await task(take) }
  } catch (error) {
    if (error instanceof LeaseTaken) return { kind: 'busy', holder: error.holder }
    throw error
  } finally {
    // The type checker does not see that `take` sets it.
    await (lease as RunLease | null)?.release()
  }
}
