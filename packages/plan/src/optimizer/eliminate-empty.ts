import type { Filter, Join, LogicalPlan, Union } from '../logical-plan.js'
import { transformUp, unionNode, valuesNode } from '../plan-node.js'
import type { OptimizerRule } from './optimizer-rule.js'

const isEmpty = (plan: LogicalPlan): boolean => plan.kind === 'values' && plan.rows.length === 0
const empty = (plan: LogicalPlan): LogicalPlan => valuesNode(plan.schema, [])

/** Filters that are always true vanish; what can give no rows becomes an empty `Values`. */
export const eliminateEmpty: OptimizerRule = {
  name: 'eliminate_empty',
  apply: (plan) =>
    transformUp(plan, (node) => {
      switch (node.kind) {
        case 'filter':
          return withoutConstantFilter(node)
        case 'unnest':
        case 'projection':
        case 'sort':
        case 'window':
          return isEmpty(node.input) ? empty(node) : node
        case 'limit':
          return node.fetch === 0 || isEmpty(node.input) ? empty(node) : node
        case 'aggregate':
          return isEmpty(node.input) && node.groupBy.length > 0 ? empty(node) : node
        case 'recursive':
          return isEmpty(node.initial) ? empty(node) : node
        case 'join':
          return withoutEmptySide(node)
        case 'union':
          return withoutEmptyInputs(node)
        case 'scan':
          return node.filters.some(isNeverTrue) ? empty(node) : node
        case 'values':
          return node
      }
    }),
}

const isNeverTrue = (e: { readonly kind: string }): boolean =>
  e.kind === 'literal' && (e as { readonly value?: unknown }).value !== true

function withoutConstantFilter(node: Filter): LogicalPlan {
  if (node.predicate.kind === 'literal') return node.predicate.value === true ? node.input : empty(node)
  return isEmpty(node.input) ? node.input : node
}

function withoutEmptySide(node: Join): LogicalPlan {
  const [left, right] = [isEmpty(node.left), isEmpty(node.right)]
  switch (node.joinType) {
    case 'inner':
    case 'cross':
    case 'left_semi':
      return left || right ? empty(node) : node
    case 'left':
      return left ? empty(node) : node
    case 'left_anti':
      return left ? empty(node) : right ? node.left : node
    case 'right':
      return right ? empty(node) : node
    case 'full':
      return left && right ? empty(node) : node
  }
}

function withoutEmptyInputs(node: Union): LogicalPlan {
  const inputs = node.inputs.filter((input) => !isEmpty(input))
  if (inputs.length === node.inputs.length) return node
  if (inputs.length === 0) return empty(node)
  // The first input names the columns and must stay the first.
  return inputs[0] === node.inputs[0] && inputs.length > 1 ? unionNode(inputs) : node
}
