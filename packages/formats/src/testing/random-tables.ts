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
  string,
  struct,
  timestamp,
  timestampNtz,
  type DataType,
  type Field,
  type Schema,
  type Value,
} from '@deltaworks/schema'
import fc from 'fast-check'

/* Tables of any types with any values, for tests. */

export const leafType: fc.Arbitrary<DataType> = fc.constantFrom(
  boolean,
  int8,
  int16,
  int32,
  int64,
  float32,
  float64,
  date,
  timestamp,
  timestampNtz,
  decimal(5, 2),
  decimal(18, 4),
  decimal(38, 10),
  string,
  binary,
)

const typeOf = (depth: number): fc.Arbitrary<DataType> =>
  depth === 0
    ? leafType
    : fc.oneof(
        { weight: 3, arbitrary: leafType },
        { weight: 1, arbitrary: fc.tuple(typeOf(depth - 1), fc.boolean()).map(([of, nullable]) => list(of, nullable)) },
        {
          weight: 1,
          arbitrary: fc.tuple(typeOf(depth - 1), fc.boolean()).map(([of, nullable]) => map(string, of, nullable)),
        },
        { weight: 1, arbitrary: fieldsOf(depth - 1).map((fields) => struct(fields)) },
      )

const fieldsOf = (depth: number): fc.Arbitrary<Field[]> =>
  fc
    .array(fc.tuple(typeOf(depth), fc.boolean()), { minLength: 1, maxLength: 4 })
    .map((types) => types.map(([type, nullable], i) => field(`c${i}`, type, nullable)))

const digits = (precision: number): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n })

function valueOf(type: DataType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -32_768, max: 32_767 })
    case 'int32':
    case 'date':
      return fc.oneof(fc.integer(), fc.integer({ min: 0, max: 3 }))
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: 0n, max: 3n }))
    case 'float32':
      return fc.float()
    case 'float64':
      return fc.double()
    case 'decimal':
      return fc.oneof(digits(type.precision), digits(1))
    case 'binary':
      return fc.uint8Array({ maxLength: 40 })
    case 'list':
      return fc.array(orNull(type.element, type.elementNullable), { maxLength: 4 })
    case 'map':
      return fc.array(fc.tuple(fc.string(), orNull(type.value, type.valueNullable)), { maxLength: 3 })
    case 'struct':
      return fc.tuple(...type.fields.map((member) => orNull(member.type, member.nullable)))
    default:
      return fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constantFrom('a', 'b', ''))
  }
}

export const orNull = (type: DataType, nullable: boolean): fc.Arbitrary<Value> =>
  nullable ? fc.option(valueOf(type), { freq: 3 }) : valueOf(type)

/** @param depth of lists, maps and structs in each other */
export const tableOf = (depth: number): fc.Arbitrary<{ schema: Schema; rows: Value[][] }> =>
  fieldsOf(depth).chain((fields) =>
    fc
      .array(fc.tuple(...fields.map((f) => orNull(f.type, f.nullable))), { maxLength: 120 })
      .map((rows) => ({ schema: { fields }, rows: rows as Value[][] })),
  )
