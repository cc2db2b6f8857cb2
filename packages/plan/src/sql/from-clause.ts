import {
  bind,
  bindCall,
  commonType,
  interpret,
  utcContext,
  type BoundExpression,
  type Expression,
} from '@deltaworks/expression'
import { field, float64, int32, int64, int8, string, typeName, type Schema } from '@deltaworks/schema'
import type { Alias, JoinExpr, RangeFunction, RangeSubselect, RangeTableSample, RangeVar } from 'libpg-query'
import { asofJoin } from '../asof-join.js'
import { incompatibleKeys, sqlInvalid, sqlUnsupported, unknownColumn, unknownTable } from '../errors.js'
import type { JoinType, LogicalPlan } from '../logical-plan.js'
import { bindCondition, castOf, joinOn, mergedKey, sampleOf, type JoinPair } from '../plan-builder.js'
import { columnOf, columnsNamed, joinNode, projectionNode, unnestNode, valuesNode, type Named } from '../plan-node.js'
import { outerColumns, PlanScope } from '../plan-scope.js'
import { dependentJoin, nearer, outerReferences } from './dependent-join.js'
import { ColumnScope, resolveColumn, type ScopeColumn } from './column-scope.js'
import { markerOf } from './dialect-marker.js'
import { ExpressionConverter } from './expression-converter.js'
import { functionCallOf, listFunctionOf, listsOf, type ListFunction } from './list-function.js'
import { PivotBinder, pivotClauseOf } from './pivot.js'
import type { QueryBinder, QueryEnvironment } from './query-binder.js'
import { positionalBinding, type OuterQuery } from './query-scope.js'
import { locationOf, namesOf, type Node } from './syntax-tree.js'

/** The rows of a FROM clause, and the names of their columns. */
export interface FromClause {
  readonly plan: LogicalPlan
  readonly scope: ColumnScope
  /** Refers to items before it as to a query around it (and to queries around that one level further away). */
  readonly lateral?: true
}

const oneRow: Schema = { fields: [field('', int8, false)] }

/** Without a FROM a query has one row, and no column that could be named. */
export const noFrom = (): FromClause => ({ plan: valuesNode(oneRow, [[0]]), scope: new ColumnScope([]) })

/** Tables, subqueries, table functions and joins. */
export class FromBinder {
  readonly #queries: QueryBinder
  readonly #environment: QueryEnvironment
  readonly #outer: OuterQuery | null

  constructor(queries: QueryBinder, environment: QueryEnvironment, outer: OuterQuery | null) {
    this.#queries = queries
    this.#environment = environment
    this.#outer = outer
  }

  bind(items: readonly Node[] | undefined): FromClause {
    if (items === undefined || items.length === 0) return noFrom()
    return items.reduce<FromClause | null>((left, item) => this.#beside(left, item), null)!
  }

  /** An item of FROM after those before it, which it sees if it is LATERAL or a function. */
  #beside(left: FromClause | null, item: Node): FromClause {
    const right = this.#item(item, left)
    if (left === null) return right.lateral === true ? { plan: nearer(right.plan), scope: right.scope } : right
    const width = left.plan.schema.fields.length
    return { plan: this.#pair(left, right, 'cross', null), scope: left.scope.beside(right.scope, width) }
  }

  /** What a lateral item sees around it. */
  #around(left: FromClause | null): OuterQuery {
    return {
      scope: left?.scope ?? new ColumnScope([]),
      schema: left?.plan.schema ?? { fields: [] },
      outer: this.#outer,
    }
  }

  #item(node: Node, left: FromClause | null): FromClause {
    if ('RangeVar' in node) return this.#table(node.RangeVar)
    if ('JoinExpr' in node) return this.#join(node.JoinExpr)
    if ('RangeSubselect' in node) return this.#subselect(node.RangeSubselect, left)
    if ('RangeFunction' in node) return this.#function(node.RangeFunction, left)
    if ('RangeTableSample' in node) return this.#sample(node.RangeTableSample, left)
    throw sqlUnsupported(`${Object.keys(node)[0]} in FROM`, this.#queries.text.position(locationOf(node)))
  }

