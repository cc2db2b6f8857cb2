import {
  expressionToJson,
  formatAggregate,
  formatExpression,
  formatSortKey,
  formatWindow,
} from '@deltaworks/expression'
import { typeName, type Json } from '@deltaworks/schema'
import type { JoinKey, LogicalPlan } from './logical-plan.js'
import { estimateRows } from './optimizer/estimate-rows.js'
import { inputsOf } from './plan-node.js'

/** The plan as an indented tree, one node a line; columns are shown by name, with `rows` also how many rows are expected. */
export function explainPlan(plan: LogicalPlan, options: { readonly rows?: boolean } = {}): string {
  const expected = (node: LogicalPlan): string =>
    options.rows === true ? ` (~${Math.round(estimateRows(node))} rows)` : ''
  const lines: string[] = []
  const add = (node: LogicalPlan, prefix: string, branch: string, below: string): void => {
    lines.push(`${prefix}${branch}${describeNode(node)}${expected(node)}`)
    const inputs = inputsOf(node)
    inputs.forEach((input, i) => {
      const last = i === inputs.length - 1
      add(input, prefix + below, last ? '└─ ' : '├─ ', last ? '   ' : '│  ')
    })
  }
  add(plan, '', '', '')
  return lines.join('\n')
}

/** One node in one line, without its inputs. */
export function describeNode(plan: LogicalPlan): string {
  const { fields } = plan.schema
  switch (plan.kind) {
    case 'scan': {
      const all = plan.projection.length === plan.table.schema.fields.length && plan.projection.every((c, i) => c === i)
      return [
        `Scan ${plan.table.name}`,
        all ? '' : `columns=[${fields.map((f) => f.name).join(', ')}]`,
        plan.filters.length === 0 ? '' : `filters=[${plan.filters.map(formatExpression).join(', ')}]`,
        plan.fetch === null ? '' : `fetch=${plan.fetch}`,
      ]
        .filter((part) => part !== '')
        .join(' ')
    }
    case 'values':
      return `Values ${plan.rows.length} row${plan.rows.length === 1 ? '' : 's'} [${fields.map((f) => f.name).join(', ')}]`
    case 'projection':
      return `Projection ${plan.expressions.map((e, i) => named(formatExpression(e), fields[i]!.name)).join(', ')}`
    case 'filter':
      return `Filter ${formatExpression(plan.predicate)}`
    case 'aggregate': {
      const groups = plan.groupBy.map((e, i) => named(formatExpression(e), fields[i]!.name))
      const aggregates = plan.aggregates.map((a, i) => named(formatAggregate(a), fields[groups.length + i]!.name))
      if (aggregates.length === 0) return `Distinct ${groups.join(', ')}`
      return `Aggregate${groups.length === 0 ? '' : ` by [${groups.join(', ')}]`} ${aggregates.join(', ')}`
    }
    case 'join': {
      const on = [...plan.keys.map(formatKey), ...(plan.residual === null ? [] : [formatExpression(plan.residual)])]
      return `Join ${plan.joinType}${on.length === 0 ? '' : ` on ${on.join(' and ')}`}`
    }
    case 'sort':
      return `Sort ${plan.keys.map(formatSortKey).join(', ')}${plan.fetch === null ? '' : ` fetch=${plan.fetch}`}`
    case 'limit':
      return `Limit${plan.fetch === null ? '' : ` ${plan.fetch}`}${plan.skip === 0 ? '' : ` skip=${plan.skip}`}`
    case 'union':
      return `Union [${fields.map((f) => f.name).join(', ')}]`
    case 'unnest': {
      const added = fields.slice(plan.input.schema.fields.length).map((f) => f.name)
      return `Unnest ${plan.outer ? 'outer ' : ''}${plan.lists.map(formatExpression).join(', ')} as [${added.join(', ')}]`
    }
    case 'recursive':
      return `Recursive ${plan.workingTable.name}${plan.distinct ? ' distinct' : ''}`
    case 'window':
      return `Window ${plan.windows.map((w, i) => named(formatWindow(w), fields[plan.input.schema.fields.length + i]!.name)).join(', ')}`
  }
}

const named = (text: string, name: string): string => (text === name ? text : `${text} as ${name}`)

const formatKey = ({ left, right, nullSafe }: JoinKey): string =>
  `${formatExpression(left)} ${nullSafe ? 'IS NOT DISTINCT FROM' : '='} ${formatExpression(right)}`

/** The plan as JSON: exact (bigints and bytes tagged), tables by `TableProvider.describe()`; `rows` adds how many are expected. */
export function planToJson(plan: LogicalPlan, options: { readonly rows?: boolean } = {}): Json {
  const schema = plan.schema.fields.map((f) => ({ name: f.name, type: typeName(f.type), nullable: f.nullable }))
  const node = {
    kind: plan.kind,
    ...(options.rows === true ? { estimatedRows: Math.round(estimateRows(plan)) } : {}),
    ...particulars(plan),
    schema,
  }
  const inputs = inputsOf(plan).map((input) => planToJson(input, options))
  return inputs.length === 0 ? node : { ...node, inputs }
}

function particulars(plan: LogicalPlan): { readonly [key: string]: Json } {
  switch (plan.kind) {
    case 'scan':
      return {
        table: plan.table.describe(),
        columns: plan.projection.map((i) => plan.table.schema.fields[i]!.name),
        filters: plan.filters.map(expressionToJson),
        fetch: plan.fetch,
      }
    case 'values':
      return { rows: expressionToJson(plan.rows) }
    case 'projection':
      return { expressions: plan.expressions.map(expressionToJson) }
    case 'filter':
      return { predicate: expressionToJson(plan.predicate) }
    case 'aggregate':
      return { groupBy: plan.groupBy.map(expressionToJson), aggregates: expressionToJson(plan.aggregates) }
    case 'join':
      return {
        joinType: plan.joinType,
        keys: expressionToJson(plan.keys),
        residual: expressionToJson(plan.residual),
      }
    case 'sort':
      return { keys: expressionToJson(plan.keys), fetch: plan.fetch }
    case 'limit':
      return { skip: plan.skip, fetch: plan.fetch }
    case 'union':
      return {}
    case 'unnest':
      return { lists: plan.lists.map(expressionToJson), outer: plan.outer, ordinality: plan.ordinality }
    case 'recursive':
      return { workingTable: plan.workingTable.name, distinct: plan.distinct }
    case 'window':
      return { windows: expressionToJson(plan.windows) }
  }
}
