import { columnFromValues, readValue, type Arena, type Column, type RecordBatch } from '@deltaworks/columnar'
import { binary, field, struct, type DataType, type Field, type Schema, type Value } from '@deltaworks/schema'
import { unwritableType } from '../errors.js'
import { variantBinary } from './variant-binary.js'
import { VariantError } from './variant-text.js'

/*
 * Variants in their binary form are groups of two members, neither of which is null where the variant is not. Row by row: they are
 * rare and not for speed.
 */

const group = struct([field('value', binary, false), field('metadata', binary, false)])

export const holdsVariant = (type: DataType): boolean => {
  switch (type.kind) {
    case 'variant':
      return true
    case 'struct':
      return type.fields.some((member) => holdsVariant(member.type))
    case 'list':
      return holdsVariant(type.element)
    case 'map':
      return holdsVariant(type.value)
    default:
      return false
  }
}

/** The schema with groups in the place of variants. */
export const variantGroups = (schema: Schema): Schema => ({ fields: schema.fields.map(groupField) })

const groupField = (of: Field): Field => ({ ...of, type: groupType(of.type) })

function groupType(type: DataType): DataType {
  switch (type.kind) {
    case 'variant':
      return group
    case 'struct':
      return { ...type, fields: type.fields.map(groupField) }
    case 'list':
      return { ...type, element: groupType(type.element) }
    case 'map':
      return { ...type, value: groupType(type.value) }
    default:
      return type
  }
}

/**
 * The batch with groups in the place of variants, in the arena.
 * @throws FormatError DW-FORMAT-0006 for a text that is no JSON
 */
export function withVariantGroups(arena: Arena, batch: RecordBatch): RecordBatch {
  const schema = variantGroups(batch.schema)
  const columns = batch.columns.map((column, i): Column => {
    const { name, type } = batch.schema.fields[i]!
    if (!holdsVariant(type)) return column
    const convert = converter(type, name)
    const values = Array.from({ length: batch.rowCount }, (_, row) => convert(readValue(arena.heap, column, row)))
    return columnFromValues(arena, schema.fields[i]!.type, values)
  })
  return { schema, rowCount: batch.rowCount, columns }
}

function converter(type: DataType, path: string): (value: Value) => Value {
  switch (type.kind) {
    case 'variant':
      return (value) => (value === null ? null : partsOf(value as string, path))
    case 'struct': {
      const members = type.fields.map((member) => converter(member.type, `${path}.${member.name}`))
      return (value) => (value === null ? null : (value as readonly Value[]).map((item, i) => members[i]!(item)))
    }
    case 'list': {
      const element = converter(type.element, `${path}.element`)
      return (value) => (value === null ? null : (value as readonly Value[]).map(element))
    }
    case 'map': {
      const member = converter(type.value, `${path}.value`)
      return (value) =>
        value === null
          ? null
          : ((value as readonly (readonly [Value, Value])[]).map(([key, item]) => [key, member(item)]) as Value)
    }
    default:
      return (value) => value
  }
}

function partsOf(text: string, path: string): Value {
  try {
    const { value, metadata } = variantBinary(text)
    return [value, metadata]
  } catch (error) {
    if (!(error instanceof VariantError)) throw error
    throw unwritableType(path, 'variant', `a value is ${error.message}`)
  }
}
