import { recordedLayout, layoutOf } from './layout.js'
import { cannotAppend, duplicateTable, lostRace, noPrimaryKey } from './errors.js'
import { defineIn } from './definition.js'
import { checkDrift, driftOf, type Drift, type DriftPolicy } from './drift.js'
import { stepText, type LoadScript } from './load-script.js'
import { locateDifferences } from './locate.js'
import { firstDifference, reconcile, type Reconciliation } from './reconcile.js'
import { allTotals, noTotals, totalsLike } from './table-probe.js'
import type { LoadMode, LoadRecord, TableLoad, WarehouseTarget } from './target.js'
import type { TableChanges, TableTotals, WarehouseTable } from './warehouse-table.js'

/** What an export will do; made without touching anything. */
export interface LoadPlan {
  readonly location: string
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

export interface ExportOptions extends PlanOptions {
  /** Names the load in the control table. */
  readonly loadId: string
  readonly nowMs: number
  /** What is being done, for those who watch. */
  readonly onProgress?: (event: ExportEvent) => void
}

export interface ExportEvent {
  readonly phase: 'stage' | 'load' | 'reconcile' | 'publish' | 'finish'
  /** Null: all of them. */
  readonly table: string | null
}

export interface ExportedTable {
  readonly table: string
  readonly deltaVersion: number
  readonly status: 'loaded' | 'unchanged'
  readonly mode: TableLoad['mode'] | null
  readonly rowCount: number
  /** Null: unchanged, or nothing to compare with. */
  readonly reconciliation: Reconciliation | null
  readonly durationMs: number
}

export interface ExportResult {
  readonly location: string
  readonly tables: readonly ExportedTable[]
  /** Rows of the tables that were loaded. */
  readonly rowsLoaded: number
}

/** Times that an export plans anew because another one published first. */
const raceAttempts = 5

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
    const { mode, changes } = await chooseMode(table, record, drifts, options)
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
  return { location: target.location, loads, unchanged, records }
}

/** The statements that the export would run, in order. */
export const formatPlan = ({ loads, unchanged, location }: LoadPlan): string => {
  const phase = (of: (script: LoadScript) => LoadScript['load'], titled: boolean) =>
    loads.flatMap(({ table, load, script }) => {
      const texts = of(script).map(stepText)
      const from = load.fromVersion === null ? '' : ` after ${load.fromVersion}`
      return titled ? [`-- ${table.name}, version ${table.deltaVersion}${from}, ${load.mode}`, ...texts] : texts
    })
  return [
    `-- ${location}: ${loads.length} tables to load, ${unchanged.length} unchanged`,
    ...unchanged.map(({ table, record }) => `-- ${table.name}: version ${record.deltaVersion} is loaded already`),
    ...phase((script) => script.stage, false),
    ...(loads.length === 0 ? [] : ['BEGIN TRANSACTION;']),
    ...phase((script) => script.load, true),
    ...(loads.length === 0 ? [] : ['COMMIT;']),
    ...phase((script) => script.maintain, false),
    ...phase((script) => script.cleanUp, false),
    '',
  ].join('\n')
}

/**
 * Loads what is not loaded yet, compares it with the lake, and makes all of it visible at once. Whatever fails, a total that
 * differs among it, leaves the warehouse as it was. An export that finds, when its turn comes, that another one has published
 * since it planned, plans anew.
 * @throws WarehouseError DW-WAREHOUSE-0002 (a load failed), 0003 (a total differs), 0012 (always overtaken)
 */
export async function exportTables(
  target: WarehouseTarget,
  tables: readonly WarehouseTable[],
  options: ExportOptions,
): Promise<ExportResult> {
  for (let attempt = 1; attempt <= raceAttempts; attempt++) {
    const plan = await planExport(target, tables, options)
    const loaded = plan.loads.length === 0 ? [] : await loadAll(target, plan, options)
    if (loaded !== null) return resultOf(target, tables, plan, loaded)
  }
  throw lostRace(target.location, raceAttempts)
}

function resultOf(
  target: WarehouseTarget,
  tables: readonly WarehouseTable[],
  plan: LoadPlan,
  loaded: readonly ExportedTable[],
): ExportResult {
  const unchanged = plan.unchanged.map(({ table, record }): ExportedTable => ({
    table: table.name,
    deltaVersion: table.deltaVersion,
    status: 'unchanged',
    mode: null,
    rowCount: record.rowCount,
    reconciliation: null,
    durationMs: 0,
  }))
  const order = new Map(tables.map((table, i) => [table.name, i]))
  const exported = [...unchanged, ...loaded].sort((a, b) => order.get(a.table)! - order.get(b.table)!)
  const rowsLoaded = loaded.reduce((n, table) => n + table.rowCount, 0)
  return { location: target.location, tables: exported, rowsLoaded }
}

