import type { Session } from '@deltaworks/engine'
import type { AlertTask, RunResult } from '@deltaworks/lakehouse'
import type { AlertDesk } from './alert-desk.js'
import type { LoadedLakehouse } from './load-lakehouse.js'

/** How a process is watched, as its environment says. */
export interface Operations {
  /** To be called when a run has ended: tells people what its alert rules say. @param error that ended it, if one did */
  ended(result: RunResult | null, error: unknown): Promise<void>
  /** Sends what is left of telemetry. */
  close(): Promise<void>
}

/** Of an environment that asks for nothing: nothing is loaded, nothing is done. */
const unwatched: Operations = { ended: () => Promise.resolve(), close: () => Promise.resolve() }

export interface OperationsOptions {
  readonly loaded: LoadedLakehouse
  readonly session: Session
  /** URI of the lake. */
  readonly root: string
  readonly environment: string
  /** What is watched; default: a run. */
  readonly task?: AlertTask
}

/** @throws TelemetryError DW-TELEMETRY-0002 to 0004 if a secret or a package is missing: before anything is done */
export const openOperations = async (options: OperationsOptions): Promise<Operations> =>
  options.loaded.operations === null
    ? unwatched
    : (await import('./watch-operations.js')).watchOperations(options, options.loaded.operations)

/** Where alerts of a lake are told, or null if its environment tells nobody. */
export async function alertDesk(options: OperationsOptions): Promise<AlertDesk | null> {
  const { loaded, session, root, environment, task } = options
  const { lakehouse, operations } = loaded
  if (operations?.alerts === undefined) return null
  const { AlertDesk: Desk } = await import('./alert-desk.js')
  return new Desk({ lakehouse, session, root, environment, configuration: operations.alerts, task })
}

/** Does a task that gives a run's result, watched as its environment says. */
export async function watched<T>(
  options: OperationsOptions,
  task: () => Promise<T>,
  resultOf: (outcome: T) => RunResult | null,
  signal: AbortSignal,
): Promise<T> {
  const operations = await openOperations(options)
  try {
    const outcome = await task()
    await operations.ended(resultOf(outcome), null)
    return outcome
  } catch (error) {
    // Who stops a run knows that it stopped.
    if (!signal.aborted) await operations.ended(null, error)
    throw error
  } finally {
    await operations.close()
  }
}
