import { estimateRows, type Aggregate, type Join, type LogicalPlan, type Sort } from '@deltaworks/plan'
import type { ExecutionPlan } from './operators/execution-plan.js'
import { isFirstRows } from './first-rows.js'
import { FilterExec } from './operators/filter-exec.js'
import { FirstRowsExec } from './operators/first-rows-exec.js'
import { HashAggregateExec } from './operators/hash-aggregate-exec.js'
import { HashJoinExec } from './operators/hash-join-exec.js'
import { LimitExec } from './operators/limit-exec.js'
import { ProjectionExec } from './operators/projection-exec.js'
import { RecursiveExec } from './operators/recursive-exec.js'
import { ScanExec } from './operators/scan-exec.js'
import { SortExec } from './operators/sort-exec.js'
import { SortedUnionExec } from './operators/sorted-union-exec.js'
import { TopKExec } from './operators/top-k-exec.js'
import { UnionExec } from './operators/union-exec.js'
import { UnnestExec } from './operators/unnest-exec.js'
import { ValuesExec } from './operators/values-exec.js'
import { WindowExec } from './operators/window-exec.js'
import type { BroadcastJoin, MergingSort, PhasedAggregate } from './scheduler/stage.js'

const isPhased = (plan: Aggregate): plan is PhasedAggregate => 'phase' in plan
const isBroadcast = (plan: Join): plan is BroadcastJoin => 'buildSide' in plan
const isMerging = (plan: Sort): plan is MergingSort => 'merge' in plan

/** The operators that compute a plan on one thread. */
export function physicalPlan(plan: LogicalPlan): ExecutionPlan {
  const operator = operatorOf(plan)
  operator.estimatedRows = Math.round(estimateRows(plan))
  return operator
}

function operatorOf(plan: LogicalPlan): ExecutionPlan {
  switch (plan.kind) {
    case 'scan':
      return new ScanExec(plan)
    case 'values':
      return new ValuesExec(plan)
    case 'projection':
      return new ProjectionExec(plan, physicalPlan(plan.input))
    case 'filter':
      return new FilterExec(plan, physicalPlan(plan.input))
    case 'aggregate':
      return new HashAggregateExec(plan, physicalPlan(plan.input), isPhased(plan) ? plan.phase : 'single')
    case 'join': {
      const [left, right] = [physicalPlan(plan.left), physicalPlan(plan.right)]
      return isBroadcast(plan)
        ? new HashJoinExec(plan, left, right, plan.buildSide, plan.retainBuild)
        : new HashJoinExec(plan, left, right, buildSide(plan))
    }
    case 'sort':
      if (isMerging(plan)) {
        const runs = plan.input.kind === 'union' ? plan.input.inputs : [plan.input]
        return new SortedUnionExec(plan.schema, plan.keys, runs.map(physicalPlan))
      }
      return plan.fetch === null
        ? new SortExec(plan, physicalPlan(plan.input))
        : new TopKExec(plan, plan.fetch, physicalPlan(plan.input))
    case 'limit':
      return new LimitExec(plan, physicalPlan(plan.input))
    case 'union':
      return new UnionExec(plan, plan.inputs.map(physicalPlan))
    case 'unnest':
      return new UnnestExec(plan, physicalPlan(plan.input))
    case 'recursive':
      return new RecursiveExec(plan, physicalPlan)
    case 'window':
      return isFirstRows(plan)
        ? new FirstRowsExec(plan, physicalPlan(plan.input))
        : new WindowExec(plan, physicalPlan(plan.input))
  }
}

/** The smaller input is built; the right one if nothing is known. */
export function buildSide(join: Join): 'left' | 'right' {
  const left = estimateRows(join.left)
  const right = estimateRows(join.right)
  return left !== null && right !== null && left < right ? 'left' : 'right'
}
