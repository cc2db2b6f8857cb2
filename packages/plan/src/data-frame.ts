import {
  agg,
  bind,
  col,
  type Condition,
  type Expr,
  type Expression,
  type ExpressionHolder,
  type ValueOf,
} from '@deltaworks/expression'
import type { BigintValue, Schema } from '@deltaworks/schema'
import { invalidCount, invalidJoin } from './errors.js'
import { aliased, columnAt, columnsBy, isKeys, outputsOf, toExpression, toSortKey } from './column-input.js'
import { distinctOnOf } from './distinct-on.js'
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
import { columnOf, columnsNamed, distinctNode, joinSchema, limitNode, projectionNode, unnestNode } from './plan-node.js'
import { PlanScope } from './plan-scope.js'
import type {
  AnyRow,
  ColumnInput,
  Columns,
  ComparableKeys,
  ElementOf,
  Given,
  JoinCondition,
  Joined,
  Merged,
  NamedExpressions,
  Names,
  Nullable,
  SameColumns,
  Selected,
  SortInput,
  Unitable,
  United,
  UnitedByName,
  ValuesOf,
} from './row-types.js'

export type ExplainFormat = 'text' | 'json'

declare const rowType: unique symbol

/**
 * A query in the making: an immutable plan with a fluent face. Nothing is read until a session runs it.
 *
 * `Row` names the columns and the types of their values, where they are known: `df.col('total')` does not compile if there is no
 * such column, nor does `df.filter((c) => c.total.eq('many'))` if it is a number. Each method tells the row of its result. What
 * nothing is known of (`col('total')`) is checked when the frame is made.
 */
export class DataFrame<out Row extends object = AnyRow> {
  declare readonly [rowType]: Row
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
  col<const K extends Names<Row>>(name: K): Expr<Row[K], K> {
    this.#scope().resolve(name)
    return col(name)
  }

