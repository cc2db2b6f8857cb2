import {
  Arena,
  batchToRows,
  createEvaluator,
  recordBatch,
  selectColumn,
  selectionOfTrue,
  type Evaluator,
  type RecordBatch,
  type SelectionVector,
} from '@deltaworks/columnar'
import { columnsOf, remapColumns, type BoundAggregate } from '@deltaworks/expression'
import { field, type Schema, type Value } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import type { WrittenFile } from '../file-sink.js'
import type { PoolAccount, SpillableAccount } from '../memory-pool.js'
import { aggregateUpdater, specOf, stateSchema, type Consume } from '../operators/hash-aggregate-exec.js'
import { open, type ExecutionPlan } from '../operators/execution-plan.js'
import { closeStates, groupBatches, groupStates, type GroupStates } from '../operators/spilled-aggregate.js'
import { RowSummer, type RowSums } from '../row-sums.js'
import type { SplitOutput, SplitSink } from '../split-sink.js'
import { PartitionedWriter } from '../write-files.js'
import type { MorselSink } from './morsel-sink.js'

/** Files, states of what was measured, and what rows added up to by output; the last two one a task. */
export interface WrittenSplit {
  readonly files: readonly WrittenFile[]
  readonly measured: readonly (readonly Value[])[]
  readonly sums: readonly (readonly (RowSums | null)[])[]
}

/** Writes the rows of a plan on this thread. If it fails, what was written is deleted. */
export async function writeSplit(
  plan: ExecutionPlan,
  sink: SplitSink,
  context: ExecutionContext,
): Promise<WrittenSplit> {
  const writer = new SplitWriter(plan.schema, sink, context, () => undefined)
  try {
    for await (const batch of open(plan, context)) await writer.write(batch)
    return { files: await writer.finish(), measured: writer.measured(), sums: [writer.sums()] }
  } catch (error) {
    await writer.abort()
    throw error
  } finally {
    writer.close()
  }
}

/** Sends each row to its output, and measures all of them: one look at a batch, none at what was written. */
export class SplitWriter implements MorselSink {
  readonly #context: ExecutionContext
  readonly #account: PoolAccount
  readonly #arena: Arena
  readonly #steps: readonly { readonly schema: Schema; readonly evaluator: Evaluator }[]
  readonly #routes: Evaluator
  readonly #outputs: readonly OutputWriter[]
  readonly #measures: Measures | null

