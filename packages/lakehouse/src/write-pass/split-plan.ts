import { randomUUID } from 'node:crypto'
import type { FileSink, SplitOutput, SplitSink } from '@deltaworks/engine'
import {
  agg,
  bind,
  bindAggregate,
  col,
  remapColumns,
  substituteColumns,
  type AggregateCall,
  type BoundAggregate,
  type BoundExpression,
} from '@deltaworks/expression'
import { columnOf, type Aggregate } from '@deltaworks/plan'
import type { RoutedRows } from '@deltaworks/quality'
import { field, fieldIndex, string, type Field, type Schema } from '@deltaworks/schema'
import { joinPath } from '@deltaworks/storage'
import { shareExpressions } from './shared-expressions.js'

/**
 * Where the rows of a checked write go. Verdicts and measures ask the same of a row: that is computed first, then the verdicts,
 * then all that depends on them.
 * @param own columns of the rows that are written; `routed.rows` may have more
 * @param refusedInto where refused rows go, over their columns and what they are told; null: to files of the pass
 * @param measures over `own`; behind them the last measure is how many rows are dropped
 */
export function planSplit(
  own: Schema,
  { rows, failing, routes, explanations }: RoutedRows,
  target: SplitOutput,
  measures: Aggregate | null,
  refusedInto: SplitOutput | null = null,
): { readonly sink: SplitSink; readonly refused: SplitOutput } {
  const places = own.fields.map(({ name }) => fieldIndex(rows.schema, name))
  const moved = (e: BoundExpression) => remapColumns(e, (index) => places[index]!)
  const width = rows.schema.fields.length
  const verdicts = Object.values(failing).map((verdict) => bind(verdict.node, rows.schema))
  const aggregates = measures?.aggregates ?? []
  const measured = aggregates.flatMap(({ args, filter }) => [...args, ...(filter === null ? [] : [filter])].map(moved))
  const { shared, rewritten } = shareExpressions([...verdicts, ...measured], width)
  const judged = rewritten.slice(0, verdicts.length)
  const operands = rewritten.slice(verdicts.length)
  const columns = schemaOf([
    ...rows.schema.fields,
    ...shared.map((e, i) => fieldOf(`__shared_${i}`, e)),
    ...Object.keys(failing).map((name, i) => fieldOf(name, judged[i]!)),
  ])
  const bound = (['good', 'quarantined', 'dropped'] as const).map((route) => ({
    name: `__${route}`,
    condition: bind(routes[route].node, columns),
  }))
  const routed = schemaOf([...columns.fields, ...bound.map(({ name, condition }) => fieldOf(name, condition))])
  const droppedRows: BoundAggregate = bindAggregate(agg.count().filter(col('__dropped')).node as AggregateCall, routed)
  const told = refusedOutput(own, target.sink, places, explanations, routed)
  const refused = refusedInto === null ? told : throughOutput(told, refusedInto)
  return {
    refused,
    sink: {
      computed: [shared, judged, bound.map(({ condition }) => condition)],
      routes: [columns.fields.length, columns.fields.length + 1].map((place) => columnOf(routed, place)),
      outputs: [{ ...target, expressions: target.expressions.map(moved) }, refused],
      measures: {
        aggregates: [...withOperands(aggregates, operands), droppedRows],
        schema: schemaOf([...(measures?.schema.fields ?? []), fieldOf('__dropped', droppedRows)]),
      },
    },
  }
}

/** Refused rows with what they are told, beside the table's own files: those that a crash leaves, VACUUM finds. */
function refusedOutput(
  own: Schema,
  sink: FileSink,
  places: readonly number[],
  explanations: RoutedRows['explanations'],
  columns: Schema,
): SplitOutput {
  const told = Object.entries(explanations).map(([name, text]) => ({ name, of: bind(text.node, columns) }))
  return {
    expressions: [...places.map((index) => columnOf(columns, index)), ...told.map(({ of }) => of)],
    schema: schemaOf([...own.fields, ...told.map(({ name }) => field(name, string))]),
    sink: {
      store: sink.store,
      directory: joinPath(sink.directory, `refused-${randomUUID()}`),
      partitionBy: [],
      compression: 'snappy',
      targetFileBytes: sink.targetFileBytes,
    },
  }
}

/** An output of what another one has. */
const throughOutput = ({ expressions }: SplitOutput, into: SplitOutput): SplitOutput => ({
  ...into,
  expressions: into.expressions.map((e) => substituteColumns(e, (index) => expressions[index]!)),
})

/** Columns of refused rows. */
export const refusedSchema = (own: Schema, { explanations }: Pick<RoutedRows, 'explanations'>): Schema =>
  schemaOf([...own.fields, ...Object.keys(explanations).map((name) => field(name, string))])

const schemaOf = (fields: readonly Field[]): Schema => ({ fields })
const fieldOf = (name: string, { type, nullable }: Pick<Field, 'type' | 'nullable'>): Field =>
  field(name, type, nullable)

/** Aggregates over other operands: arguments and filters, in the order of the aggregates. */
function withOperands(
  aggregates: readonly BoundAggregate[],
  operands: readonly BoundExpression[],
): readonly BoundAggregate[] {
  const rest = [...operands]
  return aggregates.map((aggregate) => ({
    ...aggregate,
    args: rest.splice(0, aggregate.args.length),
    filter: aggregate.filter === null ? null : rest.shift()!,
  }))
}
