import { writeSegment } from '@deltaworks/columnar'
import { segmentTable, type MemorySegment, type Recursive, type TableProvider } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { physicalPlan } from '../physical-planner.js'
import { closePlan, open } from './execution-plan.js'

/** The rows (at least `maxRows`, if there are as many) of a recursive query as a table. Its rounds depend on each other, so they are computed on the calling thread. */
export async function materialisedRecursion(
  plan: Recursive,
  context: ExecutionContext,
  maxRows: number | null,
): Promise<TableProvider> {
  const segments: MemorySegment[] = []
  const physical = physicalPlan(plan)
  let rows = 0
  try {
    for await (const batch of open(physical, context)) {
      segments.push({ segment: writeSegment(context.columnar.heap, plan.schema, [batch]), rowCount: batch.rowCount })
      rows += batch.rowCount
      if (maxRows !== null && rows >= maxRows) break
    }
  } finally {
    closePlan(physical)
  }
  return segmentTable(plan.workingTable.name, plan.schema, segments)
}
