import { AsyncLocalStorage } from 'node:async_hooks'
import type { QueryFinishMessage } from '../events.js'
import type { ReportQuery, ReportStage } from '../run-report.js'
import { listen } from '../subscriptions.js'

/** A page with more would not be read. */
const keptQueries = 400
const planCharacters = 6000

interface OpenQuery {
  readonly step: string
  readonly startMs: number
  readonly stageStarts: Map<number, number>
}

/** Where something happens: in a step, and in a query of it. */
interface Place {
  readonly step: string
  readonly query: OpenQuery | null
}

/**
 * Keeps what the queries of a run did, for its report: step → query → stage → task, made of what the packages publish. Which query
 * is of which step is told by the asynchronous context that it is published in.
 */
export class QueryRecorder {
  readonly #describe: (metrics: object) => string
  readonly #place = new AsyncLocalStorage<Place>()
  readonly #open = new WeakMap<object, OpenQuery>()
  readonly #queries: ReportQuery[] = []
  readonly #stop: () => void
  #startedAt = performance.now()
  #left = 0

  /** @param describe the plan that was executed, with its metrics, as text */
  constructor(describe: (metrics: object) => string) {
    this.#describe = describe
    this.#stop = listen({
      'deltaworks:run:start': () => {
        this.#startedAt = performance.now()
        this.#queries.length = 0
        this.#left = 0
      },
      'deltaworks:step:start': ({ step }) => this.#place.enterWith({ step, query: null }),
      'deltaworks:query:start': ({ metrics }) => {
        const step = this.#place.getStore()?.step ?? ''
        const query: OpenQuery = { step, startMs: this.#now(), stageStarts: new Map() }
        this.#open.set(metrics, query)
        this.#place.enterWith({ step, query })
      },
      'deltaworks:stage:start': ({ stage }) => this.#place.getStore()?.query?.stageStarts.set(stage, this.#now()),
      'deltaworks:query:finish': (message) => this.#finish(message),
    })
  }

  /** In the order in which they ended; the longest, where there are many. */
  get queries(): readonly ReportQuery[] {
    return this.#queries
  }

  /** Queries that are not kept. */
  get left(): number {
    return this.#left
  }

  close(): void {
    this.#stop()
  }

  #now(): number {
    return performance.now() - this.#startedAt
  }

  #finish({ plan, metrics }: QueryFinishMessage): void {
    const open = this.#open.get(metrics)
    if (open === undefined) return
    const text = this.#describe(metrics)
    const stages = metrics.stages.map((stage): ReportStage => ({
      stage: stage.stage,
      name: stage.name,
      startMs: open.stageStarts.get(stage.stage) ?? open.startMs,
      durationMs: stage.durationMs,
      morsels: stage.morsels,
      rows: stage.rows,
      exchangedBytes: stage.exchangedBytes,
      spilledBytes: stage.spilledBytes,
      tasks: stage.tasks.map(({ task, morsels, rows, durationMs, heapBytes }) => ({
        task,
        morsels,
        rows,
        durationMs,
        heapBytes,
      })),
    }))
    this.#queries.push({
      step: open.step,
      kind: plan.kind,
      startMs: open.startMs,
      durationMs: metrics.durationMs,
      rows: metrics.rowsOut,
      filesTotal: metrics.filesTotal,
      filesPruned: metrics.filesPruned,
      spilledBytes: metrics.spilledBytes + stages.reduce((sum, stage) => sum + stage.spilledBytes, 0),
      plan: text.length > planCharacters ? `${text.slice(0, planCharacters)} …` : text,
      stages,
    })
    if (this.#queries.length <= keptQueries) return
    const shortest = this.#queries.reduce(
      (least, query, i) => (query.durationMs < this.#queries[least]!.durationMs ? i : least),
      0,
    )
    this.#queries.splice(shortest, 1)
    this.#left++
  }
}
