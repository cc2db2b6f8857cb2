import type { Limit, LogicalPlan } from '../logical-plan.js'
import { limitNode, transformUp, unionNode, withInputs } from '../plan-node.js'
import type { OptimizerRule } from './optimizer-rule.js'

/** A limit stops work early: Sort + Limit is a top-k, scans read no more rows than are wanted. */
export const pushDownLimit: OptimizerRule = {
  name: 'push_down_limit',
  apply: (plan) => transformUp(plan, (node) => (node.kind === 'limit' ? push(node) : node)),
}

const least = (a: number | null, b: number): number => (a === null ? b : Math.min(a, b))

function push(limit: Limit): LogicalPlan {
  const { input, fetch, skip } = limit
  if (input.kind === 'limit') {
    const left = input.fetch === null ? null : Math.max(0, input.fetch - skip)
    const merged = fetch === null ? left : least(left, fetch)
    return push(limitNode(input.input, merged, input.skip + skip))
  }
  if (fetch === null) return skip === 0 ? input : limit
  const wanted = fetch + skip
  switch (input.kind) {
    case 'projection':
      return withInputs(input, [push(limitNode(input.input, fetch, skip))])
    case 'sort': {
      const sort = input.fetch !== null && input.fetch <= wanted ? input : { ...input, fetch: wanted }
      return skip === 0 ? sort : sort === input ? limit : limitNode(sort, fetch, skip)
    }
    case 'scan':
      return input.fetch !== null && input.fetch <= wanted ? limit : limitNode({ ...input, fetch: wanted }, fetch, skip)
    case 'union': {
      const inputs = input.inputs.map((each) => bounded(each, wanted))
      return inputs.every((each, i) => each === input.inputs[i]) ? limit : limitNode(unionNode(inputs), fetch, skip)
    }
    case 'join': {
      if (input.joinType !== 'left') return limit
      const left = bounded(input.left, wanted)
      return left === input.left ? limit : limitNode(withInputs(input, [left, input.right]), fetch, skip)
    }
    case 'values': {
      const rows = input.rows.slice(skip, wanted)
      return { ...input, rows }
    }
    case 'filter':
    case 'aggregate':
    case 'window':
    case 'unnest':
    case 'recursive':
      return limit
  }
}

/** The plan with at most so many rows; itself if it has no more already. */
function bounded(plan: LogicalPlan, count: number): LogicalPlan {
  switch (plan.kind) {
    case 'limit':
      if (plan.fetch !== null && plan.fetch <= count) return plan
      break
    case 'sort':
      if (plan.fetch !== null && plan.fetch <= count) return plan
      break
    case 'values':
      if (plan.rows.length <= count) return plan
      break
    case 'projection': {
      const input = bounded(plan.input, count)
      return withInputs(plan, [input])
    }
    default:
      break
  }
  return push(limitNode(plan, count))
}
