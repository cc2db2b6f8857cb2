import { commonType, type Expression } from '@deltaworks/expression'
import { field, int8, type Schema } from '@deltaworks/schema'
import type { Alias, JoinExpr, RangeFunction, RangeSubselect, RangeVar } from 'libpg-query'
import { incompatibleKeys, sqlInvalid, sqlUnsupported, unknownColumn, unknownTable } from '../errors.js'
import type { JoinType, LogicalPlan } from '../logical-plan.js'
import { bindCondition, castOf, joinOn, mergedKey, type JoinPair } from '../plan-builder.js'
import { columnOf, columnsNamed, joinNode, projectionNode, valuesNode } from '../plan-node.js'
import { PlanScope } from '../plan-scope.js'
import { ColumnScope, resolveColumn, type ScopeColumn } from './column-scope.js'
import { ExpressionConverter } from './expression-converter.js'
import type { QueryBinder, QueryEnvironment } from './query-binder.js'
import { positionalBinding } from './query-scope.js'
import { locationOf, namesOf, type Node } from './syntax-tree.js'

/** The rows of a FROM clause, and the names of their columns. */
export interface FromClause {
  readonly plan: LogicalPlan
  readonly scope: ColumnScope
}

const oneRow: Schema = { fields: [field('', int8, false)] }

/** Without a FROM a query has one row, and no column that could be named. */
export const noFrom = (): FromClause => ({ plan: valuesNode(oneRow, [[0]]), scope: new ColumnScope([]) })

/** Tables, subqueries, table functions and joins. */
export class FromBinder {
  readonly #queries: QueryBinder
  readonly #environment: QueryEnvironment

  constructor(queries: QueryBinder, environment: QueryEnvironment) {
    this.#queries = queries
    this.#environment = environment
  }

  bind(items: readonly Node[] | undefined): FromClause {
    if (items === undefined || items.length === 0) return noFrom()
    return items.map((item) => this.#item(item)).reduce((left, right) => this.#cross(left, right))
  }

  #item(node: Node): FromClause {
    if ('RangeVar' in node) return this.#table(node.RangeVar)
    if ('JoinExpr' in node) return this.#join(node.JoinExpr)
    if ('RangeSubselect' in node) return this.#subselect(node.RangeSubselect)
    if ('RangeFunction' in node) return this.#function(node.RangeFunction)
    const what = 'RangeTableSample' in node ? 'TABLESAMPLE' : `${Object.keys(node)[0]} in FROM`
    throw sqlUnsupported(what, this.#queries.text.position(locationOf(node)))
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

  #subselect({ subquery, alias, lateral }: RangeSubselect): FromClause {
    if (subquery === undefined || !('SelectStmt' in subquery)) throw sqlUnsupported('This subquery', null)
    if (lateral === true) throw sqlUnsupported('LATERAL', this.#queries.text.position(locationOf(subquery)))
    const plan = this.#queries.query(subquery.SelectStmt, this.#environment, null)
    return this.#named(plan, alias, null)
  }

  #function(node: RangeFunction): FromClause {
    const call = functionCallOf(node)
    if (call === null) throw sqlUnsupported('ROWS FROM', null)
    const plan = this.#queries.sources.functions.get(call)
    if (plan === undefined)
      throw sqlUnsupported('This table function here', this.#queries.text.position(locationOf(call)))
    const name = 'FuncCall' in call ? (namesOf(call.FuncCall.funcname).at(-1) ?? null) : null
    return this.#named(plan, node.alias, name)
  }

  #cross(left: FromClause, right: FromClause): FromClause {
    const width = left.plan.schema.fields.length
    return { plan: joinNode(left.plan, right.plan, 'cross', []), scope: left.scope.beside(right.scope, width) }
  }

  #join(node: JoinExpr): FromClause {
    const [left, right] = [this.#item(node.larg!), this.#item(node.rarg!)]
    if (node.alias !== undefined) throw sqlUnsupported('An alias of a join', null, 'Name the tables in it instead.')
    const joinType = joinTypes[node.jointype ?? 'JOIN_INNER']
    if (joinType === undefined) throw sqlUnsupported(`${node.jointype}`, null)
    const names = node.isNatural === true ? sharedNames(left.scope, right.scope) : namesOf(node.usingClause)
    if (names.length > 0) return this.#using(left, right, joinType, names)
    const both = left.scope.beside(right.scope, left.plan.schema.fields.length)
    if (node.quals === undefined) return { plan: joinOn(left.plan, right.plan, joinType, null), scope: both }
    const pairs = joinNode(left.plan, right.plan, 'cross', [])
    const location = locationOf(node.quals)
    const condition = this.#queries.text.locate(location, () => {
      const converter = new ExpressionConverter({
        text: this.#queries.text,
        column: (parts) => resolveColumn(parts, both, pairs.schema, null),
        subquery: null,
        windows: new Map(),
      })
      const expression: Expression = converter.convert(node.quals!)
      return bindCondition(
        expression,
        new PlanScope(pairs.schema),
        positionalBinding(pairs, null, this.#queries.timezone),
      )
    })
    return { plan: joinOn(left.plan, right.plan, joinType, condition), scope: both }
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

const joinTypes: Readonly<Record<string, JoinType>> = {
  JOIN_INNER: 'inner',
  JOIN_LEFT: 'left',
  JOIN_RIGHT: 'right',
  JOIN_FULL: 'full',
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

/** The one call that FROM f(…) holds. */
export function functionCallOf(node: RangeFunction): Node | null {
  const [list, ...more] = node.functions ?? []
  if (list === undefined || more.length > 0 || !('List' in list)) return null
  const call = list.List.items?.[0]
  return call !== undefined && 'FuncCall' in call ? call : null
}
