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
import type { EvaluationContext } from '@deltaworks/expression'
import {
  explainPlan,
  optimize,
  scan,
  segmentTable,
  type DataFrame,
  type LogicalPlan,
  type MemorySegment,
  type ScanSplit,
  type TableProvider,
  type TableScan,
} from '@deltaworks/plan'
import type { Schema, Value } from '@deltaworks/schema'
import { sessionClosed } from './errors.js'
import { explainAnalysis } from './explain-analyze.js'
import { cancellation, queryMetrics, type ExecutionContext, type QueryMetrics } from './execution-context.js'
import type { FileSink, WriteResult } from './file-sink.js'
import { MemoryPool } from './memory-pool.js'
import { open, type ExecutionPlan } from './operators/execution-plan.js'
import { physicalPlan } from './physical-planner.js'
import { parallelAggregates, writeOnWorkers, type ParallelHost } from './scheduler/parallel-execution.js'
import { WorkerPool } from './scheduler/worker-pool.js'
import { executeSql, type SqlResult, type SqlTables, type TableFunction } from './sql.js'
import { writeFiles } from './write-files.js'

export interface SessionOptions {
  /** Worker threads for large inputs; default: as many as there are cores. */
  readonly threads?: number
  /** Budget over all threads; default half of the machine's memory, at most 4 GiB. */
  readonly memoryBytes?: number
  /** The session's time zone; default UTC. */
  readonly timezone?: string
  /** The session's clock, microseconds since the epoch. */
  readonly now?: () => bigint
  /** Inputs of at most so many bytes are executed on the calling thread. */
  readonly inlineBytes?: number
  /** Table functions of SQL beside the engine's own: `read_delta`, say. */
  readonly tableFunctions?: Readonly<Record<string, TableFunction>>
}

export interface QueryOptions {
  readonly signal?: AbortSignal | undefined
}

export interface QueryResult {
  readonly schema: Schema
  readonly rows: Value[][]
  readonly metrics: QueryMetrics
}

export type Query = DataFrame | DataFrame<never> | LogicalPlan

