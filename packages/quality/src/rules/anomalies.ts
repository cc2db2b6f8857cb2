import type { AnomalyStrategy } from '../anomaly-strategy.js'
import { atMost } from '../bounds.js'
import { invalidRule } from '../errors.js'
import { expressionOf, makeRule, type ColumnInput, type RuleBuilder } from '../rule-builder.js'
import type { OutlierMethod, Rule } from '../rule.js'
import { expressionsOf, labelOf, labelsOf, percent } from './label.js'

export interface OutlierOptions {
  /** Default `iqr`. */
  readonly method?: OutlierMethod
  /** Default 3 for `iqr` and `z_score`, 3.5 for `mad`; see `Outliers`. */
  readonly factor?: number
  /** Judges each value by those of its group. */
  readonly groupBy?: ColumnInput | readonly ColumnInput[]
}

/** At most `maxShare` of the column's values lie outside what the others make likely. */
export function hasOutlierShare(column: ColumnInput, maxShare: number, options: OutlierOptions = {}): RuleBuilder {
  const input = expressionOf(column)
  const method = options.method ?? 'iqr'
  const groupBy = options.groupBy === undefined ? [] : expressionsOf(options.groupBy)
  const within = groupBy.length === 0 ? '' : ` within its ${labelsOf(groupBy, ' + ')}`
  return makeRule({
    id: `outliers:${labelOf(input)}${groupBy.length === 0 ? '' : `/${labelsOf(groupBy, '+')}`}`,
    description: `at most ${percent(maxShare)} of ${labelOf(input)} is anomalous${within} (${method})`,
    constraint: {
      kind: 'outliers',
      input,
      method,
      factor: options.factor ?? (method === 'mad' ? 3.5 : 3),
      groupBy,
      bounds: atMost(maxShare),
    },
  })
}

/**
 * The metric of another rule, compared with its own history in the repository: `isStable(hasRowCount({ atLeast: 0 }),
 * relativeRateOfChange({ minimum: 0.5, maximum: 2 }))`. Without a repository or a history there is nothing to judge.
 */
export function isStable(observed: Rule, strategy: AnomalyStrategy): RuleBuilder {
  const { constraint } = observed
  switch (constraint.kind) {
    case 'completeness':
    case 'row_count':
    case 'statistic':
    case 'compliance':
    case 'uniqueness':
    case 'column_count':
    case 'referential_integrity':
    case 'metric':
      return makeRule({
        id: `stable:${observed.id}`,
        description: `${observed.id} is in line with earlier runs`,
        constraint: { kind: 'history', observed: constraint, strategy },
      }).describe(`${observed.id} is in line with earlier runs`)
    default:
      throw invalidRule(`the history of "${observed.id}" cannot be judged: it has no single metric of one scan`)
  }
}
