import { remapColumns, type BoundExpression } from '@deltaworks/expression'
import type { AddFile, Snapshot } from '@deltaworks/delta-log'
import type { Join, JoinType, LogicalPlan, TableProvider } from '@deltaworks/plan'
import { boolean, field, int32, string, type Field, type Schema } from '@deltaworks/schema'
import {
  aggregateOf,
  and,
  caseOf,
  columnAt,
  columnsOfSchema,
  countAll,
  filterOf,
  isNotNull,
  literalOf,
  projectionOf,
  projectionTo,
  scanOf,
} from '../../plan-nodes.js'
import { placesIn } from '../../mark-deleted.js'
import { scanTracked } from '../../tracked-rows.js'
import { changesAs } from '../../write/write-changes.js'
import { anyOf, type BoundClause } from './merge-clauses.js'
import { mirrored, withResidual, type MergeCondition } from './merge-condition.js'

/*
 * A merge is up to four queries over the (materialised) source S and the target's candidate files T:
 *
 *   touched    T join S on keys, where a matched clause applies   -> per file: rows by clause, and whether one is matched twice
 *   unmatched  T anti join S, where a not-matched-by-source clause applies  -> per file: rows by clause
 *   rewrite    rows of the touched files, with the clauses applied
 *   inserts    S anti join T, where an insert clause applies
 *
 * Only touched files are written again; rewrite and inserts are one union and one write.
 */

export interface MergeInput {
  /** With the columns that keep row ids behind those of the table, if it has them. */
  readonly snapshot: Snapshot
  readonly source: TableProvider
  readonly condition: MergeCondition
}

export function joinOf(left: LogicalPlan, right: LogicalPlan, joinType: JoinType, condition: MergeCondition): Join {
  const leftOnly = joinType === 'left_anti' || joinType === 'left_semi'
  const rightFields = right.schema.fields.map((f): Field => (joinType === 'left' ? { ...f, nullable: true } : f))
  const schema: Schema = leftOnly ? left.schema : { fields: [...left.schema.fields, ...rightFields] }
  return { kind: 'join', left, right, joinType, keys: condition.keys, residual: condition.residual, schema }
}

const clauseNumber = (clauses: readonly BoundClause[]): BoundExpression =>
  caseOf(
    clauses.map((clause, i) => ({ when: clause.condition, then: literalOf(i, int32) })),
    literalOf(null, int32),
  )

/** Rows: file path, clause number, target rows, most source rows for one of them. */
export const touchedPlan = (
  input: MergeInput,
  files: readonly AddFile[],
  matched: readonly BoundClause[],
): LogicalPlan => countByFile(matchedRows(input, files, matched))

/** Target rows to which a matched clause applies: file path, row index, source rows, clause number. */
function matchedRows(input: MergeInput, files: readonly AddFile[], matched: readonly BoundClause[]): LogicalPlan {
  const width = input.snapshot.schema.fields.length
  const target = scanTracked(input.snapshot, files, true)
  // The places stand between target and source columns, so everything over the source moves by two.
  const moved = (e: BoundExpression): BoundExpression => remapColumns(e, (i) => (i < width ? i : i + 2))
  const condition: MergeCondition = {
    keys: input.condition.keys,
    residual: moved(withResidual(input.condition, anyOf(matched))),
  }
  const pairs = joinOf(target, scanOf(input.source), 'inner', condition)
  const numbered = projectionOf(pairs, [
    { name: 'file', expression: columnAt(pairs.schema, width) },
    { name: 'row', expression: columnAt(pairs.schema, width + 1) },
    { name: 'clause', expression: moved(clauseNumber(matched)) },
  ])
  const [file, row, clause] = columnsOfSchema(numbered.schema)
  return aggregateOf(
    numbered,
    [file!, row!],
    [
      { name: 'matches', aggregate: countAll },
      {
        name: 'clause',
        aggregate: { name: 'min', args: [clause!], distinct: false, filter: null, type: clause!.type, nullable: true },
      },
    ],
  )
}

/** From (file, row, matches, clause): file, clause, rows, most matches. */
function countByFile(perRow: LogicalPlan): LogicalPlan {
  const [file, , matches, clause] = columnsOfSchema(perRow.schema)
  return aggregateOf(
    perRow,
    [file!, clause!],
    [
      { name: 'rows', aggregate: countAll },
      {
        name: 'most',
        aggregate: {
          name: 'max',
          args: [matches!],
          distinct: false,
          filter: null,
          type: matches!.type,
          nullable: true,
        },
      },
    ],
  )
}

/** Rows: file path, clause number, rows. */
export function unmatchedPlan(
  input: MergeInput,
  files: readonly AddFile[],
  clauses: readonly BoundClause[],
): LogicalPlan {
  const width = input.snapshot.schema.fields.length
  const applying = unmatchedRows(input, files, clauses)
  const numbered = projectionOf(applying, [
    { name: 'file', expression: columnAt(applying.schema, width) },
    { name: 'clause', expression: clauseNumber(clauses) },
  ])
  const [file, clause] = columnsOfSchema(numbered.schema)
  return aggregateOf(numbered, [file!, clause!], [{ name: 'rows', aggregate: countAll }])
}

