import {
  bind,
  bindCall,
  columnsOf,
  interpret,
  utcContext,
  type BoundExpression,
  type Expression,
} from '@deltaworks/expression'
import { commonType } from '@deltaworks/expression'
import { field, int32, int64, int8, typeName, type DataType, type Value } from '@deltaworks/schema'
import type { CommonTableExpr, SelectStmt } from 'libpg-query'
import { invalidPlan, sqlInvalid, sqlUnsupported } from '../errors.js'
import type { LogicalPlan } from '../logical-plan.js'
import { castOf, castTo, sortOf } from '../plan-builder.js'
import { setDifferenceOf, unionOf } from '../set-operations.js'
import {
  columnOf,
  columnsNamed,
  distinctNode,
  filterNode,
  limitNode,
  projectionNode,
  recursiveNode,
  scanNode,
  unionNode,
  valuesNode,
  windowNode,
} from '../plan-node.js'
import { PlanScope, positionalReference } from '../plan-scope.js'
import { ColumnScope, resolveColumn } from './column-scope.js'
import { ExpressionConverter } from './expression-converter.js'
import { positionalBinding, type OuterQuery } from './query-scope.js'
import type { TableProvider } from '../table-provider.js'
import { SelectBinder } from './select-binder.js'
import type { SqlText } from './sql-text.js'
import { locationOf, namesOf, type Node } from './syntax-tree.js'

/** What FROM may name, found before the binding starts (which waits for nothing). */
export interface SqlSources {
  /** By the whole name as written: `schema.table`. */
  readonly tables: ReadonlyMap<string, LogicalPlan>
  /** By the call's own node. */
  readonly functions: ReadonlyMap<Node, LogicalPlan>
  readonly tableNames: readonly string[]
}

/** The WITH queries in sight. */
export interface QueryEnvironment {
  readonly ctes: ReadonlyMap<string, LogicalPlan>
}

/** Whole queries: WITH, set operations, VALUES, and what may stand after them (ORDER BY, LIMIT). */
export class QueryBinder {
  readonly text: SqlText
  readonly sources: SqlSources
  readonly timezone: string

  constructor(text: SqlText, sources: SqlSources, timezone: string) {
    this.text = text
    this.sources = sources
    this.timezone = timezone
  }

  query(select: SelectStmt, outside: QueryEnvironment, outer: OuterQuery | null): LogicalPlan {
    const environment = this.withCtes(select, outside)
    if (select.lockingClause !== undefined) throw sqlUnsupported('FOR UPDATE', null)
    if (select.intoClause !== undefined) throw sqlUnsupported('SELECT INTO', null)
    if (select.valuesLists !== undefined) return this.#ordered(this.#values(select.valuesLists, outer), select)
    if (select.op !== undefined && select.op !== 'SETOP_NONE') {
      return this.#ordered(this.#setOperation(select, environment, outer), select)
    }
    return new SelectBinder(this, environment, outer).bind(select)
  }

  withCtes(select: SelectStmt, outside: QueryEnvironment): QueryEnvironment {
    if (select.withClause === undefined) return outside
    const ctes = new Map(outside.ctes)
    for (const node of select.withClause.ctes ?? []) {
      if (!('CommonTableExpr' in node)) continue
      const cte = node.CommonTableExpr
      const name = cte.ctename ?? ''
      const isRecursive = select.withClause.recursive === true && mentions(cte.ctequery, name)
      ctes.set(name, isRecursive ? this.#recursive(cte, name, { ctes }) : this.#cte(cte, { ctes }))
    }
    return { ctes }
  }

  #cte(cte: CommonTableExpr, environment: QueryEnvironment): LogicalPlan {
    if (cte.ctequery === undefined || !('SelectStmt' in cte.ctequery)) {
      throw sqlUnsupported('A WITH query that is no SELECT', this.text.position(cte.location))
    }
    return this.#renamed(this.query(cte.ctequery.SelectStmt, { ctes: new Map(environment.ctes) }, null), cte)
  }

