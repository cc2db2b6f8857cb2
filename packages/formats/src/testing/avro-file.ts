import { deflateRawSync, crc32 } from 'node:zlib'
import avsc from 'avsc'

/** An Avro file by avsc, in blocks of `blockRows` rows. Values are avsc's, unions without wrappers. */
export function avroFile(
  schema: avsc.Schema,
  rows: readonly unknown[],
  {
    codec = 'null',
    blockRows = 100,
  }: { readonly codec?: 'null' | 'deflate' | 'snappy'; readonly blockRows?: number } = {},
): Uint8Array {
  const type = avsc.Type.forSchema(schema, { typeHook: exactLongs })
  const sync = Buffer.from('0123456789abcdef')
  const metadata = { 'avro.schema': Buffer.from(JSON.stringify(schema)), 'avro.codec': Buffer.from(codec) }
  const parts = [Buffer.from('Obj\x01'), avsc.Type.forSchema({ type: 'map', values: 'bytes' }).toBuffer(metadata), sync]
  for (let at = 0; at < rows.length; at += blockRows) {
    const block = rows.slice(at, at + blockRows)
    const bytes = compressed(Buffer.concat(block.map((row) => type.toBuffer(row))), codec)
    parts.push(long(block.length), long(bytes.length), bytes, sync)
  }
  return new Uint8Array(Buffer.concat(parts))
}

const long = (value: number): Buffer => avsc.Type.forSchema('long').toBuffer(value)

/** Longs as bigints: avsc's own are doubles. */
export const exactLongs = (schema: avsc.Schema): avsc.Type | undefined => {
  const isLong = schema === 'long' || (typeof schema === 'object' && 'type' in schema && schema.type === 'long')
  if (!isLong) return undefined
  return avsc.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8)
      buffer.writeBigInt64LE(value)
      return buffer
    },
    fromJSON: BigInt,
    toJSON: String,
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
  })
}

function compressed(bytes: Buffer, codec: 'null' | 'deflate' | 'snappy'): Buffer {
  if (codec === 'null') return bytes
  if (codec === 'deflate') return deflateRawSync(Uint8Array.from(bytes))
  const length: number[] = []
  let rest = bytes.length
  for (; rest >= 0x80; rest >>>= 7) length.push((rest & 0x7f) | 0x80)
  const parts: Uint8Array[] = [Buffer.from([...length, rest])]
  // Literals alone are snappy too.
  for (let at = 0; at < bytes.length; at += 60) {
    const literal = bytes.subarray(at, at + 60)
    parts.push(Buffer.from([(literal.length - 1) << 2]), literal)
  }
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(Uint8Array.from(bytes)))
  return Buffer.concat([...parts, sum])
}
