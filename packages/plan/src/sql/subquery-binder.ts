import {
  bindCall,
  conjunction,
  remapColumns,
  type AggregateCall,
  type BoundExpression,
  type Expression,
} from '@deltaworks/expression'
import { boolean, int32, int64, string } from '@deltaworks/schema'
import type { SelectStmt, SubLink } from 'libpg-query'
import { containsCall, expressionName, extractCalls, noCalls, rewriteExpression } from '../call-extraction.js'
import { notGrouped, sqlInvalid, sqlUnsupported } from '../errors.js'
import type { JoinKey, LogicalPlan } from '../logical-plan.js'
import { bindAggregateCall, joinOn, keyOf } from '../plan-builder.js'
import {
  aggregateNode,
  columnOf,
  columnsNamed,
  distinctNode,
  filterNode,
  joinNode,
  limitNode,
  projectionNode,
} from '../plan-node.js'
import { outerColumns, PlanScope, positionalReference } from '../plan-scope.js'
import { dependentJoin, outerReferences } from './dependent-join.js'
import { currentColumns, isCorrelated, SelectBinder, type FilteredRows } from './select-binder.js'
import { positionOf } from './query-scope.js'
import { locationOf, namesOf, type Node } from './syntax-tree.js'

const call = (name: string, ...args: readonly Expression[]): Expression => ({ kind: 'call', name, args })
const integer = (value: number): Expression => ({ kind: 'literal', value, type: int32 })
const truth = (value: boolean | null): Expression => ({ kind: 'literal', value, type: boolean })
const countRows: AggregateCall = { kind: 'aggregate', name: 'count', args: [], distinct: false, filter: null }
const boundTrue: BoundExpression = { kind: 'literal', value: true, type: boolean, nullable: false }

/**
 * Subqueries as joins. A condition EXISTS or IN of a WHERE is a semi or anti join; anywhere else the query is widened by
 * a join to a column that holds the subquery's value (or whether there is a row). Where all that a subquery says of the query
 * around it are equalities in its WHERE (for EXISTS and IN: any conditions there), these are the join's; any other is
 * computed for all combinations of the values that it refers to (`dependentJoin`).
 */
export class SubqueryBinder {
  readonly #query: SelectBinder

  constructor(query: SelectBinder) {
    this.#query = query
  }

  /** The query's plan with only the rows of which the condition is true; null if the condition is not of that form. */
  asJoin(condition: Node): LogicalPlan | null {
    if ('BoolExpr' in condition && condition.BoolExpr.boolop === 'NOT_EXPR') {
      const inner = condition.BoolExpr.args![0]!
      return 'SubLink' in inner ? this.#semiJoin(inner.SubLink, true) : null
    }
    return 'SubLink' in condition ? this.#semiJoin(condition.SubLink, false) : null
  }

  /** Joins the subquery to the plan. @returns its value as an expression over the widened plan */
  attach(link: SubLink): Expression {
    switch (link.subLinkType) {
      case 'EXPR_SUBLINK':
        return this.#scalar(link)
      case 'EXISTS_SUBLINK':
        return this.#exists(link)
      case 'ANY_SUBLINK':
        return (isEquality(link) ? this.#isIn(link) : null) ?? this.#quantified(link, true)
      case 'ALL_SUBLINK':
        return this.#quantified(link, false)
      case 'ARRAY_SUBLINK':
        return this.#array(link)
      default:
        throw this.#unsupported(link, 'This kind of subquery')
    }
  }

  #unsupported(link: SubLink, what: string): Error {
    return sqlUnsupported(what, this.#query.queries.text.position(link.location ?? locationOf(link.subselect)))
  }

  #select(link: SubLink): SelectStmt {
    if (link.subselect === undefined || !('SelectStmt' in link.subselect))
      throw this.#unsupported(link, 'This subquery')
    return link.subselect.SelectStmt
  }

