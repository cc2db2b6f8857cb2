import { field, float64, int64, list, map, string, struct, type Field, type Json, type Value } from '@deltaworks/schema'
import { corruptAvro, unsupportedAvro } from '../errors.js'
import type { AvroCursor } from './avro-cursor.js'
import { enumReader, fixedReader, logicalReader, primitiveReader, type AvroReader } from './avro-reader.js'

type Named = Readonly<Record<string, Json>>

const mostDepth = 100
const valueName = 'value'

/** The columns of a file's rows, with how they are read, in the order in which a row has them. A schema that is no record is one column. */
export const avroColumns = (path: string, schema: Json): readonly AvroColumn[] => new SchemaReader(path).rows(schema)

export interface AvroColumn {
  readonly name: string
  readonly reader: AvroReader
}

export const columnField = ({ name, reader }: AvroColumn): Field => field(name, reader.type, reader.nullable)

const isObject = (json: Json | undefined): json is Named =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** Turns a schema into readers; names are known once they were defined. */
class SchemaReader {
  readonly #path: string
  /** Null: it is being defined. */
  readonly #named = new Map<string, AvroReader | null>()

  constructor(path: string) {
    this.#path = path
  }

  rows(schema: Json): readonly AvroColumn[] {
    if (!isObject(schema) || schema['type'] !== 'record')
      return [{ name: valueName, reader: this.reader(schema, '', 0) }]
    let columns: readonly AvroColumn[] = []
    this.#define(schema, '', (namespace) => recordReader((columns = this.#columns(schema, namespace, 0))))
    return columns
  }

  reader(schema: Json | undefined, namespace: string, depth: number): AvroReader {
    if (depth > mostDepth) throw unsupportedAvro(this.#path, `types that are nested more than ${mostDepth} deep`)
    if (typeof schema === 'string') return primitiveReader(schema) ?? this.#known(schema, namespace)
    if (Array.isArray(schema)) return this.#union(schema as readonly Json[], namespace, depth + 1)
    if (!isObject(schema)) throw this.#wrong(`${JSON.stringify(schema)} is no type`)
    const base = this.#plain(schema, namespace, depth)
    const logical = schema['logicalType']
    return typeof logical === 'string' ? logicalReader(logical, base, schema) : base
  }

  #plain(schema: Named, namespace: string, depth: number): AvroReader {
    const { type } = schema
    switch (type) {
      case 'record':
      case 'error':
        return this.#define(schema, namespace, (inner) => recordReader(this.#columns(schema, inner, depth)))
      case 'enum':
        return this.#define(schema, namespace, () => enumReader(this.#symbols(schema)))
      case 'fixed':
        return this.#define(schema, namespace, () => fixedReader(this.#size(schema)))
      case 'array':
        return arrayReader(this.reader(schema['items'], namespace, depth + 1))
      case 'map':
        return mapReader(this.reader(schema['values'], namespace, depth + 1))
      default:
        return this.reader(type, namespace, depth + 1)
    }
  }

