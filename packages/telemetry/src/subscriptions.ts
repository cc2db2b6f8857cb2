import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Messages } from './events.js'

/** Listens to some channels until it is told to stop. A listener that fails does not disturb what it listens to. */
export function listen(listeners: {
  readonly [Channel in keyof Messages]?: (message: Messages[Channel]) => void
}): () => void {
  const subscribed = Object.entries(listeners).map(([channel, listener]) => {
    const heard = (message: unknown): void => {
      try {
        ;(listener as (message: unknown) => void)(message)
      } catch {
        // Telemetry that is lost is better than a run that is.
      }
    }
    subscribe(channel, heard)
    return () => unsubscribe(channel, heard)
  })
  return () => {
    for (const stop of subscribed) stop()
  }
}
