import { formatDate, formatTimestamp, type DataType, type StructType, type Value } from '@deltaworks/schema'
import {
  decimalText,
  doubleText,
  floatText,
  textOfMembers,
  VariantError,
  variantMembers,
  variantText,
  type VariantMember,
} from './variant-text.js'

/**
 * A variant whose parts may stand in typed columns (parquet-format, VariantShredding.md), as JSON text.
 * @param group the type of the group: `value`, `typed_value`, or both
 * @returns null where nothing is there
 */
export function shreddedText(names: readonly string[], group: StructType, parts: readonly Value[]): string | null {
  let bytes: Uint8Array | null = null
  let typed: Value = null
  let type: DataType | null = null
  group.fields.forEach((member, i) => {
    if (member.name === 'value') bytes = parts[i] as Uint8Array | null
    else if (member.name === 'typed_value') [typed, type] = [parts[i]!, member.type]
  })
  if (typed === null || type === null) return bytes === null ? null : variantText(names, bytes)
  return typedText(names, type, typed, bytes)
}

function objectMembers(names: readonly string[], value: Uint8Array): VariantMember[] {
  const members = variantMembers(names, value)
  if (members === null) throw new VariantError('it is an object and another value at once')
  return members
}

function typedText(names: readonly string[], type: DataType, typed: Value, rest: Uint8Array | null): string {
  if (type.kind !== 'struct' && rest !== null) throw new VariantError('it has two values at once')
  switch (type.kind) {
    case 'struct': {
      // What is not shredded of an object stands in `value`; a shredded member never does.
      const shredded = new Set(type.fields.map(({ name }) => name))
      const members = rest === null ? [] : objectMembers(names, rest).filter(([name]) => !shredded.has(name))
      type.fields.forEach((member, i) => {
        const parts = (typed as readonly Value[])[i]!
        const text = parts === null ? null : shreddedText(names, member.type as StructType, parts as readonly Value[])
        if (text !== null) members.push([member.name, text])
      })
      return textOfMembers(members)
    }
    case 'list': {
      const elements = (typed as readonly Value[]).map((parts) =>
        parts === null ? null : shreddedText(names, type.element as StructType, parts as readonly Value[]),
      )
      return `[${elements.map((text) => text ?? 'null').join(',')}]`
    }
    default:
      return scalarText(type, typed)
  }
}

function scalarText(type: DataType, value: Value): string {
  switch (type.kind) {
    case 'boolean':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return String(value)
    case 'float32':
      return floatText(value as number)
    case 'float64':
      return doubleText(value as number)
    case 'decimal':
      return decimalText(value as bigint, type.scale)
    case 'date':
      return `"${formatDate(value as number)}"`
    case 'timestamp':
      return `"${formatTimestamp(value as bigint)}+00:00"`
    case 'timestamp_ntz':
      return `"${formatTimestamp(value as bigint)}"`
    case 'string':
      return JSON.stringify(value)
    case 'binary':
      return JSON.stringify(Buffer.from(value as Uint8Array).toString('base64'))
    default:
      throw new VariantError(`it has a shredded value of type ${type.kind}`)
  }
}
