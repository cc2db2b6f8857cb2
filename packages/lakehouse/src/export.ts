import type { Session } from '@deltaworks/engine'
import {
  exportTables,
  planExport,
  type ExportOptions as LoadOptions,
  type ExportResult,
  type LoadPlan,
  type WarehouseTarget,
} from '@deltaworks/warehouse'
import { exportAlone, leaseGuard } from './export-tables/export-lease.js'
import type { TableVersions } from './export-tables/exported-versions.js'
import { lakeTables, type Layouts } from './export-tables/lake-tables.js'
import type { LakehouseDefinition } from './lakehouse-definition.js'

export interface ExportOptions extends Omit<LoadOptions, 'guard'> {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  /** URI of the lake. */
  readonly root: string
  readonly target: WarehouseTarget
  /** What the environment says of tables beyond their definitions. */
  readonly layouts?: Layouts
  /** Names of tables; default: all that the definitions send to a warehouse. */
  readonly only?: readonly string[]
  /** Versions by the name of a table, which must be there; default: those of the newest publication. */
  readonly versions?: TableVersions
  /** Whether the totals that both sides agree on are written down in the lake: see `certifyLoads`. Default false. */
  readonly certify?: boolean
}

/**
 * Carries every table that the definitions send to a warehouse there, each at one version, all in one transaction.
 * @throws WarehouseError; LakehouseError for a table that is not there, and if another process does the export of this `loadId`
 */
export async function exportLakehouse(options: ExportOptions): Promise<ExportResult> {
  const tables = await tablesFor(options)
  const { root, loadId, target, session } = options
  const loadOptions: LoadOptions = {
    ...options,
    // DuckDB works in this process: it and the workers take turns with the memory.
    ...(target.kind === 'duckdb' ? { beforeLoad: () => session.releaseWorkers() } : {}),
  }
  const result = await exportAlone(root, loadId, (isLeased) =>
    exportTables(target, tables, isLeased ? { ...loadOptions, guard: leaseGuard(root) } : loadOptions),
  )
  if (options.certify === true) {
    const { certifyLoads } = await import('./certificates.js')
    await certifyLoads({ ...options, tables, result })
  }
  return result
}

/** What `exportLakehouse` would do: the statements in order; nothing is written. */
export const planLakehouseExport = async (options: Omit<ExportOptions, 'nowMs'>): Promise<LoadPlan> =>
  planExport(options.target, await tablesFor(options), options)

const tablesFor = ({
  lakehouse,
  session,
  root,
  target,
  layouts = {},
  only = [],
  versions = {},
}: Omit<ExportOptions, 'nowMs'>) =>
  lakeTables({
    lakehouse,
    session,
    root,
    layouts,
    only,
    versions,
    readsFiles: target.kind === 'duckdb',
    // Lengths and encodings are Redshift's.
    profiles: target.kind === 'redshift',
  })
