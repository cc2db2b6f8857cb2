import { columnsOf, conjuncts, type BoundAggregate, type BoundExpression } from '@deltaworks/expression'
import type { Snapshot } from '@deltaworks/delta-log'
import type { JoinKey, TableProvider } from '@deltaworks/plan'
import { boolean, isInteger, type DataType, type Value } from '@deltaworks/schema'
import { aggregateOf, and, columnAt, literalOf, or, projectionOf, scanOf } from '../../plan-nodes.js'
import type { RunOptions, TableSession } from '../../table-session.js'
import type { MergeCondition } from './merge-condition.js'

/*
 * Which target rows can have a source row at all: those between the least and the greatest key of the source (or, for a
 * partition column, with one of its values), for which what the condition says of the target alone is true. The result is a
 * predicate over target columns, that prunes files by statistics and partition values.
 */

/** Values of a partition column that are listed one by one; with more, their range must do. */
const maxListedValues = 1000

/**
 * Conjuncts over target columns that are true of every target row which the merge condition pairs with a source row.
 * @param snapshot of the target, with the columns that the merge adds
 */
export async function matchablePredicates(
  session: TableSession,
  snapshot: Snapshot,
  source: TableProvider,
  condition: MergeCondition,
  options: RunOptions,
): Promise<readonly BoundExpression[]> {
  const width = snapshot.schema.fields.length
  const ofTarget = (condition.residual === null ? [] : conjuncts(condition.residual)).filter((part) =>
    columnsOf(part).every((index) => index < width),
  )
  const keys = condition.keys.filter((key) => isBounded(key.right.type))
  const ranges = await rangesOf(session, source, keys, options)
  const ofKeys: BoundExpression[] = []
  for (const [i, key] of keys.entries()) {
    const listed = isPartitionColumn(snapshot, key.left) ? await valuesOf(session, source, key, options) : null
    ofKeys.push(withNulls(key, listed === null ? between(key, ranges[i]!) : oneOf(key, listed)))
  }
  return [...ofTarget, ...ofKeys]
}

/** Types whose order and equality agree to the last bit; floats have -0.0 and NaN. */
function isBounded(type: DataType): boolean {
  return isInteger(type) || ['decimal', 'date', 'timestamp', 'timestamp_ntz', 'string'].includes(type.kind)
}

interface Range {
  readonly min: Value
  readonly max: Value
}

/** The least and the greatest value of each key in the source: one pass over it. */
async function rangesOf(
  session: TableSession,
  source: TableProvider,
  keys: readonly JoinKey[],
  options: RunOptions,
): Promise<readonly Range[]> {
  if (keys.length === 0) return []
  const rows = projectionOf(
    scanOf(source),
    keys.map((key, i) => ({ name: `k${i}`, expression: key.right })),
  )
  const extreme = (name: 'min' | 'max', i: number): BoundAggregate => ({
    name,
    args: [columnAt(rows.schema, i)],
    distinct: false,
    filter: null,
    type: rows.schema.fields[i]!.type,
    nullable: true,
  })
  const plan = aggregateOf(
    rows,
    [],
    keys.flatMap((_, i) => [
      { name: `min${i}`, aggregate: extreme('min', i) },
      { name: `max${i}`, aggregate: extreme('max', i) },
    ]),
  )
  const [row] = (await session.collect(plan, options)).rows
  return keys.map((_, i) => ({ min: row?.[2 * i] ?? null, max: row?.[2 * i + 1] ?? null }))
}

/** The key's values in the source; null if they are too many to be listed. */
async function valuesOf(
  session: TableSession,
  source: TableProvider,
  key: JoinKey,
  options: RunOptions,
): Promise<readonly Value[] | null> {
  const rows = projectionOf(scanOf(source), [{ name: 'k', expression: key.right }])
  const input = aggregateOf(rows, [columnAt(rows.schema, 0)], [])
  const limited = { kind: 'limit', input, skip: 0, fetch: maxListedValues + 2, schema: input.schema } as const
  const found = (await session.collect(limited, options)).rows.map(([value]) => value!)
  const values = found.filter((value) => value !== null)
  return values.length > maxListedValues ? null : values
}

const isPartitionColumn = (snapshot: Snapshot, e: BoundExpression): boolean =>
  e.kind === 'column' && snapshot.partitionColumns.includes(snapshot.schema.fields[e.index]!.name)

const call = (name: string, args: readonly BoundExpression[], nullable: boolean): BoundExpression => ({
  kind: 'call',
  name,
  args,
  type: boolean,
  nullable,
})

const nothingMatches = literalOf(false, boolean)

function between({ left, right }: JoinKey, { min, max }: Range): BoundExpression {
  if (min === null || max === null) return nothingMatches
  const bound = (name: 'ge' | 'le', value: Value): BoundExpression =>
    call(name, [left, literalOf(value, right.type)], left.nullable)
  return and(bound('ge', min), bound('le', max))
}

const oneOf = ({ left, right }: JoinKey, values: readonly Value[]): BoundExpression =>
  values.length === 0
    ? nothingMatches
    : call('in', [left, ...values.map((value) => literalOf(value, right.type))], left.nullable)

/** A null-safe key pairs nulls as well. */
const withNulls = (key: JoinKey, predicate: BoundExpression): BoundExpression =>
  key.nullSafe ? or(predicate, call('is_null', [key.left], false)) : predicate
