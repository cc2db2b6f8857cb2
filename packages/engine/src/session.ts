import { availableParallelism, totalmem } from 'node:os'
import { channel } from 'node:diagnostics_channel'
import {
  Arena,
  batchToRows,
  copyBatch,
  createContext,
  writeSegment,
  type ColumnarContext,
  type RecordBatch,
} from '@deltaworks/columnar'
import { requireTimezone, type EvaluationContext, type ExpressionMode } from '@deltaworks/expression'
import {
  explainPlan,
  optimize,
  optimizeWithTrace,
  planToJson,
  scan,
  segmentTable,
  valuesNode,
  type AnyRow,
  type CatalogEntry,
  type DataFrame,
  type LogicalPlan,
  type MemorySegment,
  type RowOf,
  type ScanSplit,
  type TableProvider,
  type TableScan,
} from '@deltaworks/plan'
import type { Schema, Value } from '@deltaworks/schema'
import { isThreadLocal } from '@deltaworks/storage'
import { sessionClosed } from './errors.js'
import { analysisToJson, explainAnalysis } from './explain-analyze.js'
import { cancellation, pauses, type ExecutionContext } from './execution-context.js'
import { withFirstRows } from './first-rows.js'
import { recordsOf, requireOneOfEachName } from './records.js'
import { queryMetrics, type QueryMetrics } from './metrics.js'
import type { FileSink, WriteResult } from './file-sink.js'
import { QuerySegments, SegmentMemory } from './exchange/segment-memory.js'
import { MemoryPool } from './memory-pool.js'
import { open, type BatchStream } from './operators/execution-plan.js'
import { physicalPlan } from './physical-planner.js'
import { bytesOfFiles, estimateInputBytes } from './scheduler/input-bytes.js'
import { digestFile } from './scheduler/digest-file.js'
import type { DigestTask } from './scheduler/digest-task.js'
import { spliceOnWorkers } from './scheduler/splice-on-workers.js'
import { ParallelExecutor, type ExecutionLimits } from './scheduler/parallel-executor.js'
import { WorkerPool } from './scheduler/worker-pool.js'
import { SpillFolder } from './spill/spill-folder.js'
import { SpillStore } from './spill/spill-store.js'
import { executeSql, type SqlResult, type SqlTables, type TableFunction } from './sql.js'
import { stateSchema } from './operators/hash-aggregate-exec.js'
import { addRowSums, noRows, type RowSums } from './row-sums.js'
import { writeSplit } from './scheduler/split-writer.js'
import type { PhasedAggregate } from './scheduler/stage.js'
import type { SplitResult, SplitSink } from './split-sink.js'
import type { SessionOptions } from './session-options.js'
import { spliceRuns, type SpliceResult, type SpliceRun } from './splice-files.js'
import { writeFiles } from './write-files.js'

export type { SessionOptions } from './session-options.js'

export interface SpillFigures {
  readonly usedBytes: number
  /** The most that was on disk at a time, and all that was ever written. */
  readonly peakBytes: number
  readonly writtenBytes: number
  /** Infinity: as much as there is. */
  readonly limitBytes: number
  /** Parent of the session's own folder, which may not be there. */
  readonly folder: string
}

export interface QueryOptions {
  readonly signal?: AbortSignal | undefined
}

export interface ExplainOptions {
  readonly format?: 'text' | 'json'
  readonly verbose?: boolean
  /** How many rows are expected of each node. */
  readonly rows?: boolean
}

export interface QueryResult {
  readonly schema: Schema
  readonly rows: Value[][]
  readonly metrics: QueryMetrics
}

export type Query = DataFrame<object> | LogicalPlan

const planOf = (query: Query): LogicalPlan => ('plan' in query ? query.plan : query)
const planned = (query: Query): LogicalPlan => withFirstRows(optimize(planOf(query)))

/** About a second of work for one thread. Less is done sooner here than by workers, which start cold. */
const defaultInlineBytes = 128 * 1024 * 1024
/** Once the workers run. */
const warmInlineBytes = 24 * 1024 * 1024

/** Files that are put together at a time. */
const splicedAtATime = 4

