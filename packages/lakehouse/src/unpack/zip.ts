import { crc32 } from 'node:zlib'
import type { ObjectStore } from '@deltaworks/storage'
import { readObject, type ByteStream } from './byte-stream.js'
import { decompress, type Compression } from './decompress.js'
import { ArchiveError, type ArchiveMember } from './tar.js'

const endRecordBytes = 22
const maxCommentBytes = 65_535
const maxDirectoryBytes = 256 * 1024 * 1024
const methods: Readonly<Record<number, Compression | 'stored'>> = { 0: 'stored', 8: 'deflate', 12: 'bzip2', 93: 'zstd' }

interface Entry {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly compressedBytes: number
  readonly bytes: number
  readonly headerAt: number
}

/** Members of a zip archive (also of ZIP64), found by its directory and read by ranges. Folders are passed over. */
export async function* readZip(
  store: ObjectStore,
  path: string,
  sizeBytes: number,
): AsyncGenerator<ArchiveMember, void, undefined> {
  for (const entry of await readDirectory(store, path, sizeBytes)) {
    if (entry.name.endsWith('/')) continue
    if ((entry.flags & 1) !== 0) throw new ArchiveError(`"${entry.name}" is encrypted`)
    const method = methods[entry.method]
    if (method === undefined) throw new ArchiveError(`"${entry.name}" is compressed by method ${entry.method}`)
    const start = await dataStart(store, path, entry)
    if (start + entry.compressedBytes > sizeBytes) throw new ArchiveError(`"${entry.name}" lies outside of it`)
    const packed = readObject(store, path, start, start + entry.compressedBytes)
    yield { name: entry.name, content: checked(method === 'stored' ? packed : decompress(packed, method), entry) }
  }
}

async function* checked(content: ByteStream, { name, bytes, crc }: Entry): ByteStream {
  let count = 0
  let sum = 0
  for await (const chunk of content) {
    count += chunk.byteLength
    if (count > bytes) break
    sum = crc32(chunk, sum)
    yield chunk
  }
  if (count !== bytes || sum !== crc) throw new ArchiveError(`"${name}" is damaged: its length or checksum is wrong`)
}

async function readDirectory(store: ObjectStore, path: string, sizeBytes: number): Promise<readonly Entry[]> {
  const tailStart = Math.max(0, sizeBytes - endRecordBytes - maxCommentBytes)
  const tail = Buffer.from(await store.get(path, { start: tailStart, end: sizeBytes }))
  const at = tail.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  if (at < 0) throw new ArchiveError('it has no directory at its end')
  let size = tail.readUInt32LE(at + 12)
  let start = tail.readUInt32LE(at + 16)
  const locator = tail.subarray(0, at).lastIndexOf('PK\x06\x07', undefined, 'latin1')
  if ((size === 0xffffffff || start === 0xffffffff || tail.readUInt16LE(at + 10) === 0xffff) && locator >= 0) {
    const recordAt = Number(tail.readBigUInt64LE(locator + 8))
    const record = Buffer.from(await store.get(path, { start: recordAt, end: recordAt + 56 }))
    if (record.length < 56 || record.toString('latin1', 0, 4) !== 'PK\x06\x06') {
      throw new ArchiveError('its directory is damaged')
    }
    size = Number(record.readBigUInt64LE(40))
    start = Number(record.readBigUInt64LE(48))
  }
  if (size > maxDirectoryBytes || start + size > sizeBytes) throw new ArchiveError('its directory is damaged')
  return parseDirectory(Buffer.from(await store.get(path, { start, end: start + size })))
}

function parseDirectory(data: Buffer): readonly Entry[] {
  const entries: Entry[] = []
  for (let at = 0; at + 46 <= data.length;) {
    if (data.toString('latin1', at, at + 4) !== 'PK\x01\x02') break
    const nameLength = data.readUInt16LE(at + 28)
    const extraLength = data.readUInt16LE(at + 30)
    const commentLength = data.readUInt16LE(at + 32)
    const flags = data.readUInt16LE(at + 8)
    const name = data.subarray(at + 46, at + 46 + nameLength)
    const extra = data.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength)
    const sizes = [data.readUInt32LE(at + 24), data.readUInt32LE(at + 20), data.readUInt32LE(at + 42)] as const
    const [bytes, compressedBytes, headerAt] = withZip64(sizes, extra)
    entries.push({
      name: name.toString((flags & 0x800) !== 0 ? 'utf8' : 'latin1'),
      flags,
      method: data.readUInt16LE(at + 10),
      crc: data.readUInt32LE(at + 16),
      compressedBytes,
      bytes,
      headerAt,
    })
    at += 46 + nameLength + extraLength + commentLength
  }
  return entries
}

/** Sizes and the offset, of which those that are too large for 32 bits are in the extra field 1, in this order. */
function withZip64(sizes: readonly [number, number, number], extra: Buffer): readonly [number, number, number] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    let next = at + 4
    const wide = sizes.map((size) => {
      if (size !== 0xffffffff) return size
      if (next + 8 > extra.length) throw new ArchiveError('its directory is damaged')
      next += 8
      return Number(extra.readBigUInt64LE(next - 8))
    })
    return wide as unknown as readonly [number, number, number]
  }
  return sizes
}

async function dataStart(store: ObjectStore, path: string, { name, headerAt }: Entry): Promise<number> {
  const header = Buffer.from(await store.get(path, { start: headerAt, end: headerAt + 30 }))
  if (header.length < 30 || header.toString('latin1', 0, 4) !== 'PK\x03\x04') {
    throw new ArchiveError(`"${name}" is not where its directory says`)
  }
  return headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
}
