import type { CommonOptions } from '@deltaworks/cli'
import type { LeaseHolder } from '@deltaworks/lakehouse'

/** Somebody else maintains the lake: nothing was done, which is no failure. */
export function tellBusy(holder: LeaseHolder, { json, quiet }: CommonOptions): void {
  const { runId, host, pid, startedMs } = holder
  const since = new Date(startedMs).toISOString()
  if (json) process.stdout.write(`${JSON.stringify({ status: 'busy', holder })}\n`)
  else if (!quiet) {
    process.stdout.write(`${runId} is going on since ${since} (process ${pid} on ${host}); nothing was done.\n`)
  }
}
