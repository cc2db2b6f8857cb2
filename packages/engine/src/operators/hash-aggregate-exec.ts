import {
  Accumulators,
  Arena,
  createEvaluator,
  unlimited,
  type AggregateSpec,
  type ColumnarContext,
  type RecordBatch,
} from '@deltaworks/columnar'
import { expressionKey, type BoundAggregate, type BoundExpression } from '@deltaworks/expression'
import { isVolatile, type Aggregate } from '@deltaworks/plan'
import { field, isInteger, type Schema } from '@deltaworks/schema'
import { spillFile, type ExecutionContext } from '../execution-context.js'
import { open, type BatchStream, type ExecutionPlan } from './execution-plan.js'
import {
  assignGroups,
  closeStates,
  groupBatches,
  groupCountOf,
  groupStates,
  isOverStates,
  SpilledAggregate,
  type GroupStates,
} from './spilled-aggregate.js'

/**
 * Groups rows by key in a hash table. `partial` gives keys and states, `final` merges such rows (their columns: the keys, then
 * the states) into results, `single` does both at once. More groups than fit into memory go to disk, divided by key.
 */
export class HashAggregateExec implements ExecutionPlan {
  readonly name: string
  readonly schema: Schema
  readonly inputs: readonly ExecutionPlan[]
  readonly spills = true
  readonly #aggregate: Aggregate
  readonly #phase: AggregatePhase
  /** It is executed once a morsel. */
  #consume: Consume | null = null

  constructor(aggregate: Aggregate, input: ExecutionPlan, phase: AggregatePhase, schema: Schema = aggregate.schema) {
    this.#aggregate = aggregate
    this.#phase = phase
    this.schema = schema
    this.inputs = [input]
    this.name = `HashAggregateExec (${phase}, ${aggregate.groupBy.length} keys, ${aggregate.aggregates.length} aggregates)`
  }

  async *execute(context: ExecutionContext): BatchStream {
    const { groupBy, aggregates } = this.#aggregate
    const account = context.pool.spillable(this.name)
    const file = spillFile(context, this)
    const keyTypes = groupBy.map((key) => key.type)
    const specs = aggregates.map(specOf)
    let states = groupStates(context, account, keyTypes, specs)
    let spilled: SpilledAggregate | null = null
    const arena = new Arena(context.columnar.heap, account)
    const consume = (this.#consume ??=
      this.#phase === 'final' ? this.#merger() : aggregateUpdater(this.#aggregate, this.inputs[0]!.schema, context))
    try {
      for await (const batch of open(this.inputs[0]!, context)) {
        consume(arena, states, batch)
        arena.reset()
        if (!isOverStates(context, account, states)) continue
        // Partial states may be of the same group: who merges them does not mind.
        if (this.#phase === 'partial') yield* groupBatches(context, account, this.schema, states, 'partial')
        else {
          spilled ??= new SpilledAggregate(context, account, file, keyTypes, specs)
          spilled.add(states)
        }
        closeStates(states)
        states = groupStates(context, account, keyTypes, specs)
      }
      if (spilled === null) {
        const phase = this.#phase === 'partial' ? 'partial' : 'final'
        yield* groupBatches(context, account, this.schema, states, phase)
      } else {
        spilled.add(states)
        yield* spilled.results(this.schema)
      }
    } finally {
      spilled?.close()
      closeStates(states)
      arena.close()
      file.close()
      account.close()
    }
  }

  /** Takes partial states. */
  #merger(): Consume {
    const keyCount = this.#aggregate.groupBy.length
    return (arena, states, { rowCount, columns }) => {
      const groupIds = assignGroups(arena, states, columns.slice(0, keyCount), rowCount)
      states.accumulators.mergePartial(groupIds, columns.slice(keyCount), rowCount, groupCountOf(states))
    }
  }
}

export type Consume = (arena: Arena, states: GroupStates, batch: RecordBatch) => void

/** Takes input rows. */
export function aggregateUpdater(
  { groupBy, aggregates }: Pick<Aggregate, 'groupBy' | 'aggregates'>,
  schema: Schema,
  context: ExecutionContext,
): Consume {
  const expressions = [...groupBy]
  const places = new Map<string, number>()
  /** What several aggregates ask of a row is computed once. */
  const placeOf = (expression: BoundExpression): number => {
    if (expression.kind === 'column' || isVolatile(expression)) return expressions.push(expression) - 1
    const key = expressionKey(expression)
    let place = places.get(key)
    if (place === undefined) places.set(key, (place = expressions.push(expression) - 1))
    return place
  }
  const layout = aggregates.map((aggregate) => ({
    args: valuesOf(aggregate).map(placeOf),
    filter: aggregate.filter === null ? null : placeOf(aggregate.filter),
  }))
  const evaluator = createEvaluator(context.columnar, expressions, schema, { evaluation: context.evaluation })
  return (arena, states, batch) => {
    const columns = evaluator.project(arena, batch)
    const { rowCount } = batch
    const groupIds = assignGroups(arena, states, columns.slice(0, groupBy.length), rowCount)
    states.accumulators.update(
      groupIds,
      layout.map(({ args }) => args.map((i) => columns[i]!)),
      layout.map(({ filter }) => (filter === null ? null : columns[filter]!)),
      rowCount,
      groupCountOf(states),
    )
  }
}

export type AggregatePhase = 'single' | 'partial' | 'final'

/** Columns of partial states. */
export function stateSchema(columnar: ColumnarContext, aggregates: readonly BoundAggregate[]): Schema {
  const accumulators = new Accumulators(columnar, unlimited, aggregates.map(specOf))
  try {
    return { fields: accumulators.partialTypes.map((type, i) => field(`state_${i}`, type)) }
  } finally {
    accumulators.close()
  }
}

export const specOf = (aggregate: BoundAggregate): AggregateSpec => {
  const { name, type, distinct, filter } = aggregate
  const args = valuesOf(aggregate)
  return {
    name,
    argTypes: args.map((arg) => arg.type),
    type,
    distinct,
    input: valuesAreShared.has(name) && !distinct ? inputKey(args[0]!, filter) : undefined,
  }
}

/** What an aggregate is computed of: means and variances of whole numbers and decimals of these, exactly, and not of doubles. */
function valuesOf({ name, args, distinct }: BoundAggregate): readonly BoundExpression[] {
  const [first] = args
  if (first?.kind !== 'cast' || first.type.kind !== 'float64' || distinct || !exactMeans.has(name)) return args
  const { type } = first.input
  return isInteger(type) || (type.kind === 'decimal' && type.precision <= 18) ? [first.input] : args
}
const exactMeans = new Set(['avg', 'stddev', 'stddev_pop', 'variance', 'var_pop'])

/** Aggregates that keep all values, or their sum, and can do so together. */
const valuesAreShared = new Set(['median', 'percentile', 'sum', 'avg'])
const inputKey = (value: BoundExpression, filter: BoundExpression | null): string | undefined =>
  isVolatile(value) || (filter !== null && isVolatile(filter)) ? undefined : expressionKey([value, filter])
