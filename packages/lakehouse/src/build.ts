import { DeltaTable, type TableSession } from '@deltaworks/delta-table'
import { scan, type DataFrame } from '@deltaworks/plan'
import { prepareStatements } from '@deltaworks/quality'
import { conform } from './conform.js'
import { definitionHash } from './definition-hash.js'
import { overtaken } from './errors.js'
import { acting, flaggedRows, openGate, passGate, referencesOf, verifyOptions, type GateResult } from './gate.js'
import { maintenanceOperations } from './maintenance-operations.js'
import { mergeRows } from './merge-rows.js'
import { definitionTransaction, inputTransaction, provenance } from './provenance.js'
import { buildContext, qualityRules, type RunContext } from './run-context.js'
import type { TableDefinition } from './table-definition.js'
import { writeChecked, type JudgedWrite } from './write-pass/checked-write.js'
import { writeSettings } from './write-settings.js'

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
  /** How it was built from what is new; absent: whole. */
  readonly incremental?: 'append' | 'aggregate'
}

/** Keeps rows that were refused or flagged, before the table without them is committed. */
export type SettleGate = (gate: GateResult) => Promise<unknown>

/** Computes a table, passes its rows through its own rules, and commits them unless a critical rule failed. */
export async function buildTable(
  table: TableDefinition,
  inputs: Readonly<Record<string, DataFrame>>,
  context: RunContext,
  settle: SettleGate = () => Promise.resolve(),
): Promise<Built> {
  const { lake } = context
  const existing = await lake.table(table.path)
  const appTransactions = await provenance(table, context)
  if (table.incremental) {
    const { buildIncrementally } = await import('./incremental/build-incrementally.js')
    const built = await buildIncrementally(table, inputs, existing, appTransactions, context)
    if (built !== null) return built
  }
  const computed = conform(table.build!(inputs, buildContext(context)), table)
  const settings = { ...writeSettings(table, context), appTransactions }
  // What is built again from earlier versions is what they give, and nothing of what later ones had given.
  const replaces = existing === null || table.write.kind !== 'merge' || context.pinned.size > 0
  if (!context.keepInMemory && replaces) {
    return buildChecked(table, computed, existing?.version ?? null, settings, context, settle)
  }
  // Rows that are merged are computed anew for each who reads them, unless they are few.
  const rows = context.keepInMemory
    ? scan(await lake.session.materialise(computed, { name: table.name, signal: context.signal }))
    : computed
  const gate = await passGate(table, rows, context)
  await settle(gate)
  if (gate.criticalFailed) return { table: null, gate }
  const written =
    existing !== null && table.write.kind === 'merge' && !replaces
      ? await mergeRows(existing, gate.good, table.write, settings)
      : await writeWhole(lake.session, table, gate.good, existing?.version ?? null, settings, context)
  lake.wrote(table.path, written, context.keepInMemory && replaces ? gate.good : undefined)
  return { table: written, gate }
}

type WriteSettings = Parameters<typeof DeltaTable.createWith>[3]

/** @param version that the rows take the place of; null: there is no table yet */
async function writeWhole(
  session: TableSession,
  table: TableDefinition,
  rows: DataFrame,
  version: number | null,
  settings: WriteSettings,
  { lake }: RunContext,
): Promise<DeltaTable> {
  const uri = lake.uri(table.path)
  if (version === null) return DeltaTable.createWith(session, uri, rows, settings)
  const existing = session === lake.session ? await lake.existing(table.path) : null
  return (existing ?? (await DeltaTable.open(session, uri, { version }))).overwrite(rows, settings)
}

/** Writes rows that are many: rules look at them while they are written. */
async function buildChecked(
  table: TableDefinition,
  computed: DataFrame,
  version: number | null,
  settings: WriteSettings,
  context: RunContext,
  settle: SettleGate,
): Promise<Built> {
  const { lake } = context
  const rules = qualityRules(table, context)
  const references = await referencesOf(table, context)
  const statements = await prepareStatements(acting(rules), computed, references)
  const gateOf = ({ verification, refused }: Pick<JudgedWrite, 'verification'> & Partial<JudgedWrite>): GateResult => ({
    ...openGate(computed),
    results: verification.rules.map((rule) => ({ table: table.name, ...rule })),
    criticalFailed: verification.status === 'failed',
    refused: refused ?? null,
  })
  const checked = await writeChecked(
    lake.session,
    computed,
    rules,
    (session, rows) => writeWhole(session, table, rows, version, settings, context),
    {
      ...verifyOptions(table, context),
      references,
      statements,
      settle: (judged) => settle(gateOf(judged)).then(() => undefined),
    },
  )
  const gate = gateOf(checked)
  const written = checked.table
  if (written === null) return { table: null, gate }
  lake.wrote(table.path, written)
  const options = { references, statements, nowMicros: context.nowMicros }
  const flagged = flaggedRows(rules, checked.verification, scan(written.provider()), options)
  if (flagged !== null) await settle({ ...gate, refused: null, flagged })
  return { table: written, gate }
}
