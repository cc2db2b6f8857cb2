import { errorToData } from '@deltaworks/schema'
import { cancelled } from '../errors.js'
import { QuerySegments } from '../exchange/segment-memory.js'
import type { ExecutionContext } from '../execution-context.js'
import { queryMetrics, type QueryMetrics } from '../metrics.js'
import { MemoryPool, operatorUnits } from '../memory-pool.js'
import { closePlan, open, spillingOperators, type ExecutionPlan } from '../operators/execution-plan.js'
import { physicalPlan } from '../physical-planner.js'
import { MorselQueue } from './morsel-queue.js'
import { SpillStore } from '../spill/spill-store.js'
import { DoneMorsels } from './done-morsels.js'
import { createSink, sinkUnits } from './morsel-sink.js'
import { writesFiles, type MorselSegment, type SplitsByTable } from './stage.js'
import { threadContext, threadSegments } from './thread-context.js'
import type { TaskMessage, TaskRequest, TaskResult } from './task.js'
import type { TaskMetrics } from '../metrics.js'

/** Runs a task on this thread: pulls morsels until none is left. Its errors are a result, so that a rejection means a dead worker. */
export async function runTask(request: TaskRequest): Promise<TaskResult> {
  const { port } = request
  try {
    return await runMorsels(request)
  } catch (error) {
    return { kind: 'failed', error: errorToData(error) }
  } finally {
    port?.postMessage({ kind: 'end' } satisfies TaskMessage)
    port?.close()
  }
}

async function runMorsels(request: TaskRequest): Promise<TaskResult> {
  const thread = threadContext(request.kernels)
  const start = performance.now()
  const queue = new MorselQueue(request.morsels.length, request.queue)
  const metrics = queryMetrics()
  const { memory } = request
  let splits: SplitsByTable = {}
  const context: ExecutionContext = {
    columnar: thread,
    pool: new MemoryPool(memory.limitBytes, memory.counter, memory.share, () => queue.cancelled),
    evaluation: request.evaluation,
    metrics,
    spill: new SpillStore(request.spill, metrics),
    segments: new QuerySegments(threadSegments(memory.limitBytes), request.queryEnded),
    checkCancelled: () => {
      if (queue.cancelled) throw cancelled()
    },
    // Cancellation comes through shared memory: there is nothing to wait for.
    pause: () => null,
    splitsOf: ({ table }) => {
      const { id } = table as unknown as { readonly id: string }
      return splits[id] ?? request.broadcast[id] ?? []
    },
  }
  const { port } = request
  const post = port === null ? null : (message: TaskMessage): void => port.postMessage(message)
  const plan = physicalPlan(request.plan)
  let segments: MorselSegment[] = []
  const sink = createSink(request.sink, plan.schema, context, {
    segment: (segment) => segments.push(segment),
    file: (path) => post?.({ kind: 'file', path }),
  })
  context.pool.expect(spillingOperators(plan) * operatorUnits + sinkUnits(request.sink), memory.tasks)
  const told = new DoneMorsels(post, request.window !== Infinity)
  const claimed = [...request.claimed]
  let morsels = 0
  let heapBytes = 0
  try {
    for (;;) {
      const morsel = claimed.shift() ?? queue.claim(request.task)
      if (morsel < 0) break
      if (!queue.waitForTurn(morsel, request.window)) {
        told.tell()
        metrics.durationMs = performance.now() - start
        return {
          kind: 'paused',
          claimed: [morsel, ...claimed],
          metrics: taskMetrics(request.task, plan, metrics, morsels, heapBytes),
        }
      }
      context.checkCancelled()
      splits = request.morsels[morsel]!
      for await (const batch of open(plan, context)) {
        metrics.rowsOut += batch.rowCount
        await sink.write(batch, morsel)
      }
      sink.endMorsel(morsel)
      heapBytes = Math.max(heapBytes, thread.heap.usedBytes)
      morsels++
      // Files hold rows of several morsels: those count when the task is finished.
      if (!writesFiles(request.sink)) told.add({ morsel, segments })
      segments = []
    }
    told.tell()
    const files = await sink.finish()
    const measured = sink.measured()
    metrics.durationMs = performance.now() - start
    const sums = sink.sums?.() ?? []
    const done = taskMetrics(request.task, plan, metrics, morsels, heapBytes)
    return { kind: 'finished', files, measured, sums, done: told.rest, metrics: done }
  } catch (error) {
    await sink.abort()
    throw error
  } finally {
    sink.close()
    closePlan(plan)
    context.pool.end()
  }
}

/** What each operator did over all morsels, in the order of the plan. */
function taskMetrics(
  task: number,
  plan: ExecutionPlan,
  { operators: runs, stages: _, ...query }: QueryMetrics,
  morsels: number,
  heapBytes: number,
): TaskMetrics {
  const operators: TaskMetrics['operators'][number][] = []
  const visit = (node: ExecutionPlan, depth: number): void => {
    const own = {
      operator: node.name,
      depth,
      estimatedRows: node.estimatedRows ?? null,
      rows: 0,
      batches: 0,
      ms: 0,
      spilledBytes: 0,
      spilledFiles: 0,
    }
    for (const run of runs) {
      if (run.plan !== node) continue
      own.rows += run.rows
      own.batches += run.batches
      own.ms += run.ms
      own.spilledBytes += run.spilledBytes
      own.spilledFiles += run.spilledFiles
    }
    operators.push(own)
    for (const input of node.inputs) visit(input, depth + 1)
  }
  visit(plan, 0)
  return { task, morsels, rows: query.rowsOut, durationMs: query.durationMs, heapBytes, query, operators }
}