  #table(table: RangeVar): FromClause {
    const name = table.relname ?? ''
    const parts = [table.catalogname, table.schemaname, name].filter((part): part is string => part !== undefined)
    const cte = parts.length === 1 ? this.#environment.ctes.get(name) : undefined
    const plan = cte ?? this.#queries.sources.tables.get(parts.join('.'))
    if (plan === undefined) {
      const known = [...this.#environment.ctes.keys(), ...this.#queries.sources.tableNames]
      throw unknownTable(parts.join('.'), known, this.#queries.text.position(table.location ?? 0))
    }
    return this.#named(plan, table.alias, name)
  }

  #named(plan: LogicalPlan, alias: Alias | undefined, ownName: string | null): FromClause {
    const names = namesOf(alias?.colnames)
    if (names.length > plan.schema.fields.length) {
      throw sqlInvalid(
        `"${alias?.aliasname}" has ${plan.schema.fields.length} column(s), but ${names.length} names are given`,
        null,
      )
    }
    return { plan, scope: ColumnScope.of(plan.schema, alias?.aliasname ?? ownName, names) }
  }

  #subselect({ subquery, alias, lateral }: RangeSubselect, left: FromClause | null): FromClause {
    if (subquery === undefined || !('SelectStmt' in subquery)) throw sqlUnsupported('This subquery', null)
    if (lateral === true) {
      const plan = this.#queries.query(subquery.SelectStmt, this.#environment, this.#around(left))
      return { ...this.#named(plan, alias, null), lateral: true }
    }
    const plan = this.#queries.query(subquery.SelectStmt, this.#environment, this.#outer)
    return this.#named(plan, alias, null)
  }

  #function(node: RangeFunction, left: FromClause | null): FromClause {
    const call = functionCallOf(node)
    if (call === null) throw sqlUnsupported('ROWS FROM', null)
    const lists = listFunctionOf(call)
    if (lists !== null) return this.#unnest(node, lists, left)
    const plan = this.#queries.sources.functions.get(call)
    if (plan === undefined)
      throw sqlUnsupported('This table function here', this.#queries.text.position(locationOf(call)))
    const name = 'FuncCall' in call ? (namesOf(call.FuncCall.funcname).at(-1) ?? null) : null
    return this.#named(plan, node.alias, name)
  }

