import { ByteReader, type ByteStream } from './byte-stream.js'

/** A regular file of an archive; its content must be taken before the next one is asked for, or is passed over. */
export interface ArchiveMember {
  readonly name: string
  readonly content: ByteStream
}

/** Why an archive could not be read. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
}

const blockBytes = 512
/** Long names and attributes are texts; longer ones are no honest ones. */
const maxHeaderBytes = 1024 * 1024

/**
 * Members of a tar archive: ustar, with the long names of POSIX (pax) and GNU. Folders are passed over.
 * @throws ArchiveError for links and devices, which no landing zone needs
 */
export async function* readTar(source: ByteStream): AsyncGenerator<ArchiveMember, void, undefined> {
  const reader = new ByteReader(source)
  let longName: string | null = null
  let longSize: number | null = null
  for (;;) {
    const header = await reader.take(blockBytes)
    if (header === null) throw new ArchiveError('it ends in the middle')
    if (header.every((byte) => byte === 0)) return
    checkSum(header)
    const type = String.fromCharCode(header[156]!)
    const size = longSize ?? number(header, 124, 12)
    const name = longName ?? headerName(header)
    switch (type) {
      case 'L':
        longName = text(await small(reader, size))
        continue
      case 'x': {
        const attributes = paxAttributes(await small(reader, size))
        longName = attributes.get('path') ?? longName
        longSize = attributes.has('size') ? Number(attributes.get('size')) : null
        continue
      }
      case 'g':
        await small(reader, size)
        continue
      case '0':
      case '\0':
      case '7': {
        const content = reader.pass(size)
        if (!name.endsWith('/')) yield { name, content: whole(content) }
        for await (const _ of content) void _
        await padding(reader, size)
        break
      }
      case '5':
        break
      default:
        throw new ArchiveError(`"${name}" is a link or a device (type "${type}")`)
    }
    longName = null
    longSize = null
  }
}

async function* whole(content: AsyncGenerator<Uint8Array, boolean, undefined>): ByteStream {
  for (;;) {
    const next = await content.next()
    if (next.done !== true) yield next.value
    else if (next.value) return
    else throw new ArchiveError('it ends in the middle')
  }
}

async function small(reader: ByteReader, size: number): Promise<Uint8Array> {
  if (size > maxHeaderBytes) throw new ArchiveError('a name in it is too long')
  const data = await reader.take(size)
  if (data === null) throw new ArchiveError('it ends in the middle')
  const copy = data.slice()
  await padding(reader, size)
  return copy
}

async function padding(reader: ByteReader, size: number): Promise<void> {
  const rest = size % blockBytes
  if (rest !== 0) await reader.take(blockBytes - rest)
}

function checkSum(header: Uint8Array): void {
  let sum = 0
  for (let i = 0; i < blockBytes; i++) sum += i >= 148 && i < 156 ? 0x20 : header[i]!
  if (sum !== number(header, 148, 8)) throw new ArchiveError('the checksum of a header is wrong')
}

function headerName(header: Uint8Array): string {
  const name = text(header.subarray(0, 100))
  const isUstar = text(header.subarray(257, 262)) === 'ustar'
  const prefix = isUstar ? text(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Octal digits; from the highest bit on, a binary number (GNU). */
function number(header: Uint8Array, at: number, length: number): number {
  if ((header[at]! & 0x80) !== 0) {
    let value = 0
    for (let i = at + 1; i < at + length; i++) value = value * 256 + header[i]!
    if (!Number.isSafeInteger(value)) throw new ArchiveError('a size in it is impossible')
    return value
  }
  const digits = text(header.subarray(at, at + length)).trim()
  const value = digits === '' ? 0 : Number.parseInt(digits, 8)
  if (!Number.isSafeInteger(value) || value < 0) throw new ArchiveError('a number in a header is none')
  return value
}

/** `<length> <name>=<value>\n` … */
function paxAttributes(data: Uint8Array): Map<string, string> {
  const attributes = new Map<string, string>()
  for (let at = 0; at < data.byteLength;) {
    const space = data.indexOf(0x20, at)
    const length = space < 0 ? Number.NaN : Number(text(data.subarray(at, space)))
    if (!(length > 0) || at + length > data.byteLength) throw new ArchiveError('its attributes are damaged')
    const pair = Buffer.from(data.subarray(space + 1, at + length - 1)).toString('utf8')
    const equals = pair.indexOf('=')
    attributes.set(pair.slice(0, equals), pair.slice(equals + 1))
    at += length
  }
  return attributes
}

function text(data: Uint8Array): string {
  const end = data.indexOf(0)
  return Buffer.from(end < 0 ? data : data.subarray(0, end)).toString('utf8')
}
