import type { EvaluationContext } from '@deltaworks/expression'
import type { LogicalPlan } from '../logical-plan.js'

/** One improvement. The plan that it gives has the same schema (names, types, nullability not wider) and the same rows. */
export interface OptimizerRule {
  readonly name: string
  /** @returns the plan itself (the same object) if there is nothing to do */
  apply(plan: LogicalPlan, evaluation?: EvaluationContext | null): LogicalPlan
}
