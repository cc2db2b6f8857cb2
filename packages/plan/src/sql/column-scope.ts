import { type Expression } from '@deltaworks/expression'
import { fieldIndex, type Schema } from '@deltaworks/schema'
import { ambiguousColumn, unknownColumn } from '../errors.js'
import { outerColumns, positionalReference } from '../plan-scope.js'
import type { OuterQuery } from './query-scope.js'

/** A column that a SELECT can name. */
export interface ScopeColumn {
  /** Its place in the plan's columns. */
  readonly index: number
  readonly name: string
  /** The alias of its table. */
  readonly qualifier: string | null
  /** One of a pair that USING merged: it is there under its table's name only. */
  readonly hidden: boolean
}

/** The columns of a FROM clause, in the order of `*`. */
export class ColumnScope {
  readonly columns: readonly ScopeColumn[]

  constructor(columns: readonly ScopeColumn[]) {
    this.columns = columns
  }

  static of(schema: Schema, qualifier: string | null, names?: readonly string[]): ColumnScope {
    return new ColumnScope(
      schema.fields.map((f, index) => ({ index, name: names?.[index] ?? f.name, qualifier, hidden: false })),
    )
  }

  /** The columns of two sides of a join, whose right columns come after `width` left ones. */
  beside(right: ColumnScope, width: number): ColumnScope {
    return new ColumnScope([...this.columns, ...right.columns.map((c) => ({ ...c, index: c.index + width }))])
  }

  /** Null if there is none. @throws PlanError DW-PLAN-0002 */
  find(name: string, qualifier: string | null): ScopeColumn | null {
    const [lower, table] = [name.toLowerCase(), qualifier?.toLowerCase()]
    const found = this.columns.filter(
      (c) =>
        c.name.toLowerCase() === lower &&
        (table === undefined ? !c.hidden : c.qualifier !== null && c.qualifier.toLowerCase() === table),
    )
    if (found.length > 1) {
      throw ambiguousColumn(
        name,
        found.map((c) => (c.qualifier === null ? c.name : `${c.qualifier}.${c.name}`)),
      )
    }
    return found[0] ?? null
  }

  hasTable(qualifier: string): boolean {
    const lower = qualifier.toLowerCase()
    return this.columns.some((c) => c.qualifier?.toLowerCase() === lower)
  }

  /** What `*` or `table.*` stands for. */
  star(qualifier: string | null): readonly ScopeColumn[] {
    const lower = qualifier?.toLowerCase()
    return this.columns.filter((c) => (lower === undefined ? !c.hidden : c.qualifier?.toLowerCase() === lower))
  }
}

/**
 * `a`, `t.a`, `s.t.a`, and members of structs (`a.member`): first in the query itself, then in those around it, from the
 * nearest on.
 * @throws PlanError DW-PLAN-0001, DW-PLAN-0002
 */
export function resolveColumn(
  names: readonly string[],
  scope: ColumnScope,
  schema: Schema,
  outer: OuterQuery | null,
): Expression {
  const own = resolveIn(names, scope, schema, 0)
  if (own !== null) return own
  let level = 1
  for (let around = outer; around !== null; around = around.outer) {
    const found = resolveIn(names, around.scope, around.schema, level++ * outerColumns)
    if (found !== null) return found
  }
  const qualified = names.length > 1
  const known = scope.columns.map((c) => (qualified && c.qualifier !== null ? `${c.qualifier}.${c.name}` : c.name))
  throw unknownColumn(names.join('.'), known)
}

function resolveIn(names: readonly string[], scope: ColumnScope, schema: Schema, shift: number): Expression | null {
  for (const tableParts of names.length > 2 ? [1, 2, 0] : names.length > 1 ? [1, 0] : [0]) {
    const name = names[tableParts]
    if (name === undefined) continue
    const column = scope.find(name, tableParts === 0 ? null : names[tableParts - 1]!)
    if (column === null) continue
    let type = schema.fields[column.index]!.type
    let result: Expression = positionalReference(column.index + shift, column.name)
    for (const member of names.slice(tableParts + 1)) {
      const place = type.kind === 'struct' ? fieldIndex({ fields: type.fields }, member) : -1
      if (type.kind !== 'struct' || place < 0) return null
      type = type.fields[place]!.type
      result = {
        kind: 'call',
        name: 'get_field',
        args: [result, { kind: 'literal', value: member, type: { kind: 'string' } }],
      }
    }
    return result
  }
  return null
}
