import { agg, col, expr, lit } from '@deltaworks/expression'
import { scan, type DataFrame, type TableProvider } from '@deltaworks/plan'
import {
  failedRulesColumn,
  flagRows,
  prepareStatements,
  reconcileRows,
  rowsDoNotReconcile,
  splitRows,
  verify,
  type Rule,
  type RuleAction,
  type SplitOptions,
  type VerificationResult,
} from '@deltaworks/quality'
import { anyFrame } from './any-frame.js'
import { qualityRules, type RunContext } from './run-context.js'
import type { QualityResult } from './run-result.js'
import type { TableDefinition } from './table-definition.js'

/** Where a landed row comes from: its key among the rows of its table. */
const placeColumns = ['source_file', 'source_line']

/** What a table's rules said, and its rows taken apart. */
export interface GateResult {
  readonly results: readonly QualityResult[]
  readonly criticalFailed: boolean
  /** Rows that no quarantining rule refuses. */
  readonly good: DataFrame
  /** The others, with `failed_rules` and `failure_reasons`; null if there are none. */
  readonly refused: DataFrame | null
  /** Good rows that a flagging rule fails on, in the same form; null if there are none. */
  readonly flagged: DataFrame | null
}

export const openGate = (rows: DataFrame): GateResult => ({
  results: [],
  criticalFailed: false,
  good: rows,
  refused: null,
  flagged: null,
})

/** Evaluates a table's rules on its rows: one scan for all that need no grouping, and one more for each that does. */
export async function passGate(table: TableDefinition, rows: DataFrame, context: RunContext): Promise<GateResult> {
  const rules = qualityRules(table, context)
  if (rules.length === 0) return openGate(rows)
  const references = await referencesOf(table, context)
  const verification = await verify(context.lake.session, rows, rules, {
    ...verifyOptions(table, context),
    references,
  })
  const statements = await prepareStatements(acting(rules), rows, references)
  const splitOptions = { references, statements, nowMicros: context.nowMicros }
  const refusing = failing(rules, verification, 'quarantine')
  const { good: kept, refused } = await takeApart(table, rows, refusing, splitOptions, context)
  const dropping = failing(rules, verification, 'drop')
  const good = dropping.length === 0 ? kept : splitRows(kept, dropping, splitOptions).good
  return {
    results: verification.rules.map((rule) => ({ table: table.name, ...rule })),
    criticalFailed: verification.status === 'failed',
    good,
    refused,
    flagged: flaggedRows(rules, verification, good, splitOptions),
  }
}

/** The tables that a table's rules may refer to: those that it is built from. */
export async function referencesOf(
  table: TableDefinition,
  { lake }: RunContext,
): Promise<ReadonlyMap<string, DataFrame>> {
  const references = new Map<string, DataFrame>()
  for (const [name, input] of Object.entries(table.from)) references.set(name, await lake.frame(input.path))
  return references
}

/** What every verification of a run says. */
export const verifyOptions = ({ name }: TableDefinition, { signal, nowMicros, metrics, runId }: RunContext) => ({
  signal,
  nowMicros,
  repository: metrics,
  table: name,
  runId,
})

/** Rules that do something to rows: theirs are the statements that must be planned. */
export const acting = (rules: readonly Rule[]): readonly Rule[] => rules.filter(({ action }) => action !== 'none')

/** Rows on which a flagging rule failed; null if none did. */
export function flaggedRows(
  rules: readonly Rule[],
  verification: VerificationResult,
  good: DataFrame,
  options: SplitOptions,
): DataFrame | null {
  const flagging = failing(rules, verification, 'flag').map((rule): Rule => ({ ...rule, action: 'quarantine' }))
  return flagging.length === 0 ? null : splitRows(good, flagging, options).bad
}

/**
 * Landed rows are known by file and line: the refused ones, which are few, are computed once and kept, and good rows are the
 * others. Rules that need a sort or a join are so not evaluated again by everyone who reads the good rows.
 */
async function takeApart(
  table: TableDefinition,
  rows: DataFrame,
  refusing: readonly Rule[],
  options: SplitOptions,
  { lake, signal }: RunContext,
): Promise<Pick<GateResult, 'good' | 'refused'>> {
  if (refusing.length === 0) return { good: rows, refused: null }
  if (table.source === null) {
    const { good, bad, dropped } = splitRows(rows, refusing, options)
    await reconcileRows(lake.session, rows, { good, bad, dropped })
    return { good, refused: bad }
  }
  const places = await suspectPlaces(table, rows, refusing, options, { lake, signal })
  const suspects = flagRows(rows.join(scan(places), placeColumns, 'left_semi'), refusing, options)
  const judged = await lake.session.materialise(suspects, { name: `suspects of ${table.name}`, signal })
  // A place with two rows would take a good one out with a refused one.
  const [input, good] = [judged.statistics.rowCount ?? 0, places.statistics.rowCount ?? 0]
  if (input !== good) throw rowsDoNotReconcile({ input, good, quarantined: 0, dropped: 0 })
  const refused = scan(judged).filter(col(failedRulesColumn).isNotNull())
  return { good: rows.join(refused.select(...placeColumns), placeColumns, 'left_anti'), refused }
}

/**
 * Places of rows that may be refused: those that fail on a rule about single rows, and all rows of keys that occur more than once.
 * What needs all rows of a key in order is then computed over these alone.
 */
async function suspectPlaces(
  table: TableDefinition,
  rows: DataFrame,
  refusing: readonly Rule[],
  options: SplitOptions,
  { lake, signal }: Pick<RunContext, 'lake' | 'signal'>,
): Promise<TableProvider> {
  const places: DataFrame[] = []
  const others = refusing.filter((rule) => rule.constraint.kind !== 'uniqueness')
  if (others.length > 0) places.push(splitRows(rows, others, options).bad.select(...placeColumns))
  for (const { constraint } of refusing) {
    if (constraint.kind !== 'uniqueness') continue
    const keyed = rows.withColumns(Object.fromEntries(constraint.keys.map((key, i) => [`_key${i}`, expr(key)])))
    const keys = constraint.keys.map((_, i) => `_key${i}`)
    const repeated = anyFrame(keyed)
      .groupBy(...keys)
      .agg({ _rows: agg.count() })
      .filter(col('_rows').gt(lit(1)))
    const kept = scan(await lake.session.materialise(repeated, { name: `repeated keys of ${table.name}`, signal }))
    places.push(
      anyFrame(keyed)
        .join(kept.select(...keys), keys, 'left_semi')
        .select(...placeColumns),
    )
  }
  const all = places.reduce((a, b) => a.union(b)).distinct()
  return lake.session.materialise(all, { name: `suspects of ${table.name}`, signal })
}

/** Rules with an action that found rows to act on. */
function failing(rules: readonly Rule[], verification: VerificationResult, action: RuleAction): readonly Rule[] {
  const found = new Set(verification.rules.filter((rule) => (rule.rowsFailed ?? 0) > 0).map((rule) => rule.rule))
  return rules.filter((rule) => rule.action === action && found.has(rule.id)).map(plainRule)
}

/** Without the builder's methods, so that it can be changed by spreading. */
const plainRule = ({ id, description, level, action, filter, constraint }: Rule): Rule => ({
  id,
  description,
  level,
  action,
  filter,
  constraint,
})
