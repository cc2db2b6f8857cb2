import type { DataType, Value } from '@deltaworks/schema'
import { invalid, parseValue, type ValueFormat } from '../csv/parse-value.js'
import { jsonText, NumberText, type JsonObject, type JsonValue } from './json-text.js'

/** A JSON value as a value of a type; numbers may also stand in strings, anything may become a string. */
export function jsonToValue(type: DataType, value: JsonValue | undefined, format: ValueFormat): Value | typeof invalid {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'null':
      return null
    case 'string':
      return typeof value === 'string' ? value : jsonText(value)
    case 'variant':
      return jsonText(value)
    case 'binary':
      return typeof value === 'string' ? Uint8Array.from(Buffer.from(value, 'base64')) : invalid
    case 'boolean':
      return typeof value === 'boolean' ? value : typeof value === 'string' ? parseValue(type, value, format) : invalid
    case 'date':
    case 'timestamp':
    case 'timestamp_ntz':
      return typeof value === 'string' ? parseValue(type, value, format) : invalid
    case 'list':
      return Array.isArray(value)
        ? all((value as readonly JsonValue[]).map((item) => jsonToValue(type.element, item, format)))
        : invalid
    case 'struct': {
      if (!isObject(value)) return invalid
      return all(type.fields.map((field) => jsonToValue(field.type, memberOf(value, field.name), format)))
    }
    case 'map': {
      if (!isObject(value)) return invalid
      const pairs = Object.entries(value).map(([key, item]) =>
        all([jsonToValue(type.key, key, format), jsonToValue(type.value, item, format)]),
      )
      return all(pairs)
    }
    default:
      if (typeof value === 'number') return parseValue(type, String(value), format)
      if (value instanceof NumberText) return parseValue(type, value.text, format)
      return typeof value === 'string' ? parseValue(type, value, format) : invalid
  }
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)

/** The value itself only if none of its parts is invalid. */
const all = (values: readonly (Value | typeof invalid)[]): Value | typeof invalid =>
  values.includes(invalid) ? invalid : (values as readonly Value[])

/** A member by its name; one that differs in case alone counts if there is no other. */
export function memberOf(object: JsonObject, name: string): JsonValue | undefined {
  if (Object.hasOwn(object, name)) return object[name]
  const lower = name.toLowerCase()
  const key = Object.keys(object).find((candidate) => candidate.toLowerCase() === lower)
  return key === undefined ? undefined : object[key]
}

export { isObject as isJsonObject }
