import {
  Accumulators,
  Arena,
  createEvaluator,
  GroupTable,
  recordBatch,
  sliceBatch,
  type AggregateSpec,
} from '@deltaworks/columnar'
import type { BoundAggregate } from '@deltaworks/expression'
import type { Aggregate } from '@deltaworks/plan'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'

const outputRows = 16_384

/**
 * Groups rows by key in a hash table. `partial` gives keys and states, `final` merges such rows (their columns: the keys, then
 * the states) into results, `single` does both at once.
 */
export class HashAggregateExec implements ExecutionPlan {
  readonly name: string
  readonly schema: Schema
  readonly inputs: readonly ExecutionPlan[]
  readonly #aggregate: Aggregate
  readonly #phase: AggregatePhase

  constructor(aggregate: Aggregate, input: ExecutionPlan, phase: AggregatePhase, schema: Schema = aggregate.schema) {
    this.#aggregate = aggregate
    this.#phase = phase
    this.schema = schema
    this.inputs = [input]
    this.name = `HashAggregateExec (${phase}, ${aggregate.groupBy.length} keys, ${aggregate.aggregates.length} aggregates)`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const { groupBy, aggregates } = this.#aggregate
    const account = context.pool.account(this.name)
    const table =
      groupBy.length === 0
        ? null
        : new GroupTable(
            context.columnar,
            account,
            groupBy.map((key) => key.type),
          )
    const accumulators = new Accumulators(context.columnar, account, aggregates.map(specOf))
    const arena = new Arena(context.columnar.heap, account)
    try {
      const consume = this.#phase === 'final' ? this.#merge : this.#update
      await consume.call(this, context, table, accumulators, arena)
      arena.reset()
      const groups = table?.groupCount ?? 1
      const keys = table?.keys(arena) ?? []
      const results =
        this.#phase === 'partial' ? accumulators.partial(arena, groups) : accumulators.finish(arena, groups)
      const all = recordBatch(this.schema, groups, [...keys, ...results])
      if (groups <= outputRows) {
        if (groups > 0) yield all
        return
      }
      const part = new Arena(context.columnar.heap, account)
      try {
        for (let start = 0; start < groups; start += outputRows) {
          part.reset()
          yield sliceBatch(part, all, start, Math.min(groups, start + outputRows))
        }
      } finally {
        part.close()
      }
    } finally {
      table?.close()
      accumulators.close()
      arena.close()
      account.close()
    }
  }

  async #update(
    context: ExecutionContext,
    table: GroupTable | null,
    accumulators: Accumulators,
    arena: Arena,
  ): Promise<void> {
    const [input] = this.inputs
    const { groupBy, aggregates } = this.#aggregate
    const expressions = [...groupBy]
    const layout = aggregates.map((aggregate) => {
      const args = aggregate.args.map((arg) => expressions.push(arg) - 1)
      const filter = aggregate.filter === null ? null : expressions.push(aggregate.filter) - 1
      return { args, filter }
    })
    const evaluator = createEvaluator(context.columnar, expressions, input!.schema, { evaluation: context.evaluation })
    for await (const batch of open(input!, context)) {
      arena.reset()
      const columns = evaluator.project(arena, batch)
      const { rowCount } = batch
      let groupIds = 0
      if (table !== null) {
        groupIds = arena.allocate(rowCount * 4)
        table.insert(columns.slice(0, groupBy.length), rowCount, groupIds)
      }
      accumulators.update(
        groupIds,
        layout.map(({ args }) => args.map((i) => columns[i]!)),
        layout.map(({ filter }) => (filter === null ? null : columns[filter]!)),
        rowCount,
        table?.groupCount ?? 1,
      )
    }
  }

  async #merge(
    context: ExecutionContext,
    table: GroupTable | null,
    accumulators: Accumulators,
    arena: Arena,
  ): Promise<void> {
    const keyCount = this.#aggregate.groupBy.length
    for await (const batch of open(this.inputs[0]!, context)) {
      arena.reset()
      let groupIds = 0
      if (table !== null) {
        groupIds = arena.allocate(batch.rowCount * 4)
        table.insert(batch.columns.slice(0, keyCount), batch.rowCount, groupIds)
      }
      accumulators.mergePartial(groupIds, batch.columns.slice(keyCount), batch.rowCount, table?.groupCount ?? 1)
    }
  }
}

export type AggregatePhase = 'single' | 'partial' | 'final'

export const specOf = ({ name, args, type, distinct }: BoundAggregate): AggregateSpec => ({
  name,
  argTypes: args.map((arg) => arg.type),
  type,
  distinct,
})
