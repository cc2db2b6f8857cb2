import { atLeast } from '../bounds.js'
import { invalidRule } from '../errors.js'
import { makeRule, type ColumnInput, type RuleBuilder } from '../rule-builder.js'
import { expressionsOf, labelsOf, percent } from './label.js'

/**
 * Every key is found in another table; keys with a null are not asked about.
 * @param reference the table's name among the references that the verification is given
 * @param referenceColumns its columns (or expressions over them), in the order of `columns`
 * @param maxOrphanShare the share of keys that may be missing there
 */
export function referentialIntegrity(
  columns: ColumnInput | readonly ColumnInput[],
  reference: string,
  referenceColumns: ColumnInput | readonly ColumnInput[],
  maxOrphanShare = 0,
): RuleBuilder {
  const keys = expressionsOf(columns)
  const referenceKeys = expressionsOf(referenceColumns)
  if (keys.length === 0 || keys.length !== referenceKeys.length) {
    throw invalidRule(`${keys.length} columns cannot refer to ${referenceKeys.length} of "${reference}"`)
  }
  const allowed = maxOrphanShare === 0 ? '' : ` but for ${percent(maxOrphanShare)} of the rows`
  return makeRule({
    id: `references:${reference}:${labelsOf(keys, '+')}`,
    description: `${labelsOf(keys, ' + ')} is found in ${reference}${allowed}`,
    constraint: {
      kind: 'referential_integrity',
      keys,
      reference,
      referenceKeys,
      bounds: atLeast(1 - maxOrphanShare),
    },
  })
}
