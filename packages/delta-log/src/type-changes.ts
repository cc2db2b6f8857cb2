import { asDecimal, isInteger, type DataType, type Field, type Json, type Schema } from '@deltaworks/schema'
import { unsupportedType } from './errors.js'
import { isObject } from './json.js'
import { parseType } from './schema-json.js'

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

/** What some writers have done beyond the protocol, and files of it can be read: into a decimal that has room for every value. */
function isTypeChangeReadable(from: DataType, to: DataType): boolean {
  if (from.kind === to.kind || from.kind === 'null' || isTypeChangeAllowed(from, to)) return true
  const digits = isInteger(from) ? asDecimal(from) : null
  return to.kind === 'decimal' && digits !== null && to.precision - to.scale >= digits.precision
}

/** Whether Iceberg knows the change as well (writer requirements of icebergCompatV1 to V3). */
export const isIcebergTypeChange = (from: DataType, to: DataType): boolean =>
  isTypeChangeAllowed(from, to) &&
  ((isInteger(from) && isInteger(to)) ||
    (from.kind === 'float32' && to.kind === 'float64') ||
    (from.kind === 'decimal' && to.kind === 'decimal' && from.scale === to.scale))

export const typeChangesKey = 'delta.typeChanges'

/** A change of a type that a schema remembers. */
export interface TypeChange {
  readonly column: string
  readonly from: DataType
  readonly to: DataType
}

/** @throws DeltaError DW-DELTA-0012 for a type that is none */
export function typeChangesOf(of: Schema, table: string): readonly TypeChange[] {
  const changes: TypeChange[] = []
  const visit = (member: Field, where: string): void => {
    const noted: Json | undefined = member.metadata?.[typeChangesKey]
    for (const change of Array.isArray(noted) ? (noted as readonly Json[]) : []) {
      if (!isObject(change)) continue
      const from = parseType(change['fromType'], where)
      changes.push({ column: where, from, to: parseType(change['toType'], where) })
    }
    visitType(member.type, where)
  }
  const visitType = (type: DataType, where: string): void => {
    if (type.kind === 'struct') for (const member of type.fields) visit(member, `${where}.${member.name}`)
    else if (type.kind === 'list') visitType(type.element, `${where}.element`)
    else if (type.kind === 'map') {
      visitType(type.key, `${where}.key`)
      visitType(type.value, `${where}.value`)
    }
  }
  for (const member of of.fields) visit(member, `${table}.${member.name}`)
  return changes
}

/** @throws DeltaError DW-DELTA-0012 if older files may hold a type that does not become the column's by widening */
export function checkTypeChanges(of: Schema, table: string): void {
  for (const { column, from, to } of typeChangesOf(of, table)) {
    if (!isTypeChangeReadable(from, to)) throw unsupportedType(column, `${from.kind} changed to ${to.kind}`)
  }
}
