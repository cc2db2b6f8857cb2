import {
  bind,
  bindCall,
  bindAggregate,
  bindWindow,
  columnsOf,
  conjunction,
  conjuncts,
  expressionKey,
  remapColumns,
  type AggregateCall,
  type BindOptions,
  type BoundAggregate,
  type BoundExpression,
  type BoundSortKey,
  type BoundWindow,
  type Expression,
  type SortKey,
  type WindowCall,
} from '@deltaworks/expression'
import { fieldIndex, int32, int64, typesEqual, type DataType, type Field, type Schema } from '@deltaworks/schema'
import { commonType } from '@deltaworks/expression'
import { containsCall, expressionName, extractCalls, noCalls, rewriteExpression } from './call-extraction.js'
import { duplicateOutput, incompatibleKeys, invalidJoin, misplacedCall, notBoolean, notGrouped } from './errors.js'
import type { Join, JoinKey, JoinType, LogicalPlan, Projection } from './logical-plan.js'
import {
  aggregateNode,
  columnOf,
  columnsNamed,
  filterNode,
  joinNode,
  projectionNode,
  sortNode,
  windowNode,
  type Named,
} from './plan-node.js'
import { groupingExpression, groupingSetsNode, type GroupingSet } from './grouping-sets.js'
import { outerColumns, PlanScope, positionalReference } from './plan-scope.js'

/*
 * Plan nodes from unbound expressions: names are resolved against the input's columns, types are checked. What an
 * expression holds of aggregates and window functions becomes a node of its own.
 */

const scopeOf = (input: LogicalPlan): PlanScope => new PlanScope(input.schema)

/** Without an alias around it. */
const bare = (expression: Expression): Expression => (expression.kind === 'alias' ? bare(expression.input) : expression)

const namedOf = (expression: Expression): Named<Expression> => ({
  name: expressionName(expression),
  of: bare(expression),
})

export const bindNamed = (expression: Expression, scope: PlanScope, options?: BindOptions): Named<BoundExpression> => {
  const { name, of } = namedOf(expression)
  const bound = bind(of, scope, options)
  return { name: bound.kind === 'column' && expression.kind === 'column' ? bound.name : name, of: bound }
}

export const bindSortKeys = (
  keys: readonly SortKey[],
  scope: PlanScope,
  options?: BindOptions,
): readonly BoundSortKey[] => keys.map((key) => ({ ...key, expression: bind(bare(key.expression), scope, options) }))

/** @throws PlanError DW-PLAN-0006 */
export function requireDistinctNames(names: readonly string[], where: string): void {
  const seen = new Set<string>()
  for (const name of names) {
    const key = name.toLowerCase()
    if (seen.has(key)) throw duplicateOutput(name, where)
    seen.add(key)
  }
}

/**
 * The given columns over `input`; window functions in them are computed first.
 * @throws PlanError DW-PLAN-0001, -0002, -0009; ExpressionError
 */
export function projectionOf(
  input: LogicalPlan,
  expressions: readonly Expression[],
  scope: PlanScope = scopeOf(input),
  options?: BindOptions,
): Projection {
  const [over, rewritten, wider] = withWindows(input, expressions, scope, options)
  for (const e of rewritten) if (containsCall(e, 'aggregate')) throw misplacedCall('An aggregate', 'a projection')
  const columns = rewritten.map((e, i) => ({
    ...bindNamed(e, wider, options),
    ...(expressions[i]!.kind === 'column' ? {} : { name: expressionName(expressions[i]!) }),
  }))
  return projectionNode(over, columns)
}

/** @throws PlanError DW-PLAN-0004 */
export function filterOf(
  input: LogicalPlan,
  predicate: Expression,
  scope: PlanScope = scopeOf(input),
  options?: BindOptions,
): LogicalPlan {
  if (containsCall(predicate, 'aggregate')) throw misplacedCall('An aggregate', 'a filter (filter after grouping)')
  if (containsCall(predicate, 'window')) {
    throw misplacedCall('A window function', 'a filter (compute it as a column first)')
  }
  return filterNode(input, bind(predicate, scope, options))
}