  #columns(schema: Named, namespace: string, depth: number): readonly AvroColumn[] {
    const { fields } = schema
    if (!Array.isArray(fields)) throw this.#wrong('a record has no fields')
    return (fields as readonly Json[]).map((member) => {
      if (!isObject(member) || typeof member['name'] !== 'string') throw this.#wrong('a field has no name')
      return { name: member['name'], reader: this.reader(member['type'], namespace, depth + 1) }
    })
  }

  /** What a named type is. It may be named again, but not in itself: such values have no bound. */
  #define({ name, namespace: own }: Named, outer: string, make: (namespace: string) => AvroReader): AvroReader {
    if (typeof name !== 'string') throw this.#wrong('a named type has no name')
    const full = fullName(name, typeof own === 'string' ? own : outer)
    this.#named.set(full, null)
    const made = make(full.slice(0, Math.max(0, full.lastIndexOf('.'))))
    this.#named.set(full, made)
    return made
  }

  #known(name: string, namespace: string): AvroReader {
    const found = this.#named.get(fullName(name, namespace)) ?? this.#named.get(name)
    if (found !== undefined && found !== null) return found
    if (found === null || this.#named.has(fullName(name, namespace)))
      throw unsupportedAvro(this.#path, `the type "${name}", which holds values of itself`)
    throw this.#wrong(`the type "${name}" is not known`)
  }

  #symbols({ symbols }: Named): readonly string[] {
    if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string'))
      throw this.#wrong('an enum has no symbols')
    return symbols as readonly string[]
  }

  #size({ size }: Named): number {
    if (!Number.isInteger(size) || Number(size) < 0) throw this.#wrong('a fixed type has no size')
    return Number(size)
  }

  /**
   * As Spark has it: of null and another type it is that type; of int and long a long; of float and double a double; of others a
   * struct with a member a branch, all null but one.
   */
  #union(branches: readonly Json[], namespace: string, depth: number): AvroReader {
    const readers = branches.map((branch) => this.reader(branch, namespace, depth))
    if (readers.length === 0) throw this.#wrong('a union is empty')
    const members = readers.flatMap((of, index) => (of.type.kind === 'null' ? [] : [{ of, index }]))
    const nullable = members.length < readers.length || members.some(({ of }) => of.nullable)
    const kinds = new Set(members.map(({ of }) => of.type.kind))
    const leastBytes = 1 + Math.min(...readers.map((of) => of.leastBytes))
    const choose = (cursor: AvroCursor): number => {
      const branch = cursor.int()
      if (branch < 0 || branch >= readers.length) throw cursor.damaged(`a union has no branch ${branch}`)
      return branch
    }
    if (members.length < 2) {
      const type = (members[0]?.of ?? readers[0]!).type
      return { type, nullable, leastBytes, read: (cursor) => readers[choose(cursor)]!.read(cursor) }
    }
    const isOnly = (...of: readonly string[]): boolean => [...kinds].every((kind) => of.includes(kind))
    if (isOnly('int32', 'int64')) {
      const read = (cursor: AvroCursor): Value => asLong(readers[choose(cursor)]!.read(cursor))
      return { type: int64, nullable, leastBytes, read }
    }
    if (isOnly('float32', 'float64'))
      return { type: float64, nullable, leastBytes, read: (cursor) => readers[choose(cursor)]!.read(cursor) }
    const read = (cursor: AvroCursor): Value => {
      const branch = choose(cursor)
      const value = readers[branch]!.read(cursor)
      if (readers[branch]!.type.kind === 'null') return null
      return members.map(({ index }) => (index === branch ? value : null))
    }
    const fields = members.map(({ of }, i) => field(`member${i}`, of.type, true))
    return { type: struct(fields), nullable, leastBytes, read }
  }

  #wrong(what: string): Error {
    return corruptAvro(this.#path, `its schema is wrong: ${what}`)
  }
}

const asLong = (value: Value): Value => (typeof value === 'number' ? BigInt(value) : value)

const fullName = (name: string, namespace: string): string =>
  name.includes('.') || namespace === '' ? name : `${namespace}.${name}`

function recordReader(columns: readonly AvroColumn[]): AvroReader {
  const readers = columns.map(({ reader }) => reader)
  return {
    type: struct(columns.map(columnField)),
    nullable: false,
    leastBytes: readers.reduce((sum, { leastBytes }) => sum + leastBytes, 0),
    read: (cursor) => readers.map((of) => of.read(cursor)),
  }
}

/** Items come in blocks; the last has none. */
function blocksOf(leastBytes: number, item: (cursor: AvroCursor) => Value): (cursor: AvroCursor) => Value {
  return (cursor) => {
    const items: Value[] = []
    for (let count = cursor.items(leastBytes); count > 0; count = cursor.items(leastBytes))
      for (let i = 0; i < count; i++) items.push(item(cursor))
    return items
  }
}

const arrayReader = ({ type, nullable, leastBytes, read }: AvroReader): AvroReader => ({
  type: list(type, nullable),
  nullable: false,
  leastBytes: 1,
  read: blocksOf(leastBytes, read),
})

function mapReader(values: AvroReader): AvroReader {
  const key = primitiveReader('string')!
  const read = blocksOf(key.leastBytes + values.leastBytes, (cursor) => [key.read(cursor), values.read(cursor)])
  return { type: map(string, values.type, values.nullable), nullable: false, leastBytes: 1, read }
}