  /** A binder for the subquery, and its rows before grouping; null if it is no plain SELECT … FROM … WHERE. */
  #plainRows(select: SelectStmt): { binder: SelectBinder; rows: FilteredRows } | null {
    const { queries, environment } = this.#query
    const isPlain =
      (select.op === undefined || select.op === 'SETOP_NONE') &&
      select.valuesLists === undefined &&
      select.groupClause === undefined &&
      select.havingClause === undefined
    if (!isPlain) return null
    const binder = new SelectBinder(queries, queries.withCtes(select, environment), this.#query.asOuter)
    const rows = binder.fromAndWhere(select)
    return outerReferences(rows.plan).size === 0 ? { binder, rows } : null
  }

  #whole(select: SelectStmt): LogicalPlan {
    return this.#query.queries.query(select, this.#query.environment, this.#query.asOuter)
  }

  /** From "subquery's columns, then outer ones" to "outer plan's columns, then the subquery's". */
  #beside(e: BoundExpression): BoundExpression {
    const width = this.#query.plan.schema.fields.length
    return remapColumns(e, (i) => (i >= outerColumns ? this.#query.placeNow(i - outerColumns) : i + width))
  }

  #semiJoin(link: SubLink, negated: boolean): LogicalPlan | null {
    const select = this.#select(link)
    const joinType = negated ? 'left_anti' : 'left_semi'
    if (link.subLinkType === 'EXISTS_SUBLINK') {
      const plain = select.limitCount === undefined && select.limitOffset === undefined ? this.#plainRows(select) : null
      if (plain === null || plain.rows.correlated.length === 0) return null
      if (plain.binder.targets(select).some((t) => containsCall(t.expression, 'aggregate'))) return null
      const condition = conjunction(plain.rows.correlated.map((e) => this.#beside(e)))
      return joinOn(this.#query.plan, plain.rows.plan, joinType, condition)
    }
    if (link.subLinkType !== 'ANY_SUBLINK' || !isEquality(link)) return null
    const tests = testsOf(link).map((node) => this.#query.bindNow(this.#query.convert(node), locationOf(node)))
    const members = this.#membership(select)
    if (members === null) return null
    const { plan, correlated, values } = members
    if (values.length !== tests.length) {
      throw sqlInvalid(
        `IN compares ${tests.length} value(s) with ${values.length} column(s)`,
        this.#query.queries.text.position(link.location),
      )
    }
    const nullable = tests.some((t) => t.nullable) || values.some((v) => v.nullable)
    if (negated && nullable && (correlated.length === 0 || tests.length > 1)) return null
    const equalities = tests.map((test, i) => {
      const value = this.#beside(values[i]!)
      const isEqual = bindCall('eq', [test, value])
      if (!negated || !nullable) return isEqual
      return bindCall('or', [isEqual, bindCall('is_null', [test]), bindCall('is_null', [value])])
    })
    const condition = conjunction([...correlated.map((e) => this.#beside(e)), ...equalities])
    return joinOn(this.#query.plan, plan, joinType, condition)
  }

  /** The rows that IN looks in: of a plain subquery those of its FROM and WHERE, with the output as expressions over them. */
  #membership(select: SelectStmt): {
    plan: LogicalPlan
    correlated: readonly BoundExpression[]
    values: readonly BoundExpression[]
  } | null {
    if (select.limitCount === undefined && select.limitOffset === undefined && select.distinctClause === undefined) {
      const plain = this.#plainRows(select)
      if (plain !== null && plain.rows.correlated.length > 0) {
        const targets = plain.binder.targets(select)
        if (targets.some((t) => containsCall(t.expression, 'aggregate') || containsCall(t.expression, 'window'))) {
          return null
        }
        const values = targets.map((t) => plain.binder.bindNow(t.expression, t.location))
        if (values.some(isCorrelated) || outerReferences(plain.binder.plan).size > 0) return null
        return { plan: plain.binder.plan, correlated: plain.rows.correlated, values }
      }
    }
    const plan = this.#whole(select)
    if (outerReferences(plan).size > 0) return null
    return { plan, correlated: [], values: columnsNamed(plan).map((c) => c.of) }
  }

  #scalar(link: SubLink): Expression {
    const select = this.#select(link)
    const plain = this.#plainRows(select)
    if (plain !== null && plain.rows.correlated.length > 0) {
      const joined = this.#correlatedScalar(link, select, plain)
      if (joined !== null) return joined
    }
    const plan = this.#whole(select)
    if (plan.schema.fields.length !== 1) {
      throw sqlInvalid(
        `A subquery that stands for a value must give one column, not ${plan.schema.fields.length}`,
        this.#query.queries.text.position(link.location),
      )
    }
    const width = this.#query.plan.schema.fields.length
    const name = plan.schema.fields[0]!.name
    if (isOneRow(plan)) {
      this.#join(plan)
      return positionalReference(width, name)
    }
    const value = positionalReference(0, name)
    const aggregates = [firstOf(value), countRows].map((of, i) => ({
      name: i === 0 ? name : 'rows',
      of: bindAggregateCall(of, new PlanScope(plan.schema)),
    }))
    this.#join(aggregateNode(plan, [], aggregates))
    return guarded(positionalReference(width, name), positionalReference(width + 1, 'rows'))
  }

  /** Each row of the query with the one row that the plan gives for it. */
  #join(plan: LogicalPlan): void {
    this.#query.plan = dependentJoin(this.#query.plan, plan, 'cross', (column) => this.#query.placeNow(column))
  }

  /** The subquery's aggregates by what it equates with the query around, joined to that. */
  #correlatedScalar(
    link: SubLink,
    select: SelectStmt,
    { binder, rows }: { readonly binder: SelectBinder; readonly rows: FilteredRows },
  ): Expression | null {
    if (select.limitCount !== undefined || select.limitOffset !== undefined || select.distinctClause !== undefined) {
      return null
    }
    const [target, ...more] = binder.targets(select)
    if (target === undefined || more.length > 0) {
      throw sqlInvalid(
        'A subquery that stands for a value must give one column',
        this.#query.queries.text.position(link.location),
      )
    }
    const keys = this.#keys(rows)
    if (keys === null || containsCall(target.expression, 'subquery') || containsCall(target.expression, 'window'))
      return null
    const width = this.#query.plan.schema.fields.length
    const extracted = noCalls<AggregateCall>()
    let value: Expression
    if (containsCall(target.expression, 'aggregate')) {
      value = extractCalls(target.expression, 'aggregate', width + keys.length, extracted)
    } else {
      const first = extractCalls(firstOf(target.expression), 'aggregate', width + keys.length, extracted)
      value = guarded(first, extractCalls(countRows, 'aggregate', width + keys.length, extracted))
    }
    const aggregates = extracted.calls.map((of, i) => ({
      name: extracted.names[i]!,
      of: bindAggregateCall(of, new PlanScope(binder.plan.schema), binder.binding),
    }))
    if (aggregates.some(({ of }) => [...of.args, ...(of.filter === null ? [] : [of.filter])].some(isCorrelated))) {
      return null
    }
    const grouped = aggregateNode(
      binder.plan,
      keys.map((key, i) => ({ name: `key${i + 1}`, of: key.right })),
      aggregates,
    )
    this.#joinByKeys(keys, grouped)
    return this.#overJoin(value, extracted.calls, width + keys.length)
  }

  /** Groups that are not there count 0 rows; columns of the query around are its own again. */
  #overJoin(value: Expression, calls: readonly AggregateCall[], first: number): Expression {
    return rewriteExpression(value, (node) => {
      const position = positionOf(node)
      if (position === null) return null
      if (position >= outerColumns)
        return positionalReference(this.#query.placeNow(position - outerColumns), expressionName(node))
      const of = calls[position - first]
      if (of === undefined) throw notGrouped(expressionName(node))
      if (of.name === 'collect_list' || of.name === 'collect_set') return call('coalesce', node, call('array'))
      const isCount = of.name === 'count' || of.name === 'count_if' || of.name === 'approx_count_distinct'
      return isCount ? call('coalesce', node, { kind: 'literal', value: 0n, type: int64 }) : node
    })
  }

  /** What the subquery equates with the query around; null if it says anything else of it. */
  #keys(rows: FilteredRows): JoinKey[] | null {
    const width = this.#query.plan.schema.fields.length
    const keys: JoinKey[] = []
    for (const part of rows.correlated) {
      const key = keyOf(this.#beside(part), width)
      if (key === null) return null
      keys.push(key)
    }
    return keys
  }

  #joinByKeys(keys: readonly JoinKey[], grouped: LogicalPlan): void {
    this.#query.plan = joinNode(
      this.#query.plan,
      grouped,
      'left',
      keys.map((key, i) => ({ ...key, right: columnOf(grouped.schema, i) })),
    )
  }

  #exists(link: SubLink): Expression {
    const select = this.#select(link)
    const width = this.#query.plan.schema.fields.length
    const isLimited = select.limitCount !== undefined || select.limitOffset !== undefined
    const plain = isLimited ? null : this.#plainRows(select)
    const isAggregate = plain?.binder.targets(select).some((t) => containsCall(t.expression, 'aggregate')) === true
    const keys = plain === null || plain.rows.correlated.length === 0 || isAggregate ? null : this.#keys(plain.rows)
    if (keys === null || plain === null) {
      const all = this.#whole(select)
      const rows = outerReferences(all).size > 0 ? all : limitNode(all, 1)
      const count = { name: 'rows', of: bindAggregateCall(countRows, new PlanScope(rows.schema)) }
      this.#join(aggregateNode(rows, [], [count]))
      return call('gt', positionalReference(width, 'rows'), integer(0))
    }
    const grouped = aggregateNode(
      plain.rows.plan,
      keys.map((key, i) => ({ name: `key${i + 1}`, of: key.right })),
      [],
    )
    this.#joinByKeys(keys, projectionNode(grouped, [...columnsNamed(grouped), { name: 'found', of: boundTrue }]))
    return call('is_not_null', positionalReference(width + keys.length, 'found'))
  }

  /** `x < ANY (subquery)`, `x <> ALL (subquery)`: whether it holds for one row, or for all; null if that hangs on a null. */
  #quantified(link: SubLink, any: boolean): Expression {
    const plan = this.#whole(this.#select(link))
    const nodes = testsOf(link)
    const operator = comparisons[namesOf(link.operName).at(-1) ?? '=']
    if (operator === undefined || (nodes.length > 1 && operator !== 'eq' && operator !== 'ne')) {
      throw this.#unsupported(link, `This comparison with ${any ? 'ANY' : 'ALL'} (subquery)`)
    }
    if (nodes.length !== plan.schema.fields.length) {
      throw sqlInvalid(
        `The subquery gives ${plan.schema.fields.length} column(s), but is compared with ${nodes.length} value(s)`,
        this.#query.queries.text.position(link.location),
      )
    }
    const tests = nodes.map((node) => fromInside(this.#query.bindNow(this.#query.convert(node), locationOf(node))))
    const parts = tests.map((test, i) => bindCall(operator, [test, columnOf(plan.schema, i)]))
    const holds = parts.length === 1 ? parts[0]! : bindCall(operator === 'eq' ? 'and' : 'or', parts)
    const compared = projectionNode(plan, [{ name: 'holds', of: holds }])
    const column = positionalReference(0, 'holds')
    const calls: readonly AggregateCall[] = [
      { ...countRows, name: any ? 'bool_or' : 'bool_and', args: [column] },
      { ...countRows, args: [column] },
      countRows,
    ]
    const scope = new PlanScope(compared.schema)
    const width = this.#query.plan.schema.fields.length
    this.#join(
      aggregateNode(
        compared,
        [],
        calls.map((of, i) => ({ name: `state${i}`, of: bindAggregateCall(of, scope) })),
      ),
    )
    const [decided, known, rows] = calls.map((_, i) => positionalReference(width + i, `state${i}`))
    const isDecided = any ? decided! : call('not', decided!)
    return {
      kind: 'case',
      branches: [
        { when: isDecided, then: truth(any) },
        { when: call('lt', known!, rows!), then: truth(null) },
      ],
      otherwise: truth(!any),
    }
  }

  /** ARRAY(subquery): its values in order, nulls too. */
  #array(link: SubLink): Expression {
    const plan = this.#whole(this.#select(link))
    if (plan.schema.fields.length !== 1) throw sqlInvalid('ARRAY(subquery) takes one column', null)
    const value: Expression = {
      kind: 'call',
      name: 'array',
      args: [positionalReference(0, plan.schema.fields[0]!.name)],
    }
    const ordered: AggregateCall = { ...countRows, name: 'collect_list', args: [value] }
    const width = this.#query.plan.schema.fields.length
    const of = bindAggregateCall(ordered, new PlanScope(plan.schema))
    this.#join(aggregateNode(plan, [], [{ name: 'array', of }]))
    return call('flatten', positionalReference(width, 'array'))
  }

  /** `x IN (subquery)` as a value: true, false, or null if there is none but a null is about. */
  #isIn(link: SubLink): Expression | null {
    const nodes = testsOf(link)
    const plan = this.#whole(this.#select(link))
    if (nodes.length !== 1 || plan.schema.fields.length !== 1 || outerReferences(plan).size > 0) return null
    const test = this.#query.attachTo(this.#query.convert(nodes[0]!))
    const width = this.#query.plan.schema.fields.length
    const scope = new PlanScope(plan.schema)
    const value = positionalReference(0, plan.schema.fields[0]!.name)
    const counts = [countRows, { ...countRows, args: [value] }].map((of, i) => ({
      name: i === 0 ? 'rows' : 'values',
      of: bindAggregateCall(of, scope),
    }))
    const column = columnOf(plan.schema, 0)
    const known = distinctNode(filterNode(plan, bindCall('is_not_null', [column])))
    const marked = projectionNode(known, [...columnsNamed(known), { name: 'found', of: boundTrue }])
    const bound = this.#query.bindNow(test, link.location)
    const counted = joinNode(this.#query.plan, aggregateNode(plan, [], counts), 'cross', [])
    const theirs = remapColumns(columnOf(marked.schema, 0), () => width + 2)
    this.#query.plan = joinOn(counted, marked, 'left', bindCall('eq', [bound, theirs]))
    const [rows, values, found] = ['rows', 'values', ''].map((name, i) =>
      positionalReference(i < 2 ? width + i : width + 3, name),
    )
    return {
      kind: 'case',
      branches: [
        { when: call('is_not_null', found!), then: truth(true) },
        { when: call('eq', rows!, integer(0)), then: truth(false) },
        { when: call('or', call('is_null', test), call('lt', values!, rows!)), then: truth(null) },
      ],
      otherwise: truth(false),
    }
  }
}