/** Target rows, with their places, to which a not-matched-by-source clause applies. */
function unmatchedRows(input: MergeInput, files: readonly AddFile[], clauses: readonly BoundClause[]): LogicalPlan {
  const width = input.snapshot.schema.fields.length
  const target = scanTracked(input.snapshot, files, true)
  const alone = joinOf(target, scanOf(input.source), 'left_anti', moveResidual(input.condition, width))
  return filterOf(alone, anyOf(clauses))
}

/** Queries for (file path, row index) of all rows that a clause updates or deletes; none is in two of them. */
export const changedPlaces = (
  input: MergeInput,
  files: readonly AddFile[],
  matched: readonly BoundClause[],
  notMatchedBySource: readonly BoundClause[],
): readonly LogicalPlan[] => [
  ...(matched.length === 0 ? [] : [placesIn(matchedRows(input, files, matched), 0)]),
  ...(notMatchedBySource.length === 0
    ? []
    : [placesIn(unmatchedRows(input, files, notMatchedBySource), input.snapshot.schema.fields.length)]),
]

/** New versions of the rows that a clause updates, and nothing of the others. */
export function updatedPlans(
  input: MergeInput,
  files: readonly AddFile[],
  matched: readonly BoundClause[],
  notMatchedBySource: readonly BoundClause[],
  outputFields: readonly Field[],
): readonly LogicalPlan[] {
  const target = scanTracked(input.snapshot, files)
  const source = scanOf(input.source)
  const updates = (clauses: readonly BoundClause[]): boolean => clauses.some(({ kind }) => kind === 'update')
  return [
    ...(updates(matched) ? [applied(target, source, input, matched, outputFields, 'inner')] : []),
    ...(updates(notMatchedBySource)
      ? [
          afterClauses(
            filterOf(joinOf(target, source, 'left_anti', input.condition), anyOf(notMatchedBySource)),
            input.snapshot.schema,
            notMatchedBySource,
            outputFields,
          ),
        ]
      : []),
  ]
}

/**
 * What the merge changes, as rows of the output's columns and `_change_type`: rows before they are updated or deleted, rows after
 * they were updated, inserts.
 */
export function changePlans(
  input: MergeInput,
  files: readonly AddFile[],
  matched: readonly BoundClause[],
  notMatchedBySource: readonly BoundClause[],
  outputFields: readonly Field[],
  inserts: LogicalPlan | null,
): readonly LogicalPlan[] {
  const target = scanTracked(input.snapshot, files)
  const source = scanOf(input.source)
  const onlyDeletes = matched.every(({ kind }) => kind === 'delete')
  const condition = { keys: input.condition.keys, residual: withResidual(input.condition, anyOf(matched)) }
  const plans: LogicalPlan[] = []
  // A row may be deleted by several source rows: once is enough.
  if (matched.length > 0) {
    const rows = joinOf(target, source, onlyDeletes ? 'left_semi' : 'inner', condition)
    plans.push(beforeClauses(rows, onlyDeletes ? [] : matched, outputFields))
  }
  if (notMatchedBySource.length > 0) {
    const rows = filterOf(joinOf(target, source, 'left_anti', input.condition), anyOf(notMatchedBySource))
    plans.push(beforeClauses(rows, notMatchedBySource, outputFields))
  }
  for (const plan of updatedPlans(input, files, matched, notMatchedBySource, outputFields)) {
    plans.push(changesAs(plan, 'update_postimage'))
  }
  if (inserts !== null) plans.push(changesAs(inserts, 'insert'))
  return plans
}

/** The target's rows as they were, and what the first clause that applies does to them; without clauses they are deleted. */
function beforeClauses(
  rows: LogicalPlan,
  clauses: readonly BoundClause[],
  outputFields: readonly Field[],
): LogicalPlan {
  const before = outputFields.map((_, i) => columnAt(rows.schema, i))
  const type = caseOf(
    clauses.map(({ condition, kind }) => ({
      when: condition,
      then: literalOf(kind === 'delete' ? 'delete' : 'update_preimage', string),
    })),
    literalOf('delete', string),
  )
  const fields = [...withNullability(outputFields, before), field('_change_type', string, false)]
  return projectionTo(rows, [...before, type], fields)
}

const moveResidual = (condition: MergeCondition, width: number): MergeCondition =>
  condition.residual === null
    ? condition
    : { keys: condition.keys, residual: remapColumns(condition.residual, (i) => (i < width ? i : i + 2)) }

