import { bind, type BoundExpression, type Scope } from '@deltaworks/expression'
import { fieldIndex, nearest, type Schema } from '@deltaworks/schema'
import { unknownReference } from '../../errors.js'
import { expressionOf, type Condition } from '../../predicates.js'

/** Names of a merge: target columns first, then source columns. */
export class MergeScope implements Scope {
  readonly schema: Schema
  readonly #table: string
  readonly #target: Schema
  readonly #source: Schema

  constructor(table: string, target: Schema, source: Schema) {
    this.#table = table
    this.#target = target
    this.#source = source
    this.schema = { fields: [...target.fields, ...source.fields] }
  }

  get targetWidth(): number {
    return this.#target.fields.length
  }

  /** @throws DeltaTableError DW-TABLE-0012 */
  resolve(name: string, qualifier?: string): number {
    const side = qualifier?.toLowerCase()
    const inTarget = side === 'source' ? -1 : fieldIndex(this.#target, name)
    const inSource = side === 'target' ? -1 : fieldIndex(this.#source, name)
    if (side !== undefined && side !== 'target' && side !== 'source') {
      throw unknownReference(this.#table, `${qualifier}.${name}`, 'has another qualifier than "target" or "source"')
    }
    if (inTarget >= 0 && inSource >= 0) {
      throw unknownReference(this.#table, name, 'is in both source and target; say which with a qualifier')
    }
    if (inTarget >= 0) return inTarget
    if (inSource >= 0) return this.targetWidth + inSource
    const known = (side === 'target' ? this.#target : side === 'source' ? this.#source : this.schema).fields
    throw unknownReference(
      this.#table,
      side === undefined ? name : `${side}.${name}`,
      `is no column${nearest(
        name,
        known.map((f) => f.name),
      )}`,
    )
  }

  bind(condition: Condition): BoundExpression {
    return bind(expressionOf(condition), this)
  }
}
