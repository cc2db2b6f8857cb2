import {
  binary,
  boolean,
  date,
  decimal,
  float32,
  float64,
  int16,
  int32,
  int64,
  int8,
  list,
  string,
  timestamp,
  timestampNtz,
  variant,
  type DataType,
} from '@deltaworks/schema'
import type { TypeName } from 'libpg-query'
import { sqlInvalid, sqlUnsupported } from '../errors.js'
import { nearest } from '@deltaworks/schema'
import type { SqlText } from './sql-text.js'
import { namesOf } from './syntax-tree.js'

/**
 * Type names of PostgreSQL, Spark and Redshift. `timestamp` is an instant, as in Spark; a wall clock reading is
 * `timestamp_ntz`. `decimal` alone is decimal(10,0), as in Spark. Lengths of char and varchar are not enforced.
 */
const types: Readonly<Record<string, DataType>> = {
  bool: boolean,
  boolean,
  tinyint: int8,
  byte: int8,
  int1: int8,
  int2: int16,
  smallint: int16,
  short: int16,
  int: int32,
  int4: int32,
  integer: int32,
  int8: int64,
  bigint: int64,
  long: int64,
  float4: float32,
  float: float32,
  real: float32,
  float8: float64,
  double: float64,
  text: string,
  string,
  varchar: string,
  bpchar: string,
  char: string,
  bytea: binary,
  binary,
  varbinary: binary,
  varbyte: binary,
  date,
  timestamp,
  timestamptz: timestamp,
  timestamp_ltz: timestamp,
  timestamp_ntz: timestampNtz,
  variant,
  super: variant,
}

/** @throws PlanError DW-PLAN-0024 for a type that there is not, DW-PLAN-0021 for one that cannot stand here */
export function dataTypeOf(of: TypeName, text: SqlText): DataType {
  const name = namesOf(of.names).at(-1) ?? ''
  const position = text.position(of.location)
  const numbers = (of.typmods ?? []).map((node) =>
    'A_Const' in node && 'ival' in node.A_Const ? (node.A_Const.ival?.ival ?? 0) : null,
  )
  const element = scalarType(name, numbers)
  if (element === null) {
    if (name === 'interval') {
      throw sqlUnsupported('The type interval, but in date arithmetic with a literal,', position)
    }
    const known = [...Object.keys(types), 'decimal']
    throw sqlInvalid(`There is no type "${name}"${nearest(name, known)}`, position)
  }
  return (of.arrayBounds ?? []).reduce<DataType>((inner) => list(inner), element)
}

function scalarType(name: string, numbers: readonly (number | null)[]): DataType | null {
  if (name === 'numeric' || name === 'decimal' || name === 'dec') {
    const [precision = 10, scale = 0] = numbers
    if (precision === null || scale === null) return null
    return precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision ? decimal(precision, scale) : null
  }
  return types[name] ?? null
}
