import { createHash } from 'node:crypto'
import { binary, int32, int64, maxInt64DecimalPrecision, string, type DataType, type Value } from '@deltaworks/schema'
import { invalidArgument } from '../errors.js'
import type { FunctionDefinition } from '../evaluation.js'
import { typesOf } from './argument-rules.js'

const bytesOf = (value: string | Uint8Array): Uint8Array => (typeof value === 'string' ? Buffer.from(value) : value)
const binaryOrText =
  (type: DataType): ((args: readonly { type: DataType }[]) => { args: DataType[]; type: DataType }) =>
  (args) => ({ args: args.map((a) => (a.type.kind === 'binary' ? binary : string)), type })

const mask64 = (1n << 64n) - 1n
const [prime1, prime2, prime3, prime4, prime5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
]
const rotate = (x: bigint, bits: bigint): bigint => ((x << bits) | (x >> (64n - bits))) & mask64
const round64 = (accumulator: bigint, input: bigint): bigint =>
  (rotate((accumulator + input * prime2) & mask64, 31n) * prime1) & mask64

/** XXH64 (Yann Collet's xxHash specification), as a signed 64-bit integer. */
export function xxHash64(bytes: Uint8Array, seed: bigint): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = bytes.length
  let at = 0
  let hash: bigint
  if (length >= 32) {
    const lanes = [seed + prime1 + prime2, seed + prime2, seed, seed - prime1].map((v) => v & mask64)
    for (; at + 32 <= length; at += 32) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round64(lanes[lane]!, view.getBigUint64(at + lane * 8, true))
    }
    hash = rotate(lanes[0]!, 1n) + rotate(lanes[1]!, 7n) + rotate(lanes[2]!, 12n) + rotate(lanes[3]!, 18n)
    for (const lane of lanes) hash = (((hash & mask64) ^ round64(0n, lane)) * prime1 + prime4) & mask64
  } else hash = (seed + prime5) & mask64
  hash = (hash + BigInt(length)) & mask64
  for (; at + 8 <= length; at += 8) {
    hash = (rotate(hash ^ round64(0n, view.getBigUint64(at, true)), 27n) * prime1 + prime4) & mask64
  }
  if (at + 4 <= length) {
    hash = (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * prime1) & mask64), 23n) * prime2 + prime3) & mask64
    at += 4
  }
  for (; at < length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]!) * prime5) & mask64), 11n) * prime1) & mask64
  hash = ((hash ^ (hash >> 33n)) * prime2) & mask64
  hash = ((hash ^ (hash >> 29n)) * prime3) & mask64
  return BigInt.asIntN(64, hash ^ (hash >> 32n))
}

function int64Bytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value, true)
  return bytes
}

/** A big-endian two's complement integer in as few bytes as hold it. */
function integerBytes(value: bigint): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 8n) {
    const byte = Number(rest & 255n)
    bytes.unshift(byte)
    if ((rest >> 8n) - (byte > 127 ? -1n : 0n) === 0n) return Uint8Array.from(bytes)
  }
}

/** Types whose values are not made of others. */
type SimpleType = Exclude<DataType, { readonly kind: 'list' | 'map' | 'struct' | 'null' }>

/** A value's bytes as Spark hashes them, numbers little endian but for wide decimals. */
function hashedBytes(type: SimpleType, value: Value): Uint8Array {
  switch (type.kind) {
    case 'string':
    case 'variant':
      return Buffer.from(value as string)
    case 'binary':
      return value as Uint8Array
    case 'boolean':
    case 'int8':
    case 'int16':
    case 'int32':
    case 'date': {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setInt32(0, Number(value), true)
      return bytes
    }
    case 'int64':
    case 'timestamp':
    case 'timestamp_ntz':
      return int64Bytes(value as bigint)
    case 'float32': {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setFloat32(0, Object.is(value, -0) ? 0 : (value as number), true)
      return bytes
    }
    case 'float64': {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setFloat64(0, Object.is(value, -0) ? 0 : (value as number), true)
      return bytes
    }
    case 'decimal':
      return type.precision <= maxInt64DecimalPrecision ? int64Bytes(value as bigint) : integerBytes(value as bigint)
  }
}

/** The hash of a value with the hash so far as its seed: a null leaves that as it is, and what is nested is hashed in its order. */
function chained(type: DataType, value: Value, hash: bigint): bigint {
  if (value === null) return hash
  switch (type.kind) {
    case 'null':
      return hash
    case 'list':
      return (value as readonly Value[]).reduce<bigint>((so, element) => chained(type.element, element, so), hash)
    case 'map':
      return (value as readonly (readonly [Value, Value])[]).reduce<bigint>(
        (so, [key, inner]) => chained(type.value, inner, chained(type.key, key, so)),
        hash,
      )
    case 'struct':
      return type.fields.reduce<bigint>(
        (so, field, i) => chained(field.type, (value as readonly Value[])[i]!, so),
        hash,
      )
    default:
      return xxHash64(hashedBytes(type, value), BigInt.asUintN(64, hash))
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 255]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

const digest = (name: string, algorithm: string, aliases?: readonly string[]): FunctionDefinition => ({
  signature: `${name}(value) → string`,
  doc: `${algorithm} digest of the bytes, in lower-case hexadecimal.`,
  ...(aliases === undefined ? {} : { aliases }),
  arity: [1, 1],
  resolve: binaryOrText(string),
  kernel: () => (_, value: string | Uint8Array) => createHash(algorithm).update(bytesOf(value)).digest('hex'),
})

export const hashFunctions = {
  xxhash64: {
    signature: 'xxhash64(a, b, …) → bigint',
    doc: 'A 64-bit hash of the values (nulls are skipped); XXH64 with seed 42, chained.',
    aliases: ['hash'],
    arity: [1, Infinity],
    nulls: 'own',
    nullable: 'never',
    resolve: (args) => ({ args: typesOf(args), type: int64 }),
    kernel: (site) => {
      const types = site.args.map((arg) => arg.type)
      return (_, ...values: Value[]) => values.reduce<bigint>((so, value, i) => chained(types[i]!, value, so), 42n)
    },
  },
  crc32: {
    signature: 'crc32(value) → bigint',
    doc: 'Cyclic redundancy check of the bytes.',
    arity: [1, 1],
    resolve: binaryOrText(int64),
    kernel: () => (_, value: string | Uint8Array) => BigInt(crc32(bytesOf(value))),
  },
  md5: digest('md5', 'md5'),
  sha1: digest('sha1', 'sha1', ['sha']),
  sha2: {
    signature: 'sha2(value, bits) → string',
    doc: 'SHA-2 digest of 224, 256, 384 or 512 bits (0 is 256), in lower-case hexadecimal.',
    arity: [2, 2],
    nullable: 'always',
    resolve: (args) => ({ args: [args[0]!.type.kind === 'binary' ? binary : string, int32], type: string }),
    kernel: () => (_, value: string | Uint8Array, bits: number) => {
      if (![0, 224, 256, 384, 512].includes(bits))
        throw invalidArgument('sha2', bits, 'it must be 224, 256, 384 or 512')
      return createHash(`sha${bits === 0 ? 256 : bits}`)
        .update(bytesOf(value))
        .digest('hex')
    },
  },
} satisfies Record<string, FunctionDefinition>