const planOf = (query: Query): LogicalPlan => ('plan' in query ? query.plan : query)

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
  readonly #timezone: string
  readonly #now: () => bigint
  readonly #inlineBytes: number
  readonly #workers: WorkerPool
  #closed = false

  private constructor(options: SessionOptions) {
    this.context = createContext()
    this.pool = new MemoryPool(options.memoryBytes ?? Math.min(4 * 1024 ** 3, Math.floor(totalmem() / 2)))
    this.threads = options.threads ?? availableParallelism()
    this.tableFunctions = options.tableFunctions ?? {}
    this.#timezone = options.timezone ?? 'UTC'
    this.#inlineBytes = options.inlineBytes ?? 32 * 1024 * 1024
    this.#workers = new WorkerPool(this.threads, this.pool)
    this.#now = options.now ?? (() => BigInt(Date.now()) * 1000n)
  }

  static create(options: SessionOptions = {}): Session {
    return new Session(options)
  }

  /** All rows as values. @throws EngineError, and what reading and evaluating throw */
  async collect(query: Query, options: QueryOptions = {}): Promise<QueryResult> {
    const rows: Value[][] = []
    const plan = optimize(planOf(query))
    const metrics = await this.#each(plan, options, (batch) => {
      for (const row of batchToRows(this.context.heap, batch)) rows.push(row)
    })
    return { schema: plan.schema, rows, metrics }
  }

  /** Batches in this thread's memory, each valid until the next is asked for. */
  async *stream(query: Query, options: QueryOptions = {}): AsyncGenerator<RecordBatch, void, undefined> {
    const plan = optimize(planOf(query))
    const metrics = queryMetrics()
    yield* open(await this.#physicalPlan(plan, metrics, options), this.#executionContext(metrics, options.signal))
  }

  /** The rows kept in shared memory as a table that can be scanned again. The pool does not pay for them: the caller keeps few. */
  async materialise(query: Query, options: QueryOptions & { readonly name?: string } = {}): Promise<TableProvider> {
    const plan = optimize(planOf(query))
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
      await this.#each(plan, options, (batch) => {
        pending.push(copyBatch(arena, batch))
        pendingRows += batch.rowCount
        if (pendingRows >= segmentRows) flush()
      })
      flush()
    } finally {
      arena.close()
    }
    return segmentTable(options.name ?? 'materialised', plan.schema, segments)
  }

  /** Writes the rows as Parquet files. Nothing is left behind if it fails. */
  async writeFiles(query: Query, sink: FileSink, options: QueryOptions = {}): Promise<WriteResult> {
    this.#requireOpen()
    const metrics = queryMetrics()
    const start = performance.now()
    const plan = optimize(planOf(query))
    const context = this.#executionContext(metrics, options.signal)
    const files =
      (await writeOnWorkers(plan, sink, this.#parallelHost(metrics, options))) ??
      (await writeFiles(await this.#physicalPlan(plan, metrics, options), sink, context))
    metrics.durationMs = performance.now() - start
    const rowCount = files.reduce((sum, file) => sum + file.rowCount, 0)
    metrics.rowsOut = rowCount
    return { files, rowCount, metrics }
  }

  /** Executes SQL statements; the result is that of the last one. */
  async sql(text: string, tables: SqlTables = {}, options: QueryOptions = {}): Promise<SqlResult> {
    const results = await executeSql(this, text, tables, options)
    return results[results.length - 1]!
  }

  /** Executes SQL statements and gives the result of each. */
  sqlAll(text: string, tables: SqlTables = {}, options: QueryOptions = {}): Promise<SqlResult[]> {
    return executeSql(this, text, tables, options)
  }

  explain(query: Query): string {
    return explainPlan(optimize(planOf(query)))
  }

  /** The operators with what they did: rows, batches and time, after running the query. */
  async explainAnalyze(query: Query, options: QueryOptions = {}): Promise<string> {
    const metrics = queryMetrics()
    const start = performance.now()
    const plan = await this.#physicalPlan(optimize(planOf(query)), metrics, options)
    for await (const batch of open(plan, this.#executionContext(metrics, options.signal)))
      metrics.rowsOut += batch.rowCount
    metrics.durationMs = performance.now() - start
    return explainAnalysis(plan, metrics)
  }

  /** A frame over a table provider. */
  table(provider: TableProvider): DataFrame {
    return scan(provider)
  }

  async #each(plan: LogicalPlan, options: QueryOptions, consume: (batch: RecordBatch) => void): Promise<QueryMetrics> {
    this.#requireOpen()
    const metrics = queryMetrics()
    const start = performance.now()
    if (queryStart.hasSubscribers) queryStart.publish({ plan })
    const operators = await this.#physicalPlan(plan, metrics, options)
    for await (const batch of open(operators, this.#executionContext(metrics, options.signal))) {
      metrics.rowsOut += batch.rowCount
      metrics.batches++
      consume(batch)
    }
    metrics.durationMs = performance.now() - start
    if (queryFinish.hasSubscribers) queryFinish.publish({ plan, metrics })
    return metrics
  }

  #requireOpen(): void {
    if (this.#closed) throw sessionClosed()
  }

  #executionContext(metrics: QueryMetrics, signal: AbortSignal | undefined): ExecutionContext {
    this.#requireOpen()
    const evaluation: EvaluationContext = { timezone: this.#timezone, nowMicros: this.#now() }
    return {
      columnar: this.context,
      pool: this.pool,
      evaluation,
      metrics,
      checkCancelled: cancellation(signal),
      splitsOf: (node) => splitsOf(node, metrics),
    }
  }

  /** The operators of a plan; its large aggregates are computed by the workers first. */
  async #physicalPlan(plan: LogicalPlan, metrics: QueryMetrics, options: QueryOptions): Promise<ExecutionPlan> {
    this.#requireOpen()
    return physicalPlan(plan, { operators: await parallelAggregates(plan, this.#parallelHost(metrics, options)) })
  }

  #parallelHost(metrics: QueryMetrics, { signal }: QueryOptions): ParallelHost {
    return {
      context: this.context,
      workers: this.#workers,
      threads: this.threads,
      inlineBytes: this.#inlineBytes,
      evaluation: { timezone: this.#timezone, nowMicros: this.#now() },
      metrics,
      signal,
      materialise: async (plan) => scan(await this.materialise(plan, { signal, name: 'build side' })).plan,
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#workers.close()
  }
}

const segmentRows = 262_144

async function* splitsOf(node: TableScan, metrics: QueryMetrics): AsyncGenerator<ScanSplit> {
  const planned = await node.table.scan({ projection: node.projection, filters: node.filters, fetch: node.fetch })
  metrics.filesTotal += planned.filesTotal
  metrics.filesPruned += planned.filesPruned
  yield* planned.splits
}
