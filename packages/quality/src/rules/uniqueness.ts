import { atLeast, boundsOf, formatBounds, type Limits } from '../bounds.js'
import { makeRule, type ColumnInput, type RuleBuilder } from '../rule-builder.js'
import type { Uniqueness } from '../rule.js'
import { expressionsOf, forAtLeast, labelsOf } from './label.js'

/** No two rows have the same values in these columns; rows where all of them are null are not asked about. */
export const isUnique = (...columns: readonly ColumnInput[]): RuleBuilder => hasUniqueness(columns, 1)

/** At least this share of the rows has a key that no other row has. */
export const hasUniqueness = (columns: ColumnInput | readonly ColumnInput[], share: number): RuleBuilder =>
  keyRule('unique', columns, `occurs only once${forAtLeast(share)}`, {
    measure: 'uniqueness',
    nullKeys: 'skip',
    bounds: atLeast(share),
  })

/** Together the columns are the table's primary key: none is null, and no two rows are alike in them. */
export const isPrimaryKey = (...columns: readonly ColumnInput[]): RuleBuilder =>
  keyRule('primary_key', columns, 'is a primary key: filled in, and never the same twice', {
    measure: 'uniqueness',
    nullKeys: 'fail',
    bounds: atLeast(1),
  })

/** Distinct keys by rows. */
export const hasDistinctness = (columns: ColumnInput | readonly ColumnInput[], share: number): RuleBuilder =>
  keyRule('distinct', columns, `has at least ${share} distinct values a row`, {
    measure: 'distinctness',
    nullKeys: 'skip',
    bounds: atLeast(share),
  })

/** Keys that occur once by distinct keys. */
export const hasUniqueValueRatio = (columns: ColumnInput | readonly ColumnInput[], share: number): RuleBuilder =>
  keyRule('unique_value_ratio', columns, `has at least ${share} of its distinct values only once`, {
    measure: 'unique_value_ratio',
    nullKeys: 'skip',
    bounds: atLeast(share),
  })

export function hasDistinctCount(columns: ColumnInput | readonly ColumnInput[], limits: Limits): RuleBuilder {
  const bounds = boundsOf(limits)
  return keyRule('distinct_count', columns, `has a number of distinct values ${formatBounds(bounds)}`, {
    measure: 'distinct_count',
    nullKeys: 'skip',
    bounds,
  })
}

function keyRule(
  name: string,
  columns: ColumnInput | readonly ColumnInput[],
  says: string,
  constraint: Pick<Uniqueness, 'measure' | 'nullKeys' | 'bounds'>,
): RuleBuilder {
  const keys = expressionsOf(columns)
  return makeRule({
    id: `${name}:${labelsOf(keys, '+')}`,
    description: `${keys.length === 1 ? '' : 'the key '}${labelsOf(keys, ' + ')} ${says}`,
    constraint: { kind: 'uniqueness', keys, keep: [], ...constraint },
  })
}
