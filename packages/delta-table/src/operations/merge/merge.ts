import {
  appendOnly,
  checkWritable,
  columnMapping,
  isAppendOnly,
  removeOf,
  withSchema,
  type AddFile,
  type ReadSet,
  type Snapshot,
} from '@deltaworks/delta-log'
import type { LogicalPlan, TableProvider } from '@deltaworks/plan'
import type { Field, Schema } from '@deltaworks/schema'
import { writesChanges } from '../../changes.js'
import { predicateParameter } from '../../condition-text.js'
import { keysOf } from '../../delta-table-provider.js'
import { rowCountOf } from '../../file-statistics-source.js'
import {
  fileBytesOf,
  reportOf,
  runOperation,
  type Intent,
  type OperationContext,
  type OperationResult,
} from '../../operation-context.js'
import { markDeleted, rowsByQuery, splitTouched, type RowsOfFiles } from '../../mark-deleted.js'
import { scanOf, unionOf } from '../../plan-nodes.js'
import { runOptions } from '../../run-options.js'
import { filesMatcher } from '../../predicates.js'
import { planOf } from '../../table-session.js'
import { withIdentityMarks } from '../../write/fit-target.js'
import { mergedSchema } from '../../write/nested-schema.js'
import { tableRules, withIdentityValues } from '../../write/table-rules.js'
import type { TouchedFile } from '../../touched-files.js'
import { freshVersion, withTrackedColumns } from '../../tracked-rows.js'
import { writeChanges } from '../../write/write-changes.js'
import { applicationVersions } from '../../write/write-options.js'
import { discardOnFailure, nothing, writeRows } from '../../write/write-rows.js'
import { bindClauses, type BoundClause, type BoundClauses } from './merge-clauses.js'
import { mergeCondition } from './merge-condition.js'
import { findMatches, keptRows, mostPairs, pairedKeys, updatedRows } from './merge-matches.js'
import type { ChangeClause, MergeOptions } from './merge-options.js'
import {
  allRows,
  changedPlaces,
  changePlans,
  insertPlan,
  rewritePlans,
  updatedPlans,
  type MergeInput,
} from './merge-plans.js'
import { matchablePredicates } from './merge-pruning.js'
import { MergeScope } from './merge-scope.js'
import { findTouched, type Touched } from './merge-touched.js'

/**
 * Upserts. Only files with rows that change are written again; if nothing changes, only what `appTransactions` say is.
 * @param pairLimit pairs of rows that are held instead of counted by queries
 */
export function mergeRows(
  context: OperationContext,
  snapshot: Snapshot,
  options: MergeOptions,
  pairLimit = mostPairs,
): Promise<OperationResult | null> {
  let source: Promise<TableProvider> | null = null
  return runOperation(context, snapshot, options, async (base, nowMs) => {
    checkWritable(context.location.uri, base.protocol, base.metadata, base.schema, 'write')
    // The source is read several times, and must say the same each time.
    source ??= context.session.materialise(planOf(options.source), { name: 'merge source', ...runOptions(options) })
    return mergeIntent(context, base, await source, options, nowMs, { pairLimit })
  })
}

export interface MergeHow {
  /** Rows of the source are inserted that match rows of the table as well. */
  readonly insertsAll?: boolean
  readonly pairLimit?: number
}

