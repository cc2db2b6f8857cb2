import type { OperatorMetrics, QueryMetrics, StageMetrics } from './metrics.js'
import type { ExecutionPlan } from './operators/execution-plan.js'

type Measured = Pick<OperatorMetrics, 'rows' | 'batches' | 'ms' | 'spilledBytes' | 'spilledFiles'>

const measuredText = ({ rows, batches, ms, ...spilled }: Measured): string =>
  `rows ${rows}, batches ${batches}, ${ms.toFixed(1)} ms${spillText(spilled)}`

const spillText = ({ spilledBytes, spilledFiles }: Pick<Measured, 'spilledBytes' | 'spilledFiles'>): string =>
  spilledBytes === 0 ? '' : `, ${spilledBytes} bytes spilled to ${spilledFiles} files`

/** What was executed as trees, each operator with its rows, batches and time (its inputs included): stages in the order in
 * which they ran on the workers, then what this thread did. */
export function explainAnalysis(metrics: QueryMetrics): string {
  const lines = metrics.stages.flatMap(stageLines)
  for (const root of driverPlans(metrics)) lines.push(...planLines(root, metrics))
  const { scan } = metrics
  lines.push(
    `total ${metrics.durationMs.toFixed(1)} ms; files ${metrics.filesTotal - metrics.filesPruned} of ${metrics.filesTotal}; ` +
      `row groups ${scan.rowGroupsTotal - scan.rowGroupsPruned} of ${scan.rowGroupsTotal}; ${scan.bytesRead} bytes read`,
  )
  return lines.join('\n')
}

/** Plans that this thread executed: operators that are no other's input. */
function driverPlans({ operators }: QueryMetrics): readonly ExecutionPlan[] {
  const plans = new Set(operators.map((operator) => operator.plan as ExecutionPlan))
  const inputs = new Set([...plans].flatMap((plan) => plan.inputs))
  return [...plans].filter((plan) => !inputs.has(plan))
}

function planLines(root: ExecutionPlan, metrics: QueryMetrics): readonly string[] {
  const lines: string[] = []
  const visit = (node: ExecutionPlan, depth: number): void => {
    const own = metrics.operators.filter((operator) => operator.plan === node)
    const measured = own.length === 0 ? 'not run' : measuredText(sum(own))
    lines.push(`${'  '.repeat(depth)}${node.name}: ${measured}`)
    for (const input of node.inputs) visit(input, depth + 1)
  }
  visit(root, 0)
  return lines
}

function stageLines(stage: StageMetrics): readonly string[] {
  const { tasks } = stage
  const head =
    `Stage ${stage.stage} ${stage.name}: ${stage.morsels} morsels, ${tasks.length} tasks, rows ${stage.rows}, ` +
    `${stage.exchangedBytes} bytes exchanged, ${stage.durationMs.toFixed(1)} ms${spillText(stage)}`
  const [first] = tasks
  const operators = (first?.operators ?? []).map(({ operator, depth }, i) => {
    const measured = sum(tasks.flatMap((task) => task.operators.slice(i, i + 1)))
    return `${'  '.repeat(depth + 1)}${operator}: ${measuredText(measured)}`
  })
  return [head, ...operators]
}

const sum = (parts: readonly Measured[]): Measured =>
  parts.reduce<Measured>(
    (total, { rows, batches, ms, spilledBytes, spilledFiles }) => ({
      rows: total.rows + rows,
      batches: total.batches + batches,
      ms: total.ms + ms,
      spilledBytes: total.spilledBytes + spilledBytes,
      spilledFiles: total.spilledFiles + spilledFiles,
    }),
    { rows: 0, batches: 0, ms: 0, spilledBytes: 0, spilledFiles: 0 },
  )