  /** Its first SELECT, and the second over what the round before gave. Types are those of the first. */
  #recursive(cte: CommonTableExpr, name: string, { ctes }: QueryEnvironment): LogicalPlan {
    const position = this.text.position(cte.location)
    const select = cte.ctequery !== undefined && 'SelectStmt' in cte.ctequery ? cte.ctequery.SelectStmt : null
    if (select?.op !== 'SETOP_UNION' || mentions(select.larg, name)) {
      throw sqlInvalid(`"${name}" must be a SELECT, UNION [ALL], and a SELECT that names "${name}"`, position)
    }
    const environment = this.withCtes({ withClause: select.withClause } as SelectStmt, { ctes: new Map(ctes) })
    const initial = this.#renamed(this.query(select.larg!, environment, null), cte)
    const fields = initial.schema.fields.map((f) => ({ ...f, nullable: true }))
    const workingTable: TableProvider = {
      name,
      schema: { fields },
      statistics: { rowCount: null, sizeBytes: null, approximate: true },
      scan: () => {
        throw invalidPlan(`the working table "${name}" was scanned outside of its recursion`)
      },
      describe: () => ({ kind: 'working table', name }),
    }
    const inside = new Map(environment.ctes).set(name, scanNode(workingTable))
    const step = this.query(select.rarg!, { ctes: inside }, null)
    if (step.schema.fields.length !== fields.length) {
      throw sqlInvalid(
        `The parts of "${name}" give ${fields.length} and ${step.schema.fields.length} columns`,
        position,
      )
    }
    const types = fields.map((f) => f.type)
    const result = recursiveNode(initial, castTo(step, types), workingTable, select.all !== true)
    return this.#ordered(result, select)
  }

  #renamed(plan: LogicalPlan, cte: CommonTableExpr): LogicalPlan {
    const names = namesOf(cte.aliascolnames)
    if (names.length === 0) return plan
    if (names.length > plan.schema.fields.length) {
      throw sqlInvalid(
        `"${cte.ctename}" has ${plan.schema.fields.length} column(s), but ${names.length} names are given`,
        this.text.position(cte.location),
      )
    }
    return projectionNode(
      plan,
      columnsNamed(plan).map(({ name, of }, i) => ({ name: names[i] ?? name, of })),
    )
  }

  /** Constant rows; a column's type is the common type of its values. */
  #values(lists: readonly Node[], outer: OuterQuery | null): LogicalPlan {
    const converter = new ExpressionConverter({
      text: this.text,
      column: (names) => resolveColumn(names, new ColumnScope([]), { fields: [] }, outer),
      subquery: null,
      windows: new Map(),
    })
    const rows = lists.map((list): BoundExpression[] =>
      'List' in list
        ? (list.List.items ?? []).map((item) =>
            this.text.locate(locationOf(item), () =>
              bind(converter.convert(item), { fields: [] }, positionalBinding(oneRow, outer, this.timezone)),
            ),
          )
        : [],
    )
    const width = rows[0]?.length ?? 0
    if (rows.some((row) => row.length !== width)) throw sqlInvalid('The rows of VALUES differ in length', null)
    const types = Array.from({ length: width }, (_, i) =>
      rows.reduce<DataType>(
        (type, row) => {
          const common = commonType(type, row[i]!.type)
          if (common === null)
            throw sqlInvalid(`Column ${i + 1} of VALUES is ${typeName(type)} and ${typeName(row[i]!.type)}`, null)
          return common
        },
        { kind: 'null' },
      ),
    )
    if (rows.some((row) => row.some((cell) => columnsOf(cell).length > 0))) {
      return unionNode(
        rows.map((row) =>
          projectionNode(
            oneRow,
            row.map((cell, i) => ({ name: `column${i + 1}`, of: castOf(cell, types[i]!) })),
          ),
        ),
      )
    }
    const values = rows.map((row) =>
      row.map((cell, i): Value => interpret(castOf(cell, types[i]!), [], { ...utcContext, timezone: this.timezone })),
    )
    const fields = types.map((type, i) =>
      field(
        `column${i + 1}`,
        type,
        values.some((row) => row[i] === null),
      ),
    )
    return valuesNode({ fields }, values)
  }

  #setOperation(select: SelectStmt, environment: QueryEnvironment, outer: OuterQuery | null): LogicalPlan {
    const [left, right] = [this.query(select.larg!, environment, outer), this.query(select.rarg!, environment, outer)]
    const isAll = select.all === true
    if (select.op === 'SETOP_UNION') return isAll ? unionOf([left, right]) : distinctNode(unionOf([left, right]))
    const joinType = select.op === 'SETOP_INTERSECT' ? 'left_semi' : 'left_anti'
    return setDifferenceOf(left, right, joinType, isAll)
  }

  /** ORDER BY, OFFSET and LIMIT of a set operation or VALUES: over its output. */
  #ordered(plan: LogicalPlan, select: SelectStmt): LogicalPlan {
    let result = plan
    if (select.sortClause !== undefined) {
      const scope = ColumnScope.of(plan.schema, null)
      const converter = new ExpressionConverter({
        text: this.text,
        column: (names) => resolveColumn(names, scope, plan.schema, null),
        subquery: null,
        windows: new Map(),
      })
      const keys = select.sortClause.map((node) => {
        if (!('SortBy' in node)) throw sqlUnsupported('This ORDER BY', null)
        const key = converter.sortKey(node.SortBy)
        const place = ordinalOf(key.expression, plan.schema.fields.length, this.text, node)
        return place === null
          ? key
          : { ...key, expression: positionalReference(place, plan.schema.fields[place]!.name) }
      })
      result = sortOf(result, keys, new PlanScope(plan.schema), { timezone: this.timezone })
    }
    return this.limited(result, select)
  }

  limited(plan: LogicalPlan, select: SelectStmt): LogicalPlan {
    const [fetch, skip] = [this.count(select.limitCount, 'LIMIT'), this.count(select.limitOffset, 'OFFSET')]
    if (select.limitOption === 'LIMIT_OPTION_WITH_TIES' && fetch !== null) return withTies(plan, fetch, skip ?? 0)
    return fetch === null && (skip === null || skip === 0) ? plan : limitNode(plan, fetch, skip ?? 0)
  }

  count(node: Node | undefined, what: string): number | null {
    if (node === undefined) return null
    const position = this.text.position(locationOf(node))
    const converter = new ExpressionConverter({
      text: this.text,
      column: () => {
        throw sqlInvalid(`${what} must be a constant`, position)
      },
      subquery: null,
      windows: new Map(),
    })
    const bound = bind(converter.convert(node), { fields: [] })
    const value = interpret(bound, [], utcContext)
    if (value === null) return null
    const count = Number(value)
    if (!Number.isSafeInteger(count) || count < 0) {
      throw sqlInvalid(`${what} must be a whole number of at least 0, but it is ${String(value)}`, position)
    }
    return count
  }
}

