import {
  boolean,
  decimal,
  float64,
  int32,
  int64,
  nullType,
  string,
  type DataType,
  type Value,
} from '@deltaworks/schema'

const isInt32 = (n: number): boolean => Number.isInteger(n) && n >= -2_147_483_648 && n <= 2_147_483_647
const wholeNumber = (value: Value): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)

/** The type of a constant that is given without one. */
export function literalType(value: Value): DataType {
  if (value === null) return nullType
  switch (typeof value) {
    case 'boolean':
      return boolean
    case 'number':
      return wholeNumber(value) ? (isInt32(value) ? int32 : int64) : float64
    case 'bigint':
      return value >= -(2n ** 63n) && value < 2n ** 63n ? int64 : decimal(38, 0)
    case 'string':
      return string
    default:
      return value instanceof Uint8Array
        ? { kind: 'binary' }
        : { kind: 'list', element: nullType, elementNullable: true }
  }
}
/** The value as it is kept of that type. */
export const typedValue = (value: Value): Value => (wholeNumber(value) && !isInt32(value) ? BigInt(value) : value)