/** @returns null if another export published since the plan was made */
async function loadAll(
  target: WarehouseTarget,
  plan: LoadPlan,
  options: ExportOptions,
): Promise<readonly ExportedTable[] | null> {
  const tell = (phase: ExportEvent['phase'], table: string | null) => options.onProgress?.({ phase, table })
  let published = false
  try {
    // What takes long is done before the transaction: others wait for its end.
    const expected: (TableTotals | null)[] = []
    for (const { load, script } of plan.loads) {
      tell('stage', load.table.name)
      await target.stage(load, script)
      expected.push(load.mode === 'merge' ? null : await expectedTotals(load.table))
    }
    await target.begin()
    try {
      if (!sameRecords(plan.records, await target.loaded())) {
        await target.rollback()
        return null
      }
      const exported: ExportedTable[] = []
      for (const [i, planned] of plan.loads.entries()) exported.push(await loadOne(target, planned, expected[i]!, tell))
      tell('publish', null)
      const records = plan.loads.map(({ load }, i) => recordOf(load, exported[i]!.rowCount, options))
      await target.publish(
        records,
        plan.loads.map(({ load }) => load),
      )
      published = true
      return exported
    } catch (error) {
      // What went wrong is told, not that the way back was closed too: what is not published is never seen.
      await target.rollback().catch(() => undefined)
      throw error
    }
  } finally {
    tell('finish', null)
    // The load has succeeded or failed by now: what house-keeping leaves behind, the next export removes.
    await target.finish(plan.loads, published).catch(() => undefined)
  }
}

async function loadOne(
  target: WarehouseTarget,
  { load, script }: PlannedLoad,
  expected: TableTotals | null,
  tell: (phase: ExportEvent['phase'], table: string) => void,
): Promise<ExportedTable> {
  const began = performance.now()
  const { table } = load
  tell('load', table.name)
  await target.load(load, script)
  tell('reconcile', table.name)
  const probe = target.probe(table)
  const actual = await probe.totals(expected === null ? noTotals : totalsLike(table.schema, expected))
  const reconciliation = expected === null ? null : reconcile(table, expected, actual)
  if (reconciliation !== null && !reconciliation.equal) {
    const where =
      table.lake === undefined ? undefined : await locateDifferences(table, table.lake, probe).catch(() => undefined)
    throw firstDifference(reconciliation, where)!
  }
  return {
    table: table.name,
    deltaVersion: table.deltaVersion,
    status: 'loaded',
    mode: load.mode,
    rowCount: actual.rowCount,
    reconciliation,
    durationMs: performance.now() - began,
  }
}

/** What the lake counts of a table: as given, or asked for. */
const expectedTotals = async (table: WarehouseTable): Promise<TableTotals | null> =>
  table.expected ?? (table.lake === undefined ? null : await table.lake.totals(allTotals(table.schema)))

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

const sameRecords = (a: ReadonlyMap<string, LoadRecord>, b: ReadonlyMap<string, LoadRecord>): boolean =>
  a.size === b.size && [...a].every(([name, record]) => b.get(name)?.loadId === record.loadId)

const recordOf = (
  { table, definition }: TableLoad,
  rowCount: number,
  { loadId, nowMs }: ExportOptions,
): LoadRecord => ({
  table: table.name,
  identity: table.identity,
  deltaVersion: table.deltaVersion,
  layout: layoutOf(definition),
  loadId,
  rowCount,
  loadedAtMs: nowMs,
})

interface Chosen {
  readonly mode: TableLoad['mode']
  readonly changes: TableChanges | null
}

async function chooseMode(
  table: WarehouseTable,
  record: LoadRecord | undefined,
  drifts: readonly Drift[],
  { mode = 'auto', force }: PlanOptions,
): Promise<Chosen> {
  const full: Chosen = { mode: 'full', changes: null }
  const isKeyed = table.primaryKey.length > 0
  const isRebuilt = drifts.some((drift) => drift.kind === 'retyped' || drift.kind === 'dropped')
  const isSameTable = record !== undefined && record.identity === table.identity && !isRebuilt
  switch (mode) {
    case 'full':
      return full
    case 'merge':
      if (!isKeyed) throw noPrimaryKey(table.name, mode)
      return isRebuilt ? full : { mode, changes: null }
    case 'append':
      return appendMode(table, record, isSameTable)
    case 'incremental':
    case 'auto': {
      const asked = mode === 'incremental'
      // A column that is new may have values in rows that have not changed otherwise.
      if (!isSameTable || force === true || (!asked && drifts.length > 0)) return full
      const changes = await changesSince(table, record)
      if (changes === null) return full
      if (changes.insertsOnly || isKeyed) return { mode: 'incremental', changes }
      if (asked) throw noPrimaryKey(table.name, mode)
      return full
    }
  }
}

async function appendMode(
  table: WarehouseTable,
  record: LoadRecord | undefined,
  isSameTable: boolean,
): Promise<Chosen> {
  if (record === undefined) return { mode: 'full', changes: null }
  if (!isSameTable)
    throw cannotAppend(table.name, 'the warehouse has rows of another table, or of another definition of it')
  const changes = await changesSince(table, record)
  if (changes === null)
    throw cannotAppend(table.name, `what has changed since version ${record.deltaVersion} cannot be told`)
  if (!changes.insertsOnly)
    throw cannotAppend(table.name, `rows were changed or deleted since version ${record.deltaVersion}`)
  return { mode: 'append', changes }
}

const changesSince = async (table: WarehouseTable, record: LoadRecord): Promise<TableChanges | null> =>
  table.changes === undefined || record.deltaVersion > table.deltaVersion ? null : table.changes(record.deltaVersion)

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
