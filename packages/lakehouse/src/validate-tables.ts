import { DeltaTable } from '@deltaworks/delta-table'
import { col, fn, lit } from '@deltaworks/expression'
import { scan, type DataFrame } from '@deltaworks/plan'
import { rulesFor, splitRows, validateRules, verify, type Rule } from '@deltaworks/quality'
import {
  historyOfRules,
  prepareStatements,
  reconcileRows,
  rulesetHash,
  TableMetricsRepository,
  type QualityReport,
  type RuleReport,
  type TableReport,
} from '@deltaworks/quality/validation'
import { joinPath } from '@deltaworks/storage'
import { DeltaMetrics, metricsPath } from './delta-metrics.js'
import { tableNotBuilt } from './errors.js'
import type { TableDefinition } from './table-definition.js'
import type { ValidateDataOptions } from './validate-data.js'

/** See `validateData`. */
export async function validateTables(options: ValidateDataOptions): Promise<QualityReport> {
  const { lakehouse, nowMicros, tables: wanted } = options
  const createdAt = new Date(Number(nowMicros / 1000n)).toISOString()
  const runId = `validate-${createdAt}`
  const tables: TableReport[] = []
  for (const table of lakehouse.tables) {
    if (wanted !== undefined && !wanted.includes(table.name)) continue
    const rules = rulesOf(table, options)
    if (rules.length === 0) continue
    const found = await validateTable(table, rules, runId, options)
    if (found !== null) tables.push(found)
    else if (wanted !== undefined) throw tableNotBuilt(table.path, options.root)
  }
  return { title: `Quality of ${lakehouse.name}`, createdAt, runId, tables }
}

function rulesOf(table: TableDefinition, { configuration, nowMicros, rules }: ValidateDataOptions): readonly Rule[] {
  const own = table.quality?.({ configuration: configuration as never, nowMicros }, rulesFor<string>()) ?? []
  const more = rules?.get(table.name) ?? []
  const taken = new Set(own.map(({ id }) => id))
  // What a file asks again keeps its own name.
  const all = [
    ...own,
    ...more.map((rule): Rule => (taken.has(rule.id) ? { ...plain(rule), id: `file:${rule.id}` } : rule)),
  ]
  const [problem] = validateRules(all, table.schema)
  if (problem !== undefined) throw problem
  return all
}

/** Without the builder's methods. */
const plain = ({ id, description, level, action, filter, constraint }: Rule): Rule => ({
  id,
  description,
  level,
  action,
  filter,
  constraint,
})

async function validateTable(
  table: TableDefinition,
  rules: readonly Rule[],
  runId: string,
  options: ValidateDataOptions,
): Promise<TableReport | null> {
  const { session, root, nowMicros, keepMetrics = true } = options
  const frameAt = async (path: string, version?: number) => {
    const opened = await DeltaTable.openIfExists(session, joinPath(root, path))
    if (opened === null) return null
    const at = version === undefined ? opened : await opened.at({ version })
    return { frame: scan(at.provider()), version: at.version }
  }
  const found = await frameAt(table.path, options.version)
  if (found === null) return null
  const references = new Map<string, DataFrame>()
  for (const [name, input] of Object.entries(table.from)) {
    const reference = await frameAt(input.path)
    if (reference !== null) references.set(name, reference.frame)
  }
  const repository = new TableMetricsRepository(new DeltaMetrics(session, joinPath(root, metricsPath)))
  const trends = historyOfRules(await repository.load({ table: table.name }))
  const verification = await verify(session, found.frame, rules, {
    references,
    nowMicros,
    table: table.name,
    runId,
    signal: options.signal,
    ...(keepMetrics && { repository }),
  })
  const statements = await prepareStatements(rules, found.frame, references)
  const splitOptions = { references, nowMicros, statements }
  const takesOut = rules.some(({ action }) => action === 'quarantine' || action === 'drop')
  const counts = takesOut
    ? await reconcileRows(session, found.frame, splitRows(found.frame, rules, splitOptions))
    : null
  const reports: RuleReport[] = []
  for (const [i, result] of verification.rules.entries()) {
    const earlier = trends.get(result.rule) ?? []
    const trend = result.metric === null ? earlier : [...earlier, result.metric]
    const failing = result.status === 'failed' && (result.rowsFailed ?? 1) > 0
    const sample = failing ? await sampleOf(table, rules[i]!, found.frame, splitOptions, options) : []
    reports.push({ ...result, trend, sample })
  }
  return {
    table: table.name,
    version: found.version,
    rowCount: verification.rowCount,
    split: counts === null ? null : { good: counts.good, quarantined: counts.quarantined, dropped: counts.dropped },
    rulesetHash: rulesetHash(rules),
    score: verification.score,
    status: verification.status,
    rules: reports,
  }
}

const mask = '•••'

/** Some failing rows. What is personal is masked, and so is a reason, which may quote it. */
async function sampleOf(
  table: TableDefinition,
  rule: Rule,
  frame: DataFrame,
  splitOptions: Parameters<typeof splitRows>[2],
  { session, sampleRows = 5, signal }: ValidateDataOptions,
): Promise<RuleReport['sample']> {
  const { id, description, level, filter, constraint } = rule
  const alone: Rule = { id, description, level, filter, constraint, action: 'quarantine' }
  const { bad } = splitRows(frame, [alone], splitOptions)
  const personal = new Set(
    Object.entries(table.columns).flatMap(([name, column]) => (column.facts.pii === null ? [] : [name])),
  )
  const names = frame.schema.fields.map(({ name }) => name)
  const text = (name: string) =>
    personal.has(name)
      ? fn.concat(lit(mask), fn.left(col(name).cast({ kind: 'string' }), lit(0))).as(name)
      : col(name).cast({ kind: 'string' }).as(name)
  const reason = personal.size === 0 ? [col('failure_reasons')] : []
  const query = bad.select(...names.map(text), ...reason).limit(sampleRows)
  const { rows } = await session.collect(query, { signal })
  const shown = [...names, ...(personal.size === 0 ? ['failure_reasons'] : [])]
  return rows.map((row) => Object.fromEntries(shown.map((name, i) => [name, row[i] as string | null])))
}
