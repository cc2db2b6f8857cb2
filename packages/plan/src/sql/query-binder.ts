import { bind, interpret, utcContext, type BoundExpression, type Expression } from '@deltaworks/expression'
import { commonType } from '@deltaworks/expression'
import { field, typeName, type DataType, type Value } from '@deltaworks/schema'
import type { CommonTableExpr, SelectStmt } from 'libpg-query'
import { sqlInvalid, sqlUnsupported, unionMismatch } from '../errors.js'
import type { LogicalPlan } from '../logical-plan.js'
import { castOf, castTo, joinPairs, sortOf, unionOf, withWindows } from '../plan-builder.js'
import { columnsNamed, distinctNode, limitNode, projectionNode, valuesNode } from '../plan-node.js'
import { PlanScope, positionalReference } from '../plan-scope.js'
import { ColumnScope, resolveColumn } from './column-scope.js'
import { ExpressionConverter } from './expression-converter.js'
import type { OuterQuery } from './query-scope.js'
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
      return this.#ordered(this.#setOperation(select, environment), select)
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
      if (select.withClause.recursive === true && mentions(cte, name)) {
        throw sqlUnsupported('WITH RECURSIVE', this.text.position(cte.location))
      }
      ctes.set(name, this.#cte(cte, { ctes }))
    }
    return { ctes }
  }

  #cte(cte: CommonTableExpr, environment: QueryEnvironment): LogicalPlan {
    if (cte.ctequery === undefined || !('SelectStmt' in cte.ctequery)) {
      throw sqlUnsupported('A WITH query that is no SELECT', this.text.position(cte.location))
    }
    const plan = this.query(cte.ctequery.SelectStmt, { ctes: new Map(environment.ctes) }, null)
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
              bind(converter.convert(item), { fields: [] }, { timezone: this.timezone }),
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

  #setOperation(select: SelectStmt, environment: QueryEnvironment): LogicalPlan {
    const [left, right] = [this.query(select.larg!, environment, null), this.query(select.rarg!, environment, null)]
    const isAll = select.all === true
    if (select.op === 'SETOP_UNION') return isAll ? unionOf([left, right]) : distinctNode(unionOf([left, right]))
    const joinType = select.op === 'SETOP_INTERSECT' ? 'left_semi' : 'left_anti'
    const [a, b] = sameTypes(left, right)
    const pairs = (plan: LogicalPlan) => plan.schema.fields.map((_, i) => ({ left: i, right: i }))
    if (!isAll) return joinPairs(distinctNode(a), b, joinType, pairs(a), true)
    const [numberedA, numberedB] = [numbered(a), numbered(b)]
    const join = joinPairs(numberedA, numberedB, joinType, pairs(numberedA), true)
    return projectionNode(join, columnsNamed(join).slice(0, a.schema.fields.length))
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
    if (select.limitOption === 'LIMIT_OPTION_WITH_TIES') throw sqlUnsupported('FETCH FIRST … WITH TIES', null)
    const [fetch, skip] = [this.#count(select.limitCount, 'LIMIT'), this.#count(select.limitOffset, 'OFFSET')]
    return fetch === null && (skip === null || skip === 0) ? plan : limitNode(plan, fetch, skip ?? 0)
  }

  #count(node: Node | undefined, what: string): number | null {
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

/** `ORDER BY 2`: the column's place, from 0; null if the expression is no ordinal. */
export function ordinalOf(expression: Expression, count: number, text: SqlText, node: Node): number | null {
  if (expression.kind !== 'literal' || typeof expression.value !== 'number' || expression.type.kind !== 'int32')
    return null
  if (expression.value >= 1 && expression.value <= count) return expression.value - 1
  throw sqlInvalid(`There is no output column ${expression.value}; there are ${count}`, text.position(locationOf(node)))
}

function sameTypes(left: LogicalPlan, right: LogicalPlan): [LogicalPlan, LogicalPlan] {
  const [a, b] = [left.schema.fields, right.schema.fields]
  if (a.length !== b.length) throw unionMismatch(`one has ${a.length} column(s), another ${b.length}`)
  const types = a.map((f, i) => {
    const type = commonType(f.type, b[i]!.type)
    if (type === null) throw unionMismatch(`column "${f.name}" is ${typeName(f.type)} and ${typeName(b[i]!.type)}`)
    return type
  })
  return [castTo(left, types), castTo(right, types)]
}

/** With one more column: the how-manieth of its equals a row is. So INTERSECT ALL and EXCEPT ALL count duplicates. */
function numbered(plan: LogicalPlan): LogicalPlan {
  const columns = plan.schema.fields.map((f, i) => positionalReference(i, f.name))
  const number: Expression = {
    kind: 'window',
    name: 'row_number',
    args: [],
    partitionBy: columns,
    orderBy: [],
    frame: null,
  }
  return withWindows(plan, [number], new PlanScope(plan.schema))[0]
}

function mentions(tree: unknown, table: string): boolean {
  if (typeof tree !== 'object' || tree === null) return false
  if (Array.isArray(tree)) return tree.some((each) => mentions(each, table))
  return Object.entries(tree).some(([key, value]) =>
    key === 'RangeVar' ? (value as { relname?: string }).relname === table : mentions(value, table),
  )
}
