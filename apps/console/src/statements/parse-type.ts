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
  nullType,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type DataType,
  type Field,
} from '@deltaworks/schema'
import type { TokenReader } from './token-reader.js'

const scalars: Readonly<Record<string, DataType>> = {
  BOOLEAN: boolean,
  TINYINT: int8,
  BYTE: int8,
  SMALLINT: int16,
  SHORT: int16,
  INT: int32,
  INTEGER: int32,
  BIGINT: int64,
  LONG: int64,
  FLOAT: float32,
  REAL: float32,
  DOUBLE: float64,
  STRING: string,
  TEXT: string,
  BINARY: binary,
  DATE: date,
  TIMESTAMP: timestamp,
  TIMESTAMP_LTZ: timestamp,
  TIMESTAMP_NTZ: timestampNtz,
  VARIANT: variant,
  VOID: nullType,
}

/** A type as Spark's DDL writes it. */
export function parseType(reader: TokenReader): DataType {
  const name = reader.identifier('A type').toUpperCase()
  switch (name) {
    case 'ARRAY': {
      reader.expect('<')
      const element = parseType(reader)
      reader.expect('>')
      return list(element)
    }
    case 'MAP': {
      reader.expect('<')
      const key = parseType(reader)
      reader.expect(',')
      const value = parseType(reader)
      reader.expect('>')
      return map(key, value)
    }
    case 'STRUCT':
      return parseStruct(reader)
    case 'DECIMAL':
    case 'DEC':
    case 'NUMERIC': {
      const [precision = 10, scale = 0] = reader.sees('(') ? reader.list(() => reader.number()) : []
      return decimal(precision, scale)
    }
    case 'VARCHAR':
    case 'CHAR':
      if (reader.sees('(')) reader.list(() => reader.number())
      return string
    default: {
      const scalar = scalars[name]
      if (scalar === undefined) throw reader.unexpected(`A type (there is none of the name ${name}) `)
      return scalar
    }
  }
}

function parseStruct(reader: TokenReader): DataType {
  reader.expect('<')
  const fields: Field[] = []
  do {
    const name = reader.identifier('A member of a struct')
    reader.takes(':')
    const type = parseType(reader)
    const nullable = !reader.takes('NOT NULL')
    const comment = reader.takes('COMMENT') ? reader.string() : null
    fields.push(comment === null ? field(name, type, nullable) : field(name, type, nullable, { comment }))
  } while (reader.takes(','))
  reader.expect('>')
  return struct(fields)
}
