import { channel } from 'node:diagnostics_channel'
import { Accumulators, unlimited, type ColumnarContext } from '@deltaworks/columnar'
import type { EvaluationContext } from '@deltaworks/expression'
import {
  scanNode,
  segmentTable,
  type Aggregate,
  type LogicalPlan,
  type ScanSplit,
  type TableProvider,
  type TableScan,
} from '@deltaworks/plan'
import { field, type Schema } from '@deltaworks/schema'
import { cancelled } from '../errors.js'
import type { QueryMetrics } from '../execution-context.js'
import type { FileSink, WrittenFile } from '../file-sink.js'
import type { ExecutionPlan } from '../operators/execution-plan.js'
import { HashAggregateExec, specOf } from '../operators/hash-aggregate-exec.js'
import { physicalPlan } from '../physical-planner.js'
import {
  buildSides,
  canTravel,
  drivingScan,
  portablePlan,
  splitBytes,
  withBuildSides,
  type Fragment,
} from './fragment.js'
import type { TaskDone, TaskOutput } from './task.js'
import type { WorkerPool } from './worker-pool.js'

/** What parallel execution needs of a session. */
export interface ParallelHost {
  readonly context: ColumnarContext
  readonly workers: WorkerPool
  readonly threads: number
  readonly inlineBytes: number
  readonly evaluation: EvaluationContext
  readonly metrics: QueryMetrics
  readonly signal: AbortSignal | undefined
  /** Executes a plan (the right side of a join, say) and keeps its rows as segments. */
  materialise(plan: LogicalPlan): Promise<LogicalPlan>
}

const stageStart = channel('deltaworks:stage:start')
const stageFinish = channel('deltaworks:stage:finish')

/**
 * Runs the large aggregates of a plan on the workers, in two phases: each worker aggregates its share, the caller merges.
 * @returns operators for those nodes; the rest of the plan is executed by the caller
 */
export async function parallelAggregates(
  plan: LogicalPlan,
  host: ParallelHost,
): Promise<ReadonlyMap<LogicalPlan, ExecutionPlan>> {
  const operators = new Map<LogicalPlan, ExecutionPlan>()
  const visit = async (node: LogicalPlan): Promise<void> => {
    if (node.kind === 'aggregate') {
      const fragment = await fragmentOf(node.input, host)
      if (fragment !== null) {
        operators.set(node, await aggregateOnWorkers(node, fragment, host))
        return
      }
    }
    for (const input of inputsOf(node)) await visit(input)
  }
  await visit(plan)
  return operators
}

const inputsOf = (node: LogicalPlan): readonly LogicalPlan[] => {
  switch (node.kind) {
    case 'scan':
    case 'values':
      return []
    case 'join':
      return [node.left, node.right]
    case 'union':
      return node.inputs
    default:
      return [node.input]
  }
}

/** Writes a large pipeline's rows on the workers, each its own files. @returns null if the plan is not one */
export async function writeOnWorkers(
  plan: LogicalPlan,
  sink: FileSink,
  host: ParallelHost,
): Promise<readonly WrittenFile[] | null> {
  const fragment = await fragmentOf(plan, host)
  if (fragment === null) return null
  const results = await runStage('write', fragment, { kind: 'files', sink }, host)
  return results.flatMap((result) => result.files)
}

async function aggregateOnWorkers(node: Aggregate, fragment: Fragment, host: ParallelHost): Promise<ExecutionPlan> {
  const schema = partialSchema(node, host.context)
  const results = await runStage(
    'aggregate',
    fragment,
    { kind: 'aggregate', aggregate: withoutInput(node), schema },
    host,
  )
  const states = scanNode(
    segmentTable(
      'partial aggregates',
      schema,
      results.flatMap((result) => result.segments),
    ),
  )
  return new HashAggregateExec(node, physicalPlan(states), 'final')
}

/** The node without the plan below it, which the task has in its own form. */
const withoutInput = (node: Aggregate): Aggregate => ({
  ...node,
  input: { kind: 'values', rows: [], schema: node.input.schema },
})

/** Group keys, then the states of each aggregate. */
function partialSchema({ groupBy, aggregates, schema }: Aggregate, context: ColumnarContext): Schema {
  const accumulators = new Accumulators(context, unlimited, aggregates.map(specOf))
  const states = accumulators.partialTypes.map((type, i) => field(`state_${i}`, type))
  accumulators.close()
  return { fields: [...groupBy.map((_, i) => schema.fields[i]!), ...states] }
}

/** The plan as a fragment for the workers, if it is one and large enough; the right sides of its joins are computed for it. */
async function fragmentOf(plan: LogicalPlan, host: ParallelHost): Promise<Fragment | null> {
  if (host.threads < 2) return null
  const driving = drivingScan(plan)
  if (driving === null) return null
  const splits = await splitsOf(driving, host.metrics)
  if (splits.length < 2 || splitBytes(splits) <= host.inlineBytes || !canTravel(splits)) return null
  const replacements = new Map<LogicalPlan, LogicalPlan>()
  for (const side of buildSides(plan)) replacements.set(side, await host.materialise(side))
  const complete = withBuildSides(plan, replacements)
  const scans = new Map<TableProvider, readonly ScanSplit[]>()
  for (const side of replacements.values()) {
    if (side.kind === 'scan') scans.set(side.table, await splitsOf(side, host.metrics))
  }
  return { plan: portablePlan(complete, driving, (scan) => scans.get(scan.table) ?? []), splits }
}

async function splitsOf(scan: TableScan, metrics: QueryMetrics): Promise<readonly ScanSplit[]> {
  const { projection, filters, fetch, table } = scan
  const planned = await table.scan({ projection, filters, fetch })
  metrics.filesTotal += planned.filesTotal
  metrics.filesPruned += planned.filesPruned
  return planned.splits
}

async function runStage(
  stage: string,
  { plan, splits }: Fragment,
  output: TaskOutput,
  host: ParallelHost,
): Promise<readonly TaskDone[]> {
  const control = new SharedArrayBuffer(8)
  const onAbort = (): void => {
    Atomics.store(new Int32Array(control), 1, 1)
  }
  if (host.signal?.aborted === true) throw cancelled()
  host.signal?.addEventListener('abort', onAbort)
  if (stageStart.hasSubscribers) stageStart.publish({ stage, splits: splits.length })
  try {
    const results = await host.workers.run({ plan, splits, control, evaluation: host.evaluation, output })
    for (const result of results) addScan(host.metrics, result)
    if (stageFinish.hasSubscribers) {
      stageFinish.publish({ stage, tasks: results.map(({ rowCount, durationMs }) => ({ rowCount, durationMs })) })
    }
    return results
  } finally {
    host.signal?.removeEventListener('abort', onAbort)
  }
}

function addScan(metrics: QueryMetrics, { scan }: TaskDone): void {
  const total = metrics.scan
  total.bytesRead += scan.bytesRead
  total.filesRead += scan.filesRead
  total.rowGroupsTotal += scan.rowGroupsTotal
  total.rowGroupsPruned += scan.rowGroupsPruned
  total.rowsScanned += scan.rowsScanned
  total.rowsDeleted += scan.rowsDeleted
  total.malformedRows += scan.malformedRows
}
