import { bind, col, type Expr, type Expression, type SortKey } from '@deltaworks/expression'
import { fieldIndex, type Schema, type Value } from '@deltaworks/schema'
import { invalidCount, invalidJoin, unknownColumn } from './errors.js'
import { explainPlan, planToJson } from './explain.js'
import { cube, rollup, type GroupingSet } from './grouping-sets.js'
import type { JoinType, LogicalPlan } from './logical-plan.js'
import { optimize } from './optimizer/optimize.js'
import {
  aggregateOf,
  bindCondition,
  filterOf,
  isIdentity,
  joinOn,
  joinPairs,
  projectionOf,
  requireDistinctNames,
  sampleOf,
  sortOf,
  usingColumns,
  windowOf,
  type JoinPair,
} from './plan-builder.js'
import { setDifferenceOf, unionByNameOf, unionOf } from './set-operations.js'
import {
  columnOf,
  columnsNamed,
  distinctNode,
  joinSchema,
  limitNode,
  projectionNode,
  scanNode,
  unnestNode,
  valuesNode,
} from './plan-node.js'
import { PlanScope } from './plan-scope.js'
import type { TableProvider } from './table-provider.js'

/** Anything that holds an expression: an `Expr`. */
export interface ExpressionHolder {
  readonly node: Expression
}
/** A column by its name, or an expression. */
export type ColumnInput = string | ExpressionHolder
/** Ascending with nulls first, unless the key says otherwise (Spark's default). */
export type SortInput = ColumnInput | SortKey
/** Equal names on both sides, pairs of names, or any condition. */
export type JoinCondition = readonly (string | { readonly left: string; readonly right: string })[] | ExpressionHolder

export type ExplainFormat = 'text' | 'json'

type Names<Row> = keyof Row & string
type AnyRow = Record<string, unknown>
type Merged<A, B> = Omit<A, keyof B> & B

const toExpression = (input: ColumnInput): Expression =>
  typeof input === 'string' ? { kind: 'column', name: input } : input.node

const aliased = (name: string, input: ExpressionHolder): Expression => ({
  kind: 'alias',
  input: input.node.kind === 'alias' ? input.node.input : input.node,
  name,
})

const toSortKey = (input: SortInput): SortKey =>
  typeof input === 'object' && 'expression' in input
    ? input
    : { expression: toExpression(input), descending: false, nullsFirst: true }

const isHolder = (on: JoinCondition): on is ExpressionHolder => 'node' in on

/**
 * A query in the making: an immutable plan with a fluent face. Nothing is read until a session runs it.
 *
 * `Row` names the columns where they are known: `df.col('total')` does not compile if there is no such column.
 */
export class DataFrame<out Row extends object = AnyRow> {
  readonly plan: LogicalPlan
  readonly #qualifiers: readonly (string | null)[] | null

  constructor(plan: LogicalPlan, qualifiers: readonly (string | null)[] | null = null) {
    this.plan = plan
    this.#qualifiers = qualifiers
  }

  get schema(): Schema {
    return this.plan.schema
  }

  get columns(): readonly string[] {
    return this.plan.schema.fields.map((f) => f.name)
  }

  /** A column of this frame. @throws PlanError DW-PLAN-0001, DW-PLAN-0002 */
  col(name: Names<Row>): Expr {
    this.#scope().resolve(name)
    return col(name)
  }

