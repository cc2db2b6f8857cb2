import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { S3Error } from './s3-error.js'

const algorithms: Readonly<Record<string, (data: Uint8Array) => Buffer>> = {
  crc32: (data) => bigEndian(crc32(data)),
  crc32c: (data) => bigEndian(crc32c(data)),
  sha1: (data) => createHash('sha1').update(data).digest(),
  sha256: (data) => createHash('sha256').update(data).digest(),
}

const prefix = 'x-amz-checksum-'

/**
 * Compares a body with the checksums that its headers or trailers give (CRC32, CRC32C, SHA-1, SHA-256; CRC64NVME is kept
 * unchecked). @returns those headers, to be kept with the object
 * @throws S3Error BadDigest
 */
export function verifyChecksums(
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith(prefix)) continue
    const algorithm = name.slice(prefix.length)
    if (algorithm === 'type' || algorithm === 'algorithm' || algorithm === 'mode') continue
    const actual = algorithms[algorithm]?.(body).toString('base64') ?? value
    if (actual !== value) {
      throw new S3Error(400, 'BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`)
    }
    kept[name] = value
  }
  const md5 = headers['content-md5']
  if (md5 !== undefined && createHash('md5').update(body).digest('base64') !== md5) {
    throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
  }
  return kept
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

const castagnoli = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0)
  return value
})

function crc32c(data: Uint8Array): number {
  let value = 0xffffffff
  for (const byte of data) value = castagnoli[(value ^ byte) & 0xff]! ^ (value >>> 8)
  return ~value >>> 0
}
