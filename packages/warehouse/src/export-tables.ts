import { duplicateTable } from './errors.js'
import { layoutOf } from './layout.js'
import { firstDifference, reconcile, type Reconciliation } from './reconcile.js'
import type { LoadRecord, WarehouseTarget } from './target.js'
import type { WarehouseTable } from './warehouse-table.js'

/** What an export will do; made without touching anything. */
export interface LoadPlan {
  readonly location: string
  readonly loads: readonly { readonly table: WarehouseTable; readonly statements: readonly string[] }[]
  /** Tables whose version is loaded already. */
  readonly unchanged: readonly { readonly table: WarehouseTable; readonly record: LoadRecord }[]
}

export interface ExportOptions {
  /** Names the load in the control table. */
  readonly loadId: string
  readonly nowMs: number
  /** Load everything, also what is loaded already. */
  readonly force?: boolean
}

export interface ExportedTable {
  readonly table: string
  readonly deltaVersion: number
  readonly status: 'loaded' | 'unchanged'
  readonly rowCount: number
  /** Null: unchanged, or nothing to compare with. */
  readonly reconciliation: Reconciliation | null
  readonly durationMs: number
}

export interface ExportResult {
  readonly location: string
  readonly tables: readonly ExportedTable[]
  readonly rowsLoaded: number
}

/**
 * Referenced tables come before those that refer to them.
 * @throws WarehouseError DW-WAREHOUSE-0004 (type), DW-WAREHOUSE-0005 (two tables of one name)
 */
export async function planExport(
  target: WarehouseTarget,
  tables: readonly WarehouseTable[],
  force = false,
): Promise<LoadPlan> {
  refuseDuplicates(tables)
  const records = await target.loaded()
  const loads: LoadPlan['loads'][number][] = []
  const unchanged: LoadPlan['unchanged'][number][] = []
  for (const table of referencedFirst(tables)) {
    const statements = target.statements(table)
    const record = records.get(table.name)
    if (!force && record !== undefined && isLoaded(table, record)) unchanged.push({ table, record })
    else loads.push({ table, statements })
  }
  return { location: target.location, loads, unchanged }
}

/** The statements that the export would run, in order. */
export const formatPlan = ({ loads, unchanged, location }: LoadPlan): string =>
  [
    `-- ${location}: ${loads.length} tables to load, ${unchanged.length} unchanged`,
    ...unchanged.map(({ table, record }) => `-- ${table.name}: version ${record.deltaVersion} is loaded already`),
    ...(loads.length === 0 ? [] : ['BEGIN TRANSACTION;']),
    ...loads.flatMap(({ table, statements }) => [
      `-- ${table.name}, version ${table.deltaVersion}`,
      ...statements.map((statement) => `${statement};`),
    ]),
    ...(loads.length === 0 ? [] : ['COMMIT;']),
    '',
  ].join('\n')

/**
 * Loads what is not loaded yet, compares it with the lake, and makes all of it visible at once. Whatever fails, a total that
 * differs among it, leaves the warehouse as it was.
 * @throws WarehouseError DW-WAREHOUSE-0002 (a load failed), DW-WAREHOUSE-0003 (a total differs)
 */
export async function exportTables(
  target: WarehouseTarget,
  tables: readonly WarehouseTable[],
  options: ExportOptions,
): Promise<ExportResult> {
  const plan = await planExport(target, tables, options.force)
  const exported: ExportedTable[] = plan.unchanged.map(({ table, record }) => ({
    table: table.name,
    deltaVersion: table.deltaVersion,
    status: 'unchanged',
    rowCount: record.rowCount,
    reconciliation: null,
    durationMs: 0,
  }))
  if (plan.loads.length > 0) exported.push(...(await loadAll(target, plan, options)))
  const order = new Map(tables.map((table, i) => [table.name, i]))
  exported.sort((a, b) => order.get(a.table)! - order.get(b.table)!)
  const rowsLoaded = exported.reduce((n, table) => n + (table.status === 'loaded' ? table.rowCount : 0), 0)
  return { location: target.location, tables: exported, rowsLoaded }
}

async function loadAll(target: WarehouseTarget, plan: LoadPlan, options: ExportOptions): Promise<ExportedTable[]> {
  const exported: ExportedTable[] = []
  const records: LoadRecord[] = []
  await target.begin()
  try {
    for (const { table } of plan.loads) {
      const began = performance.now()
      const rowCount = await target.load(table)
      const reconciliation =
        table.expected === null ? null : reconcile(table, table.expected, await target.totals(table, table.expected))
      const difference = reconciliation === null ? null : firstDifference(reconciliation)
      if (difference !== null) throw difference
      exported.push({
        table: table.name,
        deltaVersion: table.deltaVersion,
        status: 'loaded',
        rowCount,
        reconciliation,
        durationMs: performance.now() - began,
      })
      records.push(recordOf(table, rowCount, options))
    }
    await target.publish(records)
  } catch (error) {
    // What went wrong is told, not that the way back was closed too: what is not published is never seen.
    await target.rollback().catch(() => undefined)
    throw error
  }
  return exported
}

const isLoaded = (table: WarehouseTable, record: LoadRecord): boolean =>
  record.deltaVersion === table.deltaVersion && record.identity === table.identity && record.layout === layoutOf(table)

const recordOf = (table: WarehouseTable, rowCount: number, { loadId, nowMs }: ExportOptions): LoadRecord => ({
  table: table.name,
  identity: table.identity,
  deltaVersion: table.deltaVersion,
  layout: layoutOf(table),
  loadId,
  rowCount,
  loadedAtMs: nowMs,
})

function refuseDuplicates(tables: readonly WarehouseTable[]): void {
  const names = new Set<string>()
  for (const name of tables.flatMap((table) => [table.name, ...table.aliases])) {
    const key = name.toLowerCase()
    if (names.has(key)) throw duplicateTable(name)
    names.add(key)
  }
}

/** Depth first along the foreign keys; a circle is cut where it closes. */
function referencedFirst(tables: readonly WarehouseTable[]): readonly WarehouseTable[] {
  const byName = new Map(tables.map((table) => [table.name, table]))
  const ordered = new Set<WarehouseTable>()
  const entered = new Set<WarehouseTable>()
  const visit = (table: WarehouseTable) => {
    if (entered.has(table)) return
    entered.add(table)
    for (const key of table.foreignKeys) {
      const referenced = byName.get(key.table)
      if (referenced !== undefined) visit(referenced)
    }
    ordered.add(table)
  }
  tables.forEach(visit)
  return [...ordered]
}
