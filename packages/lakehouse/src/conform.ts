import { col } from '@deltaworks/expression'
import type { DataFrame } from '@deltaworks/plan'
import { fieldIndex, typeName, typesEqual, type DataType, type Schema } from '@deltaworks/schema'
import { anyFrame, type AnyFrame } from './any-frame.js'
import { schemaMismatch } from './errors.js'
import type { TableDefinition } from './table-definition.js'

/**
 * The rows in the columns, order and types that the definition declares. Types may be widened (int to bigint, a decimal to
 * one that holds all its values), never narrowed silently.
 * @throws LakehouseError DW-LAKEHOUSE-0008 listing every difference
 */
export function conform(rows: AnyFrame, table: TableDefinition): DataFrame {
  const differences = schemaDifferences(rows.schema, table.schema)
  if (differences.length > 0) throw schemaMismatch(table.name, differences)
  return anyFrame(rows).select(
    ...table.schema.fields.map((f) => {
      const actual = rows.schema.fields[fieldIndex(rows.schema, f.name)]!
      const column = col(actual.name)
      return typesEqual(actual.type, f.type) ? column.as(f.name) : column.cast(f.type).as(f.name)
    }),
  )
}

/** In words, what keeps `actual` from being written as `declared`. */
export function schemaDifferences(actual: Schema, declared: Schema): string[] {
  const differences: string[] = []
  for (const f of declared.fields) {
    const index = fieldIndex(actual, f.name)
    if (index < 0) differences.push(`column "${f.name}" is missing`)
    else if (!widens(actual.fields[index]!.type, f.type)) {
      differences.push(
        `column "${f.name}" is ${typeName(actual.fields[index]!.type)} and declared as ${typeName(f.type)}`,
      )
    }
  }
  for (const f of actual.fields) {
    if (fieldIndex(declared, f.name) < 0) differences.push(`column "${f.name}" is not declared`)
  }
  return differences
}

const integerDigits: Readonly<Record<string, number>> = { int8: 3, int16: 5, int32: 10, int64: 19 }

/** Whether every value of `from` is one of `to`. */
function widens(from: DataType, to: DataType): boolean {
  if (typesEqual(from, to) || from.kind === 'null') return true
  const fromDigits = integerDigits[from.kind]
  const toDigits = integerDigits[to.kind]
  if (fromDigits !== undefined && toDigits !== undefined) return fromDigits <= toDigits
  if (to.kind === 'decimal') {
    if (from.kind === 'decimal') return from.scale <= to.scale && from.precision - from.scale <= to.precision - to.scale
    return fromDigits !== undefined && fromDigits <= to.precision - to.scale
  }
  return to.kind === 'float64' && (from.kind === 'float32' || (fromDigits !== undefined && fromDigits <= 10))
}