/** The operators that ANY and ALL compare with. */
const comparisons: Readonly<Record<string, string>> = {
  '=': 'eq',
  '<>': 'ne',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
}

const isEquality = (link: SubLink): boolean => link.operName === undefined || namesOf(link.operName).at(-1) === '='

/** A column of the outer plan as it is now, as a reference from within a subquery. */
const fromInside = (e: BoundExpression): BoundExpression =>
  remapColumns(e, (i) => (i >= outerColumns ? i + outerColumns : i + outerColumns + currentColumns))

const testsOf = (link: SubLink): Node[] =>
  link.testexpr === undefined ? [] : 'RowExpr' in link.testexpr ? (link.testexpr.RowExpr.args ?? []) : [link.testexpr]

const firstOf = (value: Expression): AggregateCall => ({
  kind: 'aggregate',
  name: 'first',
  args: [value],
  distinct: false,
  filter: null,
})

/** The value, if there was one row at most; else the evaluation fails with a message that says so. */
function guarded(value: Expression, rows: Expression): Expression {
  const message = call(
    'concat',
    { kind: 'cast', input: rows, type: string, lenient: false },
    {
      kind: 'literal',
      value: ' rows from a subquery that stands for one value',
      type: string,
    },
  )
  const known = call('coalesce', rows, integer(0))
  return {
    kind: 'case',
    branches: [
      { when: call('le', known, integer(1)), then: value },
      { when: { kind: 'cast', input: message, type: boolean, lenient: false }, then: value },
    ],
    otherwise: null,
  }
}

/** Whether the plan gives exactly one row, whatever the data. */
function isOneRow(plan: LogicalPlan): boolean {
  switch (plan.kind) {
    case 'aggregate':
      return plan.groupBy.length === 0
    case 'values':
      return plan.rows.length === 1
    case 'projection':
    case 'window':
    case 'sort':
      return isOneRow(plan.input)
    case 'join':
      return plan.joinType === 'cross' && isOneRow(plan.left) && isOneRow(plan.right)
    default:
      return false
  }
}
