import { workerData } from 'node:worker_threads'
import { Arena, copyBatch, createContext, writeSegment, type RecordBatch } from '@deltaworks/columnar'
import type { LogicalPlan, MemorySegment, ScanSplit, TableScan } from '@deltaworks/plan'
import { errorToData } from '@deltaworks/schema'
import { cancelled } from './errors.js'
import { queryMetrics, type ExecutionContext } from './execution-context.js'
import { MemoryPool } from './memory-pool.js'
import { open, type ExecutionPlan } from './operators/execution-plan.js'
import { HashAggregateExec } from './operators/hash-aggregate-exec.js'
import { physicalPlan } from './physical-planner.js'
import type { SplitTable } from './scheduler/fragment.js'
import type { Task, TaskResult, WorkerSetup } from './scheduler/task.js'
import { writeFiles } from './write-files.js'

const { module, poolCounter, poolLimitBytes } = setup(workerData)
const columnar = createContext({ module })
const pool = new MemoryPool(poolLimitBytes, poolCounter)
/** Rows of results that are put into one segment. */
const segmentRows = 65_536

/** piscina hands its own data along: ours is in it. */
function setup(data: unknown): WorkerSetup {
  const own = Array.isArray(data) ? (data as readonly unknown[]).find((part) => isSetup(part)) : data
  return own as WorkerSetup
}
const isSetup = (part: unknown): boolean => typeof part === 'object' && part !== null && 'poolCounter' in part

/** Runs a task to its end. Errors come back as data: an error's class does not survive the way between threads. */
export default async function runTask(task: Task): Promise<TaskResult> {
  const start = performance.now()
  const metrics = queryMetrics()
  const control = new Int32Array(task.control)
  const context: ExecutionContext = {
    columnar,
    pool,
    evaluation: task.evaluation,
    metrics,
    checkCancelled: () => {
      if (Atomics.load(control, 1) !== 0) throw cancelled()
    },
    splitsOf: (scan) => splitsOf(scan, task.splits, control),
  }
  try {
    const plan = planOf(task)
    if (task.output.kind === 'files') {
      const files = await writeFiles(plan, task.output.sink, context)
      const rowCount = files.reduce((sum, file) => sum + file.rowCount, 0)
      return done(start, { segments: [], files, scan: metrics.scan, rowCount })
    }
    const { segments, rowCount } = await collectSegments(plan, context)
    return done(start, { segments, files: [], scan: metrics.scan, rowCount })
  } catch (error) {
    // The others need not go on with a stage that has failed.
    Atomics.store(control, 1, 1)
    return { kind: 'failed', error: errorToData(error) }
  }
}

const done = (
  start: number,
  facts: Omit<Extract<TaskResult, { kind: 'done' }>, 'kind' | 'durationMs'>,
): TaskResult => ({
  kind: 'done',
  ...facts,
  durationMs: performance.now() - start,
})

function planOf({ plan, output }: Task): ExecutionPlan {
  const pipeline = physicalPlan(plan as LogicalPlan, { build: 'right' })
  return output.kind === 'aggregate'
    ? new HashAggregateExec(output.aggregate, pipeline, 'partial', output.schema)
    : pipeline
}

function* splitsOf(scan: TableScan, shared: readonly ScanSplit[], control: Int32Array): Generator<ScanSplit> {
  const { splits } = scan.table as SplitTable
  if (splits !== null) {
    yield* splits
    return
  }
  for (;;) {
    const next = Atomics.add(control, 0, 1)
    if (next >= shared.length) return
    yield shared[next]!
  }
}

async function collectSegments(
  plan: ExecutionPlan,
  context: ExecutionContext,
): Promise<{ readonly segments: readonly MemorySegment[]; readonly rowCount: number }> {
  const arena = new Arena(columnar.heap, pool.account('results'))
  const segments: MemorySegment[] = []
  let pending: RecordBatch[] = []
  let rows = 0
  let rowCount = 0
  const flush = (): void => {
    if (rows === 0) return
    segments.push({ segment: writeSegment(columnar.heap, plan.schema, pending), rowCount: rows })
    pending = []
    rows = 0
    arena.reset()
  }
  try {
    for await (const batch of open(plan, context)) {
      pending.push(copyBatch(arena, batch))
      rows += batch.rowCount
      rowCount += batch.rowCount
      if (rows >= segmentRows) flush()
    }
    flush()
  } finally {
    arena.close()
  }
  return { segments, rowCount }
}
