import { inputsOf, type LogicalPlan } from '@deltaworks/plan'
import type { StageTable } from './stage.js'

/** A plan as data that can be posted: of its tables, only what workers need stays. Nodes of physical plans keep what they are. */
export function portablePlan(plan: LogicalPlan): LogicalPlan {
  if (plan.kind === 'scan') {
    const { id, name, schema, statistics } = plan.table as StageTable
    return { ...plan, table: { id, name, schema, statistics } as unknown as StageTable }
  }
  const inputs = inputsOf(plan).map(portablePlan)
  switch (plan.kind) {
    case 'values':
      return plan
    case 'join':
      return { ...plan, left: inputs[0]!, right: inputs[1]! }
    case 'union':
      return { ...plan, inputs }
    case 'recursive':
      return { ...plan, initial: inputs[0]!, step: inputs[1]! }
    case 'unnest':
    case 'projection':
    case 'filter':
    case 'aggregate':
    case 'sort':
    case 'limit':
    case 'window':
      return { ...plan, input: inputs[0]! }
  }
}
