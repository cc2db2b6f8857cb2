import { boundsOf, type Limits } from '../bounds.js'
import { makeRule, type RuleBuilder } from '../rule-builder.js'
import type { Rule } from '../rule.js'

/** Passes if every rule does; a row's verdict likewise. Levels, actions and filters of the parts do not count. */
export const allOf = (...rules: readonly Rule[]): RuleBuilder => composite('and', rules)
/** Passes if one of the rules does. */
export const anyOf = (...rules: readonly Rule[]): RuleBuilder => composite('or', rules)

const composite = (operator: 'and' | 'or', rules: readonly Rule[]): RuleBuilder =>
  makeRule({
    id: rules.map((rule) => rule.id).join(operator === 'and' ? '&' : '|'),
    description: rules.map((rule) => rule.description).join(` ${operator} `),
    constraint: { kind: 'composite', operator, parts: rules.map((rule) => rule.constraint) },
  })

/** Kept in a rule set, and refused when it is evaluated (DW-QUALITY-0008). */
export const customSql = (sql: string, limits: Limits): RuleBuilder =>
  makeRule({ id: 'custom_sql', description: sql, constraint: { kind: 'custom_sql', sql, bounds: boundsOf(limits) } })
