import {
  bind,
  columnsOf,
  commonTypeOf,
  interpret,
  utcContext,
  type AggregateCall,
  type BoundExpression,
  type Expression,
} from '@deltaworks/expression'
import { list, string, struct, typeName, type Value } from '@deltaworks/schema'
import type { ResTarget, SelectStmt } from 'libpg-query'
import { expressionName, extractCalls, noCalls, rewriteExpression } from '../call-extraction.js'
import { sqlInvalid } from '../errors.js'
import { bindAggregateCall, castOf } from '../plan-builder.js'
import {
  aggregateNode,
  columnOf,
  columnsNamed,
  filterNode,
  projectionNode,
  unnestNode,
  type Named,
} from '../plan-node.js'
import { PlanScope } from '../plan-scope.js'
import { markerOf } from './dialect-marker.js'
import { ExpressionConverter } from './expression-converter.js'
import type { FromClause } from './from-clause.js'
import { ColumnScope, resolveColumn } from './column-scope.js'
import type { QueryBinder } from './query-binder.js'
import { positionalBinding } from './query-scope.js'
import { namesOf, type Node } from './syntax-tree.js'

/** What stands in the brackets of PIVOT or UNPIVOT, as the dialect wrote it: a select list. */
export interface PivotClause {
  readonly isUnpivot: boolean
  readonly includeNulls: boolean
  /** Aggregates, or the names of columns of values. */
  readonly values: readonly ResTarget[]
  readonly column: readonly Node[]
  readonly list: readonly ResTarget[]
}

export function pivotClauseOf(node: Node | undefined): PivotClause | null {
  if (node === undefined || !('RangeSubselect' in node)) return null
  const { subquery } = node.RangeSubselect
  const targets = subquery !== undefined && 'SelectStmt' in subquery ? targetsOf(subquery.SelectStmt) : []
  const head = markerOf(targets[0]?.val)
  if (head?.name !== '__pivot' && head?.name !== '__unpivot') return null
  const at = targets.findIndex((target) => markerOf(target.val)?.name === '__for')
  const [flag] = head.args
  return {
    isUnpivot: head.name === '__unpivot',
    includeNulls:
      flag !== undefined && 'A_Const' in flag && 'boolval' in flag.A_Const && flag.A_Const.boolval?.boolval === true,
    values: targets.slice(1, at),
    column: markerOf(targets[at]?.val)?.args ?? [],
    list: targets.slice(at + 1),
  }
}

const targetsOf = (select: SelectStmt): readonly ResTarget[] =>
  (select.targetList ?? []).flatMap((node) => ('ResTarget' in node ? [node.ResTarget] : []))

/** PIVOT and UNPIVOT over the rows of a FROM item. */
export class PivotBinder {
  readonly #queries: QueryBinder
  readonly #input: FromClause
  readonly #converter: ExpressionConverter