  /** FROM unnest(list, …) [WITH ORDINALITY], explode(list), generate_series(first, last[, step]): one row an element. */
  #unnest(
    node: RangeFunction,
    { call, name, outer, position, structs }: ListFunction,
    left: FromClause | null,
  ): FromClause {
    const location = call.location
    const around = this.#around(left)
    const lists = this.#queries.text.locate(location, () => {
      const converter = new ExpressionConverter({
        text: this.#queries.text,
        column: (parts) => resolveColumn(parts, new ColumnScope([]), { fields: [] }, around),
        subquery: null,
        windows: new Map(),
      })
      const expressions = (call.args ?? []).map((arg) => converter.convert(arg))
      return listsOf(name, expressions).map((e) =>
        bind(e, { fields: [] }, positionalBinding(noFrom().plan, around, this.#queries.timezone)),
      )
    })
    const ordinality = node.ordinality === true || position
    const unnested = this.#queries.text.locate(location, () =>
      unnestNode(noFrom().plan, lists, {
        outer,
        ordinality,
        names:
          lists.length === 1 && name !== 'explode' && lists[0]!.type.kind === 'list'
            ? [node.alias?.aliasname ?? name]
            : [],
      }),
    )
    const columns = columnsNamed(unnested).slice(1)
    // posexplode counts from 0 and gives the position first.
    const counted = position
      ? [
          { name: 'pos', of: castOf(bindCall('subtract', [columns.at(-1)!.of, oneBigint]), int32) },
          ...columns.slice(0, -1),
        ]
      : structs
        ? membersOf(columns[0]!.of)
        : columns
    return { ...this.#named(projectionNode(unnested, counted), node.alias, name), lateral: true }
  }

  /** TABLESAMPLE BERNOULLI or SYSTEM (percent) [REPEATABLE (seed)]: each row by a coin that the seed and its number decide. */
  #sample({ relation, method, args, repeatable, location }: RangeTableSample, left: FromClause | null): FromClause {
    const from = this.#item(relation!, left)
    const position = this.#queries.text.position(location)
    const how = namesOf(method).at(-1)?.toLowerCase()
    const [percent] = args ?? []
    const number = (node: Node | undefined): number => {
      const converter = new ExpressionConverter({
        text: this.#queries.text,
        column: () => {
          throw sqlInvalid('What TABLESAMPLE takes must be constant', position)
        },
        subquery: null,
        windows: new Map(),
      })
      const bound = bind(converter.convert(node!), { fields: [] })
      return interpret(castOf(bound, float64), [], utcContext) as number
    }
    if ((how !== 'bernoulli' && how !== 'system') || percent === undefined) {
      throw sqlUnsupported(`TABLESAMPLE ${how?.toUpperCase()}`, position)
    }
    const fraction = number(percent) / 100
    if (!(fraction >= 0 && fraction <= 1)) throw sqlInvalid('TABLESAMPLE takes 0 to 100 percent', position)
    const plan = sampleOf(from.plan, fraction, repeatable === undefined ? 0 : number(repeatable))
    return { plan, scope: from.scope }
  }

  #join(node: JoinExpr): FromClause {
    const inner = this.#joined(node)
    if (node.alias === undefined) return inner
    const names = inner.scope.star(null)
    const plan = projectionNode(
      inner.plan,
      names.map((c) => ({ name: c.name, of: columnOf(inner.plan.schema, c.index) })),
    )
    return this.#named(plan, node.alias, null)
  }

  #joined(node: JoinExpr): FromClause {
    const left = this.#independent(this.#item(node.larg!, null))
    const pivot = pivotClauseOf(node.rarg)
    if (pivot !== null) {
      const { plan } = new PivotBinder(this.#queries, left).bind(pivot)
      const alias =
        node.rarg !== undefined && 'RangeSubselect' in node.rarg ? node.rarg.RangeSubselect.alias : undefined
      return this.#named(plan, alias, null)
    }
    const right = this.#item(node.rarg!, left)
    const kind = markerOf(node.quals)?.name ?? node.join_using_alias?.aliasname ?? ''
    const joinType = dialectJoins[kind] ?? joinTypes[node.jointype ?? 'JOIN_INNER']
    if (joinType === undefined) throw sqlUnsupported(`${node.jointype}`, null)
    const names = node.isNatural === true ? sharedNames(left.scope, right.scope) : namesOf(node.usingClause)
    if (names.length > 0) return this.#using(left, this.#independent(right), joinType, names)
    const both = left.scope.beside(right.scope, left.plan.schema.fields.length)
    if (node.quals === undefined) return { plan: this.#pair(left, right, joinType, null), scope: both }
    const pairs = joinNode(left.plan, right.plan, 'cross', [])
    const quals = dialectJoins[kind] === undefined ? node.quals : markerOf(node.quals)!.args[0]!
    const location = locationOf(quals)
    const condition = this.#queries.text.locate(location, () => {
      const converter = new ExpressionConverter({
        text: this.#queries.text,
        column: (parts) => resolveColumn(parts, both, pairs.schema, this.#outer),
        subquery: null,
        windows: new Map(),
      })
      const expression: Expression = converter.convert(quals)
      return bindCondition(
        expression,
        new PlanScope(pairs.schema),
        positionalBinding(pairs, this.#outer, this.#queries.timezone),
      )
    })
    if (kind === '__asof' || kind === '__asof_left') {
      const plan = asofJoin(left.plan, this.#independent(right).plan, condition, kind === '__asof_left')
      return { plan, scope: both }
    }
    const plan = this.#pair(left, right, joinType, condition)
    return { plan, scope: joinType === 'left_semi' || joinType === 'left_anti' ? left.scope : both }
  }

  /** The join; where the right side refers to the left one, each row of the left with its own rows. */
  #pair(left: FromClause, right: FromClause, joinType: JoinType, condition: BoundExpression | null): LogicalPlan {
    if (right.lateral !== true) return joinOn(left.plan, right.plan, joinType, condition)
    if (joinType !== 'inner' && joinType !== 'left' && joinType !== 'cross') {
      return joinOn(left.plan, this.#independent(right).plan, joinType, condition)
    }
    return dependentJoin(left.plan, right.plan, joinType, (column) => column, condition)
  }

  /** The item as one that does not refer to those before it. @throws PlanError DW-PLAN-0024 if it does */
  #independent(item: FromClause): FromClause {
    if (item.lateral !== true) return item
    if ([...outerReferences(item.plan)].some((i) => i < 2 * outerColumns)) {
      throw sqlInvalid('A lateral item can stand on the right of INNER, LEFT and CROSS joins with ON only', null)
    }
    return { plan: nearer(item.plan), scope: item.scope }
  }

  /** Both key columns stay, each under its table's name; without one the name is the merged column's. */
  #using(left: FromClause, right: FromClause, joinType: JoinType, names: readonly string[]): FromClause {
    const width = left.plan.schema.fields.length
    const pairs = names.map((name) => ({
      name,
      left: sideColumn(left.scope, name),
      right: sideColumn(right.scope, name),
    }))
    const keys = pairs.map((pair) => {
      const [a, b] = [columnOf(left.plan.schema, pair.left.index), columnOf(right.plan.schema, pair.right.index)]
      const type = commonType(a.type, b.type)
      if (type === null) throw incompatibleKeys(pair.left.name, a.type, pair.right.name, b.type)
      return { left: castOf(a, type), right: castOf(b, type), nullSafe: false }
    })
    const join = joinNode(left.plan, right.plan, joinType, keys)
    if (joinType === 'left_semi' || joinType === 'left_anti') return { plan: join, scope: left.scope }
    const merged = pairs.map((p): JoinPair => ({ left: p.left.index, right: p.right.index }))
    const plan =
      joinType === 'full'
        ? projectionNode(join, [
            ...columnsNamed(join),
            ...merged.map((pair, i) => ({ name: names[i]!, of: mergedKey(join, pair) })),
          ])
        : join
    const isKey = new Set([...merged.map((p) => p.left), ...merged.map((p) => p.right + width)])
    const all = left.scope.beside(right.scope, width).columns
    const hidden = all.filter((c) => isKey.has(c.index)).map((c) => ({ ...c, hidden: true }))
    const first = pairs.map((pair, i): ScopeColumn => {
      const at =
        joinType === 'full'
          ? join.schema.fields.length + i
          : joinType === 'right'
            ? pair.right.index + width
            : pair.left.index
      return { index: at, name: pair.left.name, qualifier: null, hidden: false }
    })
    return { plan, scope: new ColumnScope([...first, ...hidden, ...all.filter((c) => !isKey.has(c.index))]) }
  }
}

