import { expressionKey, type BoundExpression } from '@deltaworks/expression'
import {
  columnOf,
  inputsOf,
  limitNode,
  memoryTable,
  scanNode,
  unionNode,
  withInputs,
  type Aggregate,
  type Join,
  type Limit,
  type LogicalPlan,
  type Recursive,
  type Sort,
  type TableScan,
  type Union,
  type Window,
} from '@deltaworks/plan'
import { fieldIndex, type Schema } from '@deltaworks/schema'
import { isThreadLocal } from '@deltaworks/storage'
import type { ExecutionContext } from '../execution-context.js'
import { stateSchema } from '../operators/hash-aggregate-exec.js'
import { materialisedRecursion } from '../operators/materialised-recursion.js'
import { firstRowsOf, isFirstRows } from '../first-rows.js'
import type { Side } from '../operators/join/join-roles.js'
import { broadcastBytes, broadcastSide } from './broadcast-side.js'
import { CommonPlans } from './common-plans.js'
import { keyBounds } from './key-bounds.js'
import { firstSide, isKeyFilter, withKeyFilter, type KeyFilter } from './key-filter.js'
import { cutSplits, groupSplits } from './cut-splits.js'
import { byMorsel, byPartition, groupSegments, partitionCount } from './segment-groups.js'
import { sortRanges, type SortRanges } from './sort-ranges.js'
import { partitionAggregate } from './partitioned-aggregate.js'
import {
  bytesOf,
  collapse,
  isSingle,
  mergeMorsels,
  over,
  rowsOf,
  scanOf,
  segmentPipeline,
  stageTable,
  zip,
} from './pipeline.js'
import {
  boundsOf,
  type BroadcastJoin,
  type MergingSort,
  type MorselSegment,
  type PhasedAggregate,
  type Pipeline,
  type SplitsByTable,
  type StageSink,
  type StageTable,
} from './stage.js'

/** States of at most so many groups are merged on one thread. */
const driverGroups = 50_000
const gatherRows = 65_536
const smallExchangeBytes = 2 * 1024 * 1024
/** A join with an input of one morsel is executed on one thread unless the other is parted: a larger one is. */
const singleProbeBytes = 8 * 1024 * 1024
const sampledMorsels = 2
const worthwhileReduction = 0.3
/** Runs are merged one batch of each at a time. */
const sortedRunRows = 8192
const sortedRunBytes = 1024 * 1024

const gathering: StageSink = { kind: 'gather', segmentRows: gatherRows }

/** What an aggregate gave over the first morsels. */
interface Sample {
  /** Of its input. */
  readonly rows: number
  readonly groups: number
  readonly segments: readonly MorselSegment[]
}

/** Of as many as there were in the sampled morsels, in all. */
const expectedOf = (sampled: number, { morsels }: Pipeline): number => (sampled * morsels.length) / sampledMorsels

/** Runs a stage to its end. */
export interface StageExecutor {
  readonly context: ExecutionContext
  readonly inlineBytes: number
  readonly morselBytes: number | undefined
  /** Executes the pipeline, until there are `maxRows`, and keeps its rows; segments by morsel, in order. */
  execute(name: string, pipeline: Pipeline, sink: StageSink, maxRows?: number): Promise<readonly MorselSegment[]>
  /** Segments that are not needed any more. */
  release(segments: readonly MorselSegment[]): void
}

/**
 * Reduces a plan to one pipeline. Operators that work row by row (filter, projection, the probe side of a join) join the
 * pipeline of their input; before those that need rows from all of it, a stage is run, and what it gave is the input of the
 * rest: so how the rest is executed (broadcast or partitioned, on one thread or many) follows from what is there, not from estimates.
 */
export class AdaptivePlanner {
  readonly #executor: StageExecutor
  #common: CommonPlans | null = null
  /** What was computed of parts that the query has more than once. */
  readonly #computed = new Map<number, readonly MorselSegment[]>()
  /** Splits of the tables that filter others by their keys. */
  readonly #keyTables = new Map<string, SplitsByTable>()

  constructor(executor: StageExecutor) {
    this.#executor = executor
  }

  /** The pipeline of a whole query. */
  async queryPipeline(plan: LogicalPlan): Promise<Pipeline> {
    this.#common = new CommonPlans(plan)
    return this.pipelineOf(plan)
  }

