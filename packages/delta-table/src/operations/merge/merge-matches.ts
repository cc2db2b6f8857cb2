import type { AddFile } from '@deltaworks/delta-log'
import { remapColumns, type BoundExpression } from '@deltaworks/expression'
import { limitNode, type LogicalPlan, type TableProvider } from '@deltaworks/plan'
import { boolean, field, int32, type Field } from '@deltaworks/schema'
import { filesByPath } from '../../delta-table-provider.js'
import { duplicateMatch } from '../../errors.js'
import { withDeletedRows } from '../../mark-deleted.js'
import type { OperationContext } from '../../operation-context.js'
import { caseOf, columnAt, filterOf, isTrue, literalOf, projectionTo, scanColumns, scanOf } from '../../plan-nodes.js'
import { visitPlaces } from '../../row-places.js'
import type { RunOptions } from '../../table-session.js'
import { scanTracked } from '../../tracked-rows.js'
import type { BoundClause } from './merge-clauses.js'
import { joinOf, type InsertsAgainst, type MergeInput } from './merge-plans.js'
import { onlyDeletes, type Touched } from './merge-touched.js'

/*
 * A merge of few rows into many looks at the target once: each pair of a target row and a source row is kept, with what becomes
 * of the target row. All the rest follows from the pairs:
 *
 *   pairs     T join S on keys -> file, row, number of the clause, the source's keys, the updated row
 *   rewrite   T without the rows of the pairs (as a deletion vector leaves them out), and the updated rows
 *   inserts   S anti join pairs
 *
 * A table that is written again is read without a join, its columns as they are encoded.
 */

/** Pairs that are held, and source rows that are looked at, at most: more are counted by queries (`findTouched`). */
export const mostPairs = 500_000

export interface Matches {
  readonly pairs: TableProvider
  readonly touched: Touched
  /** Indexes of the rows that are updated or deleted, ascending. */
  readonly rows: ReadonlyMap<AddFile, Uint32Array>
}

const clauseAt = 2
const keysAt = 3

/** @returns null: they are too many, or the merge needs more than its pairs */
export async function findMatches(
  context: OperationContext,
  input: MergeInput,
  candidates: readonly AddFile[],
  matched: readonly BoundClause[],
  outputFields: readonly Field[],
  limit: number,
  options: RunOptions,
): Promise<Matches | null> {
  const { statistics } = input.source
  const isSmall = (statistics.rowCount ?? Infinity) <= limit
  if (!isSmall || candidates.length === 0 || matched.length === 0 || input.condition.keys.length === 0) return null
  const plan = limitNode(pairsPlan(input, candidates, matched, outputFields), limit + 1)
  const pairs = await context.session.materialise(plan, { name: 'merge matches', ...options })
  if ((pairs.statistics.rowCount ?? Infinity) > limit) return null
  return { pairs, ...(await changesOf(context, input, candidates, matched, pairs, options)) }
}

function pairsPlan(
  input: MergeInput,
  files: readonly AddFile[],
  matched: readonly BoundClause[],
  outputFields: readonly Field[],
): LogicalPlan {
  const width = input.snapshot.schema.fields.length
  const target = scanTracked(input.snapshot, files, true)
  // The places stand between target and source columns, so everything over the source moves by two.
  const moved = (e: BoundExpression): BoundExpression => remapColumns(e, (i) => (i < width ? i : i + 2))
  const ofSource = (e: BoundExpression): BoundExpression => remapColumns(e, (i) => i + width + 2)
  const { keys, residual } = input.condition
  const condition = { keys, residual: residual === null ? null : moved(residual) }
  const rows = joinOf(target, scanOf(input.source), 'inner', condition)
  const ofClause = (valueOf: (clause: BoundClause, number: number) => BoundExpression, none: BoundExpression) =>
    caseUntilTrue(
      matched.map((clause, i) => ({ clause, when: moved(clause.condition), then: valueOf(clause, i) })),
      none,
    )
  const clause = ofClause((_, i) => literalOf(i, int32), literalOf(null, int32))
  const keyValues = keys.map(({ right }) => ofSource(right))
  const updated = outputFields.map(({ type }, i) =>
    ofClause(
      ({ kind, values }) => (kind === 'update' ? moved(values[i]!) : literalOf(null, type)),
      literalOf(null, type),
    ),
  )
  const made = [clause, ...keyValues, ...(hasUpdate(matched) ? updated : [])]
  return projectionTo(
    rows,
    [columnAt(rows.schema, width), columnAt(rows.schema, width + 1), ...made],
    [
      ...rows.schema.fields.slice(width, width + 2),
      ...made.map(({ type, nullable }, i) => field(`__pair${i}`, type, nullable)),
    ],
  )
}

