import type { ColumnReference, Scope } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import { ambiguousColumn, unknownColumn } from './errors.js'

/**
 * A reference by position, for expressions whose names are resolved already: the qualifier `#3` is column 3 of the scope,
 * whatever its name.
 */
export const positionalReference = (index: number, name: string): ColumnReference => ({
  kind: 'column',
  name,
  qualifier: `#${index}`,
})

/** From here on a position means a column of the query around: `outerColumns + 3` is that query's column 3. */
export const outerColumns = 1_000_000

/** The columns of a plan under the aliases of the tables that they come from. */
export class PlanScope implements Scope {
  readonly schema: Schema
  /** A column's table alias; null where it has none. */
  readonly qualifiers: readonly (string | null)[]

  constructor(schema: Schema, qualifiers: readonly (string | null)[] | null = null) {
    this.schema = schema
    this.qualifiers = qualifiers ?? schema.fields.map(() => null)
  }

  /** @throws PlanError DW-PLAN-0001, DW-PLAN-0002 */
  resolve(name: string, qualifier?: string): number {
    if (qualifier?.startsWith('#')) return Number(qualifier.slice(1))
    const found = this.tryResolve(name, qualifier)
    if (found !== null) return found
    const known = this.schema.fields.map((f, i) => (qualifier === undefined ? f.name : this.shownName(i)))
    throw unknownColumn(qualifier === undefined ? name : `${qualifier}.${name}`, known)
  }

  /** Null if there is no such column. `a.x` without a qualifier is also the column x of a. @throws PlanError DW-PLAN-0002 */
  tryResolve(name: string, qualifier?: string): number | null {
    const found = this.#find(name, qualifier)
    if (found !== null || qualifier !== undefined) return found
    const dot = name.indexOf('.')
    return dot > 0 ? this.#find(name.slice(dot + 1), name.slice(0, dot)) : null
  }

  shownName(index: number): string {
    const qualifier = this.qualifiers[index]
    const { name } = this.schema.fields[index]!
    return qualifier === null || qualifier === undefined ? name : `${qualifier}.${name}`
  }

  #find(name: string, qualifier: string | undefined): number | null {
    const lower = name.toLowerCase()
    const table = qualifier?.toLowerCase()
    const { fields } = this.schema
    let candidates: number[] = []
    for (let i = 0; i < fields.length; i++) {
      const own = fields[i]!.name
      if (own.length !== name.length || (own !== name && own.toLowerCase() !== lower)) continue
      if (table === undefined || this.qualifiers[i]?.toLowerCase() === table) candidates.push(i)
    }
    if (candidates.length > 1) {
      const exact = candidates.filter((i) => fields[i]!.name === name)
      if (exact.length > 0) candidates = exact
    }
    if (candidates.length > 1) {
      throw ambiguousColumn(
        name,
        candidates.map((i) => `${this.shownName(i)} (column ${i + 1})`),
      )
    }
    return candidates[0] ?? null
  }
}
