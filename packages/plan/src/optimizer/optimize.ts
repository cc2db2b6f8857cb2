import type { EvaluationContext } from '@deltaworks/expression'
import type { LogicalPlan } from '../logical-plan.js'
import { aggregatesFromStatistics } from './aggregates-from-statistics.js'
import { eliminateEmpty } from './eliminate-empty.js'
import { factorDisjunctions } from './factor-disjunctions.js'
import { mergeProjections } from './merge-projections.js'
import type { OptimizerRule } from './optimizer-rule.js'
import { outerToInnerJoin } from './outer-to-inner-join.js'
import { pruneColumns } from './prune-columns.js'
import { pushDownFilter } from './push-down-filter.js'
import { pushDownLimit } from './push-down-limit.js'
import { reorderJoins } from './reorder-joins.js'
import { simplifyExpressions } from './simplify-expressions.js'

/** In the order in which they are applied; again until none finds anything, at most `maxRounds` times. */
export const optimizerRules: readonly OptimizerRule[] = [
  simplifyExpressions,
  factorDisjunctions,
  eliminateEmpty,
  outerToInnerJoin,
  pushDownFilter,
  reorderJoins,
  mergeProjections,
  pushDownLimit,
  pruneColumns,
  aggregatesFromStatistics,
]
const maxRounds = 6

export interface OptimizeOptions {
  /** Other rules than `optimizerRules`. */
  readonly rules?: readonly OptimizerRule[]
  /** The session's clock and zone: if given, `current_date` and the like are constants too. */
  readonly evaluation?: EvaluationContext
}

/** A rule that changed the plan, and the plan after it. */
export interface OptimizerStep {
  readonly rule: string
  readonly plan: LogicalPlan
}

/** The same rows by less work. */
export const optimize = (plan: LogicalPlan, options: OptimizeOptions = {}): LogicalPlan =>
  withSchemaOf(run(plan, options, null), plan)

/** As `optimize`, with every step on the way: for EXPLAIN VERBOSE. */
export function optimizeWithTrace(
  plan: LogicalPlan,
  options: OptimizeOptions = {},
): { readonly plan: LogicalPlan; readonly steps: readonly OptimizerStep[] } {
  const steps: OptimizerStep[] = []
  return { plan: withSchemaOf(run(plan, options, steps), plan), steps }
}

/** A column may have been found never to be null; the plan's face stays what it was. */
const withSchemaOf = (optimized: LogicalPlan, original: LogicalPlan): LogicalPlan =>
  optimized.schema === original.schema ? optimized : { ...optimized, schema: original.schema }

function run(plan: LogicalPlan, options: OptimizeOptions, steps: OptimizerStep[] | null): LogicalPlan {
  const rules = options.rules ?? optimizerRules
  let current = plan
  /** The rule after whose change the others have yet to look: a whole round without change ends it. */
  let lastChanged = rules[0]!
  for (let round = 0; round < maxRounds; round++) {
    for (const rule of rules) {
      const next = rule.apply(current, options.evaluation ?? null)
      if (next !== current) {
        current = next
        lastChanged = rule
        steps?.push({ rule: rule.name, plan: next })
      } else if (round > 0 && rule === lastChanged) return current
    }
    if (round === 0 && lastChanged === rules[0] && current === plan) return current
  }
  return current
}