  constructor(schema: Schema, sink: SplitSink, context: ExecutionContext, began: (path: string) => void) {
    const { columnar, evaluation } = context
    this.#context = context
    this.#account = context.pool.account('SplitFilesExec')
    this.#arena = new Arena(columnar.heap, this.#account)
    let full = schema
    this.#steps = sink.computed.map((expressions) => {
      const evaluator = createEvaluator(columnar, expressions, full, { evaluation })
      const added = expressions.map(({ type, nullable }, i) => field(`__${full.fields.length + i}`, type, nullable))
      full = { fields: [...full.fields, ...added] }
      return { schema: full, evaluator }
    })
    this.#routes = createEvaluator(columnar, sink.routes, full, { evaluation })
    this.#outputs = sink.outputs.map((output) => new OutputWriter(output, full, context, this.#account, began))
    this.#measures = sink.measures === null ? null : new Measures(sink.measures, full, context)
  }

  async write(given: RecordBatch): Promise<void> {
    if (given.rowCount === 0) return
    this.#arena.reset()
    let batch = given
    for (const { schema, evaluator } of this.#steps) {
      const columns = [...batch.columns, ...evaluator.project(this.#arena, batch)]
      batch = recordBatch(schema, batch.rowCount, columns)
    }
    this.#measures?.add(batch)
    const selections = this.#select(batch)
    for (const [i, selection] of selections.entries()) {
      if (selection.count > 0) await this.#outputs[i]!.write(batch, selection)
    }
  }

  /** Row numbers by output. */
  #select(batch: RecordBatch): readonly SelectionVector[] {
    const conditions = this.#routes.project(this.#arena, batch)
    return conditions.map((condition) => selectionOfTrue(this.#context.columnar, this.#arena, condition))
  }

  endMorsel(): void {
    // Files hold rows of several morsels.
  }

  async finish(): Promise<readonly WrittenFile[]> {
    const files: WrittenFile[] = []
    for (const [output, writer] of this.#outputs.entries()) {
      for (const file of await writer.files.finish()) files.push({ ...file, output })
    }
    return files
  }

  /** The state of what was measured. */
  measured(): readonly (readonly Value[])[] {
    return this.#measures?.state() ?? []
  }

  sums(): readonly (RowSums | null)[] {
    return this.#outputs.map(({ summer }) => summer?.sums ?? null)
  }

  async abort(): Promise<void> {
    for (const { files } of this.#outputs) await files.abort()
  }

  close(): void {
    for (const output of this.#outputs) output.close()
    this.#measures?.close()
    this.#arena.close()
    this.#account.close()
  }
}

class OutputWriter {
  readonly files: PartitionedWriter
  readonly summer: RowSummer | null
  readonly #context: ExecutionContext
  readonly #schema: Schema
  /** The columns that it is made of. */
  readonly #places: readonly number[]
  readonly #read: Schema
  readonly #evaluator: Evaluator
  readonly #arena: Arena

  constructor(
    { expressions, schema, sink, summed }: SplitOutput,
    input: Schema,
    context: ExecutionContext,
    account: PoolAccount,
    began: (path: string) => void,
  ) {
    const { columnar, evaluation } = context
    this.#context = context
    this.#schema = schema
    this.#places = [...new Set(expressions.flatMap(columnsOf))]
    this.#read = { fields: this.#places.map((index) => input.fields[index]!) }
    const moved = expressions.map((e) => remapColumns(e, (index) => this.#places.indexOf(index)))
    this.#evaluator = createEvaluator(columnar, moved, this.#read, { evaluation })
    this.#arena = new Arena(columnar.heap, account)
    this.summer = summed === true ? new RowSummer(columnar, account) : null
    this.files = new PartitionedWriter(schema, sink, context, account, began)
  }

  async write(batch: RecordBatch, selection: SelectionVector): Promise<void> {
    const { count } = selection
    this.#arena.reset()
    const taken = this.#places.map((index) => {
      const column = batch.columns[index]!
      return count === batch.rowCount ? column : selectColumn(this.#context.columnar, this.#arena, column, selection)
    })
    const columns = this.#evaluator.project(this.#arena, recordBatch(this.#read, count, taken))
    this.summer?.add(columns, count)
    await this.files.write(recordBatch(this.#schema, count, columns))
  }

  close(): void {
    this.summer?.close()
    this.files.close()
    this.#arena.close()
  }
}

/** Aggregates over all rows that come by. */
class Measures {
  readonly #context: ExecutionContext
  readonly #account: SpillableAccount
  readonly #arena: Arena
  readonly #aggregates: readonly BoundAggregate[]
  readonly #states: GroupStates
  readonly #consume: Consume

  constructor({ aggregates }: NonNullable<SplitSink['measures']>, schema: Schema, context: ExecutionContext) {
    this.#context = context
    this.#account = context.pool.spillable('SplitFilesExec (measures)')
    this.#arena = new Arena(context.columnar.heap, this.#account)
    this.#aggregates = aggregates
    this.#states = groupStates(context, this.#account, [], aggregates.map(specOf))
    this.#consume = aggregateUpdater({ groupBy: [], aggregates }, schema, context)
  }

  add(batch: RecordBatch): void {
    this.#arena.reset()
    this.#consume(this.#arena, this.#states, batch)
  }

  state(): readonly (readonly Value[])[] {
    const schema = stateSchema(this.#context.columnar, this.#aggregates)
    return [...groupBatches(this.#context, this.#account, schema, this.#states, 'partial')].flatMap((batch) =>
      batchToRows(this.#context.columnar.heap, batch),
    )
  }

  close(): void {
    closeStates(this.#states)
    this.#arena.close()
    this.#account.close()
  }
}
