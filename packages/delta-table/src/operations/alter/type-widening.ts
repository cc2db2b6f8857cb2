import { schemaToJson } from '@deltaworks/delta-log'
import { asDecimal, isInteger, type DataType, type Field, type Json } from '@deltaworks/schema'

const integers = ['int8', 'int16', 'int32', 'int64']

/** Whether a column may get the type without its files being written again (PROTOCOL.md, "Type Widening"). */
export function isTypeChangeAllowed(from: DataType, to: DataType): boolean {
  if (isInteger(from) && isInteger(to)) return integers.indexOf(from.kind) < integers.indexOf(to.kind)
  if (to.kind === 'float64') return from.kind === 'float32' || (isInteger(from) && from.kind !== 'int64')
  if (to.kind === 'timestamp_ntz') return from.kind === 'date'
  if (to.kind !== 'decimal') return false
  if (from.kind === 'decimal') {
    return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale
  }
  // The protocol asks for decimal(10,0) of the smaller integers, although they have fewer digits.
  const source = from.kind === 'int64' ? { precision: 20 } : isInteger(from) ? { precision: 10 } : null
  return source !== null && asDecimal(from) !== null && to.precision - to.scale >= source.precision
}

const changesKey = 'delta.typeChanges'

/** The field with the type, and a note of what its older files have (`delta.typeChanges`). */
export function withTypeChange(of: Field, type: DataType): Field {
  const change = { fromType: typeJson(of.type), toType: typeJson(type) }
  const before = of.metadata?.[changesKey]
  const changes: readonly Json[] = [...(Array.isArray(before) ? (before as readonly Json[]) : []), change]
  return { ...of, type, metadata: { ...of.metadata, [changesKey]: changes } }
}

function typeJson(type: DataType): Json {
  const [field] = schemaToJson({ fields: [{ name: 'x', type, nullable: true }] })['fields'] as readonly {
    readonly type: Json
  }[]
  return field!.type
}
