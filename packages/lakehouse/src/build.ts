import { DeltaTable } from '@deltaworks/delta-table'
import { scan, type DataFrame, type TableProvider } from '@deltaworks/plan'
import { conform } from './conform.js'
import { definitionHash } from './definition-hash.js'
import { overtaken } from './errors.js'
import type { Ledger } from './landing.js'
import { passGate, type GateResult } from './gate.js'
import { mergeRows } from './merge-rows.js'
import { buildContext, type RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import { writeSettings } from './write-settings.js'

/**
 * A built table records, in the commit that writes it, what it was built from: an application transaction an input (its
 * version), and one for its own definition. If all are as they are now, there is nothing to do.
 */
const inputTransaction = (path: string): string => `deltaworks:input:${path}`
const definitionTransaction = 'deltaworks:definition'

async function provenance(table: TableDefinition, context: RunContext) {
  const entries = [{ appId: definitionTransaction, version: definitionHash(table, context.configuration) }]
  for (const input of Object.values(table.from)) {
    entries.push({ appId: inputTransaction(input.path), version: await context.lake.version(input.path) })
  }
  return entries
}

/** Versions of a table's inputs, by path, that its last build read: what its own log says of them. */
export const inputVersions = (table: TableDefinition, ledger: Ledger): ReadonlyMap<string, number> =>
  new Map(
    Object.values(table.from).flatMap(({ path }) => {
      const version = ledger.get(inputTransaction(path))
      return version === undefined ? [] : [[path, version]]
    }),
  )

/** Operations of Delta's history that leave a table's rows as they are. */
const maintenanceOperations: ReadonlySet<string> = new Set([
  'OPTIMIZE',
  'VACUUM START',
  'VACUUM END',
  'REORG',
  'COMPUTE STATS',
])

/**
 * Whether the table must be built again: it is not there, an input has other rows, or its definition changed.
 * @throws LakehouseError DW-LAKEHOUSE-0013 if a run at the same time built it from more than this one has seen
 */
export async function isStale(table: TableDefinition, context: RunContext): Promise<boolean> {
  if ((await context.lake.table(table.path)) === null) return true
  const ledger = await context.lake.ledger(table.path)
  if (ledger.get(definitionTransaction) !== definitionHash(table, context.configuration)) return true
  for (const input of Object.values(table.from)) {
    const seen = ledger.get(inputTransaction(input.path))
    if (seen === undefined) return true
    // Built from more than we have seen: by a run beside this one, or from a table that has since been made anew.
    const overtook = (await context.lake.version(input.path)) < seen
    if (overtook && (await context.lake.currentVersion(input.path)) >= seen) throw overtaken(table.name, input.path)
    if (overtook || (await hasOtherRows(input, seen, context))) return true
  }
  return false
}

/** Whether an input's rows may differ from those of a version: something but maintenance was committed since. */
async function hasOtherRows(input: TableDefinition, seen: number, context: RunContext): Promise<boolean> {
  const table = await context.lake.existing(input.path)
  if (table.version === seen) return false
  const since = await table.history(table.version - seen)
  return since.some(({ version, info }) => version > seen && !maintenanceOperations.has(info?.operation ?? ''))
}

export interface Built {
  /** Null if a critical rule failed: then nothing was written. */
  readonly table: DeltaTable | null
  readonly gate: GateResult
}

/** Computes a table, passes its rows through its own rules, and commits them unless a critical rule failed. */
export async function buildTable(
  table: TableDefinition,
  inputs: Readonly<Record<string, DataFrame>>,
  context: RunContext,
): Promise<Built> {
  const { lake } = context
  const computed = conform(table.build!(inputs, buildContext(context)), table)
  const settings = { ...writeSettings(table, context), appTransactions: await provenance(table, context) }
  const existing = await lake.table(table.path)
  // What is built again from earlier versions is what they give, and nothing of what later ones had given.
  const replaces = existing === null || table.write.kind !== 'merge' || context.pinned.size > 0
  if (!context.keepInMemory && replaces) {
    const audited = await writeAudited(table, computed, existing, settings, context)
    if (audited !== null) return audited
  }
  // Rows that are merged, or some of which are refused, are computed anew for each who reads them, unless they are few.
  const rows = context.keepInMemory
    ? scan(await lake.session.materialise(computed, { name: table.name, signal: context.signal }))
    : computed
  const gate = await passGate(table, rows, context)
  if (gate.criticalFailed) return { table: null, gate }
  const written =
    existing !== null && table.write.kind === 'merge' && !replaces
      ? await mergeRows(existing, gate.good, table.write, settings)
      : await writeWhole(table, gate.good, existing, settings, context)
  lake.wrote(table.path, written, context.keepInMemory && replaces ? gate.good : undefined)
  return { table: written, gate }
}

type WriteSettings = Parameters<typeof DeltaTable.createWith>[3]

const writeWhole = (
  table: TableDefinition,
  rows: DataFrame,
  existing: DeltaTable | null,
  settings: WriteSettings,
  { lake }: RunContext,
): Promise<DeltaTable> =>
  existing === null
    ? DeltaTable.createWith(lake.session, lake.uri(table.path), rows, settings)
    : existing.overwrite(rows, settings)

/**
 * Writes the rows, passes them through the gate as they were written, and commits them if it refuses none.
 * @returns null if it does: then nothing is left of the write
 */
async function writeAudited(
  table: TableDefinition,
  computed: DataFrame,
  existing: DeltaTable | null,
  settings: WriteSettings,
  context: RunContext,
): Promise<Built | null> {
  const refused = new Error('refused by the gate')
  let gate: GateResult | null = null
  const audit = async (rows: TableProvider): Promise<void> => {
    gate = await passGate(table, scan(rows), context)
    if (gate.criticalFailed || gate.refused !== null) throw refused
  }
  try {
    const written = await writeWhole(table, computed, existing, { ...settings, audit }, context)
    context.lake.wrote(table.path, written)
    return { table: written, gate: gate! }
  } catch (error) {
    if (error !== refused) throw error
    return null
  }
}
