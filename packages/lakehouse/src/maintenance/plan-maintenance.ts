import type { DeltaTable } from '@deltaworks/delta-table'
import type { Lake } from '../lake.js'
import type { TableDefinition } from '../table-definition.js'

export type MaintenanceOperation = 'zorder' | 'optimize' | 'checkpoint' | 'vacuum'

/** What a step does to a table, expected or done. */
export interface Savings {
  readonly filesBefore: number
  readonly filesAfter: number
  readonly bytesRewritten: number
  readonly bytesFreed: number
  /** Bytes that a query for one value of a usual filter opens, on average; null: the definition names no filters, or nothing is known. */
  readonly scannedBytesBefore: number | null
  readonly scannedBytesAfter: number | null
}

export interface MaintenanceStep {
  readonly definition: TableDefinition
  readonly operation: MaintenanceOperation
  readonly expected: Savings
  /** Seconds that readers of the table save a query, as far as can be told; steps that save more come first. */
  readonly benefit: number
  readonly expectedSeconds: number
}

/** What an object costs a reader that opens it, and what a byte costs, in seconds. They rank steps, no more. */
const secondsAFile = 0.002
const secondsAByte = 1 / 200e6
const secondsACommit = 0.001
/** A byte that is only stored is worth less than one that is read. */
const storedByteWeight = 0.01

/** Bytes a second that are written again, until this run has measured its own. */
export const rewriteRates: Readonly<Record<'optimize' | 'zorder', number>> = { optimize: 40e6, zorder: 20e6 }

/** What the definition asks for and the table has need of. Reads logs, and lists the folder for VACUUM; writes nothing. */
export async function planTable(lake: Lake, definition: TableDefinition, nowMs: number): Promise<MaintenanceStep[]> {
  const table = await lake.table(definition.path)
  if (table === null) return []
  const steps: MaintenanceStep[] = []
  const rewriting = planRewriting(table, definition)
  if (rewriting !== null) steps.push(rewriting)
  const checkpoint = await planCheckpoint(table, definition)
  if (checkpoint !== null) steps.push(checkpoint)
  const vacuum = await planVacuum(table, definition, nowMs)
  if (vacuum !== null) steps.push(vacuum)
  return steps
}

function planRewriting(table: DeltaTable, definition: TableDefinition): MaintenanceStep | null {
  const { optimize, zorderBy, filterBy, compactFrom, unorderedShare } = definition.maintenance
  const operation = zorderBy.length > 0 ? 'zorder' : 'optimize'
  if (operation === 'optimize' && !optimize) return null
  const estimate = table.estimateOptimize(operation === 'zorder' ? { zorderBy } : {}, filterBy)
  const isDue =
    operation === 'zorder'
      ? estimate.bytesRewritten > 0 && table.unorderedBytes(zorderBy) >= estimate.bytesRewritten * unorderedShare
      : estimate.filesRewritten >= compactFrom
  if (!isDue) return null
  const expected: Savings = { ...estimate, bytesFreed: 0 }
  const scanned = (estimate.scannedBytesBefore ?? 0) - (estimate.scannedBytesAfter ?? 0)
  return {
    definition,
    operation,
    expected,
    benefit: (estimate.filesBefore - estimate.filesAfter) * secondsAFile + Math.max(0, scanned) * secondsAByte,
    expectedSeconds: estimate.bytesRewritten / rewriteRates[operation],
  }
}

async function planCheckpoint(table: DeltaTable, definition: TableDefinition): Promise<MaintenanceStep | null> {
  const commits = await table.commitsSinceCheckpoint()
  if (commits < definition.maintenance.checkpointFrom) return null
  const expected = unchanged(table, 0)
  return { definition, operation: 'checkpoint', expected, benefit: commits * secondsACommit, expectedSeconds: 0 }
}

async function planVacuum(
  table: DeltaTable,
  definition: TableDefinition,
  nowMs: number,
): Promise<MaintenanceStep | null> {
  const retentionMs = definition.maintenance.vacuumRetentionHours * 3_600_000
  const { paths, sizeBytes } = await table.vacuum({ retentionMs, dryRun: true, nowMs })
  if (paths.length === 0) return null
  const benefit = sizeBytes * secondsAByte * storedByteWeight
  const expectedSeconds = paths.length / 2000
  return { definition, operation: 'vacuum', expected: unchanged(table, sizeBytes), benefit, expectedSeconds }
}

export function unchanged(table: DeltaTable, bytesFreed: number): Savings {
  const files = table.detail().numFiles
  return {
    filesBefore: files,
    filesAfter: files,
    bytesRewritten: 0,
    bytesFreed,
    scannedBytesBefore: null,
    scannedBytesAfter: null,
  }
}

const sequence: readonly MaintenanceOperation[] = ['zorder', 'optimize', 'checkpoint', 'vacuum']

/** The most useful first; those of one table stay in their sequence: what is written again changes what a checkpoint says. */
export function byBenefit(steps: readonly MaintenanceStep[]): readonly MaintenanceStep[] {
  const left = [...steps]
  const ordered: MaintenanceStep[] = []
  const isNext = (step: MaintenanceStep): boolean =>
    left.every(
      (other) =>
        other.definition !== step.definition || sequence.indexOf(other.operation) >= sequence.indexOf(step.operation),
    )
  while (left.length > 0) {
    const next = left.filter(isNext).reduce((a, b) => (b.benefit > a.benefit ? b : a))
    ordered.push(next)
    left.splice(left.indexOf(next), 1)
  }
  return ordered
}