const queryStart = channel('deltaworks:query:start')
const queryFinish = channel('deltaworks:query:finish')

/**
 * Executes plans. One memory budget, one clock and zone, one set of worker threads, started when the first large query comes.
 */
export class Session {
  readonly context: ColumnarContext
  readonly pool: MemoryPool
  readonly threads: number
  readonly tableFunctions: Readonly<Record<string, TableFunction>>
  #timezone: string
  /** Views and tables that SQL statements of this session have made, by their names in lower case. */
  readonly definitions = new Map<string, CatalogEntry>()
  readonly #now: () => bigint
  readonly #expressions: ExpressionMode
  readonly #inlineBytes: number | undefined
  readonly #morselBytes: number | undefined
  /** One for all queries: many short ones keep events out as well as a long one does. */
  readonly #pause: () => Promise<void> | null
  readonly #workers: WorkerPool
  readonly #spill: SpillFolder
  readonly #segments: SegmentMemory
  #closed = false

  private constructor(options: SessionOptions) {
    this.context = createContext()
    this.pool = new MemoryPool(options.memoryBytes ?? Math.min(4 * 1024 ** 3, Math.floor(totalmem() / 2)))
    this.threads = options.threads ?? availableParallelism()
    this.tableFunctions = options.tableFunctions ?? {}
    this.#timezone = requireTimezone(options.timezone ?? 'UTC')
    this.#now = options.now ?? (() => BigInt(Date.now()) * 1000n)
    this.#expressions = options.expressions ?? 'auto'
    this.#inlineBytes = options.inlineBytes
    this.#morselBytes = options.morselBytes
    this.#pause = pauses()
    this.#segments = new SegmentMemory(this.pool.limitBytes)
    this.#workers = new WorkerPool(this.threads, this.pool.limitBytes, options.workerFile)
    this.#spill = new SpillFolder(options.spillFolder, options.spillLimitBytes)
  }

  /** What has gone to disk for want of memory. */
  get spill(): SpillFigures {
    const { usedBytes, peakBytes, writtenBytes, limitBytes, parent } = this.#spill
    return { usedBytes, peakBytes, writtenBytes, limitBytes, folder: parent }
  }

  static create(options: SessionOptions = {}): Session {
    return new Session(options)
  }

  /** Starts the worker threads now, so that the first large query does not wait for them. @throws EngineError of a closed session */
  async start(): Promise<void> {
    this.#requireOpen()
    if (this.threads > 1) await this.#workers.start()
  }

