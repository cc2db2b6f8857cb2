import { field, list, map, nullType, scalarType, struct, type DataType, type Field } from '@deltaworks/schema'
import type { TokenReader } from './token-reader.js'

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
    case 'VOID':
      return nullType
    default: {
      const numbers = reader.sees('(') ? reader.list(() => reader.number()) : []
      const scalar = scalarType(name, numbers)
      if (scalar === null) throw reader.unexpected(`A type (there is none of the name ${name}) `)
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
