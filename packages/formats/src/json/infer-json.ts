import {
  boolean,
  decimal,
  field,
  float64,
  int64,
  list,
  nullType,
  string,
  struct,
  typesEqual,
  type DataType,
  type Field,
  type Schema,
} from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { invalidCsvOption } from '../errors.js'
import type { JsonReadOptions } from './json-options.js'
import { jsonRecord } from './json-record.js'
import { jsonRecords } from './json-records.js'
import { NumberText, type JsonObject, type JsonValue } from './json-text.js'

/** Bytes at the start of a file that the schema is inferred from, if no `samplingRatio` asks for more. */
const sampleBytes = 1024 * 1024

/**
 * A schema for the objects of a file (JSON lines, or an array): every member that occurs, null where it does not. Malformed
 * records say nothing: reading tells about them.
 */
export async function inferJsonSchema(
  store: ObjectStore,
  path: string,
  options: JsonReadOptions = {},
): Promise<Schema> {
  const { samplingRatio } = options
  if (samplingRatio !== undefined && !(samplingRatio > 0 && samplingRatio <= 1))
    throw invalidCsvOption('samplingRatio', samplingRatio, 'above 0 and at most 1')
  const { sizeBytes } = await store.head(path)
  const file = { store, path, sizeBytes, byteRange: null }
  let type: DataType = struct([])
  for await (const source of jsonRecords(file, options)) {
    if (samplingRatio === undefined && source.offset > sampleBytes) break
    // Evenly over the file: a record is looked at where the part of them passes another whole number.
    const ratio = samplingRatio ?? 1
    if (source.row > 0 && Math.floor((source.row + 1) * ratio) === Math.floor(source.row * ratio)) continue
    const record = 'bytes' in source ? jsonRecord(source, options) : source
    if (record.damage === null && isObject(record.value)) type = common(type, typeOf(record.value, options))
  }
  return { fields: type.kind === 'struct' ? fieldsWithoutNull(type.fields, options) : [] }
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)

function typeOf(value: JsonValue, options: JsonReadOptions): DataType {
  if (value === null) return nullType
  if (typeof value === 'string') return string
  if (Array.isArray(value)) {
    return list((value as readonly JsonValue[]).map((item) => typeOf(item, options)).reduce(common, nullType))
  }
  if (isObject(value)) {
    return struct(Object.entries(value).map(([name, member]) => field(name, typeOf(member, options))))
  }
  if (options.primitivesAsString === true) return string
  if (typeof value === 'boolean') return boolean
  return numberType(value instanceof NumberText ? value.text : String(value), options.prefersDecimal ?? false)
}

/** Whole numbers beyond 64 bits are decimals, so that they stay exact. */
function numberType(text: string, prefersDecimal: boolean): DataType {
  const match = /^-?(\d+)(?:\.(\d+))?$/.exec(text)
  if (match === null) return float64
  const [, whole, fraction] = match
  const digits = whole!.replace(/^0+/, '')
  if (fraction === undefined) {
    if (BigInt.asIntN(64, BigInt(text)) === BigInt(text)) return int64
    return digits.length <= 38 ? decimal(digits.length, 0) : float64
  }
  const precision = Math.max(1, digits.length + fraction.length)
  return prefersDecimal && precision <= 38 ? decimal(precision, fraction.length) : float64
}

/** The narrowest type that holds both; text if nothing else does. */
function common(a: DataType, b: DataType): DataType {
  if (a.kind === 'null') return b
  if (b.kind === 'null' || typesEqual(a, b)) return a
  if (a.kind === 'list' && b.kind === 'list') return list(common(a.element, b.element))
  if (a.kind === 'struct' && b.kind === 'struct') {
    const members = new Map(a.fields.map((f) => [f.name, f.type]))
    for (const { name, type } of b.fields) members.set(name, common(members.get(name) ?? nullType, type))
    return struct([...members].map(([name, type]) => field(name, type)))
  }
  const [first, second] = [digitsOf(a), digitsOf(b)]
  if (first === null || second === null) return string
  if (a.kind === 'float64' || b.kind === 'float64') return float64
  const scale = Math.max(first.scale, second.scale)
  const precision = Math.max(first.whole, second.whole) + scale
  return precision <= 38 ? decimal(precision, scale) : float64
}

function digitsOf(type: DataType): { readonly whole: number; readonly scale: number } | null {
  if (type.kind === 'int64') return { whole: 19, scale: 0 }
  if (type.kind === 'decimal') return { whole: type.precision - type.scale, scale: type.scale }
  return type.kind === 'float64' ? { whole: 0, scale: 0 } : null
}

/** Members that were null in every record are text, or left out. */
const fieldsWithoutNull = (
  fields: readonly { readonly name: string; readonly type: DataType }[],
  options: JsonReadOptions,
): Field[] =>
  fields
    .filter(({ type }) => options.dropFieldIfAllNull !== true || !isAllNull(type))
    .map(({ name, type }) => field(name, withoutNull(type, options)))

const isAllNull = (type: DataType): boolean =>
  type.kind === 'null' ||
  (type.kind === 'list' && isAllNull(type.element)) ||
  (type.kind === 'struct' && type.fields.every((f) => isAllNull(f.type)))

function withoutNull(type: DataType, options: JsonReadOptions): DataType {
  switch (type.kind) {
    case 'null':
      return string
    case 'list':
      return list(withoutNull(type.element, options))
    case 'struct':
      return struct(fieldsWithoutNull(type.fields, options))
    default:
      return type
  }
}
