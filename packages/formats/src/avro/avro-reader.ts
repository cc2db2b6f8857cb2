import {
  binary,
  boolean,
  date,
  decimal,
  float32,
  float64,
  int32,
  int64,
  nullType,
  string,
  timestamp,
  timestampNtz,
  type DataType,
  type Json,
  type Value,
} from '@deltaworks/schema'
import type { AvroCursor } from './avro-cursor.js'

/** How values of an Avro type are read, and what they are here. */
export interface AvroReader {
  readonly type: DataType
  readonly nullable: boolean
  /** The fewest bytes that a value takes. */
  readonly leastBytes: number
  readonly read: (cursor: AvroCursor) => Value
}

const reader = (type: DataType, leastBytes: number, read: AvroReader['read']): AvroReader => ({
  type,
  nullable: false,
  leastBytes,
  read,
})

const text = (cursor: AvroCursor): string => {
  const length = cursor.length()
  const start = cursor.take(length)
  return cursor.bytes.toString('utf8', start, start + length)
}

const bytesOf = (cursor: AvroCursor, length: number): Uint8Array => {
  const start = cursor.take(length)
  return Uint8Array.from(cursor.bytes.subarray(start, start + length))
}

const primitives: Readonly<Record<string, AvroReader>> = {
  null: { ...reader(nullType, 0, () => null), nullable: true },
  boolean: reader(boolean, 1, (cursor) => {
    const byte = cursor.byte()
    if (byte > 1) throw cursor.damaged(`a boolean is ${byte}`)
    return byte === 1
  }),
  int: reader(int32, 1, (cursor) => cursor.int()),
  long: reader(int64, 1, (cursor) => cursor.long()),
  float: reader(float32, 4, (cursor) => cursor.bytes.readFloatLE(cursor.take(4))),
  double: reader(float64, 8, (cursor) => cursor.bytes.readDoubleLE(cursor.take(8))),
  string: reader(string, 1, text),
  bytes: reader(binary, 1, (cursor) => bytesOf(cursor, cursor.length())),
}

/** @returns undefined: the name is that of no primitive type */
export const primitiveReader = (name: string): AvroReader | undefined =>
  Object.hasOwn(primitives, name) ? primitives[name] : undefined

export const fixedReader = (size: number): AvroReader => reader(binary, size, (cursor) => bytesOf(cursor, size))

export const enumReader = (symbols: readonly string[]): AvroReader =>
  reader(string, 1, (cursor) => {
    const symbol = symbols[cursor.int()]
    if (symbol === undefined) throw cursor.damaged('an enum has a symbol that its schema has not')
    return symbol
  })

const floorDivide = (value: bigint, by: bigint): bigint => (value - (((value % by) + by) % by)) / by

/** Times of day are microseconds, as of Parquet. */
export function logicalReader(
  name: string,
  base: AvroReader,
  { precision, scale = 0 }: Readonly<Record<string, Json>>,
) {
  const of = (type: DataType, convert: (value: never) => Value): AvroReader => ({
    ...base,
    type,
    read: (cursor) => convert(base.read(cursor) as never),
  })
  const { kind } = base.type
  const at = name.startsWith('local-') ? timestampNtz : timestamp
  switch (name.replace(/^local-/, '')) {
    case 'date':
      return kind === 'int32' ? of(date, (days: number) => days) : base
    case 'time-millis':
      return kind === 'int32' ? of(int64, (millis: number) => BigInt(millis) * 1000n) : base
    case 'timestamp-millis':
      return kind === 'int64' ? of(at, (millis: bigint) => BigInt.asIntN(64, millis * 1000n)) : base
    case 'timestamp-micros':
      return kind === 'int64' ? of(at, (micros: bigint) => micros) : base
    case 'timestamp-nanos':
      return kind === 'int64' ? of(at, (nanos: bigint) => floorDivide(nanos, 1000n)) : base
    case 'decimal':
      return kind === 'binary' ? decimalReader(base, Number(precision), Number(scale)) : base
    default:
      return base
  }
}

/** @returns the reader of the bytes themselves where the specification has no decimal: a schema that says nonsense is passed over */
function decimalReader(base: AvroReader, precision: number, scale: number): AvroReader {
  if (!(precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision)) return base
  const bound = 10n ** BigInt(precision)
  const read = (cursor: AvroCursor): Value => {
    const value = signed(base.read(cursor) as Uint8Array)
    if (value >= bound || value <= -bound) throw cursor.damaged(`a decimal has more than ${precision} digits`)
    return value
  }
  return { ...base, type: decimal(precision, scale), read }
}

/** Big-endian two's complement. */
function signed(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
}