const hasUpdate = (matched: readonly BoundClause[]): boolean => matched.some(({ kind }) => kind === 'update')

/** CASE whose branches end with the first that is unconditional. */
function caseUntilTrue(
  branches: readonly { readonly clause: BoundClause; readonly when: BoundExpression; readonly then: BoundExpression }[],
  otherwise: BoundExpression,
): BoundExpression {
  const last = branches.findIndex(({ clause }) => clause.unconditional)
  return last < 0 ? caseOf(branches, otherwise) : caseOf(branches.slice(0, last), branches[last]!.then)
}

/** @throws DeltaTableError DW-TABLE-0014 */
async function changesOf(
  { session, location }: OperationContext,
  { snapshot }: MergeInput,
  candidates: readonly AddFile[],
  matched: readonly BoundClause[],
  pairs: TableProvider,
  options: RunOptions,
): Promise<Pick<Matches, 'touched' | 'rows'>> {
  const byPath = filesByPath(snapshot, candidates)
  const found = new Map<AddFile, number[]>()
  const counts = matched.map(() => 0)
  await visitPlaces(session, scanColumns(pairs, [0, 1, clauseAt]), options, (path, row, clause) => {
    if (clause === null) return
    const file = byPath.get(path)!
    const rows = found.get(file)
    if (rows === undefined) found.set(file, [row])
    else rows.push(row)
    counts[clause]!++
  })
  const rows = new Map([...found].map(([file, list]) => [file, Uint32Array.from(new Set(list)).sort()]))
  const distinct = [...rows.values()].reduce((sum, { length }) => sum + length, 0)
  const all = counts.reduce((sum, count) => sum + count, 0)
  if (distinct < all && !onlyDeletes(matched)) throw duplicateMatch(location.uri, duplicated(found.values()))
  const updated = matched.reduce((sum, { kind }, i) => sum + (kind === 'update' ? counts[i]! : 0), 0)
  const files = new Map([...rows].map(([file, { length }]) => [file, length]))
  const touched = { files, updated, deleted: distinct - updated, bySourceUpdated: 0, bySourceDeleted: 0 }
  return { touched, rows }
}

/** Target rows with several source rows. */
function duplicated(files: Iterable<readonly number[]>): number {
  let count = 0
  for (const rows of files) {
    const seen = new Map<number, number>()
    for (const row of rows) seen.set(row, (seen.get(row) ?? 0) + 1)
    for (const times of seen.values()) if (times > 1) count++
  }
  return count
}

/** What the pairs say of the files that are written again: their rows that stay as they are. */
export async function keptRows(
  context: OperationContext,
  input: MergeInput,
  files: readonly AddFile[],
  { rows }: Matches,
  outputFields: readonly Field[],
): Promise<LogicalPlan> {
  const leftOut = new Map<AddFile, Uint32Array>()
  for (const file of files) leftOut.set(file, await withDeletedRows(context, file, rows.get(file) ?? []))
  const kept = scanTracked(input.snapshot, files, false, leftOut)
  const own = outputFields.map((_, i) => columnAt(kept.schema, i))
  return projectionTo(
    kept,
    own,
    outputFields.map(({ name, type }, i) => field(name, type, own[i]!.nullable)),
  )
}

/** The rows that are updated; null: there is no clause that does so. */
export function updatedRows(
  { pairs }: Matches,
  { condition }: MergeInput,
  matched: readonly BoundClause[],
  outputFields: readonly Field[],
): LogicalPlan | null {
  if (!hasUpdate(matched)) return null
  const all = scanOf(pairs)
  const clause = columnAt(all.schema, clauseAt)
  const updates = matched.flatMap(({ kind }, i) => (kind === 'update' ? [i] : []))
  const isUpdate: BoundExpression = {
    kind: 'call',
    name: 'in',
    args: [clause, ...updates.map((i) => literalOf(i, int32))],
    type: boolean,
    nullable: clause.nullable,
  }
  const first = keysAt + condition.keys.length
  const values = outputFields.map((_, i) => columnAt(all.schema, first + i))
  const fields = outputFields.map(({ name, type }, i) => field(name, type, values[i]!.nullable))
  return projectionTo(filterOf(all, isTrue(isUpdate)), values, fields)
}

/** What source rows are inserted for not having a match in; null: pairs do not tell, as the condition has more than keys. */
export function pairedKeys({ pairs }: Matches, { condition }: MergeInput): InsertsAgainst | null {
  const { keys, residual } = condition
  if (residual !== null) return null
  const rows = scanColumns(
    pairs,
    keys.map((_, i) => keysAt + i),
  )
  const ofPairs = keys.map(({ right, nullSafe }, i) => ({ left: right, right: columnAt(rows.schema, i), nullSafe }))
  return { rows, condition: { keys: ofPairs, residual: null } }
}
