import type { DeltaTable } from '@deltaworks/delta-table'
import { agg, col } from '@deltaworks/expression'
import { DataFrame, planHash, scan, type LogicalPlan, type TableProvider } from '@deltaworks/plan'
import type { Built } from '../build.js'
import { conform } from '../conform.js'
import { acting, passGate } from '../gate.js'
import { definitionTransaction, inputVersions } from '../provenance.js'
import { buildContext, qualityRules, type RunContext } from '../run-context.js'
import type { TableDefinition } from '../table-definition.js'
import { writeSettings } from '../write-settings.js'
import { appendedRows } from './appended-rows.js'
import { incrementalForm, type IncrementalForm } from './incremental-form.js'

type AppTransactions = readonly { readonly appId: string; readonly version: number }[]

/** Rules about single rows: what is appended changes nothing about the rows that are there. */
const rowRules: ReadonlySet<string> = new Set(['completeness', 'compliance'])

/**
 * Builds a table from what was appended to one of its inputs since its last build, if its definition asks for that and its query
 * allows it; the result is that of a whole build. Null: the whole table is to be built.
 * @param provenance what the commit says of what the table was built from
 */
export async function buildIncrementally(
  table: TableDefinition,
  inputs: Readonly<Record<string, DataFrame>>,
  existing: DeltaTable | null,
  provenance: AppTransactions,
  context: RunContext,
): Promise<Built | null> {
  if (!table.incremental || existing === null || context.keepInMemory || context.pinned.size > 0) return null
  if (table.write.kind !== 'overwrite' || acting(qualityRules(table, context)).length > 0) return null
  const form = await formOf(table, inputs, existing, provenance, context)
  return form === null ? null : write(table, form, existing, provenance, context)
}

async function formOf(
  table: TableDefinition,
  inputs: Readonly<Record<string, DataFrame>>,
  existing: DeltaTable,
  provenance: AppTransactions,
  context: RunContext,
): Promise<IncrementalForm | null> {
  const ledger = existing.appTransactions
  const definition = provenance.find(({ appId }) => appId === definitionTransaction)
  if (definition === undefined || ledger.get(definition.appId) !== definition.version) return null
  const seen = inputVersions(table, ledger)
  const versions = await Promise.all(
    Object.values(table.from).map(async (input) => ({ input, now: await context.lake.version(input.path) })),
  )
  const changed = versions.filter(({ input, now }) => seen.get(input.path) !== now)
  const [only] = changed
  if (changed.length !== 1 || only === undefined) return null
  const rules = acting(qualityRules(only.input, context))
  if (!rules.every(({ constraint }) => rowRules.has(constraint.kind))) return null
  const input = await context.lake.existing(only.input.path)
  const rows = await appendedRows(input, seen.get(only.input.path) ?? Infinity)
  if (rows === null) return null
  const plan = planOf(table, inputs, context)
  // A build that reads the clock gives other rows for what is there already.
  if (planHash(plan) !== planHash(planOf(table, inputs, { ...context, nowMicros: context.nowMicros + 1n }))) return null
  return incrementalForm(plan, { is: (provider) => isOf(provider, input), rows })
}

const planOf = (
  table: TableDefinition,
  inputs: Readonly<Record<string, DataFrame>>,
  context: RunContext,
): LogicalPlan => conform(table.build!(inputs, buildContext(context)), table).plan

/** Whether a provider is a table's rows as they are now. */
const isOf = (provider: TableProvider, { uri }: DeltaTable): boolean =>
  (provider as { readonly snapshot?: { readonly location: { readonly uri: string } } }).snapshot?.location.uri === uri

async function write(
  table: TableDefinition,
  form: IncrementalForm,
  existing: DeltaTable,
  appTransactions: AppTransactions,
  context: RunContext,
): Promise<Built> {
  const { lake, signal } = context
  const settings = { ...writeSettings(table, context), appTransactions }
  const kept = scan(existing.provider())
  // Few, as a rule, and looked at more than once.
  const fresh = scan(await lake.session.materialise(new DataFrame(form.rows), { name: `new in ${table.name}`, signal }))
  const whole = form.kind === 'append' ? kept.union(fresh) : conform(grouped(table, kept.union(fresh), form), table)
  const gate = await passGate(table, whole, context)
  if (gate.criticalFailed) return { table: null, gate }
  const written =
    form.kind === 'append' ? await existing.append(fresh, settings) : await existing.overwrite(whole, settings)
  lake.wrote(table.path, written)
  return { table: written, gate, incremental: form.kind }
}

/** Groups that are there and groups of what is new, put together by their keys. */
function grouped(
  table: TableDefinition,
  rows: DataFrame,
  { merging }: Extract<IncrementalForm, { kind: 'aggregate' }>,
): DataFrame {
  const columns = table.schema.fields.map(({ name }, i) => ({ name, how: merging[i]! }))
  const keys = columns.filter(({ how }) => how === 'key').map(({ name }) => name)
  const merged = columns.flatMap(({ name, how }) => {
    switch (how) {
      case 'key':
        return []
      case 'sum':
        return [[name, agg.sum(col(name))] as const]
      case 'min':
        return [[name, agg.min(col(name))] as const]
      case 'max':
        return [[name, agg.max(col(name))] as const]
    }
  })
  return rows.groupBy(...keys).agg(Object.fromEntries(merged))
}
