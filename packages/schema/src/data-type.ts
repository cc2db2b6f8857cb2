/**
 * Logical types. Values in JavaScript (`Value`), where a single one is needed:
 * int8…int32, float, date (days since 1970-01-01) are numbers; int64, timestamp and timestamp_ntz (microseconds since the
 * epoch) and decimal (the unscaled integer) are bigints; string is a string, binary a Uint8Array, list and struct arrays,
 * map an array of [key, value] pairs.
 */
export type DataType =
  | NullType
  | BooleanType
  | IntegerType
  | FloatType
  | DecimalType
  | StringType
  | BinaryType
  | DateType
  | TimestampType
  | VariantType
  | ListType
  | StructType
  | MapType

/** The type of a bare NULL, and of Delta's `void` columns. */
export interface NullType {
  readonly kind: 'null'
}
export interface BooleanType {
  readonly kind: 'boolean'
}
export interface IntegerType<K extends IntegerKind = IntegerKind> {
  readonly kind: K
}
type IntegerKind = 'int8' | 'int16' | 'int32' | 'int64'
export interface FloatType {
  readonly kind: 'float32' | 'float64'
}
/** An exact number of up to 38 digits, `scale` of them after the point; 0 <= scale <= precision <= 38. */
export interface DecimalType {
  readonly kind: 'decimal'
  readonly precision: number
  readonly scale: number
}
export interface StringType {
  readonly kind: 'string'
}
export interface BinaryType {
  readonly kind: 'binary'
}
export interface DateType {
  readonly kind: 'date'
}
/** `timestamp` is an instant (shown in the session's zone); `timestamp_ntz` is a wall clock reading without a zone. */
export interface TimestampType {
  readonly kind: 'timestamp' | 'timestamp_ntz'
}
/** Semi-structured data; in memory its JSON text. */
export interface VariantType {
  readonly kind: 'variant'
}
export interface ListType {
  readonly kind: 'list'
  readonly element: DataType
  readonly elementNullable: boolean
}
export interface StructType {
  readonly kind: 'struct'
  readonly fields: readonly Field[]
}
export interface MapType {
  readonly kind: 'map'
  readonly key: DataType
  readonly value: DataType
  readonly valueNullable: boolean
}

export type TypeKind = DataType['kind']

/** A named, typed column of a schema or member of a struct. `metadata` is Delta's field metadata, kept as it is. */
export interface Field {
  readonly name: string
  readonly type: DataType
  readonly nullable: boolean
  readonly metadata?: Readonly<Record<string, Json>>
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** A single value of any type; see `DataType` for which JavaScript type stands for which logical type. */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[]

export const nullType: NullType = { kind: 'null' }
export const boolean: BooleanType = { kind: 'boolean' }
export const int8: IntegerType<'int8'> = { kind: 'int8' }
export const int16: IntegerType<'int16'> = { kind: 'int16' }
export const int32: IntegerType<'int32'> = { kind: 'int32' }
export const int64: IntegerType<'int64'> = { kind: 'int64' }
export const float32: FloatType = { kind: 'float32' }
export const float64: FloatType = { kind: 'float64' }
export const string: StringType = { kind: 'string' }
export const binary: BinaryType = { kind: 'binary' }
export const date: DateType = { kind: 'date' }
export const timestamp: TimestampType = { kind: 'timestamp' }
export const timestampNtz: TimestampType = { kind: 'timestamp_ntz' }
export const variant: VariantType = { kind: 'variant' }
export const decimal = (precision: number, scale: number): DecimalType => ({ kind: 'decimal', precision, scale })
export const list = (element: DataType, elementNullable = true): ListType => ({
  kind: 'list',
  element,
  elementNullable,
})
export const struct = (fields: readonly Field[]): StructType => ({ kind: 'struct', fields })
export const map = (key: DataType, value: DataType, valueNullable = true): MapType => ({
  kind: 'map',
  key,
  value,
  valueNullable,
})

/**
 * A duration: months, days and microseconds, which are not so many of one another. In memory a struct of that shape, so that it
 * goes wherever structs go.
 */
export const interval: StructType = struct([
  { name: 'months', type: int32, nullable: false },
  { name: 'days', type: int32, nullable: false },
  { name: 'micros', type: int64, nullable: false },
])
export const isInterval = (type: DataType): boolean =>
  type.kind === 'struct' &&
  type.fields.length === 3 &&
  type.fields.every((f, i) => f.name === interval.fields[i]!.name && f.type.kind === interval.fields[i]!.type.kind)

/** Decimals of up to this precision travel as one int64; wider ones as two words (128 bits, little endian). */
export const maxInt64DecimalPrecision = 18

export const isInteger = (type: DataType): type is IntegerType =>
  type.kind === 'int8' || type.kind === 'int16' || type.kind === 'int32' || type.kind === 'int64'
export const isFloat = (type: DataType): type is FloatType => type.kind === 'float32' || type.kind === 'float64'
export const isNumeric = (type: DataType): type is IntegerType | FloatType | DecimalType =>
  isInteger(type) || isFloat(type) || type.kind === 'decimal'
export const isTimestamp = (type: DataType): type is TimestampType =>
  type.kind === 'timestamp' || type.kind === 'timestamp_ntz'
export const isNested = (type: DataType): type is ListType | StructType | MapType =>
  type.kind === 'list' || type.kind === 'struct' || type.kind === 'map'
/** Whether the type's values are of variable length: offsets and bytes in memory. */
export const isVariableLength = (type: DataType): type is StringType | BinaryType | VariantType =>
  type.kind === 'string' || type.kind === 'binary' || type.kind === 'variant'

export function typesEqual(a: DataType, b: DataType): boolean {
  if (a.kind !== b.kind) return false
  switch (a.kind) {
    case 'decimal':
      return a.precision === (b as DecimalType).precision && a.scale === (b as DecimalType).scale
    case 'list':
      return a.elementNullable === (b as ListType).elementNullable && typesEqual(a.element, (b as ListType).element)
    case 'map':
      return (
        a.valueNullable === (b as MapType).valueNullable &&
        typesEqual(a.key, (b as MapType).key) &&
        typesEqual(a.value, (b as MapType).value)
      )
    case 'struct': {
      const other = (b as StructType).fields
      return (
        a.fields.length === other.length &&
        a.fields.every((field, i) => {
          const twin = other[i]!
          return field.name === twin.name && field.nullable === twin.nullable && typesEqual(field.type, twin.type)
        })
      )
    }
    default:
      return true
  }
}

/** The type as SQL and our messages write it: `bigint`, `decimal(12,2)`, `array<string>`. */
export function typeName(type: DataType): string {
  switch (type.kind) {
    case 'null':
      return 'void'
    case 'int8':
      return 'tinyint'
    case 'int16':
      return 'smallint'
    case 'int32':
      return 'int'
    case 'int64':
      return 'bigint'
    case 'float32':
      return 'float'
    case 'float64':
      return 'double'
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'list':
      return `array<${typeName(type.element)}>`
    case 'map':
      return `map<${typeName(type.key)},${typeName(type.value)}>`
    case 'struct':
      if (isInterval(type)) return 'interval'
      return `struct<${type.fields.map((f) => `${f.name}:${typeName(f.type)}`).join(',')}>`
    default:
      return type.kind
  }
}
