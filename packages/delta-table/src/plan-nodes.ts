import type { BoundAggregate, BoundColumn, BoundExpression, BoundLiteral } from '@deltaworks/expression'
import type { Aggregate, Filter, LogicalPlan, Projection, TableProvider, TableScan, Union } from '@deltaworks/plan'
import { boolean, field, int64, type DataType, type Field, type Schema, type Value } from '@deltaworks/schema'

/* Bound plan nodes: the operations of a table make their plans themselves, they bind names only where a user gave them. */

export const scanOf = (table: TableProvider, filters: readonly BoundExpression[] = []): TableScan => ({
  kind: 'scan',
  table,
  projection: table.schema.fields.map((_, i) => i),
  filters,
  fetch: null,
  schema: table.schema,
})

/** Reads some columns only; `filters` are over the table's positions. */
export const scanColumns = (
  table: TableProvider,
  projection: readonly number[],
  filters: readonly BoundExpression[] = [],
): TableScan => ({
  kind: 'scan',
  table,
  projection,
  filters,
  fetch: null,
  schema: { fields: projection.map((i) => table.schema.fields[i]!) },
})

export const columnAt = (of: Schema, index: number): BoundColumn => {
  const { name, type, nullable } = of.fields[index]!
  return { kind: 'column', index, name, type, nullable }
}

export const columnsOfSchema = (of: Schema): readonly BoundColumn[] => of.fields.map((_, i) => columnAt(of, i))

export const literalOf = (value: Value, type: DataType): BoundLiteral => ({
  kind: 'literal',
  value,
  type,
  nullable: value === null,
})

export const castTo = (input: BoundExpression, type: DataType): BoundExpression => ({
  kind: 'cast',
  input,
  type,
  lenient: false,
  nullable: input.nullable,
})

export const not = (input: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'not',
  args: [input],
  type: boolean,
  nullable: input.nullable,
})

export const and = (a: BoundExpression, b: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'and',
  args: [a, b],
  type: boolean,
  nullable: a.nullable || b.nullable,
})

export const or = (a: BoundExpression, b: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'or',
  args: [a, b],
  type: boolean,
  nullable: a.nullable || b.nullable,
})

export const isNotNull = (input: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'is_not_null',
  args: [input],
  type: boolean,
  nullable: false,
})

/** CASE without an input; a branch whose condition is null is passed over. */
export const caseOf = (
  branches: readonly { readonly when: BoundExpression; readonly then: BoundExpression }[],
  otherwise: BoundExpression,
): BoundExpression =>
  branches.length === 0
    ? otherwise
    : {
        kind: 'case',
        branches,
        otherwise,
        type: otherwise.type,
        nullable: otherwise.nullable || branches.some((branch) => branch.then.nullable),
      }

/** True where the predicate is true, false where it is false or null. */
export const isTrue = (predicate: BoundExpression): BoundExpression =>
  predicate.nullable
    ? caseOf([{ when: predicate, then: literalOf(true, boolean) }], literalOf(false, boolean))
    : predicate

export const filterOf = (input: LogicalPlan, predicate: BoundExpression): Filter => ({
  kind: 'filter',
  input,
  predicate,
  schema: input.schema,
})

export const projectionOf = (
  input: LogicalPlan,
  columns: readonly { readonly name: string; readonly expression: BoundExpression }[],
): Projection => ({
  kind: 'projection',
  input,
  expressions: columns.map((column) => column.expression),
  schema: {
    fields: columns.map(({ name, expression }) => field(name, expression.type, expression.nullable)),
  },
})

/** Projects to exactly these fields, whatever the expressions say of nullability. */
export const projectionTo = (
  input: LogicalPlan,
  expressions: readonly BoundExpression[],
  fields: readonly Field[],
): Projection => ({ kind: 'projection', input, expressions, schema: { fields } })

export const countAll: BoundAggregate = {
  name: 'count',
  args: [],
  distinct: false,
  filter: null,
  type: int64,
  nullable: false,
}

export const aggregateOf = (
  input: LogicalPlan,
  groupBy: readonly BoundColumn[],
  aggregates: readonly { readonly name: string; readonly aggregate: BoundAggregate }[],
): Aggregate => ({
  kind: 'aggregate',
  input,
  groupBy,
  aggregates: aggregates.map(({ aggregate }) => aggregate),
  schema: {
    fields: [
      ...groupBy.map((column) => field(column.name, column.type, column.nullable)),
      ...aggregates.map(({ name, aggregate }) => field(name, aggregate.type, aggregate.nullable)),
    ],
  },
})

export const unionOf = (inputs: readonly LogicalPlan[], schema: Schema): LogicalPlan =>
  inputs.length === 1 ? inputs[0]! : ({ kind: 'union', inputs, schema } satisfies Union)
