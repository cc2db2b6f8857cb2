import { typeName, typesEqual, type DataType, type Field, type Json } from './data-type.js'
import { columnNotFound, duplicateColumn } from './errors.js'

/** An ordered list of columns. Names are compared without regard to case, as Spark and Delta do. */
export interface Schema {
  readonly fields: readonly Field[]
}

export const field = (
  name: string,
  type: DataType,
  nullable = true,
  metadata?: Readonly<Record<string, Json>>,
): Field => (metadata === undefined ? { name, type, nullable } : { name, type, nullable, metadata })

/** @throws SchemaError DW-SCHEMA-0002 if two columns have the same name (ignoring case). */
export function schema(fields: readonly Field[]): Schema {
  const seen = new Set<string>()
  for (const { name } of fields) {
    const key = name.toLowerCase()
    if (seen.has(key)) throw duplicateColumn(name)
    seen.add(key)
  }
  return { fields }
}

/** @returns the column's position, or -1. An exact match wins over one that differs in case. */
export function fieldIndex(of: Schema, name: string): number {
  const exact = of.fields.findIndex((f) => f.name === name)
  if (exact >= 0) return exact
  const lower = name.toLowerCase()
  return of.fields.findIndex((f) => f.name.toLowerCase() === lower)
}

/** @throws SchemaError DW-SCHEMA-0001 naming the columns that there are. */
export function fieldOf(of: Schema, name: string): Field {
  const index = fieldIndex(of, name)
  if (index < 0) {
    throw columnNotFound(
      name,
      of.fields.map((f) => f.name),
    )
  }
  return of.fields[index]!
}

/** The named columns in the given order. @throws SchemaError DW-SCHEMA-0001 */
export const selectFields = (of: Schema, names: readonly string[]): Schema => ({
  fields: names.map((name) => fieldOf(of, name)),
})

/** Equal names (with case), types and nullability, in the same order; metadata aside. */
export const schemasEqual = (a: Schema, b: Schema): boolean =>
  a.fields.length === b.fields.length &&
  a.fields.every((f, i) => {
    const g = b.fields[i]!
    return f.name === g.name && f.nullable === g.nullable && typesEqual(f.type, g.type)
  })

/** `name type [not null], …`: for messages and explain. */
export const describeSchema = (of: Schema): string =>
  of.fields.map((f) => `${f.name} ${typeName(f.type)}${f.nullable ? '' : ' not null'}`).join(', ')
