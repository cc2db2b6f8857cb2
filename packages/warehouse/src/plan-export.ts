import { duplicateTable } from './errors.js'
import { chooseMode } from './choose-mode.js'
import { defineIn } from './definition.js'
import { checkDrift, checkFeasible, driftOf, needsRebuild, type DriftPolicy } from './drift.js'
import type { SqlDialect } from './dialects/sql-dialect.js'
import { layoutOf, recordedLayout } from './layout.js'
import { stepText, type LoadScript } from './load-script.js'
import type { LoadMode, LoadRecord, TableLoad, WarehouseTarget } from './target.js'
import type { WarehouseTable } from './warehouse-table.js'

/** What an export will do; made without touching anything. */
export interface LoadPlan {
  readonly location: string
  readonly dialect: SqlDialect
  readonly loads: readonly PlannedLoad[]
  /** Tables whose version is loaded already. */
  readonly unchanged: readonly { readonly table: WarehouseTable; readonly record: LoadRecord }[]
  /** What the plan was made on. */
  readonly records: ReadonlyMap<string, LoadRecord>
}

export interface PlannedLoad {
  readonly table: WarehouseTable
  readonly load: TableLoad
  readonly script: LoadScript
  readonly statements: readonly string[]
}

export interface PlanOptions {
  /** Load everything, also what is loaded already. */
  readonly force?: boolean
  /** Default `auto`. */
  readonly mode?: LoadMode
  /** Default `append`. */
  readonly drift?: DriftPolicy
  readonly loadId?: string
}

/**
 * Referenced tables come before those that refer to them.
 * @throws WarehouseError DW-WAREHOUSE-0004 (type), 0005 (two tables of one name), 0007 to 0011 (what cannot be loaded so)
 */
export async function planExport(
  target: WarehouseTarget,
  tables: readonly WarehouseTable[],
  options: PlanOptions = {},
): Promise<LoadPlan> {
  refuseDuplicates(tables)
  const records = await target.loaded()
  const loads: PlannedLoad[] = []
  const unchanged: LoadPlan['unchanged'][number][] = []
  const ordered = referencedFirst(tables)
  for (const [i, given] of ordered.entries()) {
    const record = records.get(given.name)
    const table = await profiled(given, record)
    const recorded = record === undefined ? null : recordedLayout(record.layout)
    const definition = defineIn(target.dialect, table, {
      schemaName: target.schemaName,
      recorded,
      tables: ordered.slice(0, i),
    })
    if (options.force !== true && record !== undefined && isLoaded(table, record, layoutOf(definition))) {
      unchanged.push({ table, record })
      continue
    }
    const drifts = recorded === null ? [] : driftOf(recorded, definition)
    checkDrift(table.name, drifts, options.drift ?? 'append')
    checkFeasible(target.dialect, definition, drifts)
    const isRebuilt = needsRebuild(target.dialect, definition, drifts)
    const { mode, changes } = await chooseMode(table, record, { drifted: drifts.length > 0, isRebuilt }, options)
    const load: TableLoad = {
      table,
      definition,
      loadId: options.loadId ?? 'load',
      mode,
      fromVersion: record?.deltaVersion ?? null,
      recorded,
      drifts,
      referencing: target.dialect.declaresForeignKeys ? keysTo(table.name, records) : [],
      changes,
    }
    const script = target.script(load)
    const statements = [...script.stage, ...script.load, ...script.maintain, ...script.cleanUp].map(stepText)
    loads.push({ table, load, script, statements })
  }
  return { location: target.location, dialect: target.dialect, loads, unchanged, records }
}

/** The table with its profile, if there may be rows to load. */
async function profiled(table: WarehouseTable, record: LoadRecord | undefined): Promise<WarehouseTable> {
  const isKnown = record?.deltaVersion === table.deltaVersion && record.identity === table.identity
  return table.profile !== undefined || table.findProfile === undefined || isKnown
    ? table
    : { ...table, profile: await table.findProfile() }
}

/** Foreign keys that other tables were made with. */
const keysTo = (name: string, records: ReadonlyMap<string, LoadRecord>): TableLoad['referencing'] =>
  [...records.values()].flatMap(({ table, layout }) =>
    table === name
      ? []
      : (recordedLayout(layout)?.declaredKeys ?? []).filter((key) => key.table === name).map((key) => ({ table, key })),
  )

const isLoaded = (table: WarehouseTable, record: LoadRecord, layout: string): boolean =>
  record.deltaVersion === table.deltaVersion && record.identity === table.identity && record.layout === layout

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
