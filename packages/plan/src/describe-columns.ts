import { bindAggregate, bindCall, type BoundAggregate, type BoundExpression } from '@deltaworks/expression'
import { isNested, isNumeric, string, typeName } from '@deltaworks/schema'
import type { LogicalPlan } from './logical-plan.js'
import { castOf } from './plan-builder.js'
import { aggregateNode, columnOf, projectionNode, unionNode } from './plan-node.js'

/** SUMMARIZE: a row a column with its type, least and greatest value, about how many distinct ones, mean, deviation and nulls. */
export function describedColumns(plan: LogicalPlan): LogicalPlan {
  const { fields } = plan.schema
  const of = (name: string, i: number): BoundAggregate =>
    bindAggregate(
      { kind: 'aggregate', name, args: [{ kind: 'column', name: fields[i]!.name }], distinct: false, filter: null },
      plan.schema,
      { substitute: (e) => (e.kind === 'column' ? columnOf(plan.schema, i) : null) },
    )
  const measures = fields.map(({ type }) => [
    'count',
    ...(isNested(type) ? [] : ['min', 'max', 'approx_count_distinct']),
    ...(isNumeric(type) ? ['avg', 'stddev'] : []),
  ])
  const starts = measures.map((_, i) => 1 + measures.slice(0, i).reduce((n, names) => n + names.length, 0))
  const rows: BoundAggregate = {
    name: 'count',
    args: [],
    distinct: false,
    filter: null,
    type: { kind: 'int64' },
    nullable: false,
  }
  const summary = aggregateNode(
    plan,
    [],
    [{ name: 'rows', of: rows }, ...measures.flatMap((names, i) => names.map((name) => ({ name, of: of(name, i) })))],
  )
  const nothing: BoundExpression = { kind: 'literal', value: null, type: string, nullable: true }
  const text = (value: string): BoundExpression => ({ kind: 'literal', value, type: string, nullable: false })
  return unionNode(
    fields
      .map((f, i) => {
        const measure = (name: string): BoundExpression | null => {
          const at = measures[i]!.indexOf(name)
          return at < 0 ? null : columnOf(summary.schema, starts[i]! + at)
        }
        const shown = (name: string): BoundExpression => {
          const found = measure(name)
          return found === null ? nothing : castOf(found, string)
        }
        return projectionNode(summary, [
          { name: 'column_name', of: text(f.name) },
          { name: 'column_type', of: text(typeName(f.type)) },
          { name: 'min', of: shown('min') },
          { name: 'max', of: shown('max') },
          { name: 'approx_unique', of: measure('approx_count_distinct') ?? castOf(nothing, { kind: 'int64' }) },
          { name: 'avg', of: shown('avg') },
          { name: 'std', of: shown('stddev') },
          { name: 'count', of: columnOf(summary.schema, 0) },
          { name: 'nulls', of: bindCall('subtract', [columnOf(summary.schema, 0), measure('count')!]) },
        ])
      })
      .map((part) =>
        projectionNode(
          part,
          part.schema.fields.map((f, i) => ({ name: f.name, of: columnOf(part.schema, i) })),
        ),
      ),
  )
}
