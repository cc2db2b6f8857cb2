import { col, expr, type Expr, type Expression, type SortKey } from '@deltaworks/expression'
import { invalidRule } from './errors.js'
import type { Constraint, Rule, RuleAction, RuleLevel } from './rule.js'

/** A column by name, or an expression over the table's columns. */
export type ColumnInput = string | Expr | Expression

interface RuleParts {
  readonly id: string
  readonly description: string
  readonly constraint: Constraint
}

/**
 * A rule with methods that change one thing of it. Immutable; it is a `Rule`, so it can be used wherever rules are taken.
 * By default a rule is a warning, asks about every row, and does nothing to the rows that it fails on.
 */
export class RuleBuilder implements Rule {
  readonly id: string
  readonly description: string
  readonly level: RuleLevel
  readonly action: RuleAction
  readonly filter: Expression | null
  readonly constraint: Constraint
  readonly hint?: string
  readonly labels?: Readonly<Record<string, string>>

  constructor(rule: Rule) {
    this.id = rule.id
    this.description = rule.description
    this.level = rule.level
    this.action = rule.action
    this.filter = rule.filter
    this.constraint = rule.constraint
    if (rule.hint !== undefined) this.hint = rule.hint
    if (rule.labels !== undefined) this.labels = rule.labels
  }

  /** If it fails, nothing is published. */
  critical(): RuleBuilder {
    return new RuleBuilder({ ...this, level: 'critical' })
  }
  warning(): RuleBuilder {
    return new RuleBuilder({ ...this, level: 'warning' })
  }
  /** Rows that fail are taken out by `splitRows`. */
  quarantine(): RuleBuilder {
    return new RuleBuilder({ ...this, action: 'quarantine' })
  }
  /** Rows that fail are left out by `splitRows`, and not kept. */
  drop(): RuleBuilder {
    return new RuleBuilder({ ...this, action: 'drop' })
  }
  /** Rows that fail are marked by `flagRows` and stay. */
  flag(): RuleBuilder {
    return new RuleBuilder({ ...this, action: 'flag' })
  }
  named(id: string): RuleBuilder {
    return new RuleBuilder({ ...this, id })
  }
  describe(description: string): RuleBuilder {
    return new RuleBuilder({ ...this, description })
  }
  /** Told when the rule fails. */
  hinting(hint: string): RuleBuilder {
    return new RuleBuilder({ ...this, hint })
  }
  labelled(labels: Readonly<Record<string, string>>): RuleBuilder {
    return new RuleBuilder({ ...this, labels: { ...this.labels, ...labels } })
  }
  /** Asks only about rows on which the predicate is true. */
  where(predicate: Expr | Expression): RuleBuilder {
    return new RuleBuilder({ ...this, filter: expressionOf(predicate) })
  }
  /** Uniqueness: which row of a key is kept, the first by these. @throws QualityError DW-QUALITY-0005 for other rules */
  keeping(...order: readonly SortKey[]): RuleBuilder {
    if (this.constraint.kind !== 'uniqueness')
      throw invalidRule(`"${this.id}" is not about uniqueness, so it keeps no row`)
    return new RuleBuilder({ ...this, constraint: { ...this.constraint, keep: order } })
  }
  /** Values: a null counts as failing (by default it is not asked about). */
  nullsFail(): RuleBuilder {
    return this.#nulls('fail')
  }
  nullsPass(): RuleBuilder {
    return this.#nulls('pass')
  }
  #nulls(nulls: 'fail' | 'pass'): RuleBuilder {
    if (this.constraint.kind !== 'compliance')
      throw invalidRule(`"${this.id}" does not judge values, so nulls cannot ${nulls} it`)
    return new RuleBuilder({ ...this, constraint: { ...this.constraint, nulls } })
  }
}

export const makeRule = ({ id, description, constraint }: RuleParts): RuleBuilder =>
  new RuleBuilder({ id, description, level: 'warning', action: 'none', filter: null, constraint })

export function expressionOf(input: ColumnInput): Expression {
  if (typeof input === 'string') return col(input).node
  return 'node' in input ? input.node : input
}

export const exprOf = (input: ColumnInput): Expr =>
  typeof input === 'string' ? col(input) : 'node' in input ? input : expr(input)