export async function mergeIntent(
  context: OperationContext,
  base: Snapshot,
  source: TableProvider,
  options: MergeOptions,
  nowMs: number,
  { insertsAll = false, pairLimit = mostPairs }: MergeHow = {},
): Promise<Intent | null> {
  const { session, location } = context
  const wanted = options.mergeSchema === true ? mergedSchema(base.schema, source.schema) : base.schema
  const evolved = wanted !== base.schema
  const target = evolved ? withSchema(base.metadata, wanted) : { metadata: base.metadata, schema: base.schema }
  const output = target.schema
  // Clauses are bound over the table as it will be; until it is written again, its new columns are null.
  const current = evolved ? { ...base, schema: output, columnMapping: columnMapping(target.metadata, output) } : base
  const rules = await tableRules(location.uri, target.metadata, output)
  const tracked = withTrackedColumns(current)
  const isTracked = tracked !== current
  const stored = tracked.schema
  const scope = new MergeScope(location.uri, stored, source.schema)
  const input: MergeInput = { snapshot: tracked, source, condition: mergeCondition(options.on, scope) }
  const bound = bindClauses(options, location.uri, stored, source.schema, scope, rules)
  const clauses = isTracked ? withFreshVersions(bound) : bound
  const matchable = await matchablePredicates(session, current, source, input.condition, runOptions(options))
  const mayMatch = filesMatcher(current, matchable)
  const all = [...base.files.values()]
  const candidates = all.filter(mayMatch)
  const { matched, notMatchedBySource } = clauses
  const found =
    notMatchedBySource.length > 0
      ? null
      : await findMatches(context, input, candidates, matched, stored.fields, pairLimit, runOptions(options))
  const touched = found?.touched ?? (await findTouched(context, input, { all, candidates }, clauses, options))
  const files = [...touched.files.keys()]
  if (files.length > 0) {
    checkWritable(location.uri, base.protocol, base.metadata, base.schema, 'rewrite')
    if (isAppendOnly(base.metadata.configuration)) throw appendOnly(location.uri, 'merge into')
  }
  const split = splitTouched(
    base,
    [...touched.files].map(([file, rowCount]) => ({ file, rowCount })),
  )
  const removed = split.rewritten.map(({ file }) => file)
  const staying = split.marked.map(({ file }) => file)
  const plans: LogicalPlan[] = []
  if (found === null) {
    if (removed.length > 0) plans.push(...rewritePlans(input, removed, matched, notMatchedBySource, stored.fields))
    if (staying.length > 0) plans.push(...updatedPlans(input, staying, matched, notMatchedBySource, stored.fields))
  } else {
    if (removed.length > 0) plans.push(await keptRows(context, input, removed, found, stored.fields))
    const updated = files.length > 0 ? updatedRows(found, input, matched, stored.fields) : null
    if (updated !== null) plans.push(updated)
  }
  const keepsChanges = files.length > 0 && writesChanges(base)
  let inserts: LogicalPlan | null = null
  const identities = clauses.notMatched.length > 0 ? [...rules.identity.keys()] : []
  if (clauses.notMatched.length > 0) {
    const against = found === null ? null : pairedKeys(found, input)
    const pairable = insertsAll || candidates.length === 0 ? null : (against ?? allRows(input, candidates))
    const made = insertPlan(input, pairable, clauses.notMatched, stored.fields)
    const numbered = withIdentityValues(made, rules, identities)
    // Rows that are written twice, once as changes, must be the same both times.
    inserts = keepsChanges
      ? scanOf(await session.materialise(numbered, { name: 'merge inserts', ...runOptions(options) }))
      : numbered
    plans.push(inserts)
  }
  const rows =
    plans.length === 0
      ? nothing
      : await writeRows(
          { session, location, protocol: base.protocol, ...target },
          unionOf(plans, nullableUnion(plans, stored)),
          {
            targetFileBytes: fileBytesOf(target.metadata, options),
            nowMs,
            ...runOptions(options),
          },
        )
  if (files.length === 0 && rows.adds.length === 0 && !hasNewTransaction(base, options)) return null
  const places = (of: readonly AddFile[]) => changedPlaces(input, of, matched, notMatchedBySource)
  const changedRows: RowsOfFiles =
    found === null ? rowsByQuery(context, base, places, runOptions(options)) : () => Promise.resolve(found.rows)
  const marks = await discardOnFailure(location, rows, () => markDeleted(context, split.marked, changedRows, nowMs))
  const changed = keepsChanges ? changePlans(input, files, matched, notMatchedBySource, output.fields, inserts) : []
  const changes = await discardOnFailure(location, { ...rows, otherPaths: marks.paths }, () =>
    writeChanges({ session, location, protocol: base.protocol, ...target }, changed, {
      targetFileBytes: fileBytesOf(target.metadata, options),
      nowMs,
      ...runOptions(options),
    }),
  )
  const written = { ...rows, otherPaths: [...marks.paths, ...changes.paths] }
  const metrics = { ...metricsOf(touched, split.rewritten, written), ...mergeVectorMetrics(marks.metrics) }
  const metadata = withIdentityMarks(target.metadata, output, identities, metrics['numTargetRowsInserted'] ?? 0)
  // Rows that are not matched by the source are told from the whole table; otherwise only pairs count.
  const reads: ReadSet =
    notMatchedBySource.length > 0
      ? { wholeTable: true, predicates: [], files: keysOf(all) }
      : { wholeTable: false, predicates: [mayMatch], files: keysOf(candidates) }
  return {
    base,
    actions: [
      ...(metadata === base.metadata ? [] : [metadata]),
      ...removed.map((file) => removeOf(file, nowMs)),
      ...marks.actions,
      ...written.adds,
      ...changes.actions,
    ],
    written,
    operation: { name: 'MERGE', parameters: mergeParameters(options, input), metrics },
    reads,
    rewritesRows: files.length > 0,
    // Whether a source row is inserted depends on rows that are not changed.
    rowLevel: clauses.notMatched.length === 0 && notMatchedBySource.length === 0,
    preservesRowIds: isTracked || (removed.length === 0 && touched.updated + touched.bySourceUpdated === 0),
    remakesMetadata: identities.length > 0,
    report: reportOf(written, removed.length, metrics),
  }
}