/** The members of a struct as columns. @throws PlanError DW-PLAN-0024 if it is none */
function membersOf(of: BoundExpression): Named<BoundExpression>[] {
  if (of.type.kind !== 'struct')
    throw sqlInvalid(`inline takes an array of structs, but its elements are ${typeName(of.type)}`, null)
  return of.type.fields.map(({ name }) => ({
    name,
    of: bindCall('get_field', [of, { kind: 'literal', value: name, type: string, nullable: false }]),
  }))
}

const oneBigint: BoundExpression = { kind: 'literal', value: 1n, type: int64, nullable: false }

const joinTypes: Readonly<Record<string, JoinType>> = {
  JOIN_INNER: 'inner',
  JOIN_LEFT: 'left',
  JOIN_RIGHT: 'right',
  JOIN_FULL: 'full',
}

/** Joins that only the dialect has; an as-of join's pairs are those of an inner one. */
const dialectJoins: Readonly<Record<string, JoinType>> = {
  __semi: 'left_semi',
  __anti: 'left_anti',
  __asof: 'inner',
  __asof_left: 'left',
}

const sharedNames = (left: ColumnScope, right: ColumnScope): string[] =>
  left
    .star(null)
    .map((c) => c.name)
    .filter((name) => right.find(name, null) !== null)

function sideColumn(scope: ColumnScope, name: string): ScopeColumn {
  const found = scope.find(name, null)
  if (found !== null) return found
  throw unknownColumn(
    name,
    scope.columns.map((c) => c.name),
  )
}
