import {
  bind,
  columnsOf,
  conjunction,
  expressionKey,
  type AggregateCall,
  type BindOptions,
  type BoundExpression,
  type Expression,
  type SortKey,
} from '@deltaworks/expression'
import type { ColumnRef, ResTarget, SelectStmt, SubLink, WindowDef } from 'libpg-query'
import { containsCall, expressionName, extractCalls, noCalls, rewriteExpression } from '../call-extraction.js'
import { notBoolean, notGrouped, sqlInvalid, sqlUnsupported, unknownColumn } from '../errors.js'
import { combined, cube, groupingExpression, groupingSetsNode, rollup, type GroupingSet } from '../grouping-sets.js'
import type { LogicalPlan } from '../logical-plan.js'
import { bindAggregateCall, bindSortKeys, withWindows } from '../plan-builder.js'
import {
  aggregateNode,
  columnsNamed,
  distinctNode,
  filterNode,
  limitNode,
  projectionNode,
  sortNode,
  type Named,
} from '../plan-node.js'
import { outerColumns, PlanScope, positionalReference } from '../plan-scope.js'
import { resolveColumn, type ColumnScope } from './column-scope.js'
import { ExpressionConverter, sortDirection } from './expression-converter.js'
import { withGeneratorsInFrom } from './list-function.js'
import { markerOf, type Marker } from './dialect-marker.js'
import { FromBinder } from './from-clause.js'
import { ordinalOf, type QueryBinder, type QueryEnvironment } from './query-binder.js'
import { isOuterReference, positionalBinding, type OuterQuery } from './query-scope.js'
import { firstOfEach, listOf, withUnnested } from './select-output.js'
import { conjunctsOf, containsSubLink, firstTarget, havingAndQualify, plainName, windowsOf } from './select-syntax.js'
import { SubqueryBinder } from './subquery-binder.js'
import { locationOf, namesOf, type Node } from './syntax-tree.js'

/** An output column before it is bound. */
interface Target {
  readonly name: string
  readonly expression: Expression
  readonly location: number | undefined
}

interface GroupItem {
  readonly node: Node
  readonly expression: Expression
}

/** The rows of FROM and WHERE, and what of WHERE speaks of the query around. */
export interface FilteredRows {
  readonly plan: LogicalPlan
  readonly scope: ColumnScope
  /** Over the plan's columns, and from `outerColumns` on those of the query around. */
  readonly correlated: readonly BoundExpression[]
}

/** One SELECT: FROM → WHERE → GROUP BY → HAVING → windows → output → DISTINCT → ORDER BY → LIMIT. */
export class SelectBinder {
  readonly queries: QueryBinder
  readonly environment: QueryEnvironment
  readonly outer: OuterQuery | null
  #plan!: LogicalPlan
  #scope!: ColumnScope
  readonly #subqueries: SubLink[] = []
  #windows: ReadonlyMap<string, WindowDef> = new Map()
  /** Where a column of FROM is in the plan by now; null: still in its place. Set once rows are grouped. */
  #grouped: ReadonlyMap<number, number> | null = null

  constructor(queries: QueryBinder, environment: QueryEnvironment, outer: OuterQuery | null) {
    this.queries = queries
    this.environment = environment
    this.outer = outer
  }