/** Updated rows keep their ids and are of the new version: the last column, behind those of the table. */
const withFreshVersions = (clauses: BoundClauses): BoundClauses => {
  const fresh = (list: readonly BoundClause[]): readonly BoundClause[] =>
    list.map((clause) =>
      clause.kind === 'update' ? { ...clause, values: [...clause.values.slice(0, -1), freshVersion] } : clause,
    )
  return { ...clauses, matched: fresh(clauses.matched), notMatchedBySource: fresh(clauses.notMatchedBySource) }
}

const nullableUnion = (plans: readonly LogicalPlan[], output: Schema): Schema => ({
  fields: output.fields.map((f, i): Field => ({
    name: f.name,
    type: f.type,
    nullable: plans.some((plan) => plan.schema.fields[i]!.nullable),
  })),
})

const hasNewTransaction = (base: Snapshot, options: MergeOptions): boolean =>
  applicationVersions(options).some(({ appId, version }) => base.appTransactions.get(appId)?.version !== version)

/** Spark's names: those of other commands with "Target" in them. */
const mergeVectorMetrics = (metrics: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name.replace(/^num/, 'numTarget'), value]))

function metricsOf(
  touched: Touched,
  rewritten: readonly TouchedFile[],
  written: typeof nothing,
): Record<string, number> {
  const updated = touched.updated + touched.bySourceUpdated
  const deleted = touched.deleted + touched.bySourceDeleted
  const copied = rewritten.reduce((sum, { file, rowCount }) => sum + Math.max(0, (rowCountOf(file) ?? 0) - rowCount), 0)
  return {
    numTargetRowsInserted: Math.max(0, written.rowCount - copied - updated),
    numTargetRowsUpdated: updated,
    numTargetRowsMatchedUpdated: touched.updated,
    numTargetRowsNotMatchedBySourceUpdated: touched.bySourceUpdated,
    numTargetRowsDeleted: deleted,
    numTargetRowsMatchedDeleted: touched.deleted,
    numTargetRowsNotMatchedBySourceDeleted: touched.bySourceDeleted,
    numTargetRowsCopied: copied,
    numTargetFilesRemoved: rewritten.length,
    numTargetFilesAdded: written.adds.length,
    numTargetBytesAdded: written.sizeBytes,
    numTargetBytesRemoved: rewritten.reduce((sum, { file }) => sum + file.sizeBytes, 0),
    numOutputRows: written.rowCount,
  }
}

function mergeParameters(options: MergeOptions, input: MergeInput): Record<string, string> {
  const on = Array.isArray(options.on)
    ? JSON.stringify([(options.on as readonly string[]).map((name) => `target.${name} = source.${name}`).join(' AND ')])
    : predicateParameter(input.condition.residual)
  const actions = (count: number, actionType: string): unknown[] =>
    Array.from({ length: count }, () => ({ actionType }))
  const length = (clauses: unknown): number => (clauses === undefined ? 0 : Array.isArray(clauses) ? clauses.length : 1)
  const ordered = (clauses: readonly ChangeClause[] | undefined): unknown[] =>
    (clauses ?? []).map(({ kind }) => ({ actionType: kind }))
  return {
    predicate: on,
    matchedPredicates: JSON.stringify([
      ...ordered(options.whenMatched),
      ...actions(length(options.whenMatchedDelete), 'delete'),
      ...actions(length(options.whenMatchedUpdate), 'update'),
    ]),
    notMatchedPredicates: JSON.stringify(actions(length(options.whenNotMatchedInsert), 'insert')),
    notMatchedBySourcePredicates: JSON.stringify([
      ...ordered(options.whenNotMatchedBySource),
      ...actions(length(options.whenNotMatchedBySourceDelete), 'delete'),
      ...actions(length(options.whenNotMatchedBySourceUpdate), 'update'),
    ]),
  }
}