  /** The named columns and expressions: `df.select('id', df.col('price').mul(2).as('twice'))`. */
  select<R extends object, const C extends readonly ColumnInput<R>[]>(
    this: DataFrame<R>,
    ...columns: C
  ): DataFrame<Selected<R, C[number]>> {
    const projection = projectionOf(this.plan, columns.map(toExpression), this.#scope())
    requireDistinctNames(
      projection.schema.fields.map((f) => f.name),
      'select',
    )
    return new DataFrame(projection)
  }

  /** All columns, with `name` added at the end, or in its place if there is one of that name. */
  withColumn<R extends object, const N extends string, E extends ExpressionHolder>(
    this: DataFrame<R>,
    name: N,
    expression: Given<R, E>,
  ): DataFrame<Merged<R, Record<N, ValueOf<E>>>> {
    return this.#with([[name, this.#given(expression)]])
  }

  /** As `withColumn`, several at once; none sees another. */
  withColumns<R extends object, E extends NamedExpressions>(
    this: DataFrame<R>,
    expressions: Given<R, E>,
  ): DataFrame<Merged<R, ValuesOf<E>>> {
    return this.#with(Object.entries(this.#given(expressions)))
  }

  #with<Result extends object>(columns: readonly (readonly [string, ExpressionHolder])[]): DataFrame<Result> {
    const added = new Map(columns.map(([name, e]) => [name.toLowerCase(), aliased(name, e)]))
    requireDistinctNames(
      columns.map(([name]) => name),
      'withColumns',
    )
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

  /** The rows for which the condition is true: `orders.filter((c) => c.quantity.gt(3))`. */
  filter(predicate: Given<Row, Condition>): DataFrame<Row> {
    return this.#same(filterOf(this.plan, this.#given(predicate).node, this.#scope()))
  }

  where(predicate: Given<Row, Condition>): DataFrame<Row> {
    return this.filter(predicate)
  }

  /** One row a group; `agg` says what of each. No keys: one group of all rows. */
  groupBy<R extends object, const C extends readonly ColumnInput<R>[]>(
    this: DataFrame<R>,
    ...keys: C
  ): GroupedData<Selected<R, C[number]>, R> {
    return new GroupedData(this, keys.map(toExpression), this.#scope())
  }

  /** Groups by all prefixes of the keys, down to all rows; a key that a row is not grouped by is null (see `grouping`). */
  rollup<R extends object, const C extends readonly ColumnInput<R>[]>(
    this: DataFrame<R>,
    ...keys: C
  ): GroupedData<Nullable<Selected<R, C[number]>>, R> {
    return this.#grouped(keys, rollup(keys.map((_, i) => [i])))
  }

  /** Groups by all subsets of the keys. */
  cube<R extends object, const C extends readonly ColumnInput<R>[]>(
    this: DataFrame<R>,
    ...keys: C
  ): GroupedData<Nullable<Selected<R, C[number]>>, R> {
    return this.#grouped(keys, cube(keys.map((_, i) => [i])))
  }

  /** Groups by each of the sets of keys: `groupingSets([['city', 'day'], ['city'], []])`. */
  groupingSets<const K extends Names<Row>>(sets: readonly (readonly K[])[]): GroupedData<Nullable<Pick<Row, K>>, Row> {
    const keys = [...new Set(sets.flat())]
    const places = sets.map((set) => set.map((key) => keys.indexOf(key)))
    return this.#grouped(keys, places)
  }

  #grouped<K extends object>(keys: readonly ColumnInput[], sets: readonly GroupingSet[]): GroupedData<K, Row> {
    return new GroupedData(this, keys.map(toExpression), this.#scope(), sets)
  }

  /** Aggregates of all rows: one row. */
  agg<A extends NamedExpressions>(aggregates: Given<Row, A>): DataFrame<ValuesOf<A>>
  agg<A extends readonly ExpressionHolder[]>(...aggregates: A): DataFrame<Selected<AnyRow, A[number]>>
  agg(...aggregates: readonly Aggregates<Row>[]): DataFrame<object> {
    return aggregated(this, [], this.#scope(), null, aggregates)
  }

  /** Each different row once. */
  distinct(): DataFrame<Row> {
    return this.#same(distinctNode(this.plan))
  }

  /** One row for each value of the keys: the first in the given order (any, if there is none). */
  distinctOn(keys: readonly ColumnInput<Row>[], orderBy: readonly SortInput<Row>[] = []): DataFrame<Row> {
    return this.#same(distinctOnOf(this.plan, keys.map(toExpression), orderBy.map(toSortKey), this.#scope()))
  }

  /**
   * `on` as a list of names (or pairs of equal names): both sides' columns are compared with =, and appear once (SQL: USING).
   * Pairs of different names and any other condition keep all columns; two of one name can then only be told apart by
   * `alias`; in a condition of both sides' columns, by the side: `orders.join(customers, (o, c) => o.customer.eq(c.id))`.
   * Semi and anti joins give the left columns.
   */
  join<
    R extends object,
    Other extends object,
    const On extends JoinCondition<R, Other>,
    const T extends JoinType = 'inner',
  >(
    this: DataFrame<R>,
    other: DataFrame<Other>,
    on: On & ComparableKeys<R, Other, On>,
    type?: T,
  ): DataFrame<Joined<R, Other, On, T>> {
    return this.#join(other, on, type ?? 'inner')
  }

  #join<Other extends object, Result extends object>(
    other: DataFrame<Other>,
    on: JoinCondition<Row, Other>,
    type: JoinType,
  ): DataFrame<Result> {
    const scope = this.#joinScope(other, type)
    if (!isKeys(on)) {
      const both = this.#joinScope(other, 'inner')
      const condition = typeof on === 'function' ? this.#conditionOn(other, on) : on
      return new DataFrame(joinOn(this.plan, other.plan, type, bindCondition(condition.node, both)), scope.qualifiers)
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

  #conditionOn<Other extends object>(
    other: DataFrame<Other>,
    on: (left: Columns<Row>, right: Columns<Other>) => Condition,
  ): Condition {
    const [mine, theirs] = [this.#scope(), other.#scope()]
    const width = this.plan.schema.fields.length
    return on(
      columnsBy((name) => columnAt(name, mine.resolve(name))),
      columnsBy((name) => columnAt(name, width + theirs.resolve(name))),
    )
  }

  crossJoin<R extends object, Other extends object>(
    this: DataFrame<R>,
    other: DataFrame<Other>,
  ): DataFrame<Joined<R, Other, [], 'cross'>> {
    return this.#join(other, [], 'cross')
  }

  /** All rows of both, by position. @throws PlanError DW-PLAN-0003 */
  union<R extends object, Other extends object>(
    this: DataFrame<R>,
    other: DataFrame<Other> & Unitable<R, Other>,
  ): DataFrame<United<R, Other>> {
    return new DataFrame(unionOf([this.plan, other.plan]))
  }

  /** All rows of both, by name. @throws PlanError DW-PLAN-0003 */
  unionByName<R extends object, Other extends object>(
    this: DataFrame<R>,
    other: DataFrame<Other> & SameColumns<R, Other>,
    options?: { readonly allowMissing?: false },
  ): DataFrame<UnitedByName<R, Other>>
  unionByName<R extends object, Other extends object>(
    this: DataFrame<R>,
    other: DataFrame<Other> & Unitable<R, Other>,
    options: { readonly allowMissing: boolean },
  ): DataFrame<UnitedByName<R, Other>>
  unionByName(other: DataFrame<object>, options: { readonly allowMissing?: boolean } = {}): DataFrame<object> {
    return new DataFrame(unionByNameOf([this.plan, other.plan], options.allowMissing))
  }

  /** Rows that are in both: each once, or with `all` as often as in the one with fewer. By position; null equals null. */
  intersect<R extends object, Other extends object>(
    this: DataFrame<R>,
    other: DataFrame<Other> & Unitable<R, Other>,
    options: { readonly all?: boolean } = {},
  ): DataFrame<R> {
    return new DataFrame(setDifferenceOf(this.plan, other.plan, 'left_semi', options.all === true))
  }

  /** Rows of this that are not in the other: each once, or with `all` as many as there are more. */
  except<R extends object, Other extends object>(
    this: DataFrame<R>,
    other: DataFrame<Other> & Unitable<R, Other>,
    options: { readonly all?: boolean } = {},
  ): DataFrame<R> {
    return new DataFrame(setDifferenceOf(this.plan, other.plan, 'left_anti', options.all === true))
  }

  /**
   * Each row once for every element of a list, in a column `name` at the end. Rows without elements are dropped, unless `outer`;
   * `position` names a column (bigint, from 1) for the element's place.
   */
  explode<R extends object, const N extends string, const C extends ColumnInput<R>, const P extends string = never>(
    this: DataFrame<R>,
    name: N,
    list: C,
    options: { readonly outer?: boolean; readonly position?: P } = {},
  ): DataFrame<Merged<R, Record<N, ElementOf<R, C> | null> & Record<P, BigintValue | null>>> {
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

  orderBy(...keys: readonly SortInput<Row>[]): DataFrame<Row> {
    return this.#same(sortOf(this.plan, keys.map(toSortKey), this.#scope()))
  }

  /** At most `count` rows, after `skip` ones. @throws PlanError DW-PLAN-0007 */
  limit(count: number, skip = 0): DataFrame<Row> {
    return this.#same(limitNode(this.plan, count, skip))
  }

  /** All columns, and for each name what its expression computes over a window: `{ place: win.rank().over(…) }`. */
  window<R extends object, E extends NamedExpressions>(
    this: DataFrame<R>,
    columns: Given<R, E>,
  ): DataFrame<Merged<R, ValuesOf<E>>> {
    const named = Object.entries(this.#given(columns)).map(([name, e]) => aliased(name, e))
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

  #given<T>(input: Given<Row, T>): T {
    return given(this, input)
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

/** Rows in groups, waiting for what to compute of each. `Keys`: the columns of the keys, `Row`: those of the rows. */
export class GroupedData<out Keys extends object = AnyRow, out Row extends object = AnyRow> {
  declare readonly [rowType]: Keys
  readonly #input: DataFrame<Row>
  readonly #keys: readonly Expression[]
  readonly #scope: PlanScope
  readonly #sets: readonly GroupingSet[] | null

  constructor(
    input: DataFrame<Row>,
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
  agg<K extends object, R extends object, A extends NamedExpressions>(
    this: GroupedData<K, R>,
    aggregates: Given<R, A>,
  ): DataFrame<Merged<K, ValuesOf<A>>>
  agg<K extends object, A extends readonly ExpressionHolder[]>(
    this: GroupedData<K, object>,
    ...aggregates: A
  ): DataFrame<Merged<K, Selected<AnyRow, A[number]>>>
  agg(...aggregates: readonly Aggregates<Row>[]): DataFrame<object> {
    return aggregated(this.#input, this.#keys, this.#scope, this.#sets, aggregates)
  }

  /** Each group's number of rows, in a column `count`. */
  count<K extends object>(this: GroupedData<K, object>): DataFrame<Merged<K, { count: BigintValue }>> {
    return this.agg({ count: agg.count() })
  }
}

type Aggregates<Row> = ExpressionHolder | Given<Row, NamedExpressions>

function aggregated<Row extends object>(
  input: DataFrame<Row>,
  keys: readonly Expression[],
  scope: PlanScope,
  sets: readonly GroupingSet[] | null,
  aggregates: readonly Aggregates<Row>[],
): DataFrame<object> {
  const outputs = aggregates.flatMap((item) => outputsOf(given(input, item)))
  return new DataFrame(aggregateOf(input.plan, keys, outputs, scope, undefined, sets))
}

/** What a function makes of the frame's columns, or the thing itself. */
const given = <Row extends object, T>(frame: DataFrame<Row>, input: Given<Row, T>): T =>
  typeof input === 'function'
    ? (input as (columns: Columns<Row>) => T)(columnsBy((name) => frame.col(name as Names<Row>)))
    : input
