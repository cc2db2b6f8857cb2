import type { BoundExpression } from '@deltaworks/expression'
import type { Schema } from '@deltaworks/schema'
import type { FieldPath } from './operations/alter/schema-path.js'
import { columnAt } from './plan-nodes.js'
import { memberOf } from './write/void-columns.js'

/** The value of a column, or of a member of structs, that is known to be there. */
export function columnByPath(of: Schema, path: FieldPath): BoundExpression {
  const same = (name: string, step: string): boolean => name.toLowerCase() === step.toLowerCase()
  let value: BoundExpression = columnAt(
    of,
    of.fields.findIndex(({ name }) => same(name, path[0]!)),
  )
  for (const step of path.slice(1)) {
    if (value.type.kind !== 'struct') break
    value = memberOf(
      value,
      value.type.fields.find(({ name }) => same(name, step))!,
    )
  }
  return value
}