/** Groups by `keys`; the columns are the keys and then `outputs`, which may compute with aggregates (`sum(a) / count(*)`). */
export function aggregateOf(
  input: LogicalPlan,
  keys: readonly Expression[],
  outputs: readonly Expression[],
  scope: PlanScope = scopeOf(input),
  options?: BindOptions,
  sets: readonly GroupingSet[] | null = null,
): LogicalPlan {
  const groups = keys.map((k) => bindNamed(k, scope, options))
  const extracted = noCalls<AggregateCall>()
  const keyed = keys.map((key) => expressionKey(bare(key)))
  const all: readonly GroupingSet[] = sets ?? [keys.map((_, i) => i)]
  /** Of the number of the set: it stands behind the aggregates, and how many these are is not known yet. */
  const set = 'set' as const
  const withoutGrouping = (e: Expression, setColumn: Expression): Expression =>
    rewriteExpression(e, (node) =>
      node.kind === 'call' && node.name === 'grouping'
        ? groupingExpression(node, groups.length, all, setColumn, (argument) => {
            const place = keyed.indexOf(expressionKey(bare(argument)))
            if (place < 0) throw notGrouped(expressionName(argument))
            return place
          })
        : null,
    )
  const rewritten = outputs.map((e) => extractCalls(e, 'aggregate', groups.length, extracted))
  const names = [...groups.map((g) => g.name), ...outputs.map(expressionName)]
  requireDistinctNames(names, 'The aggregate')
  const simple = rewritten.every(
    (e, i) => bare(e).kind === 'column' && (bare(e) as { qualifier?: string }).qualifier === `#${groups.length + i}`,
  )
  const aggregates = extracted.calls.map((call, i) => ({
    name: simple ? names[groups.length + i]! : extracted.names[i]!,
    of: bindAggregateCall(call, scope, options),
  }))
  if (sets !== null) {
    const node = groupingSetsNode(input, groups, aggregates, sets)
    const place = positionalReference(groups.length + aggregates.length, set)
    const results = rewritten.map((e, i) => ({
      name: names[groups.length + i]!,
      of: bind(bare(withoutGrouping(e, place)), new PlanScope(node.schema), options),
    }))
    return projectionNode(node, [...columnsNamed(node).slice(0, groups.length), ...results])
  }
  const node = aggregateNode(input, groups, aggregates)
  if (simple) return node
  const computed = rewritten.map((e, i) => ({
    name: names[groups.length + i]!,
    of: bind(bare(e), new PlanScope(node.schema), options),
  }))
  return projectionNode(node, [...columnsNamed(node).slice(0, groups.length), ...computed])
}

export function bindAggregateCall(call: AggregateCall, scope: PlanScope, options?: BindOptions): BoundAggregate {
  for (const arg of call.args) {
    if (containsCall(arg, 'aggregate')) throw misplacedCall('An aggregate', 'another aggregate')
    if (containsCall(arg, 'window')) throw misplacedCall('A window function', 'an aggregate')
  }
  return bindAggregate(call, scope, options)
}

/** The input with one column more for each named expression, which may compute with window functions. */
export function windowOf(
  input: LogicalPlan,
  columns: readonly Expression[],
  scope: PlanScope = scopeOf(input),
  options?: BindOptions,
): LogicalPlan {
  const extracted = noCalls<WindowCall>()
  const width = input.schema.fields.length
  const rewritten = columns.map((e) => extractCalls(e, 'window', width, extracted))
  const names = columns.map(expressionName)
  requireDistinctNames(names, 'The window')
  for (const name of names) if (fieldIndex(input.schema, name) >= 0) throw duplicateOutput(name, 'The window')
  const simple =
    extracted.calls.length === columns.length &&
    rewritten.every((e, i) => (bare(e) as { qualifier?: string }).qualifier === `#${width + i}`)
  const windows = extracted.calls.map((call, i) => ({
    name: simple ? names[i]! : extracted.names[i]!,
    of: bindWindowCall(call, scope, options),
  }))
  const node = windowNode(input, windows)
  if (simple) return node
  const wider = widened(scope, node.schema)
  const computed = rewritten.map((e, i) => ({ name: names[i]!, of: bind(bare(e), wider, options) }))
  return projectionNode(node, [...columnsNamed(node).slice(0, width), ...computed])
}

export function bindWindowCall(call: WindowCall, scope: PlanScope, options?: BindOptions): BoundWindow {
  for (const arg of [...call.args, ...call.partitionBy]) {
    if (containsCall(arg, 'window')) throw misplacedCall('A window function', 'another window function')
  }
  return bindWindow(call, scope, options)
}

const widened = (scope: PlanScope, schema: Schema): PlanScope =>
  new PlanScope(schema, [...scope.qualifiers, ...schema.fields.slice(scope.qualifiers.length).map(() => '#')])

