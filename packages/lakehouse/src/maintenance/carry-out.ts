import type { DeltaTable } from '@deltaworks/delta-table'
import type { Lake } from '../lake.js'
import type { MaintenanceOptions } from '../maintain.js'
import { latestPublication, publishedVersions, republish } from '../runs/publication.js'
import { unchanged, type MaintenanceOperation, type MaintenanceStep, type Savings } from './plan-maintenance.js'

/** Bytes that one commit of OPTIMIZE writes again: what an interrupted run has committed is not done again. */
const bytesACommit = 2 * 1024 ** 3

export interface CarriedOut {
  readonly saved: Savings
  readonly seconds: number
  /** Whether nothing of the step is left. */
  readonly whole: boolean
}

/**
 * Does a step, as far as time and bytes go.
 * @returns null if nothing of it was done
 */
export async function carryOut(
  lake: Lake,
  table: DeltaTable,
  step: MaintenanceStep,
  options: MaintenanceOptions,
  leftMs: number,
  leftBytes: number,
): Promise<CarriedOut | null> {
  const start = performance.now()
  const deadline = leftMs === Infinity ? null : AbortSignal.timeout(Math.max(1, leftMs))
  const signals = [deadline, options.signal ?? null].filter((signal) => signal !== null)
  const bounds: Bounds = {
    signal: AbortSignal.any(signals),
    leftBytes,
    // A step that the window's end cuts off has changed nothing beyond what it had committed.
    isCutOff: () => deadline?.aborted === true && options.signal?.aborted !== true,
  }
  const done = await actions[step.operation](lake, table, step, options, bounds)
  return done === null ? null : { ...done, seconds: (performance.now() - start) / 1000 }
}

interface Bounds {
  readonly signal: AbortSignal
  readonly leftBytes: number
  readonly isCutOff: () => boolean
}

type Action = (
  lake: Lake,
  table: DeltaTable,
  step: MaintenanceStep,
  options: MaintenanceOptions,
  bounds: Bounds,
) => Promise<Omit<CarriedOut, 'seconds'> | null>

const rewrite: Action = async (lake, table, { definition, operation, expected }, { nowMs, root }, bounds) => {
  const { zorderBy, filterBy } = definition.maintenance
  const order = operation === 'zorder' ? { zorderBy } : {}
  let after = table
  let bytesRewritten = 0
  let whole = false
  while (!whole) {
    const leftBytes = bounds.leftBytes - bytesRewritten
    const part = { ...order, maxBytes: Math.min(bytesACommit, leftBytes) }
    // At least one bin is written again, however large it is.
    if (leftBytes !== Infinity && after.estimateOptimize(part).bytesRewritten > leftBytes) break
    const before = after.version
    const next = await after.optimize({ ...part, nowMs, signal: bounds.signal }).catch((error: unknown) => {
      if (bounds.isCutOff()) return null
      throw error
    })
    if (next === null) break
    after = next
    lake.wrote(definition.path, after)
    whole = after.version === before
    if (whole) break
    await republish(root, [{ path: definition.path, from: before, to: after.version }], nowMs)
    bytesRewritten += after.lastWrite.metrics['numRemovedBytes'] ?? 0
  }
  if (!whole && bytesRewritten === 0) return null
  const saved = {
    filesBefore: expected.filesBefore,
    filesAfter: after.detail().numFiles,
    bytesRewritten,
    bytesFreed: 0,
    scannedBytesBefore: expected.scannedBytesBefore,
    scannedBytesAfter: after.scannedBytes(filterBy),
  }
  return { saved, whole }
}

const actions: Readonly<Record<MaintenanceOperation, Action>> = {
  zorder: rewrite,
  optimize: rewrite,
  async checkpoint(_lake, table, _step, { nowMs }) {
    await table.checkpoint(nowMs)
    return { saved: unchanged(table, 0), whole: true }
  },
  async vacuum(_lake, table, { definition }, { nowMs, root }, { signal, isCutOff }) {
    const retentionMs = definition.maintenance.vacuumRetentionHours * 3_600_000
    const keepVersions = publishedVersions(await latestPublication(root), definition)
    try {
      const { sizeBytes } = await table.vacuum({ retentionMs, keepVersions, nowMs, signal })
      return { saved: unchanged(table, sizeBytes), whole: true }
    } catch (error) {
      if (isCutOff()) return null
      throw error
    }
  },
}

/** Bytes a second that a run has written again, by operation. */
export class Rates {
  readonly #measured = new Map<MaintenanceOperation, { bytes: number; seconds: number }>()

  measured(operation: MaintenanceOperation, bytes: number, seconds: number): void {
    const known = this.#measured.get(operation) ?? { bytes: 0, seconds: 0 }
    this.#measured.set(operation, { bytes: known.bytes + bytes, seconds: known.seconds + seconds })
  }

  expected({ operation, expected, expectedSeconds }: MaintenanceStep): number {
    const known = this.#measured.get(operation)
    // What took moments says more of starting than of bytes.
    return known === undefined || known.bytes < 10e6
      ? expectedSeconds
      : (expected.bytesRewritten * known.seconds) / known.bytes
  }
}
