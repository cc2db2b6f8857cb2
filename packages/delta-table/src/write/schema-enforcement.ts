import type { BoundExpression } from '@deltaworks/expression'
import type { LogicalPlan } from '@deltaworks/plan'
import {
  asDecimal,
  fieldIndex,
  isInteger,
  nullType,
  typeName,
  typesEqual,
  type DataType,
  type Field,
  type Schema,
} from '@deltaworks/schema'
import { extraColumns, missingColumn, wrongType } from '../errors.js'
import { castTo, columnAt, literalOf, projectionTo } from '../plan-nodes.js'
import { fitStruct, mergedSchema } from './nested-schema.js'

export interface EnforcedRows {
  /** Rows with exactly the columns of `schema`, in its order. */
  readonly plan: LogicalPlan
  /** The table's schema, with the columns that `mergeSchema` added. */
  readonly schema: Schema
  readonly evolved: boolean
}

/** Values for columns that the rows lack, by name; null for others. */
export type Fillers = ReadonlyMap<string, BoundExpression>
const noFillers: Fillers = new Map()

/**
 * Fits rows to a table: columns by name (without regard to case), lossless widening, null for nullable columns that the rows
 * lack; so it goes for members of structs. With `mergeSchema`, columns and members that the table lacks are added behind the others.
 * @throws DeltaTableError DW-TABLE-0001, 0002, 0003
 */
export function enforceSchema(
  table: string,
  target: Schema,
  rows: LogicalPlan,
  mergeSchema: boolean,
  fillers: Fillers = noFillers,
): EnforcedRows {
  const source = rows.schema
  const extra = source.fields.filter((f) => fieldIndex(target, f.name) < 0)
  if (extra.length > 0 && !mergeSchema) {
    throw extraColumns(
      table,
      extra.map((f) => f.name),
      target.fields.map((f) => f.name),
    )
  }
  const schema = mergeSchema ? mergedSchema(target, source) : target
  const expressions = schema.fields.map((field) => fitted(table, field, source, fillers))
  const unchanged =
    expressions.length === source.fields.length &&
    expressions.every((e, i) => e.kind === 'column' && e.index === i && e.name === schema.fields[i]!.name)
  return {
    plan: unchanged ? rows : projectionTo(rows, expressions, rowFields(schema, expressions)),
    schema,
    evolved: schema !== target,
  }
}

/** A new table's schema from rows: the given one if there is one, else the rows' own. */
export const plainField = (of: Field): Field => ({ name: of.name, type: of.type, nullable: of.nullable })

const rowFields = (schema: Schema, expressions: readonly BoundExpression[]): readonly Field[] =>
  schema.fields.map((field, i) => ({ name: field.name, type: field.type, nullable: expressions[i]!.nullable }))

function fitted(table: string, field: Field, source: Schema, fillers: Fillers): BoundExpression {
  const index = fieldIndex(source, field.name)
  if (index < 0) {
    const filler = fillers.get(field.name)
    if (filler !== undefined) return filler
    if (!field.nullable) throw missingColumn(table, field.name)
    return literalOf(null, field.type)
  }
  return fittedValue(table, field.name, columnAt(source, index), field.type)
}

function fittedValue(table: string, path: string, value: BoundExpression, to: DataType): BoundExpression {
  if (sameShape(value.type, to)) return value
  if (value.type.kind === nullType.kind) return literalOf(null, to)
  if (value.type.kind === 'struct' && to.kind === 'struct') {
    return fitStruct(table, path, value, to, (member, of, type) => fittedValue(table, member, of, type))
  }
  if (!widens(value.type, to)) throw wrongType(table, path, typeName(to), typeName(value.type))
  return castTo(value, to)
}

/** Equal but for the nullability of members: what is null is checked when it is written. */
export function sameShape(a: DataType, b: DataType): boolean {
  switch (a.kind) {
    case 'list':
      return b.kind === 'list' && sameShape(a.element, b.element)
    case 'map':
      return b.kind === 'map' && sameShape(a.key, b.key) && sameShape(a.value, b.value)
    case 'struct':
      return (
        b.kind === 'struct' &&
        a.fields.length === b.fields.length &&
        a.fields.every((f, i) => f.name === b.fields[i]!.name && sameShape(f.type, b.fields[i]!.type))
      )
    default:
      return typesEqual(a, b)
  }
}

const integerOrder = ['int8', 'int16', 'int32', 'int64']

/** Whether every value of a type is one of another, without a digit lost. */
export function widens(from: DataType, to: DataType): boolean {
  if (isInteger(from) && isInteger(to)) return integerOrder.indexOf(from.kind) <= integerOrder.indexOf(to.kind)
  if (to.kind === 'decimal') {
    const source = asDecimal(from)
    return source !== null && source.scale <= to.scale && source.precision - source.scale <= to.precision - to.scale
  }
  if (to.kind === 'float64') return from.kind === 'float32' || (isInteger(from) && from.kind !== 'int64')
  if (to.kind === 'float32') return from.kind === 'int8' || from.kind === 'int16'
  return false
}
