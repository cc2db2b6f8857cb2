import { setTimeout as delay } from 'node:timers/promises'
import { Arena, readSegment, recordBatch } from '@deltaworks/columnar'
import type { LogicalPlan, MemorySegment } from '@deltaworks/plan'
import { isMemoryRefused } from '../errors.js'
import type { ExecutionContext } from '../execution-context.js'
import type { FileSink, WrittenFile } from '../file-sink.js'
import type { ExchangeAccount } from '../memory-pool.js'
import { closePlan, open, type BatchStream, type ExecutionPlan } from '../operators/execution-plan.js'
import { physicalPlan } from '../physical-planner.js'
import type { SplitSink } from '../split-sink.js'
import { writeFiles } from '../write-files.js'
import { AdaptivePlanner, type StageExecutor } from './adaptive-planner.js'
import { createSink } from './morsel-sink.js'
import { isSingle, mergeMorsels } from './pipeline.js'
import type { MorselSegment, Pipeline, StageSink, StageTable } from './stage.js'
import { writeSplit, type WrittenSplit } from './split-writer.js'
import { StageRun, type StageResources } from './stage-run.js'

const everything = Infinity
const triesMs = 10
const mostTries = 1000
const resultRows = 16_384

export interface ExecutionLimits {
  /** Inputs of at most so many bytes are executed on this thread. */
  readonly inlineBytes: number
  /** What a morsel reads, about; by default it depends on the size of the input. */
  readonly morselBytes: number | undefined
}

/** Executes one query whose input is large: stages on the workers, what is small between them on this thread. */
export class ParallelExecutor implements StageExecutor {
  readonly context: ExecutionContext
  readonly inlineBytes: number
  readonly morselBytes: number | undefined
  /** What this thread executed last: the root, in the end. Null if that was a stage. */
  root: ExecutionPlan | null = null
  readonly #resources: StageResources
  readonly #planner: AdaptivePlanner
  /** Pays for segments between stages until the query ends. */
  readonly #exchange: ExchangeAccount
  #stages = 0

  constructor(context: ExecutionContext, resources: StageResources, limits: ExecutionLimits) {
    this.context = context
    this.inlineBytes = limits.inlineBytes
    this.morselBytes = limits.morselBytes
    this.#resources = resources
    this.#exchange = context.pool.exchange('Exchange')
    this.#planner = new AdaptivePlanner(this)
  }

