import { columnsOf, type BoundExpression } from '@deltaworks/expression'
import { boolean, fieldIndex, fieldOf, type Schema } from '@deltaworks/schema'
import { unknownReference } from '../../errors.js'
import { columnAt, isTrue, literalOf, or } from '../../plan-nodes.js'
import { storedAs } from '../update.js'
import type { Condition } from '../../predicates.js'
import { clausesOf, type MergeOptions, type MergeValues } from './merge-options.js'
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

/** @throws DeltaTableError DW-TABLE-0012 */
export function bindClauses(
  options: MergeOptions,
  table: string,
  target: Schema,
  source: Schema,
  scope: MergeScope,
): BoundClauses {
  const update = (set: MergeValues): readonly BoundExpression[] => {
    const values = valuesOf(set, table, target, source, scope)
    return target.fields.map((field, i) => values.get(field.name) ?? columnAt(target, i))
  }
  const insert = (set: MergeValues): readonly BoundExpression[] => {
    const values = valuesOf(set, table, target, source, scope)
    return target.fields.map((field) => values.get(field.name) ?? literalOf(null, field.type))
  }
  const clause = (kind: BoundClause['kind'], condition: Condition | undefined, values: readonly BoundExpression[]) => ({
    kind,
    condition: condition === undefined ? always : isTrue(scope.bind(condition)),
    unconditional: condition === undefined,
    values,
  })
  const clauses: BoundClauses = {
    matched: [
      ...clausesOf(options.whenMatchedDelete).map((c) => clause('delete', c.condition, [])),
      ...clausesOf(options.whenMatchedUpdate).map((c) => clause('update', c.condition, update(c.set ?? 'all'))),
    ],
    notMatched: clausesOf(options.whenNotMatchedInsert).map((c) =>
      clause('insert', c.condition, insert(c.values ?? 'all')),
    ),
    notMatchedBySource: [
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
