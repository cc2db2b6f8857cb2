import { analyzers } from '../analysis/analyzers.js'
import { boundsOf, exactly, type Limits } from '../bounds.js'
import { makeRule, type RuleBuilder } from '../rule-builder.js'
import type { Rule } from '../rule.js'

/** Passes if every rule does; a row's verdict likewise. Levels, actions and filters of the parts do not count. */
export const allOf = (...rules: readonly Rule[]): RuleBuilder => composite('and', rules)
/** Passes if one of the rules does. */
export const anyOf = (...rules: readonly Rule[]): RuleBuilder => composite('or', rules)

/** Passes if the rule does not. */
export const noneOf = (rule: Rule): RuleBuilder =>
  makeRule({
    id: `not ${rule.id}`,
    description: `not (${rule.description})`,
    constraint: { kind: 'composite', operator: 'not', parts: [rule.constraint] },
  })

const composite = (operator: 'and' | 'or', rules: readonly Rule[]): RuleBuilder =>
  makeRule({
    id: rules.map((rule) => rule.id).join(operator === 'and' ? '&' : '|'),
    description: rules.map((rule) => rule.description).join(` ${operator} `),
    constraint: { kind: 'composite', operator, parts: rules.map((rule) => rule.constraint) },
  })

/**
 * Of a statement that gives one number (the table is `primary`): the number is within the limits. Without limits the statement
 * selects the rows that are good, by some of the table's columns.
 */
export function customSql(sql: string, limits?: Limits): RuleBuilder {
  if (limits === undefined) {
    return makeRule({
      id: 'custom_sql',
      description: sql,
      constraint: { kind: 'custom_sql', sql, bounds: exactly(1) },
    })
  }
  const analyzer = analyzers.customSql(sql)
  return makeRule({
    id: 'custom_sql',
    description: sql,
    constraint: { kind: 'metric', analyzer, bounds: boundsOf(limits), dataType: null, test: null },
  })
}
