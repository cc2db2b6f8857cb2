import type { Column, Heap } from '@deltaworks/columnar'
import { readValue } from '@deltaworks/columnar'
import type { DataType, Value } from '@deltaworks/schema'
import type * as DuckDb from '@duckdb/node-api'
import { duckDbDriver } from './duckdb-driver.js'

type DuckValue = DuckDb.DuckDBValue

/** How values of a type become DuckDB's; chosen once a column. */
export function converterTo(type: DataType): (value: Value) => DuckValue {
  const api = duckDbDriver()
  const orNull =
    <T extends Value>(convert: (value: T) => DuckValue) =>
    (value: Value): DuckValue =>
      value === null ? null : convert(value as T)
  switch (type.kind) {
    case 'decimal':
      return orNull((value: bigint) => new api.DuckDBDecimalValue(value, type.precision, type.scale))
    case 'date':
      return orNull((value: number) => new api.DuckDBDateValue(value))
    case 'timestamp':
      return orNull((value: bigint) => new api.DuckDBTimestampTZValue(value))
    case 'timestamp_ntz':
      return orNull((value: bigint) => new api.DuckDBTimestampValue(value))
    case 'binary':
      return orNull((value: Uint8Array) => new api.DuckDBBlobValue(value))
    case 'list': {
      const element = converterTo(type.element)
      return orNull((value: readonly Value[]) => new api.DuckDBListValue(value.map(element)))
    }
    case 'map': {
      const [key, member] = [converterTo(type.key), converterTo(type.value)]
      return orNull(
        (value: readonly (readonly Value[])[]) =>
          new api.DuckDBMapValue(value.map(([k, v]) => ({ key: key(k!), value: member(v!) }))),
      )
    }
    case 'struct': {
      const members = type.fields.map((field) => ({ name: field.name, convert: converterTo(field.type) }))
      return orNull(
        (value: readonly Value[]) =>
          new api.DuckDBStructValue(
            Object.fromEntries(members.map(({ name, convert }, i) => [name, convert(value[i] ?? null)])),
          ),
      )
    }
    default:
      return (value) => value as DuckValue
  }
}

/** DuckDB's type for a column of the appender. */
export function duckDbType(type: DataType): DuckDb.DuckDBType {
  const api = duckDbDriver()
  switch (type.kind) {
    case 'boolean':
      return api.BOOLEAN
    case 'int8':
      return api.TINYINT
    case 'int16':
      return api.SMALLINT
    case 'int32':
    case 'null':
      return api.INTEGER
    case 'int64':
      return api.BIGINT
    case 'float32':
      return api.FLOAT
    case 'float64':
      return api.DOUBLE
    case 'decimal':
      return api.DECIMAL(type.precision, type.scale)
    case 'string':
    case 'variant':
      return api.VARCHAR
    case 'binary':
      return api.BLOB
    case 'date':
      return api.DATE
    case 'timestamp':
      return api.TIMESTAMPTZ
    case 'timestamp_ntz':
      return api.TIMESTAMP
    case 'list':
      return api.LIST(duckDbType(type.element))
    case 'map':
      return api.MAP(duckDbType(type.key), duckDbType(type.value))
    case 'struct':
      return api.STRUCT(Object.fromEntries(type.fields.map((field) => [field.name, duckDbType(field.type)])))
  }
}

/** Rows [start, end) of a column. */
export function columnValues(
  heap: Heap,
  column: Column,
  start: number,
  end: number,
  convert: (value: Value) => DuckValue,
): DuckValue[] {
  const values = new Array<DuckValue>(end - start)
  for (let row = start; row < end; row++) values[row - start] = convert(readValue(heap, column, row))
  return values
}
