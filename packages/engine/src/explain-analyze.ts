import type { Json } from '@deltaworks/schema'
import type { OperatorMetrics, QueryMetrics, StageMetrics } from './metrics.js'
import type { ExecutionPlan } from './operators/execution-plan.js'

type Measured = Pick<OperatorMetrics, 'rows' | 'batches' | 'ms' | 'spilledBytes' | 'spilledFiles'>

/** An operator with what was expected of it and what it did; null if it was not run. */
interface AnalysedOperator {
  readonly operator: string
  readonly estimatedRows: number | null
  readonly measured: Measured | null
  readonly inputs: readonly AnalysedOperator[]
}

const expected = (rows: number | null): string => (rows === null ? '' : ` (~${rows} expected)`)

const measuredText = ({ rows, batches, ms, ...spilled }: Measured, estimatedRows: number | null): string =>
  `rows ${rows}${expected(estimatedRows)}, batches ${batches}, ${ms.toFixed(1)} ms${spillText(spilled)}`

const spillText = ({ spilledBytes, spilledFiles }: Pick<Measured, 'spilledBytes' | 'spilledFiles'>): string =>
  spilledBytes === 0 ? '' : `, ${spilledBytes} bytes spilled to ${spilledFiles} files`

/** What was executed as trees, each operator with its rows beside the expected ones, batches and time (its inputs included): stages
 * in the order in which they ran on the workers, then what this thread did. */
export function explainAnalysis(metrics: QueryMetrics): string {
  const lines = metrics.stages.flatMap((stage) => [stageHead(stage), ...linesOf(stageOperators(stage), 1)])
  for (const root of driverPlans(metrics)) lines.push(...linesOf([analysed(root, metrics)], 0))
  const { scan } = metrics
  lines.push(
    `total ${metrics.durationMs.toFixed(1)} ms; files ${metrics.filesTotal - metrics.filesPruned} of ${metrics.filesTotal}; ` +
      `row groups ${scan.rowGroupsTotal - scan.rowGroupsPruned} of ${scan.rowGroupsTotal}; ${scan.bytesRead} bytes read`,
  )
  return lines.join('\n')
}

/** The same as JSON. */
export function analysisToJson(metrics: QueryMetrics): Json {
  const { scan } = metrics
  return {
    durationMs: metrics.durationMs,
    rows: metrics.rowsOut,
    filesTotal: metrics.filesTotal,
    filesPruned: metrics.filesPruned,
    rowGroupsTotal: scan.rowGroupsTotal,
    rowGroupsPruned: scan.rowGroupsPruned,
    bytesRead: scan.bytesRead,
    spilledBytes: metrics.spilledBytes + metrics.stages.reduce((sum, stage) => sum + stage.spilledBytes, 0),
    stages: metrics.stages.map((stage) => ({
      stage: stage.stage,
      name: stage.name,
      morsels: stage.morsels,
      tasks: stage.tasks.length,
      rows: stage.rows,
      exchangedBytes: stage.exchangedBytes,
      spilledBytes: stage.spilledBytes,
      spilledFiles: stage.spilledFiles,
      durationMs: stage.durationMs,
      operators: stageOperators(stage).map(operatorToJson),
    })),
    operators: driverPlans(metrics).map((plan) => operatorToJson(analysed(plan, metrics))),
  }
}

function operatorToJson({ operator, estimatedRows, measured, inputs }: AnalysedOperator): Json {
  const node = {
    operator,
    estimatedRows,
    ...(measured ?? { rows: null, batches: null, ms: null, spilledBytes: null, spilledFiles: null }),
  }
  return inputs.length === 0 ? node : { ...node, inputs: inputs.map(operatorToJson) }
}

function linesOf(operators: readonly AnalysedOperator[], depth: number): readonly string[] {
  return operators.flatMap(({ operator, estimatedRows, measured, inputs }) => [
    `${'  '.repeat(depth)}${operator}: ${measured === null ? 'not run' : measuredText(measured, estimatedRows)}`,
    ...linesOf(inputs, depth + 1),
  ])
}

/** Plans that this thread executed: operators that are no other's input. */
function driverPlans({ operators }: QueryMetrics): readonly ExecutionPlan[] {
  const plans = new Set(operators.map((operator) => operator.plan as ExecutionPlan))
  const inputs = new Set([...plans].flatMap((plan) => plan.inputs))
  return [...plans].filter((plan) => !inputs.has(plan))
}

function analysed(plan: ExecutionPlan, metrics: QueryMetrics): AnalysedOperator {
  const own = metrics.operators.filter((operator) => operator.plan === plan)
  return {
    operator: plan.name,
    estimatedRows: plan.estimatedRows ?? null,
    measured: own.length === 0 ? null : sum(own),
    inputs: plan.inputs.map((input) => analysed(input, metrics)),
  }
}

function stageHead(stage: StageMetrics): string {
  return (
    `Stage ${stage.stage} ${stage.name}: ${stage.morsels} morsels, ${stage.tasks.length} tasks, rows ${stage.rows}, ` +
    `${stage.exchangedBytes} bytes exchanged, ${stage.durationMs.toFixed(1)} ms${spillText(stage)}`
  )
}

/** The operators of a stage over all of its tasks, as the tree that their depths describe. */
function stageOperators({ tasks }: StageMetrics): readonly AnalysedOperator[] {
  const operators = tasks[0]?.operators ?? []
  const treeAt = (from: number, depth: number): AnalysedOperator[] => {
    const level: AnalysedOperator[] = []
    for (let i = from; i < operators.length && operators[i]!.depth >= depth; i++) {
      const { operator, depth: own, estimatedRows } = operators[i]!
      if (own !== depth) continue
      const measured = sum(tasks.flatMap((task) => task.operators.slice(i, i + 1)))
      level.push({ operator, estimatedRows, measured, inputs: treeAt(i + 1, depth + 1) })
    }
    return level
  }
  return treeAt(0, 0)
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
