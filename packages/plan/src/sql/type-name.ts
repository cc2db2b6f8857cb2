import { list, nearest, parseDataType, scalarType, typeNames, type DataType } from '@deltaworks/schema'
import type { TypeName } from 'libpg-query'
import { sqlInvalid } from '../errors.js'
import type { SqlText } from './sql-text.js'
import { namesOf } from './syntax-tree.js'

/**
 * Type names of PostgreSQL, Spark, Redshift and DuckDB. `timestamp` is an instant, as in Spark; a wall clock reading is
 * `timestamp_ntz`. Lengths of char and varchar are not enforced.
 * @throws PlanError DW-PLAN-0024 for a type that there is not
 */
export function dataTypeOf(of: TypeName, text: SqlText): DataType {
  const name = namesOf(of.names).at(-1) ?? ''
  const position = text.position(of.location)
  const element = /[<(]/.test(name) ? parsed(name) : scalarType(name, numbersOf(of))
  if (element === null) throw sqlInvalid(`There is no type "${name}"${nearest(name, typeNames)}`, position)
  return (of.arrayBounds ?? []).reduce<DataType>((inner) => list(inner), element)
}

/** The numbers in the brackets; none where one is not plain (an interval's fields). */
function numbersOf({ typmods = [] }: TypeName): readonly number[] {
  return typmods.map((node) =>
    'A_Const' in node && 'ival' in node.A_Const ? (node.A_Const.ival?.ival ?? 0) : Number.NaN,
  )
}

function parsed(name: string): DataType | null {
  try {
    return parseDataType(name)
  } catch {
    return null
  }
}