/** A window node for the window functions in `expressions`, if there are any, and the expressions over it. */
export function withWindows(
  input: LogicalPlan,
  expressions: readonly Expression[],
  scope: PlanScope,
  options?: BindOptions,
): [LogicalPlan, readonly Expression[], PlanScope] {
  const extracted = noCalls<WindowCall>()
  const rewritten = expressions.map((e) => extractCalls(e, 'window', input.schema.fields.length, extracted))
  if (extracted.calls.length === 0) return [input, expressions, scope]
  const windows = extracted.calls.map((call, i) => ({
    name: extracted.names[i]!,
    of: bindWindowCall(call, scope, options),
  }))
  const node = windowNode(input, windows)
  return [node, rewritten, widened(scope, node.schema)]
}

/** @throws PlanError DW-PLAN-0009 */
export function sortOf(
  input: LogicalPlan,
  keys: readonly SortKey[],
  scope: PlanScope = scopeOf(input),
  options?: BindOptions,
): LogicalPlan {
  for (const key of keys) {
    if (containsCall(key.expression, 'aggregate')) throw misplacedCall('An aggregate', 'a sort key')
  }
  const [over, rewritten, wider] = withWindows(
    input,
    keys.map((k) => k.expression),
    scope,
    options,
  )
  const bound = bindSortKeys(
    keys.map((key, i) => ({ ...key, expression: rewritten[i]! })),
    wider,
    options,
  )
  const sorted = sortNode(over, bound)
  return over === input ? sorted : projectionNode(sorted, columnsNamed(sorted).slice(0, input.schema.fields.length))
}

/**
 * About so large a part of the rows (0 to 1), each taken or not by a hash of its number and the seed: the same for the same
 * input and seed, on any number of threads.
 */
export function sampleOf(input: LogicalPlan, fraction: number, seed: number): LogicalPlan {
  if (fraction >= 1) return input
  const number: BoundWindow = {
    name: 'row_number',
    args: [],
    partitionBy: [],
    orderBy: [],
    frame: null,
    filter: null,
    type: int32,
    nullable: false,
  }
  const numbered = windowNode(input, [{ name: 'row_number', of: number }])
  const width = input.schema.fields.length
  const bigint = (value: bigint): BoundExpression => ({ kind: 'literal', value, type: int64, nullable: false })
  const hash = bindCall('xxhash64', [columnOf(numbered.schema, width), bigint(BigInt(Math.trunc(seed)))])
  const buckets = 1_000_000n
  const chosen = bindCall('lt', [
    bindCall('pmod', [hash, bigint(buckets)]),
    bigint(BigInt(Math.round(fraction * Number(buckets)))),
  ])
  const kept = filterNode(numbered, chosen)
  return projectionNode(kept, columnsNamed(kept).slice(0, width))
}

export const isIdentity = (columns: readonly Named<BoundExpression>[], schema: Schema): boolean =>
  columns.length === schema.fields.length &&
  columns.every(({ name, of }, i) => of.kind === 'column' && of.index === i && schema.fields[i]!.name === name)

/** The input with its columns cast to `types`, where they are not of them. */
export function castTo(input: LogicalPlan, types: readonly DataType[]): LogicalPlan {
  if (input.schema.fields.every((f, i) => typesEqual(f.type, types[i]!))) return input
  return projectionNode(
    input,
    columnsNamed(input).map(({ name, of }, i) => ({ name, of: castOf(of, types[i]!) })),
  )
}

export const castOf = (of: BoundExpression, type: DataType): BoundExpression =>
  typesEqual(of.type, type) ? of : { kind: 'cast', input: of, type, lenient: false, nullable: of.nullable }

/**
 * A join by a condition over the left columns and then the right ones: equalities of a left and a right expression become
 * keys, the rest is checked on each pair.
 */
export function joinOn(
  left: LogicalPlan,
  right: LogicalPlan,
  joinType: JoinType,
  condition: BoundExpression | null,
): LogicalPlan {
  const keys: JoinKey[] = []
  const rest: BoundExpression[] = []
  const width = left.schema.fields.length
  for (const part of condition === null ? [] : conjuncts(condition)) {
    const key = keyOf(part, width)
    if (key === null) rest.push(part)
    else keys.push(key)
  }
  if (joinType === 'cross' && condition !== null) joinType = 'inner'
  if (joinType === 'inner' && condition === null) joinType = 'cross'
  return joinNode(left, right, joinType, keys, rest.length === 0 ? null : conjunction(rest))
}