  async execute(name: string, pipeline: Pipeline, sink: StageSink, maxRows = everything): Promise<MorselSegment[]> {
    const segments: MorselSegment[] = []
    if (isSingle(pipeline)) {
      await this.#executeHere(pipeline, sink, (segment) => {
        if (segment.split.kind === 'segment') this.#exchange.adopt(segment.split.segment.byteLength)
        segments.push(segment)
      })
      return segments
    }
    let rows = 0
    const stage = { number: ++this.#stages, name, pipeline, sink }
    const window = maxRows === everything ? everything : this.#resources.workers.threads * 2
    for await (const segment of new StageRun(stage, this.#resources, this.#exchange, window).segments()) {
      segments.push(segment)
      rows += segment.rowCount
      if (rows >= maxRows) break
    }
    return segments
  }

  release(segments: readonly MorselSegment[]): void {
    for (const { split } of segments) if (split.kind === 'segment') this.#exchange.release(split.segment.byteLength)
  }

  async *stream(plan: LogicalPlan): BatchStream {
    const pipeline = await this.#planner.queryPipeline(plan)
    if (isSingle(pipeline)) {
      yield* this.#openHere(pipeline)
      return
    }
    this.root = null
    const account = this.context.pool.exchange('Result')
    const arena = new Arena(this.context.columnar.heap, account)
    const stage = {
      number: ++this.#stages,
      name: 'Result',
      pipeline,
      sink: { kind: 'gather', segmentRows: resultRows },
    } as const
    const window = this.#resources.workers.threads * 2
    try {
      for await (const { split } of new StageRun(stage, this.#resources, account, window).segments()) {
        const batches = await this.#whenRoom(() => {
          arena.reset()
          return split.kind === 'segment' ? readSegment(arena, split.segment) : this.context.spill.read(arena, split)
        })
        for (const batch of batches) yield recordBatch(plan.schema, batch.rowCount, batch.columns)
        if (split.kind !== 'segment') continue
        account.release(split.segment.byteLength)
        this.context.segments.release(split.segment)
      }
    } finally {
      arena.close()
      account.close()
    }
  }

  /** Tries again while workers hold all of the memory: this thread must not be blocked until they give it back, as they are. */
  async #whenRoom<T>(read: () => T): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return read()
      } catch (error) {
        if (!isMemoryRefused(error) || tries >= mostTries) throw error
        this.context.checkCancelled()
        await delay(triesMs)
      }
    }
  }

  /** The rows as segments that belong to the caller. */
  async segments(plan: LogicalPlan, segmentRows: number): Promise<MemorySegment[]> {
    const pipeline = await this.#planner.queryPipeline(plan)
    const segments = await this.execute('Materialise', pipeline, { kind: 'gather', segmentRows, inMemory: true })
    return segments.flatMap(({ split }) => (split.kind === 'segment' ? [split] : []))
  }

  async writeFiles(plan: LogicalPlan, sink: FileSink): Promise<readonly WrittenFile[]> {
    const rows = await this.#planner.queryPipeline(plan)
    const pipeline = sink.gathersPartitions === true ? await this.#planner.together(rows, sink.partitionBy) : rows
    if (isSingle(pipeline)) {
      this.root = physicalPlan(pipeline.plan)
      try {
        return await writeFiles(this.root, sink, this.#contextOf(pipeline))
      } finally {
        closePlan(this.root)
      }
    }
    this.root = null
    const files = { kind: 'files', sink, inOrder: pipeline.inOrder === true } as const
    const stage = { number: ++this.#stages, name: 'WriteFiles', pipeline, sink: files } as const
    const run = new StageRun(stage, this.#resources, this.#exchange, everything)
    for await (const segment of run.segments()) void segment
    return run.files
  }

  async writeSplit(plan: LogicalPlan, sink: SplitSink): Promise<WrittenSplit> {
    const pipeline = await this.#planner.pipelineOf(plan)
    if (isSingle(pipeline)) {
      this.root = physicalPlan(pipeline.plan)
      try {
        return await writeSplit(this.root, sink, this.#contextOf(pipeline))
      } finally {
        closePlan(this.root)
      }
    }
    this.root = null
    const stage = { number: ++this.#stages, name: 'SplitFiles', pipeline, sink: { kind: 'split', sink } } as const
    const run = new StageRun(stage, this.#resources, this.#exchange, everything)
    for await (const segment of run.segments()) void segment
    return { files: run.files, measured: run.measured, sums: run.sums }
  }

  close(): void {
    this.#exchange.close()
    this.context.segments.end()
  }

  async *#openHere(pipeline: Pipeline): BatchStream {
    const plan = physicalPlan(pipeline.plan)
    this.root = plan
    try {
      yield* open(plan, this.#contextOf(pipeline))
    } finally {
      closePlan(plan)
    }
  }

  async #executeHere(pipeline: Pipeline, sink: StageSink, take: (segment: MorselSegment) => void): Promise<void> {
    const context = this.#contextOf(pipeline)
    const target = createSink(sink, pipeline.plan.schema, context, { segment: take, file: () => undefined })
    try {
      for await (const batch of this.#openHere(pipeline)) await target.write(batch, 0)
      target.endMorsel(0)
    } finally {
      target.close()
    }
  }

  #contextOf({ morsels, broadcast }: Pipeline): ExecutionContext {
    const { splits } = mergeMorsels(morsels)
    return {
      ...this.context,
      splitsOf: ({ table }) => {
        const { id } = table as StageTable
        return splits[id] ?? broadcast[id] ?? []
      },
    }
  }
}
