import { planToJson } from './explain.js'
import type { LogicalPlan } from './logical-plan.js'

/** SHA-256 of the plan's JSON, in hex: equal for equal plans over the same tables, in any process. */
export const planHash = (plan: LogicalPlan): string =>
  // Not imported: that costs some milliseconds, and most programs hash nothing.
  process
    .getBuiltinModule('node:crypto')
    .createHash('sha256')
    .update(JSON.stringify(planToJson(plan)))
    .digest('hex')