  async pipelineOf(plan: LogicalPlan): Promise<Pipeline> {
    const key = this.#common?.keyOf(plan) ?? null
    if (key === null) return this.#pipelineOf(plan)
    let segments = this.#computed.get(key)
    if (segments === undefined) {
      const pipeline = await this.#pipelineOf(plan)
      segments = await this.#executor.execute('Shared', pipeline, gathering)
      this.#computed.set(key, segments)
    }
    return segmentPipeline('shared', plan.schema, groupSegments(segments))
  }

  async #pipelineOf(plan: LogicalPlan): Promise<Pipeline> {
    switch (plan.kind) {
      case 'scan':
        return this.#settle(await this.#scan(plan))
      case 'values':
        return this.#scan(scanNode(memoryTable(plan.schema, plan.rows, { name: 'values' })))
      case 'recursive':
        return this.#recursion(plan, null)
      case 'unnest':
      case 'projection':
      case 'filter': {
        const input = await this.pipelineOf(plan.input)
        return over(input, withInputs(plan, [input.plan]))
      }
      case 'union':
        return this.#union(plan)
      case 'limit':
        return this.#limit(plan)
      case 'aggregate':
        return this.#aggregate(plan)
      case 'sort':
        return this.#sort(plan)
      case 'window':
        return this.#window(plan)
      case 'join':
        return this.#join(plan)
    }
  }

  /** What is small is not worth a stage: it is read as one morsel, wherever that is needed. */
  #settle(pipeline: Pipeline): Pipeline {
    return !pipeline.portable || pipeline.bytes <= this.#executor.inlineBytes ? collapse(pipeline) : pipeline
  }

  async #scan(scan: TableScan): Promise<Pipeline> {
    const { columnar, metrics, pool } = this.#executor.context
    const { projection, filters, fetch } = scan
    const planned = await scan.table.scan({ projection, filters: [...filters, ...boundsOf(scan)], fetch })
    metrics.filesTotal += planned.filesTotal
    metrics.filesPruned += planned.filesPruned
    const portable = planned.splits.every((split) => split.kind !== 'file' || !isThreadLocal(split.store))
    const cut = await cutSplits(portable ? planned.splits : [], scan, columnar, pool, this.#executor.morselBytes)
    const table = stageTable(scan.table.name, scan.table.schema, planned.splits, scan.table.statistics.rowCount)
    const morsels = portable
      ? groupSplits(cut, this.#executor.morselBytes).map((group) => ({
          splits: { [table.id]: group.map(({ split }) => split) },
          bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
        }))
      : [{ splits: { [table.id]: planned.splits }, bytes: 0 }]
    return {
      plan: scanOf(scan, table),
      morsels,
      broadcast: {},
      bytes: morsels.reduce((sum, { bytes }) => sum + bytes, 0),
      portable,
    }
  }

  async #union(plan: Union): Promise<Pipeline> {
    const inputs: Pipeline[] = []
    for (const input of plan.inputs) inputs.push(await this.#portable(await this.pipelineOf(input)))
    return this.#settle({
      plan: { ...plan, inputs: inputs.map((input) => input.plan) },
      morsels: inputs.flatMap((input) => input.morsels),
      broadcast: Object.assign({}, ...inputs.map((input) => input.broadcast)),
      bytes: inputs.reduce((sum, input) => sum + input.bytes, 0),
      portable: true,
    })
  }

  /** A pipeline that workers can read, its rows copied into segments if need be. */
  async #portable(pipeline: Pipeline): Promise<Pipeline> {
    return pipeline.portable && isDistributive(pipeline.plan) ? pipeline : this.#materialise('Exchange', pipeline)
  }

  async #materialise(name: string, pipeline: Pipeline, maxRows?: number): Promise<Pipeline> {
    const segments = await this.#executor.execute(name, pipeline, gathering, maxRows)
    return segmentPipeline(name, pipeline.plan.schema, groupSegments(segments))
  }

  async #recursion(plan: Recursive, maxRows: number | null): Promise<Pipeline> {
    return this.#scan(scanNode(await materialisedRecursion(plan, this.#executor.context, maxRows)))
  }

  async #limit(plan: Limit): Promise<Pipeline> {
    const wanted = plan.fetch === null ? null : plan.skip + plan.fetch
    // A recursion without an end of its own ends here.
    const input =
      plan.input.kind === 'recursive' ? await this.#recursion(plan.input, wanted) : await this.pipelineOf(plan.input)
    if (isSingle(input)) return over(input, { ...plan, input: input.plan })
    const limited = wanted === null ? input : over(input, limitNode(input.plan, wanted))
    const gathered = collapse(await this.#materialise('Limit', limited, wanted ?? undefined))
    return over(gathered, { ...plan, input: gathered.plan })
  }

  async #aggregate(plan: Aggregate): Promise<Pipeline> {
    const input = await this.pipelineOf(plan.input)
    if (isSingle(input)) return over(input, { ...plan, input: input.plan })
    const schema = this.#stateSchema(plan)
    const phased: PhasedAggregate = { ...plan, input: input.plan, schema, phase: 'partial' }
    const partial = over(input, phased)
    const keys = plan.groupBy.map((_, i) => columnOf(schema, i))
    const sample = keys.length === 0 ? null : await this.#sample(partial)
    if (sample !== null && sample.groups > sample.rows * worthwhileReduction) {
      this.#executor.release(sample.segments)
      const { projection, keys: rowKeys, aggregateOver } = partitionAggregate(plan, input.plan)
      const bytes = (bytesOf(sample.segments) / sample.groups) * expectedOf(sample.rows, input)
      const exchanged = await this.#exchange(over(input, projection), rowKeys, Math.min(bytes, input.bytes))
      return over(exchanged, aggregateOver(exchanged.plan))
    }
    const states = await this.#states(partial, keys, sample)
    const final: PhasedAggregate = { ...plan, input: states.plan, phase: 'final' }
    return over(states, final)
  }

  /** The states of an aggregate's groups: all in one morsel if they are few, else by partition of the keys. */
  async #states(partial: Pipeline, keys: readonly BoundExpression[], sample: Sample | null): Promise<Pipeline> {
    const name = 'HashAggregate (partial)'
    const { schema } = partial.plan
    const rest = { ...partial, morsels: partial.morsels.slice(sample === null ? 0 : sampledMorsels) }
    const first = sample?.segments ?? []
    const few = sample === null ? keys.length === 0 : expectedOf(sample.groups, partial) <= driverGroups
    if (few) {
      const segments = [...first, ...(await this.#executor.execute(name, rest, gathering))]
      const states = segmentPipeline('aggregate states', schema, [segments])
      return rowsOf(segments) <= driverGroups
        ? states
        : this.#exchange(segmentPipeline('aggregate states', schema, groupSegments(segments)), keys)
    }
    const partitions = partitionCount(partial.bytes)
    const sampled = segmentPipeline('aggregate states', schema, [first])
    const segments = [
      ...(first.length === 0 ? [] : await this.#exchanged(sampled, keys, partitions)),
      ...(await this.#executor.execute(name, rest, { kind: 'partitions', by: { kind: 'hash', keys }, partitions })),
    ]
    const morsels = rowsOf(segments) <= driverGroups ? [segments] : byPartition(segments, partitions)
    return segmentPipeline('aggregate states', schema, morsels)
  }

  /**
   * The states of the first of many morsels, which tell what is to come: whether aggregating each morsel by itself leaves
   * much less than its rows, and how many groups there may be. Null: there are few morsels.
   */
  async #sample(partial: Pipeline): Promise<Sample | null> {
    if (partial.morsels.length < sampledMorsels * 4) return null
    const sample = { ...partial, morsels: partial.morsels.slice(0, sampledMorsels) }
    const segments = await this.#executor.execute('HashAggregate (sample)', sample, gathering)
    const { stages } = this.#executor.context.metrics
    const rows = stages[stages.length - 1]!.tasks.reduce((sum, task) => sum + (task.operators[1]?.rows ?? 0), 0)
    return { rows, groups: rowsOf(segments), segments }
  }

  /** Keys, then the states of the accumulators. */
  #stateSchema({ groupBy, aggregates, schema }: Aggregate): Schema {
    const states = stateSchema(this.#executor.context.columnar, aggregates)
    return { fields: [...schema.fields.slice(0, groupBy.length), ...states.fields] }
  }

  async #sort(plan: Sort): Promise<Pipeline> {
    const input = await this.pipelineOf(plan.input)
    const sorted = over(input, { ...plan, input: input.plan })
    if (isSingle(input)) return sorted
    if (plan.fetch !== null) {
      const best = collapse(await this.#materialise('TopK', sorted))
      return over(best, { ...plan, input: best.plan })
    }
    const ranges = sortRanges(plan)
    if (ranges !== null) return this.#rangeSort(plan, input, ranges)
    const segments = await this.#executor.execute('Sort', sorted, {
      kind: 'gather',
      segmentRows: sortedRunRows,
      segmentBytes: sortedRunBytes,
    })
    const runs = byMorsel(segments).map((run) => segmentPipeline('sorted run', plan.schema, [run]))
    if (runs.length === 0) return segmentPipeline('sorted run', plan.schema, [[]])
    const merged: MergingSort = { ...plan, input: unionNode(runs.map((run) => run.plan)), merge: true }
    return {
      plan: merged,
      morsels: [mergeMorsels(runs.flatMap((run) => run.morsels))],
      broadcast: {},
      bytes: runs.reduce((sum, run) => sum + run.bytes, 0),
      portable: true,
    }
  }

  /** Each part of the order by itself, on all threads, instead of runs that one thread merges. */
  async #rangeSort(plan: Sort, input: Pipeline, { number, partitions }: SortRanges): Promise<Pipeline> {
    const sink: StageSink = { kind: 'partitions', by: { kind: 'number', number }, partitions }
    const segments = await this.#executor.execute('Exchange (range)', input, sink)
    const parts = segmentPipeline('exchange', plan.schema, byPartition(segments, partitions))
    return { ...over(parts, { ...plan, input: parts.plan }), inOrder: true }
  }

  async #window(plan: Window): Promise<Pipeline> {
    const input = await this.pipelineOf(plan.input)
    // First rows of each morsel here, of each partition of the exchange that follows.
    if (isFirstRows(plan)) return over(input, { ...plan, input: input.plan })
    const windowed = (of: Pipeline): Pipeline => over(of, { ...plan, input: of.plan })
    if (isSingle(input)) return windowed(input)
    const [first, ...rest] = plan.windows.map((window) => expressionKey(window.partitionBy))
    const keys = plan.windows[0]!.partitionBy
    if (keys.length === 0 || rest.some((other) => other !== first)) {
      return windowed(collapse(await this.#materialise('Exchange', input)))
    }
    const exchanged = await this.#exchange(input, keys)
    if (plan.input.kind !== 'window' || !isFirstRows(plan.input)) return windowed(exchanged)
    return over(exchanged, { ...plan, input: firstRowsOf(plan, exchanged.plan) })
  }

  /** Rows with equal values of the columns in one morsel. */
  async together(pipeline: Pipeline, columns: readonly string[]): Promise<Pipeline> {
    const { schema } = pipeline.plan
    if (isSingle(pipeline) || columns.length === 0) return pipeline
    const keys = columns.map((name) => columnOf(schema, fieldIndex(schema, name)))
    return this.#exchange(pipeline, keys)
  }

  /**
   * Rows with equal keys in one morsel.
   * @param expected bytes of the rows, about: what is little is gathered, and parted only if it is more than that
   */
  async #exchange(pipeline: Pipeline, keys: readonly BoundExpression[], expected = pipeline.bytes): Promise<Pipeline> {
    if (expected <= this.#smallExchange && !isSingle(pipeline)) {
      const gathered = await this.#materialise('Exchange', pipeline)
      return gathered.bytes <= this.#smallExchange * 2 ? collapse(gathered) : this.#exchange(gathered, keys)
    }
    const partitions = partitionCount(expected)
    const segments = await this.#exchanged(pipeline, keys, partitions)
    const exchanged = segmentPipeline('exchange', pipeline.plan.schema, byPartition(segments, partitions))
    return exchanged.bytes <= this.#smallExchange ? collapse(exchanged) : exchanged
  }

  #exchanged(
    pipeline: Pipeline,
    keys: readonly BoundExpression[],
    partitions: number,
  ): Promise<readonly MorselSegment[]> {
    const sink: StageSink = { kind: 'partitions', by: { kind: 'hash', keys }, partitions }
    return this.#executor.execute('Exchange (hash)', pipeline, sink)
  }

  /** What is computed on one thread sooner than a stage begins. */
  get #smallExchange(): number {
    return Math.min(this.#executor.inlineBytes, smallExchangeBytes)
  }

  /** Two inputs by the same partitions; read as one morsel if both are small. */
  async #exchangedTogether(
    plan: Join,
    left: Pipeline,
    right: Pipeline,
  ): Promise<{ readonly left: Pipeline; readonly right: Pipeline }> {
    const partitions = partitionCount(Math.max(left.bytes, right.bytes))
    const side = async (of: Pipeline, keys: readonly BoundExpression[]): Promise<Pipeline> => {
      const segments = await this.#exchanged(of, keys, partitions)
      return segmentPipeline('exchange', of.plan.schema, byPartition(segments, partitions))
    }
    const l = await side(
      left,
      plan.keys.map((key) => key.left),
    )
    const r = await side(
      right,
      plan.keys.map((key) => key.right),
    )
    const isSmall = l.bytes + r.bytes <= this.#smallExchange
    return isSmall ? { left: collapse(l), right: collapse(r) } : { left: l, right: r }
  }

  async #join(plan: Join): Promise<Pipeline> {
    if (isKeyFilter(plan)) return this.#keyFiltered(plan)
    const inputs = await this.#inputs(plan)
    const { known } = inputs
    let { left, right } = inputs
    const joined = (l: Pipeline, r: Pipeline): LogicalPlan => ({ ...plan, left: l.plan, right: r.plan })
    if (isSingle(left) && isSingle(right)) return zip(joined(left, right), left, right)
    const side = broadcastSide(plan, left, right)
    if (side !== null) {
      const [build, probe] = side === 'left' ? [left, right] : [right, left]
      const built = build === known ? build : await this.#materialise('Broadcast', build)
      const most = isSingle(probe) ? Math.min(singleProbeBytes, this.#broadcastBytes) : this.#broadcastBytes
      if (built.bytes <= most || plan.keys.length === 0) {
        return this.#broadcastJoin(plan, side, built, await this.#portable(probe))
      }
      if (side === 'left') left = built
      else right = built
    }
    if (plan.keys.length === 0) {
      const [l, r] = [
        collapse(await this.#materialise('Exchange', left)),
        collapse(await this.#materialise('Exchange', right)),
      ]
      return zip(joined(l, r), l, r)
    }
    const parts = await this.#exchangedTogether(plan, left, right)
    return zip(joined(parts.left, parts.right), parts.left, parts.right)
  }

  /** Each worker has a copy of what is broadcast: all of them are a part of the budget. */
  get #broadcastBytes(): number {
    return Math.min(broadcastBytes, this.#executor.context.pool.limitBytes / 32)
  }

  /**
   * The inputs of a join. One that is much smaller is computed first (`known`), and the other reads only what can match it,
   * so far as that can be told.
   */
  async #inputs(plan: Join): Promise<{ left: Pipeline; right: Pipeline; readonly known: Pipeline | null }> {
    const first = firstSide(plan)
    if (first === null) {
      return { left: await this.pipelineOf(plan.left), right: await this.pipelineOf(plan.right), known: null }
    }
    const known = await this.#materialise('Broadcast', await this.pipelineOf(plan[first]))
    const other = first === 'left' ? plan.right : plan.left
    const filtered = known.bytes <= this.#broadcastBytes ? this.#filteredBy(plan, first, known) : other
    const rest = await this.pipelineOf(filtered)
    return first === 'left' ? { left: known, right: rest, known } : { left: rest, right: known, known }
  }

  #filteredBy(join: Join, first: Side, known: Pipeline): LogicalPlan {
    const { table } = known.plan as TableScan
    const { splits } = mergeMorsels(known.morsels)
    const own = { ...table, id: `${(table as StageTable).id}k` } as StageTable
    const all = splits[(table as StageTable).id] ?? []
    this.#keyTables.set(own.id, { [own.id]: all })
    return withKeyFilter({
      join,
      first,
      table: own,
      rows: table.statistics.rowCount ?? 0,
      bounds: (column) => keyBounds(this.#executor.context, all, column),
      isShared: (part) => this.#common?.keyOf(part) !== null,
    })
  }

  async #keyFiltered(plan: KeyFilter): Promise<Pipeline> {
    const input = await this.pipelineOf(plan.left)
    const { id } = (plan.right as TableScan).table as StageTable
    return {
      ...input,
      plan: { ...plan, left: input.plan },
      broadcast: { ...input.broadcast, ...this.#keyTables.get(id) },
    }
  }

  #broadcastJoin(plan: Join, side: 'left' | 'right', built: Pipeline, probe: Pipeline): Pipeline {
    const [left, right] = side === 'left' ? [built.plan, probe.plan] : [probe.plan, built.plan]
    const join: BroadcastJoin = { ...plan, left, right, buildSide: side, retainBuild: true }
    return {
      ...probe,
      plan: join,
      broadcast: { ...probe.broadcast, ...built.broadcast, ...mergeMorsels(built.morsels).splits },
    }
  }
}

/** Whether the plan gives nothing over nothing: then it may be part of a plan that is executed for other morsels, too. */
const isDistributive = (plan: LogicalPlan): boolean =>
  (plan.kind !== 'aggregate' || plan.groupBy.length > 0) && inputsOf(plan).every(isDistributive)
