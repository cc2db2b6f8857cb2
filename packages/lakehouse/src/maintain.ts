import type { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { Lake } from './lake.js'
import { tableOf, type LakehouseDefinition } from './lakehouse-definition.js'
import { latestPublication, publishedVersions, republish } from './runs/publication.js'
import type { TableDefinition } from './table-definition.js'

export interface MaintenanceOptions {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  readonly root: string
  readonly tables: readonly string[]
  readonly dryRun: boolean
  readonly nowMs: number
  readonly signal?: AbortSignal | undefined
  /** Called before anything is written, not by a dry run; what it throws ends it. See `maintainAlone`. */
  readonly beforeWriting?: (() => Promise<void>) | undefined
}

export interface MaintenanceResult {
  readonly table: string
  readonly operation: 'optimize' | 'zorder' | 'vacuum' | 'checkpoint'
  readonly status: 'done' | 'nothing to do' | 'would run'
  readonly version: number | null
  readonly filesBefore: number
  readonly filesAfter: number
  readonly filesDeleted: number
  readonly durationMs: number
  /** Files that VACUUM deleted, or would. */
  readonly paths: readonly string[]
}

const chosen = ({ lakehouse, tables }: MaintenanceOptions): readonly TableDefinition[] =>
  tables.length === 0 ? lakehouse.tables : tables.map((name) => tableOf(lakehouse, name))

/** Opens the tables, so that what is wrong is told before anything is written. */
async function begin(
  options: MaintenanceOptions,
  definitions: readonly TableDefinition[],
  check: (table: DeltaTable, definition: TableDefinition) => void = () => undefined,
): Promise<Lake> {
  const first = new Lake(options.session, options.root)
  for (const definition of definitions) check(await first.existing(definition.path), definition)
  if (options.dryRun) return first
  await options.beforeWriting?.()
  // Whoever wrote until now may have changed what was seen.
  return new Lake(options.session, options.root)
}

/** Files smaller than this are worth putting together. */
const smallFileBytes = 32 * 1024 * 1024

/** Compacts small files of each table that asks for it; Z-orders those that name columns if `zorder` is true. */
export async function optimizeLakehouse(
  options: MaintenanceOptions,
  zorder: boolean,
): Promise<readonly MaintenanceResult[]> {
  const asking = chosen(options).filter(({ maintenance: { zorderBy, optimize } }) =>
    zorder ? zorderBy.length > 0 : optimize,
  )
  const lake = await begin(options, asking)
  const results: MaintenanceResult[] = []
  for (const definition of asking) {
    const { zorderBy } = definition.maintenance
    const start = performance.now()
    const table = await lake.existing(definition.path)
    const before = table.detail()
    const common = {
      table: definition.name,
      operation: zorder ? ('zorder' as const) : ('optimize' as const),
      filesBefore: before.numFiles,
      filesDeleted: 0,
      paths: [],
    }
    if (options.dryRun) {
      const worthwhile = before.numFiles > 1 && before.sizeInBytes / before.numFiles < smallFileBytes
      results.push({
        ...common,
        status: worthwhile || zorder ? 'would run' : 'nothing to do',
        version: table.version,
        filesAfter: before.numFiles,
        durationMs: performance.now() - start,
      })
      continue
    }
    const after = await table.optimize({
      ...(zorder ? { zorderBy } : {}),
      nowMs: options.nowMs,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    lake.wrote(definition.path, after)
    await republish(options.root, [{ path: definition.path, from: table.version, to: after.version }], options.nowMs)
    results.push({
      ...common,
      status: after.version === table.version ? 'nothing to do' : 'done',
      version: after.version,
      filesAfter: after.detail().numFiles,
      durationMs: performance.now() - start,
    })
  }
  return results
}

/** Deletes files that no version inside the retention needs. */
export async function vacuumLakehouse(
  options: MaintenanceOptions,
  retentionHours: number | null,
  allowShortRetention: boolean,
  mode: 'full' | 'lite' = 'full',
): Promise<readonly MaintenanceResult[]> {
  const hoursOf = ({ maintenance }: TableDefinition): number => retentionHours ?? maintenance.vacuumRetentionHours
  const lake = await begin(options, chosen(options), (table, definition) => {
    if (!allowShortRetention) table.checkRetention(hoursOf(definition) * 3_600_000)
  })
  const publication = await latestPublication(options.root)
  const results: MaintenanceResult[] = []
  for (const definition of chosen(options)) {
    const start = performance.now()
    const table = await lake.existing(definition.path)
    const vacuumed = await table.vacuum({
      retentionMs: hoursOf(definition) * 3_600_000,
      dryRun: options.dryRun,
      allowShortRetention,
      mode,
      keepVersions: publishedVersions(publication, definition),
      nowMs: options.nowMs,
    })
    const files = table.detail().numFiles
    results.push({
      table: definition.name,
      operation: 'vacuum',
      status: vacuumed.paths.length === 0 ? 'nothing to do' : options.dryRun ? 'would run' : 'done',
      version: table.version,
      filesBefore: files,
      filesAfter: files,
      filesDeleted: options.dryRun ? 0 : vacuumed.paths.length,
      durationMs: performance.now() - start,
      paths: vacuumed.paths,
    })
  }
  return results
}

export async function checkpointLakehouse(options: MaintenanceOptions): Promise<readonly MaintenanceResult[]> {
  const lake = await begin(options, chosen(options))
  const results: MaintenanceResult[] = []
  for (const definition of chosen(options)) {
    const start = performance.now()
    const table = await lake.existing(definition.path)
    if (!options.dryRun) await table.checkpoint(options.nowMs)
    const files = table.detail().numFiles
    results.push({
      table: definition.name,
      operation: 'checkpoint',
      status: options.dryRun ? 'would run' : 'done',
      version: table.version,
      filesBefore: files,
      filesAfter: files,
      filesDeleted: 0,
      durationMs: performance.now() - start,
      paths: [],
    })
  }
  return results
}