  bind(written: SelectStmt): LogicalPlan {
    const select = withGeneratorsInFrom(written)
    const { correlated } = this.fromAndWhere(select)
    if (correlated.length > 0) this.#plan = filterNode(this.#plan, conjunction(correlated))
    const targets = this.targets(select)
    const [havingNodes, qualifyNodes] = havingAndQualify(select.havingClause)
    const having = havingNodes.length === 0 ? null : conjunctionOf(havingNodes.map((node) => this.#convert(node)))
    const qualify = qualifyNodes.map((node) => this.#convertOver(node, targets))
    const sortKeys = this.#sortKeys(select, targets)
    const distinctOn = this.#distinctOn(select, targets)
    const all = [
      ...targets.map((t) => t.expression),
      ...(having === null ? [] : [having]),
      ...qualify,
      ...sortKeys.map((k) => k.expression),
      ...distinctOn,
    ]
    let expressions: readonly Expression[] = [
      ...targets.map((t) => t.expression),
      ...sortKeys.map((k) => k.expression),
      ...distinctOn,
      ...qualify,
    ]
    if (select.groupClause !== undefined || having !== null || all.some((e) => containsCall(e, 'aggregate'))) {
      const rewrite = this.#group(select, targets, all)
      expressions = expressions.map((e, i) => this.queries.text.locate(targets[i]?.location, () => rewrite(e)))
      if (having !== null) this.#filter(rewrite(having), 'HAVING', locationOf(select.havingClause))
    }
    return this.#output(select, targets, expressions, sortKeys, distinctOn.length)
  }

  /** The steps before grouping. */
  fromAndWhere(select: SelectStmt): FilteredRows {
    const from = new FromBinder(this.queries, this.environment, this.outer).bind(select.fromClause)
    this.#plan = from.plan
    this.#scope = from.scope
    this.#windows = windowsOf(select.windowClause)
    const correlated: BoundExpression[] = []
    const subqueries = new SubqueryBinder(this)
    const parts = select.whereClause === undefined ? [] : conjunctsOf(select.whereClause)
    const later: Node[] = []
    const filters: BoundExpression[] = []
    for (const part of parts) {
      if (containsSubLink(part)) {
        later.push(part)
        continue
      }
      const bound = this.bindPredicate(this.#convert(part, 'WHERE'), 'WHERE', locationOf(part))
      if (isCorrelated(bound)) correlated.push(bound)
      else filters.push(bound)
    }
    if (filters.length > 0) this.#plan = filterNode(this.#plan, conjunction(filters))
    for (const part of later) {
      const asJoin = subqueries.asJoin(part)
      if (asJoin !== null) this.#plan = asJoin
      else this.#filter(this.#convert(part, 'WHERE'), 'WHERE', locationOf(part))
    }
    return { plan: this.#plan, scope: this.#scope, correlated }
  }

  get plan(): LogicalPlan {
    return this.#plan
  }
  set plan(plan: LogicalPlan) {
    this.#plan = plan
  }

  /** What a subquery of this one sees around it. */
  get asOuter(): OuterQuery {
    return { scope: this.#scope, schema: this.#fromSchema, outer: this.outer }
  }
  get #fromSchema() {
    return this.#ungrouped?.schema ?? this.#plan.schema
  }
  #ungrouped: LogicalPlan | null = null

  /** Where a column of FROM is in the plan by now. @throws PlanError DW-PLAN-0021 if grouping has lost it */
  placeNow(column: number): number {
    if (column >= outerColumns) return column
    if (column >= currentColumns) return column - currentColumns
    const place = this.#grouped === null ? column : this.#grouped.get(column)
    if (place !== undefined) return place
    throw sqlUnsupported('A subquery that refers to a column that is not grouped by', null)
  }

  get binding(): BindOptions {
    return positionalBinding(this.#plan, this.outer, this.queries.timezone)
  }

  /** An expression of this query over the plan as it is now; its subqueries are joined to the plan first. */
  bindNow(expression: Expression, location: number | undefined): BoundExpression {
    return this.queries.text.locate(location, () => {
      const withoutSubqueries = this.#attach(expression)
      return bind(withoutSubqueries, this.#plan.schema, this.binding)
    })
  }

  bindPredicate(expression: Expression, where: string, location: number | undefined): BoundExpression {
    return this.queries.text.locate(location, () => {
      if (containsCall(expression, 'aggregate') && where === 'WHERE') {
        throw sqlInvalid('An aggregate cannot stand in WHERE; use HAVING', null)
      }
      const bound = this.bindNow(expression, location)
      if (bound.type.kind !== 'boolean' && bound.type.kind !== 'null') throw notBoolean(where, bound.type)
      return bound
    })
  }

  convert(node: Node): Expression {
    return this.#convert(node)
  }

  /** The expression with its subqueries joined to the plan. */
  attachTo(expression: Expression): Expression {
    return this.#attach(expression)
  }

  #filter(predicate: Expression, where: string, location: number | undefined): void {
    const bound = this.bindPredicate(predicate, where, location)
    this.#plan = filterNode(this.#plan, bound)
  }

  #convert(node: Node, _where = ''): Expression {
    const converter = new ExpressionConverter({
      text: this.queries.text,
      column: (names) => resolveColumn(names, this.#scope, this.#fromSchema, this.outer),
      subquery: (link) => ({ kind: 'subquery', index: this.#subqueries.push(link) - 1 }),
      windows: this.#windows,
    })
    return converter.convert(node)
  }

  /** Every subquery in the expression becomes a join of the plan, and a reference to what the join adds. */
  #attach(expression: Expression): Expression {
    return rewriteExpression(expression, (node) =>
      node.kind === 'subquery' ? new SubqueryBinder(this).attach(this.#subqueries[node.index]!) : null,
    )
  }

  targets(select: SelectStmt): Target[] {
    const targets: Target[] = []
    /** Where the outputs of the last star are. */
    let star = 0
    for (const node of select.targetList ?? []) {
      if (!('ResTarget' in node)) throw sqlUnsupported('This output', null)
      const marker = markerOf(node.ResTarget.val)
      if (marker === null) {
        const added = this.#target(node.ResTarget)
        star = targets.push(...added) - added.length
      } else if (marker.name !== '__top') this.#changeStar(targets, star, marker)
    }
    return targets
  }

  /** What follows a star: columns that it leaves out, computes or calls otherwise. */
  #changeStar(targets: Target[], from: number, { name, args, location }: Marker): void {
    const [first, second] = args
    const column = plainName(name === '__replace' ? second : first)
    const at = targets.findIndex((t, i) => i >= from && t.name.toLowerCase() === column?.toLowerCase())
    if (at < 0) {
      const known = targets.slice(from).map((t) => t.name)
      throw this.queries.text.locate(location, () => unknownColumn(column ?? '?', known))
    }
    const target = targets[at]!
    if (name === '__exclude') targets.splice(at, 1)
    else if (name === '__replace') targets[at] = { ...target, expression: this.#convert(first!) }
    else targets[at] = { ...target, name: plainName(second) ?? target.name }
  }

  #target(target: ResTarget): Target[] {
    const value = target.val!
    if ('ColumnRef' in value && value.ColumnRef.fields?.some((f) => 'A_Star' in f)) return this.#star(value.ColumnRef)
    const expression = this.#convert(value)
    const name = target.name ?? ('SubLink' in value ? 'subquery' : expressionName(expression))
    return [{ name, expression, location: locationOf(value) }]
  }

  #star(reference: ColumnRef): Target[] {
    const qualifier = namesOf(reference.fields).slice(0, -1).at(-1) ?? null
    const columns = this.#scope.star(qualifier)
    const position = this.queries.text.position(reference.location ?? 0)
    if (columns.length === 0) {
      throw sqlInvalid(
        qualifier === null ? 'SELECT * without a FROM has no columns' : `There is no table "${qualifier}" in FROM`,
        position,
      )
    }
    return columns.map((c) => ({
      name: c.name,
      expression: positionalReference(c.index, c.name),
      location: reference.location,
    }))
  }

  /** ORDER BY: an ordinal, the name of an output, or any expression over what the outputs are made of. */
  #sortKeys(select: SelectStmt, targets: readonly Target[]): SortKey[] {
    return (select.sortClause ?? []).flatMap((node) => {
      if (!('SortBy' in node)) throw sqlUnsupported('This ORDER BY', null)
      if (markerOf(node.SortBy.node)?.name === '__all') {
        const direction = sortDirection(node.SortBy.sortby_dir, node.SortBy.sortby_nulls)
        return targets.map(({ expression }) => ({ expression, ...direction }))
      }
      const name = plainName(node.SortBy.node)
      const named = name === null ? undefined : targets.find((t) => t.name.toLowerCase() === name.toLowerCase())
      const key = new ExpressionConverter({
        text: this.queries.text,
        column: (names) => named?.expression ?? resolveColumn(names, this.#scope, this.#fromSchema, this.outer),
        subquery: (link) => ({ kind: 'subquery', index: this.#subqueries.push(link) - 1 }),
        windows: this.#windows,
      }).sortKey(node.SortBy)
      const place = ordinalOf(key.expression, targets.length, this.queries.text, node)
      return place === null ? key : { ...key, expression: targets[place]!.expression }
    })
  }

  #distinctOn(select: SelectStmt, targets: readonly Target[]): Expression[] {
    const items = (select.distinctClause ?? []).filter((node) => Object.keys(node).length > 0)
    return items.map((node) => this.#groupItem(node, targets))
  }

  /** An item of GROUP BY or DISTINCT ON: a column, an output by ordinal or alias, or an expression. */
  #groupItem(node: Node, targets: readonly Target[]): Expression {
    const name = plainName(node)
    const alias = name === null ? undefined : targets.find((t) => t.name.toLowerCase() === name.toLowerCase())
    if (alias !== undefined && this.#scope.find(name!, null) === null) return alias.expression
    const expression = this.#convert(node)
    const place = ordinalOf(expression, targets.length, this.queries.text, node)
    return place === null ? expression : targets[place]!.expression
  }

  /** The sets that an item of GROUP BY stands for; expressions are put into `items`, each different one once. */
  #groupingSets(node: Node, targets: readonly Target[], items: GroupItem[]): GroupingSet[] {
    if (!('GroupingSet' in node)) {
      const members = 'RowExpr' in node ? (node.RowExpr.args ?? []) : [node]
      return [members.map((member) => this.#groupPlace(member, targets, items))]
    }
    const inner = (node.GroupingSet.content ?? []).map((each) => this.#groupingSets(each, targets, items))
    switch (node.GroupingSet.kind) {
      case 'GROUPING_SET_ROLLUP':
        return rollup(inner.map((sets) => sets[0]!))
      case 'GROUPING_SET_CUBE':
        return cube(inner.map((sets) => sets[0]!))
      case 'GROUPING_SET_SETS':
        return inner.flat()
      default:
        return [[]]
    }
  }

  #groupPlace(node: Node, targets: readonly Target[], items: GroupItem[]): number {
    const expression = this.#groupItem(node, targets)
    const key = expressionKey(expression)
    const known = items.findIndex((item) => expressionKey(item.expression) === key)
    return known >= 0 ? known : items.push({ node, expression }) - 1
  }

  /** An expression that may also name outputs, where there is no such column. */
  #convertOver(node: Node, targets: readonly Target[]): Expression {
    return new ExpressionConverter({
      text: this.queries.text,
      column: (names) => {
        const isOwn = names.length > 1 || this.#scope.find(names[0]!, null) !== null
        const target = isOwn ? undefined : targets.find((t) => t.name.toLowerCase() === names[0]!.toLowerCase())
        return target?.expression ?? resolveColumn(names, this.#scope, this.#fromSchema, this.outer)
      },
      subquery: (link) => ({ kind: 'subquery', index: this.#subqueries.push(link) - 1 }),
      windows: this.#windows,
    }).convert(node)
  }

  /** GROUP BY ALL: the outputs without aggregates and window functions. */
  #groupByAll(targets: readonly Target[], items: GroupItem[]): void {
    for (const { expression, location } of targets) {
      if (containsCall(expression, 'aggregate') || containsCall(expression, 'window')) continue
      const node = { A_Const: { isnull: true, ...(location === undefined ? {} : { location }) } } as Node
      if (expression.kind !== 'literal') items.push({ node, expression })
    }
  }

  /** Makes the aggregate node. @returns how an expression is written over its columns */
  #group(select: SelectStmt, targets: readonly Target[], all: readonly Expression[]): (e: Expression) => Expression {
    const items: GroupItem[] = []
    const isAll = markerOf(select.groupClause?.[0])?.name === '__all'
    if (isAll) this.#groupByAll(targets, items)
    const sets = isAll
      ? []
      : combined((select.groupClause ?? []).map((node) => this.#groupingSets(node, targets, items)))
    const isPlain = !(select.groupClause ?? []).some((node) => 'GroupingSet' in node)
    const attached = items.map(({ node, expression }) => {
      if (containsCall(expression, 'aggregate')) {
        throw sqlInvalid('GROUP BY cannot contain an aggregate', this.queries.text.position(locationOf(node)))
      }
      return this.queries.text.locate(locationOf(node), () => this.#attach(expression))
    })
    const groups = attached.map((expression, i): Named<BoundExpression> => ({
      name: expressionName(items[i]!.expression),
      of: this.bindNow(expression, locationOf(items[i]!.node)),
    }))
    const extracted = noCalls<AggregateCall>()
    for (const e of all) extractCalls(e, 'aggregate', groups.length, extracted)
    const calls = extracted.calls.map((call) => this.#attach(call) as AggregateCall)
    const aggregates = calls.map((call, i) => ({
      name: extracted.names[i]!,
      of: this.queries.text.locate(locationOf(select.targetList?.[0]), () =>
        bindAggregateCall(call, new PlanScope(this.#plan.schema), this.binding),
      ),
    }))
    this.#ungrouped = this.#plan
    this.#plan = isPlain
      ? aggregateNode(this.#plan, groups, aggregates)
      : groupingSetsNode(this.#plan, groups, aggregates, sets)
    const set = positionalReference(groups.length + aggregates.length, 'set')
    this.#grouped = new Map(groups.flatMap(({ of }, i) => (of.kind === 'column' ? [[of.index, i] as const] : [])))
    const places = new Map(items.map(({ expression }, i) => [expressionKey(expression), i]))
    return (expression) =>
      rewriteExpression(expression, (node) => {
        const place = places.get(expressionKey(node))
        if (place !== undefined) return positionalReference(place, groups[place]!.name)
        if (node.kind === 'call' && node.name === 'grouping') {
          return groupingExpression(
            node,
            groups.length,
            isPlain ? [groups.map((_, i) => i)] : sets,
            set,
            (argument) => {
              const found = places.get(expressionKey(argument))
              if (found === undefined) throw notGrouped(expressionName(argument))
              return found
            },
          )
        }
        if (node.kind === 'aggregate') return extractCalls(node, 'aggregate', groups.length, extracted)
        if (node.kind === 'column' && !isOuterReference(node)) throw notGrouped(node.name)
        return null
      })
  }

  #output(
    select: SelectStmt,
    targets: readonly Target[],
    expressions: readonly Expression[],
    sortKeys: readonly SortKey[],
    distinctOnCount: number,
  ): LogicalPlan {
    const attached = expressions.map((e, i) => this.queries.text.locate(targets[i]?.location, () => this.#attach(e)))
    const [over, rewritten] = this.queries.text.locate(targets[0]?.location, () =>
      withWindows(this.#plan, attached, new PlanScope(this.#plan.schema), this.binding),
    )
    this.#plan = over
    const outputs = targets.map((t, i): Named<BoundExpression> => ({
      name: t.name,
      of: this.bindNow(listOf(rewritten[i]!) ?? rewritten[i]!, t.location),
    }))
    const order = rewritten.slice(targets.length, targets.length + sortKeys.length)
    const on = rewritten.slice(targets.length + sortKeys.length)
    for (const condition of on.slice(distinctOnCount)) {
      const kept = this.bindNow(condition, undefined)
      if (kept.type.kind !== 'boolean' && kept.type.kind !== 'null') throw notBoolean('QUALIFY', kept.type)
      this.#plan = filterNode(this.#plan, kept)
    }
    const places = new Map(rewritten.slice(0, targets.length).map((e, i) => [expressionKey(e), i]))
    const extra: Named<BoundExpression>[] = []
    const placeOf = (e: Expression): number => {
      const known = places.get(expressionKey(e))
      if (known !== undefined) return known
      const place = targets.length + extra.length
      extra.push({ name: expressionName(e), of: this.bindNow(e, undefined) })
      places.set(expressionKey(e), place)
      return place
    }
    const sortPlaces = order.map(placeOf)
    const onPlaces = on.slice(0, distinctOnCount).map(placeOf)
    const unnested = rewritten
      .slice(0, targets.length)
      .map((e) => (listOf(e) === null ? null : (e as { name: string }).name))
    let result: LogicalPlan = withUnnested(projectionNode(this.#plan, [...outputs, ...extra]), unnested)
    const reference = (place: number) => positionalReference(place, result.schema.fields[place]!.name)
    const keys = sortKeys.map((key, i) => ({ ...key, expression: reference(sortPlaces[i]!) }))
    if (distinctOnCount > 0) result = firstOfEach(result, onPlaces.map(reference), keys)
    else if (select.distinctClause !== undefined) {
      if (extra.length > 0) throw sqlInvalid('With DISTINCT, ORDER BY can only name what SELECT gives', null)
      result = distinctNode(result)
    }
    if (keys.length > 0) {
      const bound = bindSortKeys(keys, new PlanScope(result.schema), { timezone: this.queries.timezone })
      result = sortNode(result, bound)
    }
    result = this.queries.limited(result, select)
    const top = markerOf(firstTarget(select))
    if (top?.name === '__top') result = limitNode(result, this.queries.count(top.args[0], 'TOP'))
    return extra.length === 0 ? result : projectionNode(result, columnsNamed(result).slice(0, targets.length))
  }
}

const conjunctionOf = (parts: readonly Expression[]): Expression =>
  parts.length === 1 ? parts[0]! : { kind: 'call', name: 'and', args: parts }

/** An outer position of which this much is taken off is a column of the outer plan as it is now, not one of its FROM. */
export const currentColumns = 500_000

export const isCorrelated = (e: BoundExpression): boolean => columnsOf(e).some((i) => i >= outerColumns)
