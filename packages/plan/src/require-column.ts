import { fieldIndex, type Schema } from '@deltaworks/schema'
import { unknownColumn } from './errors.js'

/** The position of a column that must be there. @throws PlanError DW-PLAN-0001 */
export function requireColumn(of: Schema, name: string): number {
  const index = fieldIndex(of, name)
  if (index >= 0) return index
  throw unknownColumn(
    name,
    of.fields.map((f) => f.name),
  )
}