/** Rows of the touched files after the clauses: one plan, or two where rows without a match are treated apart. */
export function rewritePlans(
  input: MergeInput,
  files: readonly AddFile[],
  matched: readonly BoundClause[],
  notMatchedBySource: readonly BoundClause[],
  outputFields: readonly Field[],
): readonly LogicalPlan[] {
  const target = scanTracked(input.snapshot, files)
  const source = scanOf(input.source)
  if (notMatchedBySource.length === 0) return [applied(target, source, input, matched, outputFields)]
  const withMatch = joinOf(target, source, 'left_semi', input.condition)
  const withoutMatch = joinOf(target, source, 'left_anti', input.condition)
  return [
    matched.length === 0
      ? keep(withMatch, input.snapshot.schema, outputFields)
      : applied(withMatch, source, input, matched, outputFields),
    afterClauses(withoutMatch, input.snapshot.schema, notMatchedBySource, outputFields),
  ]
}

/** Target rows, each with the one source row that a clause applies to, if there is one; `inner`: those that have one. */
function applied(
  target: LogicalPlan,
  source: LogicalPlan,
  input: MergeInput,
  matched: readonly BoundClause[],
  outputFields: readonly Field[],
  joinType: 'left' | 'inner' = 'left',
): LogicalPlan {
  const { schema } = input.snapshot
  const sourceWidth = source.schema.fields.length
  // A column that is never null tells a matched row from one that the outer join filled up.
  const marked = projectionTo(
    source,
    [...columnsOfSchema(source.schema), literalOf(true, boolean)],
    [...source.schema.fields, field('__matched', boolean, false)],
  )
  const condition: MergeCondition = {
    keys: input.condition.keys,
    residual: withResidual(input.condition, anyOf(matched)),
  }
  const joined = joinOf(target, marked, joinType, condition)
  const isMatched = isNotNull(columnAt(joined.schema, schema.fields.length + sourceWidth))
  const guarded = matched.map((clause) => ({
    ...clause,
    condition: clause.unconditional ? isMatched : and(isMatched, clause.condition),
  }))
  return afterClauses(joined, schema, guarded, outputFields)
}

function afterClauses(
  rows: LogicalPlan,
  schema: Schema,
  clauses: readonly BoundClause[],
  outputFields: readonly Field[],
): LogicalPlan {
  const deletes = clauses.some((clause) => clause.kind === 'delete')
  const stays = caseOf(
    clauses.map((clause) => ({ when: clause.condition, then: literalOf(clause.kind !== 'delete', boolean) })),
    literalOf(true, boolean),
  )
  const kept = deletes ? filterOf(rows, stays) : rows
  // Deleted rows are gone, but a delete clause still comes before the updates that it was listed with.
  const updates = clauses.filter((clause) => clause.kind === 'update')
  const expressions = outputFields.map((output, i) => {
    const own: BoundExpression = i < schema.fields.length ? columnAt(rows.schema, i) : literalOf(null, output.type)
    const branches = updates
      .map((clause) => ({ when: clause.condition, then: clause.values[i]! }))
      .filter(({ then }) => !(then.kind === 'column' && then.index === i))
    // A clause that leaves the column alone still hides later ones.
    return branches.length === 0
      ? own
      : caseOf(
          updates.map((clause) => ({ when: clause.condition, then: clause.values[i]! })),
          own,
        )
  })
  return projectionTo(kept, expressions, withNullability(outputFields, expressions))
}

const keep = (rows: LogicalPlan, schema: Schema, outputFields: readonly Field[]): LogicalPlan =>
  afterClauses(rows, schema, [], outputFields)

const withNullability = (fields: readonly Field[], expressions: readonly BoundExpression[]): readonly Field[] =>
  fields.map((f, i) => ({ name: f.name, type: f.type, nullable: expressions[i]!.nullable }))

/** What has the keys of all rows that a source row can be paired with. */
export interface InsertsAgainst {
  readonly rows: LogicalPlan
  /** Of source columns, then those of `rows`. */
  readonly condition: MergeCondition
}

/** The target's rows themselves. */
export const allRows = ({ snapshot, source, condition }: MergeInput, files: readonly AddFile[]): InsertsAgainst => ({
  rows: scanTracked(snapshot, files),
  condition: mirrored(condition, snapshot.schema.fields.length, source.schema.fields.length),
})

/**
 * Source rows without a target row, as rows of the target.
 * @param against null: all of the source's rows are inserted
 */
export function insertPlan(
  input: MergeInput,
  against: InsertsAgainst | null,
  clauses: readonly BoundClause[],
  outputFields: readonly Field[],
): LogicalPlan {
  const width = input.snapshot.schema.fields.length
  const source = scanOf(input.source)
  const alone = against === null ? source : joinOf(source, against.rows, 'left_anti', against.condition)
  const own = (e: BoundExpression): BoundExpression => remapColumns(e, (i) => i - width)
  const applying = clauses.some((clause) => clause.unconditional) ? alone : filterOf(alone, own(anyOf(clauses)))
  const expressions = outputFields.map((output, i) => {
    const last = clauses.at(-1)!
    const earlier = clauses
      .slice(0, -1)
      .map((clause) => ({ when: own(clause.condition), then: own(clause.values[i]!) }))
    return caseOf(earlier, own(last.values[i] ?? literalOf(null, output.type)))
  })
  return projectionTo(applying, expressions, withNullability(outputFields, expressions))
}