  constructor(queries: QueryBinder, input: FromClause) {
    this.#queries = queries
    this.#input = input
    this.#converter = new ExpressionConverter({
      text: queries.text,
      column: (names) => resolveColumn(names, input.scope, input.plan.schema, null),
      subquery: null,
      windows: new Map(),
    })
  }

  bind(clause: PivotClause): FromClause {
    const plan = clause.isUnpivot ? this.#unpivot(clause) : this.#pivot(clause)
    return { plan, scope: ColumnScope.of(plan.schema, null) }
  }

  /** Grouped by the columns that neither the aggregates nor the pivot column name; a column a value and aggregate. */
  #pivot({ values, column, list: of }: PivotClause) {
    const { plan } = this.#input
    const binding = positionalBinding(plan, null, this.#queries.timezone)
    const keys = column.map((node) => this.#bound(node))
    const extracted = noCalls<AggregateCall>()
    const wanted = values.map((target) => {
      const expression = this.#converter.convert(target.val!)
      extractCalls(expression, 'aggregate', 0, extracted)
      if (extracted.calls.length === 0) throw sqlInvalid('PIVOT takes aggregates', null)
      return { expression, name: target.name ?? null }
    })
    const aggregated = extracted.calls.map((call) => bindAggregateCall(call, new PlanScope(plan.schema), binding))
    const used = new Set([
      ...keys.flatMap((key) => columnsOf(key)),
      ...aggregated.flatMap((a) => [...a.args, ...(a.filter === null ? [] : [a.filter])].flatMap((e) => columnsOf(e))),
    ])
    const groups = columnsNamed(plan).filter((_, i) => !used.has(i))
    const outputs = of.flatMap((target) => {
      const items = 'RowExpr' in target.val! ? (target.val.RowExpr.args ?? []) : [target.val!]
      if (items.length !== keys.length)
        throw sqlInvalid(`PIVOT is by ${keys.length} column(s), but IN lists ${items.length}`, null)
      const condition = items.map((node, i): Expression => ({
        kind: 'call',
        name: 'is_not_distinct_from',
        args: [this.#converter.convert(column[i]!), this.#converter.convert(node)],
      }))
      const filter: Expression = condition.length === 1 ? condition[0]! : { kind: 'call', name: 'and', args: condition }
      const label = target.name ?? items.map((node) => this.#label(node)).join('_')
      return wanted.map(({ expression, name }) => ({
        name: wanted.length === 1 && name === null ? label : `${label}_${name ?? expressionName(expression)}`,
        expression: filtered(expression, filter),
      }))
    })
    const inPivot = noCalls<AggregateCall>()
    const rewritten = outputs.map(({ name, expression }) => ({
      name,
      expression: extractCalls(expression, 'aggregate', groups.length, inPivot),
    }))
    const aggregates = inPivot.calls.map((call, i) => ({
      name: inPivot.names[i]!,
      of: bindAggregateCall(call, new PlanScope(plan.schema), binding),
    }))
    const grouped = aggregateNode(plan, groups, aggregates)
    return projectionNode(grouped, [
      ...columnsNamed(grouped).slice(0, groups.length),
      ...rewritten.map(({ name, expression }): Named<BoundExpression> => ({
        name,
        of: bind(expression, grouped.schema, positionalBinding(grouped, null, this.#queries.timezone)),
      })),
    ])
  }

  /** Each row once for every listed column: its name and its value, beside the columns that are not listed. */
  #unpivot({ values, column, list: of, includeNulls }: PivotClause) {
    const { plan } = this.#input
    const valueNames = values.flatMap((target) => namesIn(target.val))
    const [nameColumn] = namesIn(column[0])
    const entries = of.map((target) => {
      const nodes = 'RowExpr' in target.val! ? (target.val.RowExpr.args ?? []) : [target.val!]
      if (nodes.length !== valueNames.length) {
        throw sqlInvalid(`UNPIVOT gives ${valueNames.length} value(s), but lists ${nodes.length} column(s)`, null)
      }
      return {
        label: target.name ?? nodes.flatMap((node) => namesIn(node)).join('_'),
        of: nodes.map((node) => this.#bound(node)),
      }
    })
    const used = new Set(entries.flatMap((entry) => entry.of.flatMap((e) => columnsOf(e))))
    const types = valueNames.map((name, i) => {
      const type = commonTypeOf(entries.map((entry) => entry.of[i]!.type))
      if (type !== null) return type
      const shown = entries.map((entry) => typeName(entry.of[i]!.type)).join(' and ')
      throw sqlInvalid(`The columns that UNPIVOT puts into "${name}" have no common type: ${shown}`, null)
    })
    const row = struct([
      { name: 'name', type: string, nullable: false },
      ...types.map((type, i) => ({ name: valueNames[i]!, type, nullable: true })),
    ])
    const rows = entries.map((entry): BoundExpression => {
      const members = entry.of.map((e, i) => [textLiteral(valueNames[i]!), castOf(e, types[i]!)])
      const args = [textLiteral('name'), textLiteral(entry.label), ...members.flat()]
      return { kind: 'call', name: 'named_struct', args, type: row, nullable: false }
    })
    const lists: BoundExpression = { kind: 'call', name: 'array', args: rows, type: list(row, false), nullable: false }
    const unnested = unnestNode(plan, [lists], { outer: false, ordinality: false })
    const made = columnOf(unnested.schema, plan.schema.fields.length)
    const member = (i: number, name: string, type: BoundExpression['type']): Named<BoundExpression> => ({
      name,
      of: { kind: 'call', name: 'get_field', args: [made, textLiteral(row.fields[i]!.name)], type, nullable: i > 0 },
    })
    const result = projectionNode(unnested, [
      ...columnsNamed(plan).filter((_, i) => !used.has(i)),
      member(0, nameColumn ?? 'name', string),
      ...types.map((type, i) => member(i + 1, valueNames[i]!, type)),
    ])
    if (includeNulls) return result
    const width = result.schema.fields.length
    const present = types.map((_, i): BoundExpression => ({
      kind: 'call',
      name: 'is_not_null',
      args: [columnOf(result.schema, width - types.length + i)],
      type: { kind: 'boolean' },
      nullable: false,
    }))
    const some: BoundExpression =
      present.length === 1
        ? present[0]!
        : { kind: 'call', name: 'or', args: present, type: { kind: 'boolean' }, nullable: false }
    return filterNode(result, some)
  }

  #bound(node: Node): BoundExpression {
    const { plan } = this.#input
    return bind(this.#converter.convert(node), plan.schema, positionalBinding(plan, null, this.#queries.timezone))
  }

  /** What a column is called after a value of IN. */
  #label(node: Node): string {
    const bound = this.#bound(node)
    const value: Value = columnsOf(bound).length > 0 ? null : interpret(castOf(bound, string), [], utcContext)
    return value === null ? 'null' : String(value)
  }
}

/** The aggregates over the rows only for which the condition is true. */
function filtered(expression: Expression, condition: Expression): Expression {
  const both = (filter: Expression | null): Expression =>
    filter === null ? condition : { kind: 'call', name: 'and', args: [filter, condition] }
  return rewriteExpression(expression, (node) =>
    node.kind === 'aggregate' ? { ...node, filter: both(node.filter) } : null,
  )
}

const textLiteral = (value: string): BoundExpression => ({ kind: 'literal', value, type: string, nullable: false })

/** The names in a column reference, or in a row of them. */
function namesIn(node: Node | undefined): readonly string[] {
  if (node === undefined) return []
  if ('RowExpr' in node) return (node.RowExpr.args ?? []).flatMap((arg) => namesIn(arg))
  return 'ColumnRef' in node ? [namesOf(node.ColumnRef.fields).at(-1) ?? ''] : []
}