/** The conjunct as a join key, if it is an equality of the two sides. `width`: how many columns the left side has. */
export function keyOf(part: BoundExpression, width: number): JoinKey | null {
  if (part.kind !== 'call' || (part.name !== 'eq' && part.name !== 'is_not_distinct_from')) return null
  const [a, b] = part.args as [BoundExpression, BoundExpression]
  if (!typesEqual(a.type, b.type)) return null
  const [sideA, sideB] = [sideOf(a, width), sideOf(b, width)]
  const nullSafe = part.name === 'is_not_distinct_from'
  const toRight = (e: BoundExpression) => remapColumns(e, (i) => i - width)
  if (sideA === 'left' && sideB === 'right') return { left: a, right: toRight(b), nullSafe }
  if (sideA === 'right' && sideB === 'left') return { left: b, right: toRight(a), nullSafe }
  return null
}

export function sideOf(e: BoundExpression, width: number): 'left' | 'right' | 'both' | 'none' {
  const columns = columnsOf(e)
  if (columns.length === 0) return 'none'
  if (columns.every((i) => i < width)) return 'left'
  return columns.every((i) => i >= width && i < outerColumns) ? 'right' : 'both'
}

/** A pair of columns that are joined by equality, by position on either side. */
export interface JoinPair {
  readonly left: number
  readonly right: number
}

/** A join by equal columns, cast to their common type. @throws PlanError DW-PLAN-0011 */
export function joinPairs(
  left: LogicalPlan,
  right: LogicalPlan,
  joinType: JoinType,
  pairs: readonly JoinPair[],
  nullSafe = false,
): Join {
  if (pairs.length === 0 && joinType !== 'cross') throw invalidJoin('it has no keys')
  const keys = pairs.map((pair): JoinKey => {
    const [a, b] = [columnOf(left.schema, pair.left), columnOf(right.schema, pair.right)]
    const type = commonType(a.type, b.type)
    if (type === null) {
      throw incompatibleKeys(left.schema.fields[pair.left]!.name, a.type, right.schema.fields[pair.right]!.name, b.type)
    }
    return { left: castOf(a, type), right: castOf(b, type), nullSafe }
  })
  return joinNode(left, right, joinType, keys)
}

/**
 * What is left of a join's columns when paired columns appear once (SQL: USING): the left columns, then the right ones
 * that are no keys. A right join's keys are the right side's, a full join's the one that is there.
 */
export function usingColumns(join: Join, pairs: readonly JoinPair[]): readonly Named<BoundExpression>[] {
  if (join.joinType === 'left_semi' || join.joinType === 'left_anti') return columnsNamed(join)
  const width = join.left.schema.fields.length
  const isKey = new Set(pairs.map((p) => width + p.right))
  return columnsNamed(join)
    .filter((_, i) => !isKey.has(i))
    .map((column, i) => {
      const place = pairs.findIndex((p) => p.left === i)
      return place < 0 || i >= width ? column : { name: column.name, of: mergedKey(join, pairs[place]!) }
    })
}

export function mergedKey(join: Join, pair: JoinPair): BoundExpression {
  const width = join.left.schema.fields.length
  const [left, right] = [columnOf(join.schema, pair.left), columnOf(join.schema, width + pair.right)]
  const type = commonType(left.type, right.type)!
  const [a, b] = [castOf(left, type), castOf(right, type)]
  if (join.joinType === 'right') return right
  if (join.joinType !== 'full') return left
  return { kind: 'call', name: 'coalesce', args: [a, b], type, nullable: isNullable(join, pair) }
}

const isNullable = (join: Join, pair: JoinPair): boolean => {
  const fields: readonly Field[] = [join.left.schema.fields[pair.left]!, join.right.schema.fields[pair.right]!]
  return fields.some((f) => f.nullable)
}

/** @throws PlanError DW-PLAN-0004 */
export function bindCondition(condition: Expression, scope: PlanScope, options?: BindOptions): BoundExpression {
  if (containsCall(condition, 'aggregate')) throw misplacedCall('An aggregate', 'a join condition')
  const bound = bind(condition, scope, options)
  if (bound.type.kind !== 'boolean' && bound.type.kind !== 'null') throw notBoolean('A join condition', bound.type)
  return bound
}
