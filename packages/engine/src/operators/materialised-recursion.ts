import { writeSegment } from '@deltaworks/columnar'
import { segmentTable, type MemorySegment, type Recursive, type TableProvider } from '@deltaworks/plan'
import type { ExecutionContext } from '../execution-context.js'
import { physicalPlan } from '../physical-planner.js'
import { closePlan, open } from './execution-plan.js'

/** The rows of a recursive query as a table. Its rounds depend on each other, so they are computed on the calling thread. */
export async function materialisedRecursion(plan: Recursive, context: ExecutionContext): Promise<TableProvider> {
  const segments: MemorySegment[] = []
  const physical = physicalPlan(plan)
  try {
    for await (const batch of open(physical, context)) {
      segments.push({ segment: writeSegment(context.columnar.heap, plan.schema, [batch]), rowCount: batch.rowCount })
    }
  } finally {
    closePlan(physical)
  }
  return segmentTable(plan.workingTable.name, plan.schema, segments)
}
