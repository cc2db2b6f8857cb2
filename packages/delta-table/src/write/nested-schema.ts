import type { BoundExpression } from '@deltaworks/expression'
import { string, type DataType, type Field, type Schema, type StructType } from '@deltaworks/schema'
import { extraColumns, missingColumn } from '../errors.js'
import { caseOf, literalOf } from '../plan-nodes.js'
import { isNull, memberOf } from './void-columns.js'

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** A field without what only one table knows of it: for columns that come from rows. Members as well. */
const freshField = ({ name, type }: Field): Field => ({ name, type: freshType(type), nullable: true })

function freshType(type: DataType): DataType {
  switch (type.kind) {
    case 'struct':
      return {
        ...type,
        fields: type.fields.map(({ name, type: of, nullable }) => ({ name, type: freshType(of), nullable })),
      }
    case 'list':
      return { ...type, element: freshType(type.element) }
    case 'map':
      return { ...type, key: freshType(type.key), value: freshType(type.value) }
    default:
      return type
  }
}

/**
 * A table's schema with the columns, and members of structs at any depth, that only the rows have, behind the others.
 * @returns the schema itself if there are none
 */
export function mergedSchema(target: Schema, rows: Schema): Schema {
  const fields = mergedFields(target.fields, rows.fields)
  return fields === target.fields ? target : { fields }
}

function mergedFields(target: readonly Field[], rows: readonly Field[]): readonly Field[] {
  const known = target.map((field) => {
    const other = rows.find(({ name }) => sameName(name, field.name))
    const type = other === undefined ? field.type : mergedType(field.type, other.type)
    return type === field.type ? field : { ...field, type }
  })
  const added = rows.filter((row) => !target.some(({ name }) => sameName(name, row.name))).map(freshField)
  return added.length === 0 && known.every((field, i) => field === target[i]) ? target : [...known, ...added]
}

function mergedType(target: DataType, rows: DataType): DataType {
  if (target.kind === 'struct' && rows.kind === 'struct') {
    const fields = mergedFields(target.fields, rows.fields)
    return fields === target.fields ? target : { ...target, fields }
  }
  if (target.kind === 'list' && rows.kind === 'list') {
    const element = mergedType(target.element, rows.element)
    return element === target.element ? target : { ...target, element }
  }
  if (target.kind === 'map' && rows.kind === 'map') {
    const value = mergedType(target.value, rows.value)
    return value === target.value ? target : { ...target, value }
  }
  return target
}

/**
 * A struct as another one: members by name, null for those that it lacks.
 * @param fit what becomes of each member; told its dotted path
 * @throws DeltaTableError DW-TABLE-0001 for members that the other has not, 0002 for missing ones that must not be null
 */
export function fitStruct(
  table: string,
  path: string,
  value: BoundExpression & { readonly type: DataType },
  to: StructType,
  fit: (path: string, member: BoundExpression, to: DataType) => BoundExpression,
): BoundExpression {
  const { fields } = value.type as StructType
  const extra = fields.filter(({ name }) => !to.fields.some((field) => sameName(name, field.name)))
  if (extra.length > 0) {
    throw extraColumns(
      table,
      extra.map(({ name }) => `${path}.${name}`),
      to.fields.map(({ name }) => `${path}.${name}`),
    )
  }
  const members = to.fields.map((field): readonly [Field, BoundExpression] => {
    const own = fields.find(({ name }) => sameName(name, field.name))
    if (own !== undefined) return [field, fit(`${path}.${field.name}`, memberOf(value, own), field.type)]
    if (!field.nullable) throw missingColumn(table, `${path}.${field.name}`)
    return [field, literalOf(null, field.type)]
  })
  const made: BoundExpression = {
    kind: 'call',
    name: 'named_struct',
    args: members.flatMap(([{ name }, member]) => [literalOf(name, string), member]),
    type: { kind: 'struct', fields: members.map(([field, member]) => ({ ...field, nullable: member.nullable })) },
    nullable: false,
  }
  return value.nullable ? caseOf([{ when: isNull(value), then: literalOf(null, made.type) }], made) : made
}