/** What an expression without a FROM is computed over. */
const oneRow = valuesNode({ fields: [field('', int8, false)] }, [[0]])

/** LIMIT … WITH TIES: also the rows that the last one ties with, in the order of the query. */
function withTies(plan: LogicalPlan, fetch: number, skip: number): LogicalPlan {
  if (plan.kind !== 'sort') throw sqlInvalid('WITH TIES needs an ORDER BY', null)
  const width = plan.schema.fields.length
  const place = (name: 'rank' | 'row_number') => ({
    name,
    of: {
      name,
      args: [],
      partitionBy: [],
      orderBy: plan.keys,
      frame: null,
      filter: null,
      type: int32,
      nullable: false,
    },
  })
  const numbered = windowNode(plan.input, [place('rank'), place('row_number')])
  const bound = (name: 'gt' | 'le', column: number, value: number): BoundExpression =>
    bindCall(name, [
      columnOf(numbered.schema, column),
      { kind: 'literal', value: BigInt(value), type: int64, nullable: false },
    ])
  const kept = filterNode(numbered, bindCall('and', [bound('le', width, skip + fetch), bound('gt', width + 1, skip)]))
  const sorted = { ...plan, input: kept, schema: kept.schema }
  return projectionNode(sorted, columnsNamed(sorted).slice(0, width))
}

/** `ORDER BY 2`: the column's place, from 0; null if the expression is no ordinal. */
export function ordinalOf(expression: Expression, count: number, text: SqlText, node: Node): number | null {
  if (expression.kind !== 'literal' || typeof expression.value !== 'number' || expression.type.kind !== 'int32')
    return null
  if (expression.value >= 1 && expression.value <= count) return expression.value - 1
  throw sqlInvalid(`There is no output column ${expression.value}; there are ${count}`, text.position(locationOf(node)))
}

function mentions(tree: unknown, table: string): boolean {
  if (typeof tree !== 'object' || tree === null) return false
  if (Array.isArray(tree)) return tree.some((each) => mentions(each, table))
  return Object.entries(tree).some(([key, value]) =>
    key === 'RangeVar' ? (value as { relname?: string }).relname === table : mentions(value, table),
  )
}
