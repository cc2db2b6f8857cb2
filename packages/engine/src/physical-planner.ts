import { estimateRows, type Join, type LogicalPlan } from '@deltaworks/plan'
import type { ExecutionPlan } from './operators/execution-plan.js'
import { FilterExec } from './operators/filter-exec.js'
import { HashAggregateExec } from './operators/hash-aggregate-exec.js'
import { HashJoinExec } from './operators/hash-join-exec.js'
import { LimitExec } from './operators/limit-exec.js'
import { ProjectionExec } from './operators/projection-exec.js'
import { ScanExec } from './operators/scan-exec.js'
import { SortExec } from './operators/sort-exec.js'
import { UnionExec } from './operators/union-exec.js'
import { ValuesExec } from './operators/values-exec.js'
import { WindowExec } from './operators/window-exec.js'

export interface PlannerOptions {
  /** Which input of joins is built, whatever estimates say: on workers the left one is shared out. */
  readonly build?: 'left' | 'right'
  /** Operators for nodes that were executed elsewhere already. */
  readonly operators?: ReadonlyMap<LogicalPlan, ExecutionPlan>
}

/** The operators that compute a plan on one thread. */
export function physicalPlan(plan: LogicalPlan, options: PlannerOptions = {}): ExecutionPlan {
  const known = options.operators?.get(plan)
  if (known !== undefined) return known
  const of = (input: LogicalPlan): ExecutionPlan => physicalPlan(input, options)
  switch (plan.kind) {
    case 'scan':
      return new ScanExec(plan)
    case 'values':
      return new ValuesExec(plan)
    case 'projection':
      return new ProjectionExec(plan, of(plan.input))
    case 'filter':
      return new FilterExec(plan, of(plan.input))
    case 'aggregate':
      return new HashAggregateExec(plan, of(plan.input), 'single')
    case 'join':
      return new HashJoinExec(plan, of(plan.left), of(plan.right), options.build ?? buildSide(plan))
    case 'sort':
      return new SortExec(plan, of(plan.input))
    case 'limit':
      return new LimitExec(plan, of(plan.input))
    case 'union':
      return new UnionExec(plan, plan.inputs.map(of))
    case 'window':
      return new WindowExec(plan, of(plan.input))
  }
}

/** The smaller input is built; the right one if nothing is known. */
export function buildSide(join: Join): 'left' | 'right' {
  const left = estimateRows(join.left)
  const right = estimateRows(join.right)
  return left !== null && right !== null && left < right ? 'left' : 'right'
}