  /** A query over files of so many bytes will come soon: if it is one for the worker threads, they start meanwhile. */
  prepare(sizeBytes: number): void {
    this.#requireOpen()
    if (this.threads === 1 || bytesOfFiles(sizeBytes) <= this.#limits().inlineBytes) return
    // The query itself tells what is wrong.
    this.#workers.start().catch(() => undefined)
  }

  /**
   * Ends the worker threads, and with them their memory, while something else needs it; the next large query starts new ones.
   * No query may be going on.
   */
  async releaseWorkers(): Promise<void> {
    this.#requireOpen()
    await this.#workers.close()
  }

  /** All rows as values. @throws EngineError, and what reading and evaluating throw */
  async collect(query: Query, options: QueryOptions = {}): Promise<QueryResult> {
    const rows: Value[][] = []
    const plan = planned(query)
    const metrics = await this.#each(plan, options, (batch) => {
      for (const row of batchToRows(this.context.heap, batch)) rows.push(row)
    })
    return { schema: plan.schema, rows, metrics }
  }

  /**
   * All rows as objects by column name; their type is what the frame's type knows: `{ id: bigint; city: string | null }`.
   * @throws EngineError DW-ENGINE-0012 if two columns have one name; what reading and evaluating throw
   */
  async records<Row extends object>(frame: DataFrame<Row>, options: QueryOptions = {}): Promise<Row[]> {
    requireOneOfEachName(frame.schema)
    const { schema, rows } = await this.collect(frame, options)
    return recordsOf<Row>(schema, rows)
  }

  /** Batches in this thread's memory, each valid until the next is asked for. */
  async *stream(query: Query, options: QueryOptions = {}): AsyncGenerator<RecordBatch, void, undefined> {
    yield* this.#run(planned(query), queryMetrics(), options)
  }

  /** The rows kept in shared memory as a table that can be scanned again. The pool does not pay for them: the caller keeps few. */
  async materialise(query: Query, options: QueryOptions & { readonly name?: string } = {}): Promise<TableProvider> {
    const plan = planned(query)
    const name = options.name ?? 'materialised'
    const metrics = queryMetrics()
    if (this.#isLarge(plan)) {
      const segments = await this.#published(plan, metrics, async () => {
        const made = await this.#inParallel(metrics, options, (executor) => executor.segments(plan, largeSegmentRows))
        metrics.rowsOut = made.reduce((sum, { rowCount }) => sum + rowCount, 0)
        return made
      })
      return segmentTable(name, plan.schema, segments)
    }
    const arena = new Arena(this.context.heap, this.pool.account('materialise'))
    const segments: MemorySegment[] = []
    let pending: RecordBatch[] = []
    let pendingRows = 0
    const flush = (): void => {
      if (pendingRows === 0) return
      segments.push({ segment: writeSegment(this.context.heap, plan.schema, pending), rowCount: pendingRows })
      pending = []
      pendingRows = 0
      arena.reset()
    }
    try {
      for await (const batch of this.#run(plan, metrics, options)) {
        pending.push(copyBatch(arena, batch))
        pendingRows += batch.rowCount
        if (pendingRows >= segmentRows) flush()
      }
      flush()
    } finally {
      arena.close()
    }
    return segmentTable(name, plan.schema, segments)
  }

  /** Writes the rows as Parquet files. Nothing is left behind if it fails. */
  async writeFiles(query: Query, sink: FileSink, options: QueryOptions = {}): Promise<WriteResult> {
    const metrics = queryMetrics()
    const plan = planned(query)
    const parallel = this.#isLarge(plan) && !isThreadLocal(sink.store)
    return this.#published(plan, metrics, async () => {
      const files = parallel
        ? await this.#inParallel(metrics, options, (executor) => executor.writeFiles(plan, sink))
        : await this.#inline(metrics, options, (context) => writeFiles(physicalPlan(plan), sink, context))
      metrics.rowsOut = files.reduce((sum, file) => sum + file.rowCount, 0)
      return { files, rowCount: metrics.rowsOut, metrics }
    })
  }

  /**
   * Puts Parquet files together into few, without decoding what need not be; runs side by side, on the workers if there is much to
   * do. Results come as the runs do. If it fails, files may be left behind in the runs' folders.
   */
  async spliceFiles(runs: readonly SpliceRun[]): Promise<readonly SpliceResult[]> {
    this.#requireOpen()
    const bytes = runs.flatMap(({ files }) => files).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    const isLarge = this.threads > 1 && runs.length > 1 && bytes > this.#limits().inlineBytes
    return isLarge && !runs.some(({ store }) => isThreadLocal(store))
      ? spliceOnWorkers(this.#workers, runs, splicedAtATime)
      : spliceRuns(this.context, runs, splicedAtATime)
  }

  /** SHA-256 of a file's content, hex; read by a worker, if there are any. @throws StorageError; EngineError DW-ENGINE-0005 */
  digestFile(file: DigestTask): Promise<string> {
    this.#requireOpen()
    return digestFile(file, this.threads > 1 ? this.#workers : null)
  }

  /**
   * Writes each row as Parquet to one of several outputs, and measures all of them, in one pass. Nothing is left behind if it
   * fails. Expressions of the sink are bound to the query's schema.
   */
  async writeSplit(query: Query, sink: SplitSink, options: QueryOptions = {}): Promise<SplitResult> {
    const metrics = queryMetrics()
    const plan = planned(query)
    const parallel = this.#isLarge(plan) && !isThreadLocal(sink.outputs[0]!.sink.store)
    return this.#published(plan, metrics, async () => {
      const { files, measured, sums } = parallel
        ? await this.#inParallel(metrics, options, (executor) => executor.writeSplit(plan, sink))
        : await this.#inline(metrics, options, (context) => writeSplit(physicalPlan(plan), sink, context))
      metrics.rowsOut = files.reduce((sum, file) => sum + file.rowCount, 0)
      const byOutput = sink.outputs.map((_, i) => files.filter(({ output }) => output === i))
      const measures = sink.measures === null ? null : await this.#finishMeasures(sink.measures, measured, options)
      return { files: byOutput, sums: sumsByOutput(sink, sums), measures, metrics }
    })
  }

  /** Merges the states that each task measured. */
  async #finishMeasures(
    { aggregates, schema }: NonNullable<SplitSink['measures']>,
    measured: readonly (readonly Value[])[],
    options: QueryOptions,
  ): Promise<readonly Value[]> {
    const states = valuesNode(stateSchema(this.context, aggregates), measured)
    const final: PhasedAggregate = { kind: 'aggregate', input: states, groupBy: [], aggregates, schema, phase: 'final' }
    const rows: Value[][] = []
    await this.#inline(queryMetrics(), options, async (context) => {
      for await (const batch of open(physicalPlan(final), context)) rows.push(...batchToRows(this.context.heap, batch))
    })
    return rows[0]!
  }

  /** Executes SQL statements; the result is that of the last one. */
  async sql(text: string, tables: SqlTables = {}, options: QueryOptions = {}): Promise<SqlResult> {
    const results = await this.sqlAll(text, tables, options)
    return results[results.length - 1]!
  }

  /** Executes SQL statements and gives the result of each. */
  async sqlAll(text: string, tables: SqlTables = {}, options: QueryOptions = {}): Promise<SqlResult[]> {
    const results: SqlResult[] = []
    for await (const result of this.sqlResults(text, tables, options)) results.push(result)
    return results
  }

  /** Executes SQL statements one after the other, each when its result is asked for. */
  sqlResults(
    text: string,
    tables: SqlTables = {},
    options: QueryOptions = {},
  ): AsyncGenerator<SqlResult, void, undefined> {
    return executeSql(this, text, tables, options)
  }

  /** The zone in which timestamps are read and shown. @throws ExpressionError if there is no such zone */
  get timezone(): string {
    return this.#timezone
  }
  set timezone(timezone: string) {
    this.#timezone = requireTimezone(timezone)
  }

  /** The plan as the optimizer makes it; `verbose`: also as it is written and after each of its steps. */
  explain(query: Query, how: ExplainOptions = {}): string {
    const plan = planOf(query)
    if (how.format === 'json') return JSON.stringify(planToJson(optimize(plan), { rows: how.rows === true }), null, 2)
    const shown = (of: LogicalPlan): string => explainPlan(of, { rows: how.rows === true })
    if (how.verbose !== true) return shown(optimize(plan))
    const { plan: last, steps } = optimizeWithTrace(plan)
    return [
      `-- as written`,
      shown(plan),
      ...steps.flatMap((step) => [`-- ${step.rule}`, shown(step.plan)]),
      '-- executed',
      shown(last),
    ].join('\n')
  }

  /** The operators with what they did: rows beside what was expected, batches and time, after running the query; stages on workers first. */
  async explainAnalyze(query: Query, options: QueryOptions & Pick<ExplainOptions, 'format'> = {}): Promise<string> {
    const plan = planned(query)
    const metrics = queryMetrics()
    for await (const batch of this.#run(plan, metrics, options)) void batch
    return options.format === 'json' ? JSON.stringify(analysisToJson(metrics), null, 2) : explainAnalysis(metrics)
  }

  /** A frame over a table provider. */
  table<Row extends object = AnyRow>(provider: TableProvider): DataFrame<RowOf<Row>> {
    return scan<Row>(provider)
  }

  async #each(plan: LogicalPlan, options: QueryOptions, consume: (batch: RecordBatch) => void): Promise<QueryMetrics> {
    const metrics = queryMetrics()
    for await (const batch of this.#run(plan, metrics, options)) consume(batch)
    return metrics
  }

  /** The batches of an optimised plan, executed here or on the workers. */
  async *#run(plan: LogicalPlan, metrics: QueryMetrics, options: QueryOptions): BatchStream {
    this.#requireOpen()
    const start = performance.now()
    if (queryStart.hasSubscribers) queryStart.publish({ plan, metrics })
    const context = this.#executionContext(metrics, options.signal)
    const executor = this.#isLarge(plan) ? this.#executor(context, options) : null
    try {
      for await (const batch of executor === null ? open(physicalPlan(plan), context) : executor.stream(plan)) {
        metrics.rowsOut += batch.rowCount
        metrics.batches++
        yield batch
      }
    } finally {
      executor?.close()
      this.#spill.endQuery(context.spill.target)
      metrics.durationMs = performance.now() - start
      if (queryFinish.hasSubscribers) queryFinish.publish({ plan, metrics })
    }
  }

  async #published<T>(plan: LogicalPlan, metrics: QueryMetrics, run: () => Promise<T>): Promise<T> {
    this.#requireOpen()
    const start = performance.now()
    if (queryStart.hasSubscribers) queryStart.publish({ plan, metrics })
    try {
      return await run()
    } finally {
      metrics.durationMs = performance.now() - start
      if (queryFinish.hasSubscribers) queryFinish.publish({ plan, metrics })
    }
  }

  #limits(): ExecutionLimits {
    const inlineBytes = this.#inlineBytes ?? (this.#workers.isStarted ? warmInlineBytes : defaultInlineBytes)
    return { inlineBytes, morselBytes: this.#morselBytes }
  }

  /** Whether the plan's tables are so large that it is worth looking at their splits, to execute it on the workers. */
  #isLarge(plan: LogicalPlan): boolean {
    return this.threads > 1 && estimateInputBytes(plan) > this.#limits().inlineBytes
  }

  #executor(context: ExecutionContext, { signal }: QueryOptions): ParallelExecutor {
    const { pool, evaluation, metrics, spill, segments } = context
    const queryEnded = segments.ended
    const resources = { workers: this.#workers, pool, spill: spill.target, queryEnded, evaluation, metrics, signal }
    return new ParallelExecutor(context, resources, this.#limits())
  }

  async #inline<T>(
    metrics: QueryMetrics,
    { signal }: QueryOptions,
    run: (context: ExecutionContext) => Promise<T>,
  ): Promise<T> {
    const context = this.#executionContext(metrics, signal)
    try {
      return await run(context)
    } finally {
      this.#spill.endQuery(context.spill.target)
    }
  }

  #inParallel<T>(
    metrics: QueryMetrics,
    options: QueryOptions,
    run: (executor: ParallelExecutor) => Promise<T>,
  ): Promise<T> {
    return this.#inline(metrics, options, async (context) => {
      const executor = this.#executor(context, options)
      try {
        return await run(executor)
      } finally {
        executor.close()
      }
    })
  }

  #requireOpen(): void {
    if (this.#closed) throw sessionClosed()
  }

  #executionContext(metrics: QueryMetrics, signal: AbortSignal | undefined): ExecutionContext {
    this.#requireOpen()
    const evaluation: EvaluationContext = {
      timezone: this.#timezone,
      nowMicros: this.#now(),
      expressions: this.#expressions,
    }
    return {
      columnar: this.context,
      pool: this.pool,
      evaluation,
      metrics,
      spill: new SpillStore(this.#spill.query(), metrics),
      segments: new QuerySegments(this.#segments),
      checkCancelled: cancellation(signal),
      pause: this.#pause,
      splitsOf: (node) => splitsOf(node, metrics),
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#workers.close()
    this.#spill.close()
  }
}

const segmentRows = 262_144
/** Segments of a large table are morsels of the next query. */
const largeSegmentRows = 65_536

const sumsByOutput = ({ outputs }: SplitSink, tasks: readonly (readonly (RowSums | null)[])[]) =>
  outputs.map(({ summed }, i) =>
    summed === true ? tasks.reduce((sum, task) => addRowSums(sum, task[i] ?? noRows), noRows) : null,
  )

async function* splitsOf(node: TableScan, metrics: QueryMetrics): AsyncGenerator<ScanSplit> {
  const planned = await node.table.scan({ projection: node.projection, filters: node.filters, fetch: node.fetch })
  metrics.filesTotal += planned.filesTotal
  metrics.filesPruned += planned.filesPruned
  yield* planned.splits
}
