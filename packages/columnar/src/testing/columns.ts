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
  isNested,
  isVariableLength,
  list,
  map,
  nullType,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type DataType,
  type Value,
} from '@deltaworks/schema'
import fc from 'fast-check'
import type { Arena } from '../arena.js'
import { byteWidth, dictionaryColumn, type Column } from '../column.js'
import { readValue } from '../read-values.js'
import { columnFromValues } from '../values.js'

/** Types whose values have an order and an equality of their own. */
export const flatTypes: readonly DataType[] = [
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
  decimal(9, 2),
  decimal(38, 6),
  string,
  binary,
  variant,
]

export const nestedTypes: readonly DataType[] = [
  nullType,
  list(int32),
  list(string),
  list(list(int64)),
  list(float64),
  struct([
    { name: 'a', type: int32, nullable: true },
    { name: 'b', type: string, nullable: true },
    { name: 'c', type: list(boolean), nullable: true },
  ]),
  map(string, decimal(20, 2)),
]

const integers = (bits: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }))
const words = fc.oneof(
  fc.bigInt({ min: -3n, max: 3n }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n),
)
const texts = fc.oneof(
  fc.constantFrom('', 'a', 'a\0', 'b', 'aaaaaaaa', 'aaaaaaaab', 'aaaaaaaa\0', 'é', '\u{1f600}', '\uffff'),
  fc.string({ maxLength: 30 }),
)

/** Values of a type, none null, with small ones (so that some are equal) and extreme ones. */
export function values(type: DataType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'int8':
      return integers(8)
    case 'int16':
      return integers(16)
    case 'int32':
    case 'date':
      return integers(32)
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return words
    case 'float32':
      return fc.oneof(fc.constantFrom(0, -0, 1, -1.5, Number.NaN, Infinity, -Infinity), fc.float())
    case 'float64':
      return fc.oneof(fc.constantFrom(0, -0, 1, -1.5, Number.NaN, Infinity, -Infinity), fc.double())
    case 'decimal': {
      const most = 10n ** BigInt(type.precision) - 1n
      return fc.oneof(fc.bigInt({ min: -3n, max: 3n }), fc.bigInt({ min: -most, max: most }))
    }
    case 'string':
    case 'variant':
      return texts
    case 'binary':
      return fc.oneof(fc.constantFrom(new Uint8Array(0), new Uint8Array([0])), fc.uint8Array({ maxLength: 20 }))
    case 'list':
      return fc.array(nullable(type.element), { maxLength: 3 })
    case 'struct':
      return fc.tuple(...type.fields.map((field) => nullable(field.type)))
    case 'map':
      return fc.array(fc.tuple(values(type.key), nullable(type.value)), { maxLength: 3 })
  }
}

export const nullable = (type: DataType): fc.Arbitrary<Value> =>
  type.kind === 'null' ? fc.constant(null) : fc.option(values(type), { nil: null, freq: 6 })

/** How a column's values stand in memory. */
export type Form = 'plain' | 'slice' | 'dictionary'
export const forms = fc.constantFrom<Form>('plain', 'slice', 'dictionary')

/** A column of the values in a form; types without a dictionary are plain instead. */
export function columnIn(arena: Arena, type: DataType, rows: readonly Value[], form: Form): Column {
  if (form === 'dictionary' && isVariableLength(type)) return dictionaryOf(arena, type, rows)
  if (form !== 'slice') return columnFromValues(arena, type, rows)
  // Eight rows before and three behind that are not the column's.
  const padded = [
    ...rows.slice(0, 8),
    ...new Array<Value>(Math.max(0, 8 - rows.length)).fill(null),
    ...rows,
    null,
    null,
    null,
  ]
  return windowOf(columnFromValues(arena, type, padded), 8, rows.length)
}

/** Rows of a column from `start` (a multiple of 8) on, sharing its memory. */
export function windowOf(column: Column, start: number, length: number): Column {
  const { type } = column
  const shared = {
    ...column,
    length,
    validity: column.validity === 0 ? 0 : column.validity + start / 8,
    nullCount: column.validity === 0 ? 0 : -1,
    offsets: column.offsets === 0 ? 0 : column.offsets + start * 4,
  }
  if (type.kind === 'struct')
    return { ...shared, children: column.children.map((child) => windowOf(child, start, length)) }
  if (isNested(type) || isVariableLength(type) || type.kind === 'null') return shared
  return { ...shared, values: column.values + (type.kind === 'boolean' ? start / 8 : start * byteWidth(type)) }
}

function dictionaryOf(arena: Arena, type: DataType, rows: readonly Value[]): Column {
  const distinct = [...new Map(rows.filter((v) => v !== null).map((v) => [keyOf(v), v])).values()]
  const entries = distinct.length === 0 ? [type.kind === 'binary' ? new Uint8Array(0) : ''] : distinct
  const places = new Map(distinct.map((v, i) => [keyOf(v), i]))
  const dictionary = columnFromValues(arena, type, entries)
  const plain = columnFromValues(arena, type, rows)
  const codes = arena.allocate(rows.length * 4)
  rows.forEach((value, row) => {
    arena.heap.i32[(codes >>> 2) + row] = value === null ? 0 : places.get(keyOf(value))!
  })
  return dictionaryColumn(dictionary, rows.length, codes, plain.validity, plain.nullCount)
}

export const valuesOf = (arena: Arena, column: Column): Value[] =>
  Array.from({ length: column.length }, (_, row) => readValue(arena.heap, column, row))

/** Text that is equal for values that are equal as keys: null = null, NaN = NaN, -0 = 0. */
export function keyOf(value: Value): string {
  if (value === null) return 'null'
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(keyOf).join(',')}]`
  if (typeof value === 'number') return `n${value === 0 ? 0 : value}`
  return typeof value === 'string' ? JSON.stringify(value) : `${typeof value}${String(value)}`
}

export const rowKey = (row: readonly Value[]): string => row.map(keyOf).join('|')
