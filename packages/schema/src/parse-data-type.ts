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
  interval,
  list,
  map,
  string,
  struct,
  timestamp,
  timestampNtz,
  variant,
  type DataType,
  type Field,
} from './data-type.js'
import { invalidValue } from './errors.js'

/** Names of scalar types in PostgreSQL, Spark, Redshift and DuckDB. */
const names: Readonly<Record<string, DataType>> = {
  bool: boolean,
  boolean,
  logical: boolean,
  tinyint: int8,
  byte: int8,
  int1: int8,
  int2: int16,
  smallint: int16,
  short: int16,
  int: int32,
  int4: int32,
  integer: int32,
  signed: int32,
  int8: int64,
  bigint: int64,
  long: int64,
  float4: float32,
  float: float32,
  real: float32,
  float8: float64,
  double: float64,
  'double precision': float64,
  text: string,
  string,
  varchar: string,
  nvarchar: string,
  bpchar: string,
  char: string,
  character: string,
  nchar: string,
  bytea: binary,
  blob: binary,
  binary,
  varbinary: binary,
  varbyte: binary,
  date,
  timestamp,
  timestamptz: timestamp,
  timestamp_ltz: timestamp,
  timestamp_ntz: timestampNtz,
  datetime: timestamp,
  interval,
  json: variant,
  jsonb: variant,
  variant,
  super: variant,
}

export const typeNames: readonly string[] = [...Object.keys(names), 'decimal', 'numeric']

/** A scalar type by its name and the numbers after it; null if there is none. `decimal` alone is decimal(10,0), as in Spark. */
export function scalarType(name: string, numbers: readonly number[]): DataType | null {
  const lower = name.toLowerCase()
  if (lower !== 'numeric' && lower !== 'decimal' && lower !== 'dec') return names[lower] ?? null
  const [precision = 10, scale = 0] = numbers
  return precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision ? decimal(precision, scale) : null
}

/** `array<struct<a: int, b: decimal(10,2)>>`, `int[]`, `struct(a int)`. @throws SchemaError if the text is no type */
export function parseDataType(text: string): DataType {
  const parser = new TypeParser(text)
  const type = parser.type()
  parser.end()
  return type
}

/** `a int, b string not null`, or a struct type: as fields. @throws SchemaError */
export function parseFields(text: string): readonly Field[] {
  if (/^\s*struct\s*[<(]/i.test(text)) {
    const type = parseDataType(text)
    if (type.kind === 'struct') return type.fields
  }
  const parser = new TypeParser(text)
  const fields = parser.fields('')
  parser.end()
  return fields
}

class TypeParser {
  readonly #text: string
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = text.match(/[A-Za-z_]\w*|`[^`]*`|"[^"]*"|\d+|[<>(),:[\]]|\S/g) ?? []
  }

  type(): DataType {
    let type = this.#base()
    while (this.#take('[')) {
      this.#expect(']')
      type = list(type)
    }
    return type
  }

  #base(): DataType {
    const name = (this.#tokens[this.#at++] ?? '').toLowerCase()
    if (name === 'array' || name === 'list') {
      const close = this.#open()
      const element = this.type()
      this.#expect(close)
      return list(element)
    }
    if (name === 'map') {
      const close = this.#open()
      const key = this.type()
      this.#expect(',')
      const value = this.type()
      this.#expect(close)
      return map(key, value)
    }
    if (name === 'struct' || name === 'row') {
      const close = this.#open()
      const fields = this.fields(close)
      this.#expect(close)
      return struct(fields)
    }
    const whole = name === 'double' && this.#peek() === 'precision' ? `${name} ${this.#tokens[this.#at++]!}` : name
    const type = scalarType(whole, this.#numbers())
    if (type === null) throw this.#invalid()
    return type
  }

  /** Up to `close`, which stays. */
  fields(close: string): readonly Field[] {
    const fields: Field[] = []
    while (this.#at < this.#tokens.length && this.#peek() !== close) {
      const name = this.#tokens[this.#at++]!.replace(/^[`"]|[`"]$/g, '')
      this.#take(':')
      const type = this.type()
      const required = this.#peek() === 'not' && this.#tokens[this.#at + 1]?.toLowerCase() === 'null'
      if (required) this.#at += 2
      fields.push({ name, type, nullable: !required })
      if (!this.#take(',')) break
    }
    if (fields.length === 0) throw this.#invalid()
    return fields
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#invalid()
  }

  #numbers(): readonly number[] {
    const numbers: number[] = []
    if (this.#peek() !== '(' || !/^\d+$/.test(this.#tokens[this.#at + 1] ?? '')) return numbers
    this.#at++
    do numbers.push(Number(this.#tokens[this.#at++]))
    while (this.#take(','))
    this.#expect(')')
    return numbers
  }

  #peek(): string {
    return (this.#tokens[this.#at] ?? '').toLowerCase()
  }
  #take(token: string): boolean {
    if (this.#peek() !== token) return false
    this.#at++
    return true
  }
  #open(): string {
    const open = this.#tokens[this.#at++]
    if (open === '<') return '>'
    if (open === '(') return ')'
    throw this.#invalid()
  }
  #expect(token: string): void {
    if (!this.#take(token)) throw this.#invalid()
  }
  #invalid(): Error {
    return invalidValue(
      this.#text,
      'type',
      'write a type such as int, decimal(10,2), array<string>, map<string,int> or struct<a: int>',
    )
  }
}
