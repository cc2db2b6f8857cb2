import { rmdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isDeltaworksError } from '@deltaworks/schema'
import { openStore } from '@deltaworks/storage'
import type { ExportGuard } from '@deltaworks/warehouse'
import { exportIsRunning } from '../errors.js'
import { leasesPath } from '../runs/operations-path.js'
import { RunLease, type LeaseOutcome } from '../runs/run-lease.js'

/**
 * Runs an export while no other process does the one of the same name: two that resume it, or one that does while it is still
 * going on, would write over each other's staged files. Exports of different names are not kept from each other.
 * @param work is told whether others can see that it goes on
 * @throws LakehouseError DW-LAKEHOUSE-0058 if another process has it; nothing was done
 */
export async function exportAlone<T>(
  root: string,
  loadId: string,
  work: (isLeased: boolean) => Promise<T>,
): Promise<T> {
  const outcome = await leased(root, loadId)
  if (outcome?.kind === 'taken') throw exportIsRunning(loadId, outcome.holder)
  try {
    return await work(outcome !== null)
  } finally {
    // The export has succeeded or failed by now; a lease that stays ends by itself.
    if (outcome !== null) await givenBack(root, loadId, outcome.lease)
  }
}

/** Who has the lease of an export of a lake is doing it: whoever takes it from nobody keeps it from being resumed, too. */
export const leaseGuard = (root: string): ExportGuard => ({
  name: root,
  whileNotGoingOn: async (loadId, work) => {
    const outcome = await leased(root, loadId)
    if (outcome?.kind !== 'held') return
    try {
      await work()
    } finally {
      await givenBack(root, loadId, outcome.lease)
    }
  },
})

const nameOf = (loadId: string): string => `export-${loadId.replaceAll(/[^\w+-]/g, '_')}`

async function givenBack(root: string, loadId: string, lease: RunLease): Promise<void> {
  await lease.release().catch(() => undefined)
  // Every export has a name of its own: a disk would keep a folder of each.
  if (root.startsWith('file:')) {
    const folder = `${fileURLToPath(root)}/${leasesPath}/${nameOf(loadId)}`
    await rmdir(folder).catch(() => undefined)
  }
}

/** @returns null for a lake that this process may only read: its exports are not guarded */
async function leased(root: string, loadId: string): Promise<LeaseOutcome | null> {
  try {
    return await RunLease.acquire(openStore(root), { runId: loadId, name: nameOf(loadId) })
  } catch (error) {
    if (isDeltaworksError(error) && error.fault === 'storage') return null
    throw error
  }
}
