import type { QueryMetrics } from './execution-context.js'
import type { ExecutionPlan } from './operators/execution-plan.js'

/** The physical plan as a tree, each operator with its rows, batches and time (its inputs included). */
export function explainAnalysis(plan: ExecutionPlan, metrics: QueryMetrics): string {
  const lines: string[] = []
  const visit = (node: ExecutionPlan, depth: number): void => {
    const own = metrics.operators.find((operator) => operator.plan === node)
    const measured = own === undefined ? 'not run' : `rows ${own.rows}, batches ${own.batches}, ${own.ms.toFixed(1)} ms`
    lines.push(`${'  '.repeat(depth)}${node.name}: ${measured}`)
    for (const input of node.inputs) visit(input, depth + 1)
  }
  visit(plan, 0)
  const { scan } = metrics
  lines.push(
    `total ${metrics.durationMs.toFixed(1)} ms; files ${metrics.filesTotal - metrics.filesPruned} of ${metrics.filesTotal}; ` +
      `row groups ${scan.rowGroupsTotal - scan.rowGroupsPruned} of ${scan.rowGroupsTotal}; ${scan.bytesRead} bytes read`,
  )
  return lines.join('\n')
}
