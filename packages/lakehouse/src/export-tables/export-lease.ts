import { isDeltaworksError } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import { exportIsRunning } from '../errors.js'
import { RunLease, type LeaseOutcome } from '../runs/run-lease.js'

/**
 * Runs an export while no other process does the one of the same name: two that resume it, or one that does while it is still
 * going on, would write over each other's staged files. Exports of different names are not kept from each other.
 * @throws LakehouseError DW-LAKEHOUSE-0058 if another process has it; nothing was done
 */
export async function exportAlone<T>(root: string, loadId: string, work: () => Promise<T>): Promise<T> {
  const outcome = await leased(root, loadId)
  if (outcome?.kind === 'taken') throw exportIsRunning(loadId, outcome.holder)
  try {
    return await work()
  } finally {
    // The export has succeeded or failed by now; a lease that stays ends by itself.
    await outcome?.lease.release().catch(() => undefined)
  }
}

/** @returns null for a lake that this process may only read: its exports are not guarded */
async function leased(root: string, loadId: string): Promise<LeaseOutcome | null> {
  const name = `export-${loadId.replaceAll(/[^\w+-]/g, '_')}`
  try {
    return await RunLease.acquire(openStore(root), { runId: loadId, name })
  } catch (error) {
    if (isDeltaworksError(error) && error.fault === 'storage') return null
    throw error
  }
}