  select<K extends Names<Row>>(...columns: K[]): DataFrame<Pick<Row, K>>
  select(...columns: ColumnInput[]): DataFrame
  select(...columns: ColumnInput[]): DataFrame {
    const projection = projectionOf(this.plan, columns.map(toExpression), this.#scope())
    requireDistinctNames(
      projection.schema.fields.map((f) => f.name),
      'select',
    )
    return new DataFrame(projection)
  }

  /** All columns, with `name` added at the end, or in its place if there is one of that name. */
  withColumn<N extends string>(name: N, expression: ExpressionHolder): DataFrame<Merged<Row, Record<N, unknown>>> {
    return this.withColumns({ [name]: expression } as Record<N, ExpressionHolder>)
  }

  /** As `withColumn`, several at once; none sees another. */
  withColumns<C extends Readonly<Record<string, ExpressionHolder>>>(
    columns: C,
  ): DataFrame<Merged<Row, { [N in keyof C]: unknown }>> {
    const added = new Map(Object.entries(columns).map(([name, e]) => [name.toLowerCase(), aliased(name, e)]))
    requireDistinctNames(Object.keys(columns), 'withColumns')
    const kept = this.plan.schema.fields.map((f, i): Expression => {
      const replaced = added.get(f.name.toLowerCase())
      if (replaced === undefined) return { kind: 'alias', name: f.name, input: this.#reference(i) }
      added.delete(f.name.toLowerCase())
      return replaced
    })
    return new DataFrame(
      projectionOf(this.plan, [...kept, ...added.values()], this.#scope()),
      this.#widened(added.size),
    )
  }

  /** Without the named columns. @throws PlanError DW-PLAN-0001 */
  drop<K extends Names<Row>>(...names: K[]): DataFrame<Omit<Row, K>> {
    const dropped = new Set(names.map((name) => this.#scope().resolve(name)))
    const kept = this.plan.schema.fields.map((_, i) => i).filter((i) => !dropped.has(i))
    return new DataFrame<Omit<Row, K>>(
      projectionNode(
        this.plan,
        kept.map((i) => ({ name: this.plan.schema.fields[i]!.name, of: columnOf(this.plan.schema, i) })),
      ),
      kept.map((i) => this.#qualifiers?.[i] ?? null),
    )
  }

  /** `{ old: 'new' }`. @throws PlanError DW-PLAN-0001, DW-PLAN-0006 */
  rename<const M extends { readonly [K in Names<Row>]?: string }>(
    names: M,
  ): DataFrame<{ [K in keyof Row as K extends keyof M ? (M[K] extends string ? M[K] : K) : K]: Row[K] }> {
    const renamed = new Map(
      Object.entries(names as Readonly<Record<string, string>>).map(([from, to]) => [this.#scope().resolve(from), to]),
    )
    const columns = columnsNamed(this.plan).map(({ name, of }, i) => ({ name: renamed.get(i) ?? name, of }))
    requireDistinctNames(
      columns.map((c) => c.name),
      'rename',
    )
    return new DataFrame(projectionNode(this.plan, columns), this.#qualifiers)
  }

  filter(predicate: ExpressionHolder): DataFrame<Row> {
    return this.#same(filterOf(this.plan, predicate.node, this.#scope()))
  }

  where(predicate: ExpressionHolder): DataFrame<Row> {
    return this.filter(predicate)
  }

  /** One row a group; `agg` says what of each. No keys: one group of all rows. */
  groupBy<K extends Names<Row>>(...keys: K[]): GroupedData<Pick<Row, K>>
  groupBy(...keys: ColumnInput[]): GroupedData
  groupBy(...keys: ColumnInput[]): GroupedData {
    return new GroupedData(this.plan, keys.map(toExpression), this.#scope())
  }

  /** Groups by all prefixes of the keys, down to all rows; a key that a row is not grouped by is null (see `grouping`). */
  rollup(...keys: ColumnInput[]): GroupedData {
    return this.#grouped(keys, rollup(keys.map((_, i) => [i])))
  }

  /** Groups by all subsets of the keys. */
  cube(...keys: ColumnInput[]): GroupedData {
    return this.#grouped(keys, cube(keys.map((_, i) => [i])))
  }

  /** Groups by each of the sets of keys: `groupingSets([['city', 'day'], ['city'], []])`. */
  groupingSets(sets: readonly (readonly string[])[]): GroupedData {
    const keys = [...new Set(sets.flat())]
    const places = sets.map((set) => set.map((key) => keys.indexOf(key)))
    return this.#grouped(keys, places)
  }

  #grouped(keys: readonly ColumnInput[], sets: readonly GroupingSet[]): GroupedData {
    return new GroupedData(this.plan, keys.map(toExpression), this.#scope(), sets)
  }

  /** Aggregates of all rows: one row. */
  agg<A extends Readonly<Record<string, ExpressionHolder>>>(aggregates: A): DataFrame<{ [N in keyof A]: unknown }>
  agg(...aggregates: ExpressionHolder[]): DataFrame
  agg(...aggregates: (ExpressionHolder | Readonly<Record<string, ExpressionHolder>>)[]): DataFrame {
    return new GroupedData(this.plan, [], this.#scope()).agg(...(aggregates as ExpressionHolder[]))
  }

  /** Each different row once. */
  distinct(): DataFrame<Row> {
    return this.#same(distinctNode(this.plan))
  }

  /** One row for each value of the keys: the first in the given order (any, if there is none). */
  distinctOn(keys: readonly ColumnInput[], orderBy: readonly SortInput[] = []): DataFrame<Row> {
    const place = '__row_number'
    const numbered = windowOf(
      this.plan,
      [
        {
          kind: 'alias',
          name: place,
          input: {
            kind: 'window',
            name: 'row_number',
            args: [],
            partitionBy: keys.map(toExpression),
            orderBy: orderBy.map(toSortKey),
            frame: null,
          },
        },
      ],
      this.#scope(),
    )
    const first = filterOf(numbered, {
      kind: 'call',
      name: 'eq',
      args: [
        { kind: 'column', name: place },
        { kind: 'literal', value: 1, type: { kind: 'int32' } },
      ],
    })
    return this.#same(projectionNode(first, columnsNamed(first).slice(0, this.plan.schema.fields.length)))
  }

  /**
   * `on` as a list of names (or pairs of equal names): both sides' columns are compared with =, and appear once (SQL: USING).
   * Pairs of different names and any other condition keep all columns; two of one name can then only be told apart by
   * `alias`. Semi and anti joins give the left columns.
   */
  join<Other extends object>(
    other: DataFrame<Other>,
    on: JoinCondition,
    type: JoinType = 'inner',
  ): DataFrame<Row & Other> {
    const scope = this.#joinScope(other, type)
    if (isHolder(on)) {
      const both = this.#joinScope(other, 'inner')
      return new DataFrame(joinOn(this.plan, other.plan, type, bindCondition(on.node, both)), scope.qualifiers)
    }
    if (on.length === 0 && type !== 'cross') throw invalidJoin('it has no keys (use the type "cross" for all pairs)')
    const [mine, theirs] = [this.#scope(), other.#scope()]
    const pairs = on.map((key): JoinPair & { readonly merged: boolean } => {
      const names = typeof key === 'string' ? { left: key, right: key } : key
      const merged = names.left.toLowerCase() === names.right.toLowerCase()
      return { left: mine.resolve(names.left), right: theirs.resolve(names.right), merged }
    })
    const join = joinPairs(this.plan, other.plan, type, pairs)
    const merged = pairs.filter((p) => p.merged)
    const columns = usingColumns(join, merged)
    if (isIdentity(columns, join.schema)) return new DataFrame(join, scope.qualifiers)
    const dropped = new Set(merged.map((p) => this.plan.schema.fields.length + p.right))
    return new DataFrame(
      projectionNode(join, columns),
      scope.qualifiers.filter((_, i) => !dropped.has(i)),
    )
  }

  crossJoin<Other extends object>(other: DataFrame<Other>): DataFrame<Row & Other> {
    return this.join(other, [], 'cross')
  }

  /** All rows of both, by position. @throws PlanError DW-PLAN-0003 */
  union(other: DataFrame<object>): DataFrame<Row> {
    return new DataFrame(unionOf([this.plan, other.plan]))
  }

  /** All rows of both, by name. @throws PlanError DW-PLAN-0003 */
  unionByName(other: DataFrame<object>, options: { readonly allowMissing?: boolean } = {}): DataFrame<Row> {
    return new DataFrame(unionByNameOf([this.plan, other.plan], options.allowMissing))
  }

  /** Rows that are in both: each once, or with `all` as often as in the one with fewer. By position; null equals null. */
  intersect(other: DataFrame<object>, options: { readonly all?: boolean } = {}): DataFrame<Row> {
    return new DataFrame(setDifferenceOf(this.plan, other.plan, 'left_semi', options.all === true))
  }

  /** Rows of this that are not in the other: each once, or with `all` as many as there are more. */
  except(other: DataFrame<object>, options: { readonly all?: boolean } = {}): DataFrame<Row> {
    return new DataFrame(setDifferenceOf(this.plan, other.plan, 'left_anti', options.all === true))
  }

  /**
   * Each row once for every element of a list, in a column `name` at the end. Rows without elements are dropped, unless `outer`;
   * `position` names a column (bigint, from 1) for the element's place.
   */
  explode<N extends string>(
    name: N,
    list: ColumnInput,
    options: { readonly outer?: boolean; readonly position?: string } = {},
  ): DataFrame<Row & Record<N, unknown>> {
    const bound = bind(toExpression(list), this.#scope())
    const names = options.position === undefined ? [name] : [name, options.position]
    const node = unnestNode(this.plan, [bound], {
      outer: options.outer === true,
      ordinality: options.position !== undefined,
      names,
    })
    requireDistinctNames(
      node.schema.fields.map((f) => f.name),
      'explode',
    )
    return new DataFrame(node, this.#widened(names.length))
  }

  /** About so large a part of the rows (0 to 1): the same ones for the same seed. */
  sample(fraction: number, seed = 0): DataFrame<Row> {
    if (!(fraction >= 0 && fraction <= 1)) throw invalidCount('The fraction of a sample (0 to 1)', fraction)
    return this.#same(sampleOf(this.plan, fraction, seed))
  }

  orderBy(...keys: SortInput[]): DataFrame<Row> {
    return this.#same(sortOf(this.plan, keys.map(toSortKey), this.#scope()))
  }

  /** At most `count` rows, after `skip` ones. @throws PlanError DW-PLAN-0007 */
  limit(count: number, skip = 0): DataFrame<Row> {
    return this.#same(limitNode(this.plan, count, skip))
  }

  /** All columns, and for each name what its expression computes over a window: `{ place: win.rank().over(…) }`. */
  window<W extends Readonly<Record<string, ExpressionHolder>>>(
    columns: W,
  ): DataFrame<Row & { [N in keyof W]: unknown }> {
    const named = Object.entries(columns).map(([name, e]) => aliased(name, e))
    return new DataFrame(windowOf(this.plan, named, this.#scope()), this.#widened(named.length))
  }

  /** Lets conditions and expressions say `alias.column`. */
  alias(name: string): DataFrame<Row> {
    return new DataFrame(
      this.plan,
      this.plan.schema.fields.map(() => name),
    )
  }

  /** The plan as text (a tree) or JSON, as it is written or as the optimizer makes it. */
  explain(how: ExplainFormat | { readonly format?: ExplainFormat; readonly optimized?: boolean } = {}): string {
    const options = typeof how === 'string' ? { format: how } : how
    const plan = 'optimized' in options && options.optimized === false ? this.plan : optimize(this.plan)
    return options.format === 'json' ? JSON.stringify(planToJson(plan), null, 2) : explainPlan(plan)
  }

  #scope(): PlanScope {
    return new PlanScope(this.plan.schema, this.#qualifiers)
  }

  #joinScope(other: DataFrame<object>, type: JoinType): PlanScope {
    const [left, right] = [this.#scope(), new PlanScope(other.plan.schema, other.#qualifiers)]
    const schema = joinSchema(left.schema, right.schema, type)
    return new PlanScope(schema, [...left.qualifiers, ...right.qualifiers].slice(0, schema.fields.length))
  }

  #reference(index: number): Expression {
    return { kind: 'column', name: this.plan.schema.fields[index]!.name, qualifier: `#${index}` }
  }

  /** The aliases of the columns, and of so many more that have none. */
  #widened(by: number): readonly (string | null)[] | null {
    return this.#qualifiers && [...this.#qualifiers, ...Array.from({ length: by }, () => null)]
  }

  #same(plan: LogicalPlan): DataFrame<Row> {
    return new DataFrame<Row>(plan, this.#qualifiers)
  }
}

/** Rows in groups, waiting for what to compute of each. */
export class GroupedData<out Keys extends object = AnyRow> {
  readonly #input: LogicalPlan
  readonly #keys: readonly Expression[]
  readonly #scope: PlanScope
  readonly #sets: readonly GroupingSet[] | null

  constructor(
    input: LogicalPlan,
    keys: readonly Expression[],
    scope: PlanScope,
    sets: readonly GroupingSet[] | null = null,
  ) {
    this.#sets = sets
    this.#input = input
    this.#keys = keys
    this.#scope = scope
  }

  /** The keys, then the aggregates; these may compute (`agg.sum(a).div(agg.count())`). Null is a group of its own. */
  agg<A extends Readonly<Record<string, ExpressionHolder>>>(
    aggregates: A,
  ): DataFrame<Merged<Keys, { [N in keyof A]: unknown }>>
  agg(...aggregates: ExpressionHolder[]): DataFrame
  agg(...aggregates: (ExpressionHolder | Readonly<Record<string, ExpressionHolder>>)[]): DataFrame {
    const outputs = aggregates.flatMap((item): Expression[] =>
      'node' in item && isExpression(item.node)
        ? [item.node]
        : Object.entries(item as Readonly<Record<string, ExpressionHolder>>).map(([name, e]) => aliased(name, e)),
    )
    return new DataFrame(aggregateOf(this.#input, this.#keys, outputs, this.#scope, undefined, this.#sets))
  }

  /** Each group's number of rows, in a column `count`. */
  count(): DataFrame<Merged<Keys, { count: unknown }>> {
    const count: Expression = { kind: 'aggregate', name: 'count', args: [], distinct: false, filter: null }
    return this.agg({ count: { node: count } })
  }
}

const isExpression = (node: unknown): node is Expression =>
  typeof node === 'object' && node !== null && typeof (node as { kind?: unknown }).kind === 'string'

/** A frame of a table's columns. */
export const scan = <Row extends object = AnyRow>(table: TableProvider): DataFrame<Row> =>
  new DataFrame<Row>(scanNode(table))

/** A frame of a few rows. @throws PlanError DW-PLAN-0010 */
export const values = <Row extends object = AnyRow>(
  schema: Schema,
  rows: readonly (readonly Value[])[],
): DataFrame<Row> => new DataFrame<Row>(valuesNode(schema, rows))

/** The position of a column that must be there. @throws PlanError DW-PLAN-0001 */
export function requireColumn(of: Schema, name: string): number {
  const index = fieldIndex(of, name)
  if (index >= 0) return index
  throw unknownColumn(
    name,
    of.fields.map((f) => f.name),
  )
}
