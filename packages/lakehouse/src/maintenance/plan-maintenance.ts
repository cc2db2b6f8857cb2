import type { DeltaTable } from '@deltaworks/delta-table'
import type { Lake } from '../lake.js'
import { publishedVersions, type Publication } from '../runs/publication.js'
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

/** What was looked at to decide about an operation: it is due from its threshold on. */
export interface MaintenanceMeasure {
  readonly name: 'small files' | 'share of bytes out of order' | 'commits since the checkpoint' | 'files past retention'
  readonly value: number
  readonly threshold: number
}

/** What was found about one operation that a table's policy asks for. */
export interface Assessment {
  readonly definition: TableDefinition
  readonly operation: MaintenanceOperation
  /** Of the table when it was looked at. */
  readonly version: number
  readonly measure: MaintenanceMeasure
  /** Null: it is below its threshold. */
  readonly step: MaintenanceStep | null
}

const assessed = (
  table: DeltaTable,
  measure: MaintenanceMeasure,
  step: MaintenanceStep,
  isDue = measure.value >= measure.threshold,
): Assessment => ({
  definition: step.definition,
  operation: step.operation,
  version: table.version,
  measure,
  step: isDue ? step : null,
})

/** What the definition asks for and what the table has need of. Reads logs, and lists the folder for VACUUM; writes nothing. */
export async function assessTable(
  lake: Lake,
  definition: TableDefinition,
  nowMs: number,
  publication: Publication | null,
): Promise<readonly Assessment[]> {
  const table = await lake.table(definition.path)
  if (table === null) return []
  const rewriting = assessRewriting(table, definition)
  return [
    ...(rewriting === null ? [] : [rewriting]),
    await assessCheckpoint(table, definition),
    await assessVacuum(table, definition, nowMs, publication),
  ]
}

function assessRewriting(table: DeltaTable, definition: TableDefinition): Assessment | null {
  const { optimize, zorderBy, filterBy, compactFrom, unorderedShare } = definition.maintenance
  const operation = zorderBy.length > 0 ? 'zorder' : 'optimize'
  if (operation === 'optimize' && !optimize) return null
  const estimate = table.estimateOptimize(operation === 'zorder' ? { zorderBy } : {}, filterBy)
  const { bytesRewritten } = estimate
  const measure: MaintenanceMeasure =
    operation === 'zorder'
      ? {
          name: 'share of bytes out of order',
          value: bytesRewritten === 0 ? 0 : Math.min(1, table.unorderedBytes(zorderBy) / bytesRewritten),
          threshold: unorderedShare,
        }
      : { name: 'small files', value: estimate.filesRewritten, threshold: compactFrom }
  const scanned = (estimate.scannedBytesBefore ?? 0) - (estimate.scannedBytesAfter ?? 0)
  const step = {
    definition,
    operation,
    expected: { ...estimate, bytesFreed: 0 },
    benefit: (estimate.filesBefore - estimate.filesAfter) * secondsAFile + Math.max(0, scanned) * secondsAByte,
    expectedSeconds: bytesRewritten / rewriteRates[operation],
  } as const
  return assessed(table, measure, step, bytesRewritten > 0 && measure.value >= measure.threshold)
}

async function assessCheckpoint(table: DeltaTable, definition: TableDefinition): Promise<Assessment> {
  const commits = await table.commitsSinceCheckpoint()
  const threshold = definition.maintenance.checkpointFrom
  const measure: MaintenanceMeasure = { name: 'commits since the checkpoint', value: commits, threshold }
  const expected = unchanged(table, 0)
  const benefit = commits * secondsACommit
  return assessed(table, measure, { definition, operation: 'checkpoint', expected, benefit, expectedSeconds: 0 })
}

async function assessVacuum(
  table: DeltaTable,
  definition: TableDefinition,
  nowMs: number,
  publication: Publication | null,
): Promise<Assessment> {
  const retentionMs = definition.maintenance.vacuumRetentionHours * 3_600_000
  const keepVersions = publishedVersions(publication, definition)
  const { paths, sizeBytes } = await table.vacuum({ retentionMs, keepVersions, dryRun: true, nowMs })
  const benefit = sizeBytes * secondsAByte * storedByteWeight
  const expectedSeconds = paths.length / 2000
  const step = {
    definition,
    operation: 'vacuum',
    expected: unchanged(table, sizeBytes),
    benefit,
    expectedSeconds,
  } as const
  return assessed(table, { name: 'files past retention', value: paths.length, threshold: 1 }, step)
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
