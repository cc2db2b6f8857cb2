import {
  binary,
  boolean,
  date,
  decimal,
  field,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  list,
  map,
  nullType,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type DataType,
  type Field,
  type Json,
  type Schema,
} from '@deltaworks/schema'
import { invalidSchema, missingSchema, unsupportedType } from './errors.js'
import { isObject, type JsonObject } from './json.js'

const primitives: Readonly<Record<string, DataType>> = {
  string,
  long: int64,
  integer: int32,
  short: int16,
  byte: int8,
  float: float32,
  double: float64,
  boolean,
  binary,
  date,
  timestamp,
  timestamp_ntz: timestampNtz,
  timestampNtz,
  timestamp_without_timezone: timestampNtz,
  variant,
  void: nullType,
  null: nullType,
}

const decimalText = /^decimal(?:\(\s*(\d+)\s*,\s*(-?\d+)\s*\))?$/
/** Spark keeps these as strings with metadata; other writers write them into the type. */
const characterText = /^(?:var)?char\(\d+\)$/
const collatedText = /^string(?: collate .*)?$/i

/** Delta's schema string → Schema; field metadata is kept as it is. @throws DeltaError DW-DELTA-0012 */
export function parseSchema(text: string, table: string): Schema {
  if (text === '') throw missingSchema(table)
  let json: Json
  try {
    json = JSON.parse(text) as Json
  } catch (error) {
    throw invalidSchema(table, error instanceof Error ? error.message : String(error))
  }
  if (!isObject(json) || json['type'] !== 'struct') throw invalidSchema(table, 'it is no struct')
  return { fields: fieldsOf(json, table) }
}

function fieldsOf(json: JsonObject, where: string): readonly Field[] {
  const fields = json['fields']
  if (!Array.isArray(fields)) throw invalidSchema(where, 'a struct has no fields')
  return (fields as readonly Json[]).map((member) => {
    if (!isObject(member) || typeof member['name'] !== 'string') throw invalidSchema(where, 'a field has no name')
    const name = member['name']
    const metadata = isObject(member['metadata']) ? member['metadata'] : {}
    const type = typeOf(member['type'], `${where}.${name}`)
    return Object.keys(metadata).length === 0
      ? field(name, type, member['nullable'] !== false)
      : field(name, type, member['nullable'] !== false, metadata)
  })
}

/** A type in Delta's JSON. @throws DeltaError DW-DELTA-0012 */
export const parseType = (json: Json | undefined, where: string): DataType => typeOf(json, where)

function typeOf(json: Json | undefined, where: string): DataType {
  if (typeof json === 'string') return primitiveOf(json, where)
  if (!isObject(json)) throw invalidSchema(where, 'a type is neither a name nor an object')
  switch (json['type']) {
    case 'struct':
      return struct(fieldsOf(json, where))
    case 'array':
      return list(typeOf(json['elementType'], `${where}.element`), json['containsNull'] !== false)
    case 'map':
      return map(
        typeOf(json['keyType'], `${where}.key`),
        typeOf(json['valueType'], `${where}.value`),
        json['valueContainsNull'] !== false,
      )
    default:
      // A simple type may stand in an object of its own.
      if (typeof json['type'] === 'string') return primitiveOf(json['type'], where)
      throw unsupportedType(where, JSON.stringify(json['type'] ?? json))
  }
}

function primitiveOf(text: string, where: string): DataType {
  const known = primitives[text]
  if (known !== undefined) return known
  const match = decimalText.exec(text)
  if (match !== null) {
    const precision = match[1] === undefined ? 10 : Number(match[1])
    const scale = match[2] === undefined ? 0 : Number(match[2])
    if (precision < 1 || precision > 38 || scale < 0 || scale > precision) throw unsupportedType(where, text)
    return decimal(precision, scale)
  }
  if (characterText.test(text) || collatedText.test(text)) return string
  throw unsupportedType(where, text)
}

/** Schema → Delta's schema string, as Spark writes it. */
export const formatSchema = (schema: Schema): string => JSON.stringify(schemaToJson(schema))

export const schemaToJson = (schema: Schema): JsonObject => ({ type: 'struct', fields: schema.fields.map(fieldToJson) })

const fieldToJson = (of: Field): JsonObject => ({
  name: of.name,
  type: typeToJson(of.type),
  nullable: of.nullable,
  metadata: of.metadata ?? {},
})

export function typeToJson(type: DataType): Json {
  switch (type.kind) {
    case 'struct':
      return { type: 'struct', fields: type.fields.map(fieldToJson) }
    case 'list':
      return { type: 'array', elementType: typeToJson(type.element), containsNull: type.elementNullable }
    case 'map':
      return {
        type: 'map',
        keyType: typeToJson(type.key),
        valueType: typeToJson(type.value),
        valueContainsNull: type.valueNullable,
      }
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'int8':
      return 'byte'
    case 'int16':
      return 'short'
    case 'int32':
      return 'integer'
    case 'int64':
      return 'long'
    case 'float32':
      return 'float'
    case 'float64':
      return 'double'
    case 'null':
      return 'void'
    default:
      return type.kind
  }
}

/** The schema without the metadata of its fields, at any depth. */
export const withoutFieldMetadata = (of: Schema): Schema => ({ fields: of.fields.map(plainField) })

const plainField = ({ name, type, nullable }: Field): Field => ({ name, type: plainType(type), nullable })

function plainType(type: DataType): DataType {
  switch (type.kind) {
    case 'struct':
      return { ...type, fields: type.fields.map(plainField) }
    case 'list':
      return { ...type, element: plainType(type.element) }
    case 'map':
      return { ...type, key: plainType(type.key), value: plainType(type.value) }
    default:
      return type
  }
}
