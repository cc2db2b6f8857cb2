import { isTransient, lostRace } from './errors.js'
import { layoutOf } from './layout.js'
import { locateDifferences } from './locate.js'
import { OpenTicket, type ExportGuard } from './open-ticket.js'
import { planExport, type LoadPlan, type PlannedLoad, type PlanOptions } from './plan-export.js'
import { firstDifference, reconcile, type Reconciliation } from './reconcile.js'
import { allTotals, noTotals, totalsLike } from './table-probe.js'
import type { LoadRecord, TableLoad, WarehouseTarget } from './target.js'
import type { TableTotals, WarehouseTable } from './warehouse-table.js'

export interface ExportOptions extends PlanOptions {
  /** Names the load in the control table. */
  readonly loadId: string
  readonly nowMs: number
  /** Whether it goes on with an export that began under the same `loadId`: what that one staged whole is not staged again. */
  readonly resumed?: boolean
  /** Default: what other exports left behind is kept for a day, as nobody can tell whether they are still going on. */
  readonly guard?: ExportGuard
  /** Times that an export is begun anew when the warehouse gives it up for reasons of its own. Default 2. */
  readonly retries?: number
  /** Before the first of them; each further one waits twice as long. Default 1000. */
  readonly retryDelayMs?: number
  /** Called once all has been asked of the lake that a load without differences needs, before the warehouse loads. */
  readonly beforeLoad?: () => Promise<void>
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
 * Loads what is not loaded yet, compares it with the lake, and makes all of it visible at once. Whatever fails, a total that
 * differs among it, leaves the warehouse as it was. An export that finds, when its turn comes, that another one has published
 * since it planned, plans anew; one that the warehouse gives up for reasons of its own begins anew.
 * @throws WarehouseError DW-WAREHOUSE-0002 (a load failed), 0003 (a total differs), 0012 (always overtaken)
 */
export async function exportTables(
  target: WarehouseTarget,
  tables: readonly WarehouseTable[],
  options: ExportOptions,
): Promise<ExportResult> {
  const { retries = 2, retryDelayMs = 1000 } = options
  const ticket = new OpenTicket(target, tables, options)
  for (let [races, failures] = [0, 0]; races < raceAttempts;) {
    try {
      const plan = await planExport(target, tables, options)
      if (plan.loads.length > 0) await ticket.open()
      const loaded = plan.loads.length === 0 ? [] : await loadAll(target, plan, options)
      if (loaded !== null) {
        await ticket.close()
        return resultOf(target, tables, plan, loaded)
      }
      races++
    } catch (error) {
      if (!isTransient(error) || failures >= retries) throw error
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs * 2 ** failures++))
    }
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
      // Staging waits for the disk or the network, counting for the processor.
      const [, totals] = await bothDone(
        target.stage(load, script, options.resumed === true),
        load.mode === 'merge' ? Promise.resolve(null) : expectedTotals(load.table),
      )
      expected.push(totals)
    }
    await options.beforeLoad?.()
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
      throw (await target.explain?.(error, options.loadId)) ?? error
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

/** Both, once neither goes on: what follows a failure (removing what was staged) must not meet the other at work. */
async function bothDone<A, B>(first: Promise<A>, second: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([first, second])
  return [await first, await second]
}

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
