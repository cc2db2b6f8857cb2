import { boundsOf, formatBounds, type Limits } from '../bounds.js'
import { expressionOf, makeRule, type ColumnInput, type RuleBuilder } from '../rule-builder.js'
import type { StatisticName } from '../rule.js'
import { labelOf } from './label.js'

const statisticRule =
  (statistic: StatisticName, noun: string) =>
  (column: ColumnInput, limits: Limits): RuleBuilder => {
    const input = expressionOf(column)
    const bounds = boundsOf(limits)
    return makeRule({
      id: `${statistic}:${labelOf(input)}`,
      description: `the ${noun} of ${labelOf(input)} is ${formatBounds(bounds)}`,
      constraint: { kind: 'statistic', statistic, input, bounds },
    })
  }

export const hasMin = statisticRule('min', 'smallest value')
export const hasMax = statisticRule('max', 'largest value')
export const hasMean = statisticRule('mean', 'mean')
export const hasSum = statisticRule('sum', 'sum')
/** Of the population, as Spark's stddev_pop. */
export const hasStandardDeviation = statisticRule('standard_deviation', 'standard deviation')
/** In characters (code points). */
export const hasMinLength = statisticRule('min_length', 'shortest length')
export const hasMaxLength = statisticRule('max_length', 'longest length')
