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
  interval,
  list,
  schema,
  string,
  timestamp,
  timestampNtz,
  variant,
  type BigintValue,
  type DataType,
  type DateValue,
  type DecimalValue,
  type FloatValue,
  type IntegerValue,
  type KindOfValue,
  type NestedValue,
  type TimestampValue,
  type ValueKind,
  type VariantValue,
} from '@deltaworks/schema'
import type { DataFrame } from '../data-frame.js'
import { values } from '../frame-source.js'

/** A column of every type, those that end in `_or_null` may be null. */
export interface EveryType {
  readonly tiny: IntegerValue
  readonly small: IntegerValue
  readonly int: IntegerValue
  readonly int_or_null: IntegerValue | null
  readonly long: BigintValue
  readonly long_or_null: BigintValue | null
  readonly single: FloatValue
  readonly double: FloatValue
  readonly double_or_null: FloatValue | null
  readonly price: DecimalValue
  readonly price_or_null: DecimalValue | null
  readonly huge: DecimalValue
  readonly flag: boolean
  readonly flag_or_null: boolean | null
  readonly text: string
  readonly text_or_null: string | null
  readonly bytes: Uint8Array
  readonly day: DateValue
  readonly day_or_null: DateValue | null
  readonly moment: TimestampValue
  readonly moment_or_null: TimestampValue | null
  readonly clock: TimestampValue
  readonly json: VariantValue
  readonly duration: NestedValue
  readonly numbers: NestedValue
}

const types: Readonly<Record<Exclude<keyof EveryType, `${string}_or_null`>, DataType>> = {
  tiny: int8,
  small: int16,
  int: int32,
  long: int64,
  single: float32,
  double: float64,
  price: decimal(12, 2),
  huge: decimal(38, 4),
  flag: boolean,
  text: string,
  bytes: binary,
  day: date,
  moment: timestamp,
  clock: timestampNtz,
  json: variant,
  duration: interval,
  numbers: list(int32),
}
const orNull = ['int', 'long', 'double', 'price', 'flag', 'text', 'day', 'moment'] as const

export const everyType = values<EveryType>(
  schema([
    ...Object.entries(types).map(([name, type]) => field(name, type, false)),
    ...orNull.map((name) => field(`${name}_or_null`, types[name])),
  ]),
  [],
)

/** The kind that values of a type are of; null of a bare NULL. */
export function kindOfType(type: DataType): ValueKind | null {
  switch (type.kind) {
    case 'null':
      return null
    case 'int8':
    case 'int16':
    case 'int32':
      return 'integer'
    case 'int64':
      return 'bigint'
    case 'float32':
    case 'float64':
      return 'float'
    case 'timestamp_ntz':
      return 'timestamp'
    case 'list':
    case 'struct':
    case 'map':
      return 'nested'
    default:
      return type.kind
  }
}

/** What a frame's type says of its columns: of each its kind, and whether it may be null. */
export type ToldColumns<Row> = {
  readonly [K in keyof Row]-?: readonly [kind: KindOfValue<Row[K]>, nullable: null extends Row[K] ? true : false]
}

/**
 * Whether a frame is as its type says: the compiler demands of `told` that it is what the type says, this compares it with the
 * plan's schema. A column that is said to be null may be so never; one that may be null must be said to be.
 * @returns what differs, empty if nothing does
 */
export function differences<Row extends object>(frame: DataFrame<Row>, told: ToldColumns<Row>): string[] {
  const said = new Map<string, readonly [kind: string, nullable: boolean]>(Object.entries(told))
  const found = frame.schema.fields.flatMap(({ name, type, nullable }) => {
    const column = said.get(name)
    said.delete(name)
    if (column === undefined) return [`${name} is there`]
    if (column[0] !== kindOfType(type)) return [`${name} is ${type.kind}, said to be ${column[0]}`]
    return nullable && !column[1] ? [`${name} may be null`] : []
  })
  return [...found, ...[...said.keys()].map((name) => `${name} is missing`)]
}
