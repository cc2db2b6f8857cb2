import { bind, columnsOf, substituteColumns } from '@deltaworks/expression'
import { appendOnly, checkWritable, isAppendOnly, type Snapshot } from '@deltaworks/delta-log'
import type { LogicalPlan } from '@deltaworks/plan'
import { boolean, fieldOf, typeName, type Schema } from '@deltaworks/schema'
import type { BoundExpression } from '@deltaworks/expression'
import { valueNotAllowed, wrongType } from '../errors.js'
import { writesChanges } from '../changes.js'
import { DeltaTableProvider } from '../delta-table-provider.js'
import {
  fileBytesOf,
  runOperation,
  targetOf,
  type Intent,
  type OperationContext,
  type OperationResult,
} from '../operation-context.js'
import { splitTouched } from '../mark-deleted.js'
import { caseOf, castTo, columnAt, filterOf, isTrue, literalOf, projectionTo, scanOf, unionOf } from '../plan-nodes.js'
import { bindCondition, candidateFiles, expressionOf, type Condition } from '../predicates.js'
import { runOptions } from '../run-options.js'
import { findTouchedFiles } from '../touched-files.js'
import { freshVersion, scanTracked, trackedFields, withTrackedColumns } from '../tracked-rows.js'
import { fitStruct } from '../write/nested-schema.js'
import { sameShape } from '../write/schema-enforcement.js'
import { tableRules, type TableRules } from '../write/table-rules.js'
import type { WriteOptions } from '../write/write-options.js'
import { changesAs } from '../write/write-changes.js'
import { writeRows } from '../write/write-rows.js'
import { rowChangeIntent, type RowChange } from './row-change.js'

/** New values by column name; expressions are over the table's columns. */
export type Assignments = Readonly<Record<string, Condition>>

/** Sets columns in the rows for which the condition is true (all rows without one); files without such rows stay. */
export function updateRows(
  context: OperationContext,
  snapshot: Snapshot,
  set: Assignments,
  condition: Condition | null,
  options: WriteOptions,
): Promise<OperationResult | null> {
  return runOperation(context, snapshot, options, (base, nowMs) =>
    updateIntent(context, base, set, condition, options, nowMs),
  )
}

async function updateIntent(
  context: OperationContext,
  base: Snapshot,
  set: Assignments,
  condition: Condition | null,
  options: WriteOptions,
  nowMs: number,
): Promise<Intent | null> {
  const { session, location } = context
  checkWritable(location.uri, base.protocol, base.metadata, base.schema, 'rewrite')
  if (isAppendOnly(base.metadata.configuration)) throw appendOnly(location.uri, 'update')
  const predicate = condition === null ? literalOf(true, boolean) : bindCondition(condition, base.schema)
  const rules = await tableRules(location.uri, base.metadata, base.schema)
  const values = withGenerated(rules, base.schema, bindAssignments(location.uri, base.schema, set))
  for (const name of rules.identity.keys()) if (values.has(name)) throw identityUpdated(location.uri, name)
  const candidates = candidateFiles(base, condition === null ? null : predicate)
  const touched = await findTouchedFiles(session, base, candidates, isTrue(predicate), runOptions(options))
  if (touched.length === 0) return null
  const files = touched.map(({ file }) => file)
  const { marked, rewritten } = splitTouched(base, touched)
  const removed = rewritten.map(({ file }) => file)
  const current = withTrackedColumns(base)
  // Of a file with marks only the new rows are written.
  const inputs: readonly LogicalPlan[] = [
    ...(removed.length === 0 ? [] : [scanTracked(current, removed)]),
    ...(marked.length === 0
      ? []
      : [
          filterOf(
            scanTracked(
              current,
              marked.map(({ file }) => file),
            ),
            isTrue(predicate),
          ),
        ]),
  ]
  const expressions = base.schema.fields.map((field, i) => {
    const value = values.get(field.name)
    const column = columnAt(base.schema, i)
    return value === undefined ? column : caseOf([{ when: predicate, then: value }], column)
  })
  const fields = base.schema.fields.map((field, i) => ({ ...field, nullable: expressions[i]!.nullable }))
  const all = unionOf(inputs, current.schema)
  const ids = trackedFields(base).map((member, i) => ({
    member,
    // An updated row keeps its id and is of the new version.
    value: columnOrFresh(columnAt(all.schema, base.schema.fields.length + i), i === 1 ? predicate : null),
  }))
  const input = projectionTo(
    all,
    [...expressions, ...ids.map(({ value }) => value)],
    [...fields, ...ids.map(({ member }) => member)],
  )
  const rows = await writeRows(targetOf(context, base), input, {
    targetFileBytes: fileBytesOf(base.metadata, options),
    nowMs,
    ...runOptions(options),
  })
  const updated = touched.reduce((sum, { rowCount }) => sum + rowCount, 0)
  const before = filterOf(scanOf(new DeltaTableProvider(base, { files })), isTrue(predicate))
  const after = projectionTo(before, expressions, fields)
  const change: RowChange = {
    name: 'UPDATE',
    base,
    condition: condition === null ? null : predicate,
    files,
    removed,
    marked,
    rows,
    changes: writesChanges(base) ? [changesAs(before, 'update_preimage'), changesAs(after, 'update_postimage')] : [],
    metrics: { numUpdatedRows: updated, numCopiedRows: rows.rowCount - updated },
    rewritesRows: true,
    preservesRowIds: trackedFields(base).length > 0,
  }
  return rowChangeIntent(context, change, predicate, options, nowMs)
}

const identityUpdated = (table: string, column: string) =>
  valueNotAllowed(table, column, 'it is an identity column, whose values stay')

/** Columns that are generated from assigned ones follow them, if they are not assigned themselves. */
export function withGenerated(
  rules: TableRules,
  schema: Schema,
  values: ReadonlyMap<string, BoundExpression>,
): ReadonlyMap<string, BoundExpression> {
  const result = new Map(values)
  for (const [name, expression] of rules.generated) {
    if (values.has(name)) continue
    const from = columnsOf(expression).map((i) => schema.fields[i]!.name)
    if (!from.some((column) => values.has(column))) continue
    const value = (i: number): BoundExpression => values.get(schema.fields[i]!.name) ?? columnAt(schema, i)
    result.set(name, substituteColumns(expression, value))
  }
  return result
}

/** By the table's own column names, cast to their types. @throws SchemaError DW-SCHEMA-0001 */
function bindAssignments(table: string, schema: Schema, set: Assignments): ReadonlyMap<string, BoundExpression> {
  const result = new Map<string, BoundExpression>()
  for (const [name, value] of Object.entries(set)) {
    const field = fieldOf(schema, name)
    result.set(field.name, storedAs(table, field.name, field.type, bind(expressionOf(value), schema)))
  }
  return result
}

/** A value as a column stores it: Spark's store assignment, a checked cast between types of one kind. */
export function storedAs(
  table: string,
  column: string,
  type: Schema['fields'][number]['type'],
  value: BoundExpression,
): BoundExpression {
  if (sameShape(value.type, type)) return value
  if (value.type.kind === 'struct' && type.kind === 'struct') {
    return fitStruct(table, column, value, type, (path, member, to) => storedAs(table, path, to, member))
  }
  const nested = ['list', 'map', 'struct'].some((kind) => kind === type.kind || kind === value.type.kind)
  if (nested && value.type.kind !== 'null') throw wrongType(table, column, typeName(type), typeName(value.type))
  return castTo(value, type)
}

const columnOrFresh = (column: BoundExpression, changed: BoundExpression | null): BoundExpression =>
  changed === null ? column : caseOf([{ when: changed, then: freshVersion }], column)
