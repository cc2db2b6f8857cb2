import type { DeltaTable } from '@deltaworks/delta-table'
import { Lake } from '../lake.js'
import { tableOf } from '../lakehouse-definition.js'
import type { MaintenanceOptions } from '../maintain.js'
import { latestPublication, publishedVersions, republish } from '../runs/publication.js'
import {
  byBenefit,
  planTable,
  unchanged,
  type MaintenanceOperation,
  type MaintenanceStep,
  type Savings,
} from './plan-maintenance.js'

export interface MaintenanceRunOptions extends MaintenanceOptions {
  /** When no step may begin any more, and one that runs is given up; null: whenever it is done. */
  readonly untilMs: number | null
  /** Tables with a commit in the last so many milliseconds are left alone: a writer is at work. */
  readonly idleMs: number
  /** For tests. Default `Date.now`. */
  readonly clock?: () => number
}

export interface MaintenanceStepResult {
  readonly table: string
  readonly operation: MaintenanceOperation
  /** `postponed`: the window has closed, or would before the step ends; `busy`: a writer is at work. */
  readonly status: 'done' | 'would run' | 'postponed' | 'busy'
  readonly expected: Savings
  readonly expectedSeconds: number
  /** null: not done. */
  readonly saved: Savings | null
  readonly seconds: number
}

/** Bytes that one commit of OPTIMIZE writes again: what an interrupted run has committed is not done again. */
const bytesACommit = 2 * 1024 ** 3

/**
 * Does for each table what its definition asks for and its state has need of, the most useful first, within the window. All
 * that it needs to know stands in the tables' logs, so a run that was interrupted, or whose window closed, is simply started again.
 */
export async function runMaintenance(options: MaintenanceRunOptions): Promise<readonly MaintenanceStepResult[]> {
  const { lakehouse, tables, dryRun, untilMs } = options
  const clock = options.clock ?? Date.now
  const lake = new Lake(options.session, options.root)
  const definitions = tables.length === 0 ? lakehouse.tables : tables.map((name) => tableOf(lakehouse, name))
  const results: MaintenanceStepResult[] = []
  const steps: MaintenanceStep[] = []
  for (const definition of definitions) {
    if (tables.length > 0) await lake.existing(definition.path)
    steps.push(...(await planTable(lake, definition, options.nowMs)))
  }
  const rates = new Rates()
  for (const step of byBenefit(steps)) {
    options.signal?.throwIfAborted()
    const table = await lake.existing(step.definition.path)
    const leftMs = untilMs === null ? Infinity : untilMs - clock()
    const seconds = rates.expected(step)
    if (dryRun) results.push(outcome(step, 'would run', seconds))
    else if (options.nowMs - table.snapshot.timestampMs < options.idleMs) results.push(outcome(step, 'busy', seconds))
    else if (leftMs <= 0 || seconds * 1000 > leftMs) results.push(outcome(step, 'postponed', seconds))
    else results.push(await carryOut(lake, table, step, options, leftMs, rates))
  }
  return results
}

const outcome = (step: MaintenanceStep, status: 'would run' | 'postponed' | 'busy', seconds: number) => ({
  table: step.definition.name,
  operation: step.operation,
  status,
  expected: step.expected,
  expectedSeconds: seconds,
  saved: null,
  seconds: 0,
})

async function carryOut(
  lake: Lake,
  table: DeltaTable,
  step: MaintenanceStep,
  options: MaintenanceRunOptions,
  leftMs: number,
  rates: Rates,
): Promise<MaintenanceStepResult> {
  const start = performance.now()
  const deadline = leftMs === Infinity ? null : AbortSignal.timeout(Math.max(1, leftMs))
  const signals = [deadline, options.signal ?? null].filter((signal) => signal !== null)
  const signal = AbortSignal.any(signals)
  try {
    const saved = await actions[step.operation](lake, table, step, options, signal)
    const seconds = (performance.now() - start) / 1000
    rates.measured(step.operation, saved.bytesRewritten, seconds)
    const { expected, expectedSeconds, definition, operation } = step
    return { table: definition.name, operation, status: 'done', expected, expectedSeconds, saved, seconds }
  } catch (error) {
    // A step that the window's end cuts off has changed nothing beyond what it had committed.
    if (deadline?.aborted !== true || options.signal?.aborted === true) throw error
    return outcome(step, 'postponed', step.expectedSeconds)
  }
}

type Action = (
  lake: Lake,
  table: DeltaTable,
  step: MaintenanceStep,
  options: MaintenanceRunOptions,
  signal: AbortSignal,
) => Promise<Savings>

const rewrite: Action = async (lake, table, { definition, operation, expected }, { nowMs, root }, signal) => {
  const { zorderBy, filterBy } = definition.maintenance
  let after = table
  let bytesRewritten = 0
  for (;;) {
    const before = after.version
    after = await after.optimize({
      ...(operation === 'zorder' ? { zorderBy } : {}),
      maxBytes: bytesACommit,
      nowMs,
      signal,
    })
    lake.wrote(definition.path, after)
    if (after.version === before) break
    await republish(root, [{ path: definition.path, from: before, to: after.version }], nowMs)
    bytesRewritten += after.lastWrite.metrics['numRemovedBytes'] ?? 0
  }
  return {
    filesBefore: expected.filesBefore,
    filesAfter: after.detail().numFiles,
    bytesRewritten,
    bytesFreed: 0,
    scannedBytesBefore: expected.scannedBytesBefore,
    scannedBytesAfter: after.scannedBytes(filterBy),
  }
}

const actions: Readonly<Record<MaintenanceOperation, Action>> = {
  zorder: rewrite,
  optimize: rewrite,
  async checkpoint(_lake, table, _step, { nowMs }) {
    await table.checkpoint(nowMs)
    return unchanged(table, 0)
  },
  async vacuum(_lake, table, { definition }, { nowMs, root }, signal) {
    const retentionMs = definition.maintenance.vacuumRetentionHours * 3_600_000
    const keepVersions = publishedVersions(await latestPublication(root), definition)
    const { sizeBytes } = await table.vacuum({ retentionMs, keepVersions, nowMs, signal })
    return unchanged(table, sizeBytes)
  },
}

/** Bytes a second that this run has written again, by operation. */
class Rates {
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
