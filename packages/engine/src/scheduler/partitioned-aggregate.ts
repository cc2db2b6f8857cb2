import type { BoundAggregate, BoundExpression } from '@deltaworks/expression'
import { columnOf, projectionNode, type Aggregate, type LogicalPlan, type Projection } from '@deltaworks/plan'

/** An aggregate taken apart where rows are exchanged: what is computed of each row before, and the aggregate over that. */
export interface PartitionedAggregate {
  readonly projection: Projection
  /** The group keys, over the projection's columns. */
  readonly keys: readonly BoundExpression[]
  aggregateOver(input: LogicalPlan): Aggregate
}

/** The keys, arguments and filters of an aggregate become columns; nothing else of its input crosses the exchange. */
export function partitionAggregate(plan: Aggregate, input: LogicalPlan): PartitionedAggregate {
  const { groupBy, aggregates } = plan
  const expressions: BoundExpression[] = [...groupBy]
  const layout = aggregates.map(({ args, filter }) => ({
    args: args.map((arg) => expressions.push(arg) - 1),
    filter: filter === null ? null : expressions.push(filter) - 1,
  }))
  const projection = projectionNode(
    input,
    expressions.map((of, i) => ({ name: `c${i}`, of })),
  )
  const column = (index: number): BoundExpression => columnOf(projection.schema, index)
  const keys = groupBy.map((_, i) => column(i))
  return {
    projection,
    keys,
    aggregateOver: (exchanged) => ({
      ...plan,
      input: exchanged,
      groupBy: keys,
      aggregates: aggregates.map((aggregate, i): BoundAggregate => {
        const { args, filter } = layout[i]!
        return { ...aggregate, args: args.map(column), filter: filter === null ? null : column(filter) }
      }),
    }),
  }
}
