import type { BoundExpression } from '@deltaworks/expression'
import type { LogicalPlan } from '@deltaworks/plan'
import { boolean, string, type DataType, type Field } from '@deltaworks/schema'
import { caseOf, columnAt, literalOf, projectionTo } from '../plan-nodes.js'

/**
 * Rows as files have them: void columns, and void members of structs, are in no file (PROTOCOL.md, "Void Type").
 */
export function withoutVoids(rows: LogicalPlan): LogicalPlan {
  const { fields } = rows.schema
  if (!fields.some(({ type }) => holdsVoid(type))) return rows
  const kept = fields.map((_, i) => i).filter((i) => fields[i]!.type.kind !== 'null')
  return projectionTo(
    rows,
    kept.map((i) => stored(columnAt(rows.schema, i))),
    kept.map((i): Field => ({ ...fields[i]!, type: storedType(fields[i]!.type) })),
  )
}

const holdsVoid = (type: DataType): boolean =>
  type.kind === 'null' || (type.kind === 'struct' && type.fields.some((member) => holdsVoid(member.type)))

const storedMembers = (fields: readonly Field[]): readonly Field[] =>
  fields.filter(({ type }) => type.kind !== 'null').map((member) => ({ ...member, type: storedType(member.type) }))

const storedType = (type: DataType): DataType =>
  type.kind === 'struct' ? { ...type, fields: storedMembers(type.fields) } : type

/** A struct without its void members; null stays null. */
function stored(value: BoundExpression): BoundExpression {
  const { type } = value
  if (type.kind !== 'struct' || !holdsVoid(type)) return value
  const kept = storedType(type)
  const args = type.fields
    .filter((member) => member.type.kind !== 'null')
    .flatMap((member) => [literalOf(member.name, string), stored(memberOf(value, member))])
  const made: BoundExpression = { kind: 'call', name: 'named_struct', args, type: kept, nullable: false }
  return caseOf([{ when: isNull(value), then: literalOf(null, kept) }], made)
}

/** A member of a struct. */
export const memberOf = (of: BoundExpression, { name, type, nullable }: Field): BoundExpression => ({
  kind: 'call',
  name: 'get_field',
  args: [of, literalOf(name, string)],
  type,
  nullable: nullable || of.nullable,
})

export const isNull = (input: BoundExpression): BoundExpression => ({
  kind: 'call',
  name: 'is_null',
  args: [input],
  type: boolean,
  nullable: false,
})
