import { atLeast } from '../bounds.js'
import { expressionOf, makeRule, type ColumnInput, type RuleBuilder } from '../rule-builder.js'
import { forAtLeast, labelOf } from './label.js'

/** No nulls in the column. */
export const isComplete = (column: ColumnInput): RuleBuilder => hasCompleteness(column, 1)

/** At least this share of the column's values is not null. */
export function hasCompleteness(column: ColumnInput, share: number): RuleBuilder {
  const input = expressionOf(column)
  const label = labelOf(input)
  return makeRule({
    id: `complete:${label}`,
    description: share >= 1 ? `${label} is never missing` : `${label} is there${forAtLeast(share)}`,
    constraint: { kind: 'completeness', input, bounds: atLeast(share) },
  })
}
