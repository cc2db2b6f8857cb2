import { DeltaTable } from '@deltaworks/delta-table'
import type { Session } from '@deltaworks/engine'
import { schemaChanges } from '../contract/schema-change.js'
import { definitionHash, rulesHash, rulesTextHash } from '../definition-hash.js'
import { DeltaMetrics, metricsPath } from '../delta-metrics.js'
import { Lake } from '../lake.js'
import type { LakehouseDefinition } from '../lakehouse-definition.js'
import { validateData } from '../validate-data.js'
import { latestPublication } from '../runs/publication.js'
import { readManifest, type RunManifest } from '../runs/run-manifest.js'
import { unknownPromotionSource } from '../runs/errors.js'
import type { TableDefinition } from '../table-definition.js'
import { configurationDifferences, type ConfigurationDifference } from './configuration-differences.js'
import { latestPromotion, type PromotionRecord } from './promotion-record.js'

/** An environment with its lake. */
export interface PromotedEnvironment {
  readonly environment: string
  readonly root: string
  readonly configuration: unknown
}

export interface PromotionOptions {
  readonly lakehouse: LakehouseDefinition
  readonly session: Session
  readonly from: PromotedEnvironment
  readonly to: PromotedEnvironment
}

export interface PromotedTable {
  readonly table: string
  /** Of the definition, against what was promoted last. */
  readonly definition: 'new' | 'changed' | 'same'
  /** Of its rules, likewise. */
  readonly rules: 'new' | 'changed' | 'same'
  /** What the next run does to the target's table: `build` it whole, or go on with it. */
  readonly next: 'build' | 'keep'
  /** How the table in the target differs from what the definition wants, in words. */
  readonly schema: readonly string[]
}

/** What a promotion would let in, and what stands against it. */
export interface PromotionPlan {
  readonly runId: string
  readonly tables: readonly PromotedTable[]
  readonly configuration: readonly ConfigurationDifference[]
  /** Rules that did not pass in the source's last whole run. */
  readonly quality: readonly {
    readonly table: string
    readonly rule: string
    readonly level: string
    readonly metric: number
  }[]
  /** Why it is refused; empty: it is not. */
  readonly problems: readonly string[]
  readonly definitions: PromotionRecord['definitions']
  readonly rules: NonNullable<PromotionRecord['rules']>
}

/**
 * Compares the definitions of today with what the source environment has run, and both environments' schemas, configurations
 * and quality. @throws LakehouseError DW-LAKEHOUSE-0051 if the source has no whole run
 */
export async function planPromotion({ lakehouse, session, from, to }: PromotionOptions): Promise<PromotionPlan> {
  const manifest = await lastWholeRun(from)
  const former = await latestPromotion(to.root)
  const target = new Lake(session, to.root)
  const definitions = promotedHashes(lakehouse)
  const rules = promotedRules(lakehouse)
  const tables: PromotedTable[] = []
  /** Tables whose rules are not those that the source's run was judged by. */
  const unproven: string[] = []
  const problems: string[] = [...problemsOfRun(manifest)]
  for (const table of lakehouse.tables) {
    const definition = comparison(former?.definitions[table.path], definitions[table.path]!)
    const there = await target.table(table.path)
    const changes = there === null ? [] : schemaChanges(there, table)
    const breaking = changes.filter((change) => change.breaking)
    // Tables that are built are made anew; rows that have landed are not there any more to be read again.
    if (table.source !== null)
      problems.push(...breaking.map(({ column, what }) => `${table.name}: "${column}" ${what}`))
    const ran = manifest.definitions[table.path] === definitionHash(table, from.configuration)
    if (!ran) problems.push(`${table.name}: ${from.environment} has not run this definition; run it there first`)
    if (!ranRules(table, manifest)) unproven.push(table.name)
    tables.push({
      table: table.name,
      definition,
      rules: comparison(former?.rules?.[table.path], rules[table.path]!),
      next: table.source === null && (there === null || definition !== 'same') ? 'build' : 'keep',
      schema: changes.map(({ column, what }) => (column.startsWith('(') ? what : `"${column}" ${what}`)),
    })
  }
  const quality = [
    ...(await failedRules(session, from.root, manifest.runId)).filter(({ table }) => !unproven.includes(table)),
    ...(await judgedNow(lakehouse, session, from, unproven)),
  ]
  problems.push(
    ...quality
      .filter(({ level }) => level === 'critical')
      .map(({ table, rule }) => `${table}: critical rule ${rule} failed`),
  )
  const configuration = configurationDifferences(from.configuration, to.configuration)
  return { runId: manifest.runId, tables, configuration, quality, problems, definitions, rules }
}

/** Rules that were changed since the run are judged by what it left. */
async function judgedNow(
  lakehouse: LakehouseDefinition,
  session: Session,
  { root, configuration }: PromotedEnvironment,
  tables: readonly string[],
): Promise<PromotionPlan['quality']> {
  if (tables.length === 0) return []
  const nowMicros = BigInt(Date.now()) * 1000n
  const report = await validateData({ lakehouse, configuration, session, root, nowMicros, tables, keepMetrics: false })
  return report.tables.flatMap(({ table, rules }) =>
    rules
      .filter(({ status }) => status !== 'passed')
      .map(({ rule, level, metric }) => ({ table, rule, level, metric: metric ?? NaN })),
  )
}

const comparison = (known: number | undefined, now: number): 'new' | 'changed' | 'same' =>
  known === undefined ? 'new' : known === now ? 'same' : 'changed'

function ranRules(table: TableDefinition, { rules, configuration, nowMicros }: RunManifest): boolean {
  const context = { configuration: configuration as never, nowMicros: BigInt(nowMicros) }
  return rules === undefined || rules[table.path] === rulesHash(table, context)
}

/** Hashes that are the same in all environments: without their configurations. */
export const promotedHashes = ({ tables }: LakehouseDefinition): Readonly<Record<string, number>> =>
  Object.fromEntries(tables.map((table) => [table.path, definitionHash(table, null)]))

export const promotedRules = ({ tables }: LakehouseDefinition): Readonly<Record<string, number>> =>
  Object.fromEntries(tables.map((table) => [table.path, rulesTextHash(table)]))

async function lastWholeRun({ environment, root }: PromotedEnvironment): Promise<RunManifest> {
  const publication = await latestPublication(root)
  const manifest = publication === null ? null : await readManifest(root, publication.runId)
  if (manifest === null) throw unknownPromotionSource(environment, root)
  return manifest
}

function problemsOfRun({ runId, finished }: RunManifest): readonly string[] {
  if (finished === null) return [`run ${runId} has not ended`]
  const { status } = finished
  return status === 'failed' || status === 'quality_failed' ? [`run ${runId} ended with ${status}`] : []
}

async function failedRules(session: Session, root: string, runId: string): Promise<PromotionPlan['quality']> {
  const uri = new Lake(session, root).uri(metricsPath)
  if ((await DeltaTable.openIfExists(session, uri)) === null) return []
  const records = await new DeltaMetrics(session, uri).read({ runId })
  return records
    .filter(({ passed }) => !passed)
    .map(({ table, rule, level, metric }) => ({ table, rule, level, metric }))
}
