import type { RecordBatch } from '@deltaworks/columnar'
import type { RowSelector } from '@deltaworks/formats'
import type { Schema } from '@deltaworks/schema'
import type { ExecutionContext } from '../execution-context.js'
import type { OperatorMetrics } from '../metrics.js'

/** Batches of one schema. A batch is valid until the next one is asked for. */
export type BatchStream = AsyncGenerator<RecordBatch, void, undefined>

/** An operator of a physical plan: it makes its stream anew each time it is executed. */
export interface ExecutionPlan {
  /** What explain calls it: `HashJoinExec (inner, build right)`. */
  readonly name: string
  readonly schema: Schema
  readonly inputs: readonly ExecutionPlan[]
  /** Its state may go to disk: it has a share of the memory. */
  readonly spills?: true
  /** How many rows the planner expects. */
  estimatedRows?: number
  execute(context: ExecutionContext): BatchStream
  /**
   * Told before an execution: rows that a selector does not choose need not come out of it, as an operator above drops them.
   * Positions are those of `schema`.
   */
  offer?(selectors: readonly RowSelector[]): void
  /** Frees what was kept from one execution to the next. */
  close?(): void
}

/** Frees what the operators of a plan keep. */
export function closePlan(plan: ExecutionPlan): void {
  plan.close?.()
  for (const input of plan.inputs) closePlan(input)
}

/** How many operators of a plan have a share of the memory. */
export const spillingOperators = (plan: ExecutionPlan): number =>
  plan.inputs.reduce((sum, input) => sum + spillingOperators(input), plan.spills === true ? 1 : 0)

/** The operator's stream with cancellation checks and its rows and time counted. */
export async function* open(plan: ExecutionPlan, context: ExecutionContext): BatchStream {
  const counters = { rows: 0, batches: 0, ms: 0, spilledBytes: 0, spilledFiles: 0 }
  const metrics: OperatorMetrics = { operator: plan.name, plan, ...counters }
  context.metrics.operators.push(metrics)
  const stream = plan.execute(context)
  try {
    for (;;) {
      const pause = context.pause()
      if (pause !== null) await pause
      context.checkCancelled()
      const start = performance.now()
      const next = await stream.next()
      metrics.ms += performance.now() - start
      if (next.done === true) return
      metrics.rows += next.value.rowCount
      metrics.batches++
      yield next.value
    }
  } finally {
    await stream.return()
  }
}
