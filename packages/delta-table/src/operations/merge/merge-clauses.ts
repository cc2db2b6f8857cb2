import { columnsOf, substituteColumns, type BoundExpression } from '@deltaworks/expression'
import { boolean, fieldIndex, fieldOf, type Schema } from '@deltaworks/schema'
import { unknownReference, valueNotAllowed } from '../../errors.js'
import { columnAt, isTrue, literalOf, or } from '../../plan-nodes.js'
import { identityGiven, type TableRules } from '../../write/table-rules.js'
import { storedAs, withGenerated } from '../update.js'
import type { Condition } from '../../predicates.js'
import { clausesOf, type ChangeClause, type MergeOptions, type MergeValues } from './merge-options.js'
import { always } from './merge-condition.js'
import type { MergeScope } from './merge-scope.js'

/** A clause with everything bound over target columns then source columns. */
export interface BoundClause {
  readonly kind: 'update' | 'delete' | 'insert'
  /** Never null. */
  readonly condition: BoundExpression
  readonly unconditional: boolean
  /** One a target column; empty for delete. */
  readonly values: readonly BoundExpression[]
}

export interface BoundClauses {
  readonly matched: readonly BoundClause[]
  readonly notMatched: readonly BoundClause[]
  readonly notMatchedBySource: readonly BoundClause[]
}

/** @throws DeltaTableError DW-TABLE-0012, 0019 */
export function bindClauses(
  options: MergeOptions,
  table: string,
  target: Schema,
  source: Schema,
  scope: MergeScope,
  rules: TableRules,
): BoundClauses {
  const update = (set: MergeValues): readonly BoundExpression[] => {
    const given = valuesOf(set, table, target, source, scope)
    const changed = new Map([...given].filter(([name]) => set !== 'all' || !rules.identity.has(name)))
    for (const name of rules.identity.keys()) {
      if (changed.has(name)) throw valueNotAllowed(table, name, 'it is an identity column, whose values stay')
    }
    const values = withGenerated(rules, target, changed)
    return target.fields.map((field, i) => values.get(field.name) ?? columnAt(target, i))
  }
  const insert = (set: MergeValues): readonly BoundExpression[] => {
    const given = valuesOf(set, table, target, source, scope)
    for (const [name, sequence] of rules.identity) {
      if (given.has(name) && !sequence.allowExplicitInsert) throw identityGiven(table, name)
    }
    const plain = target.fields.map(
      (field) => given.get(field.name) ?? rules.defaults.get(field.name) ?? literalOf(null, field.type),
    )
    return target.fields.map((field, i) => {
      const generated = given.has(field.name) ? undefined : rules.generated.get(field.name)
      return generated === undefined ? plain[i]! : substituteColumns(generated, (at) => plain[at]!)
    })
  }
  const clause = (kind: BoundClause['kind'], condition: Condition | undefined, values: readonly BoundExpression[]) => ({
    kind,
    condition: condition === undefined ? always : isTrue(scope.bind(condition)),
    unconditional: condition === undefined,
    values,
  })
  const changing = (list: readonly ChangeClause[] | undefined, otherwise: MergeValues): BoundClause[] =>
    (list ?? []).map((c) => clause(c.kind, c.condition, c.kind === 'delete' ? [] : update(c.set ?? otherwise)))
  const clauses: BoundClauses = {
    matched: [
      ...changing(options.whenMatched, 'all'),
      ...clausesOf(options.whenMatchedDelete).map((c) => clause('delete', c.condition, [])),
      ...clausesOf(options.whenMatchedUpdate).map((c) => clause('update', c.condition, update(c.set ?? 'all'))),
    ],
    notMatched: clausesOf(options.whenNotMatchedInsert).map((c) =>
      clause('insert', c.condition, insert(c.values ?? 'all')),
    ),
    notMatchedBySource: [
      ...changing(options.whenNotMatchedBySource, {}),
      ...clausesOf(options.whenNotMatchedBySourceDelete).map((c) => clause('delete', c.condition, [])),
      ...clausesOf(options.whenNotMatchedBySourceUpdate).map((c) => clause('update', c.condition, update(c.set ?? {}))),
    ],
  }
  checkSides(clauses, table, target.fields.length)
  return clauses
}

function valuesOf(
  set: MergeValues,
  table: string,
  target: Schema,
  source: Schema,
  scope: MergeScope,
): ReadonlyMap<string, BoundExpression> {
  const result = new Map<string, BoundExpression>()
  if (set === 'all') {
    for (const field of target.fields) {
      const index = fieldIndex(source, field.name)
      if (index < 0) continue
      const value = columnAt(scope.schema, scope.targetWidth + index)
      result.set(field.name, storedAs(table, field.name, field.type, value))
    }
    return result
  }
  for (const [name, value] of Object.entries(set)) {
    const field = fieldOf(target, name)
    result.set(field.name, storedAs(table, field.name, field.type, scope.bind(value)))
  }
  return result
}

/** A row that is not matched has one side only. */
function checkSides(clauses: BoundClauses, table: string, width: number): void {
  const refuse = (list: readonly BoundClause[], isAllowed: (index: number) => boolean, what: string): void => {
    for (const { condition, values, kind } of list) {
      for (const expression of [condition, ...values]) {
        const wrong = columnsOf(expression).find((index) => !isAllowed(index))
        if (wrong !== undefined) throw unknownReference(table, `a ${kind} clause`, what)
      }
    }
  }
  refuse(
    clauses.notMatched,
    (i) => i >= width,
    'for rows that are not matched refers to the target, which has no such row',
  )
  refuse(
    clauses.notMatchedBySource,
    (i) => i < width,
    'for rows that are not matched by the source refers to the source, which has no such row',
  )
}

/** True where any of the clauses applies. */
export const anyOf = (clauses: readonly BoundClause[]): BoundExpression =>
  clauses.length === 0
    ? literalOf(false, boolean)
    : clauses.some((clause) => clause.unconditional)
      ? always
      : clauses.map((clause) => clause.condition).reduce(or)
