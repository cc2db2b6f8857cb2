import { crc32, inflateRawSync } from 'node:zlib'
import { Arena, type ColumnarContext, type MemoryAccount } from '@deltaworks/columnar'
import type { Json } from '@deltaworks/schema'
import type { ObjectStore } from '@deltaworks/storage'
import { corruptAvro, notAvro, unsupportedAvro } from '../errors.js'
import { parquetKernels } from '../parquet/kernels.js'
import { AvroCursor } from './avro-cursor.js'

const magic = Buffer.from('Obj\x01', 'latin1')
const syncBytes = 16
const chunkBytes = 4 * 1024 * 1024
/** Writers begin a new block after kilobytes, or a few megabytes. */
const mostBlockBytes = 256 * 1024 * 1024

export interface AvroHeader {
  readonly schema: Json
  readonly codec: string
  readonly sync: Buffer
  /** Where the first block starts. */
  readonly endOffset: number
}

/** So many rows, encoded one behind the other. */
export interface AvroBlock {
  readonly rowCount: bigint
  readonly bytes: Uint8Array
}

/** @throws FormatError DW-FORMAT-0080, 0081 */
export async function readAvroHeader(store: ObjectStore, path: string, sizeBytes: number): Promise<AvroHeader> {
  for (let length = Math.min(sizeBytes, 65_536); ; length = Math.min(sizeBytes, length * 8)) {
    const bytes = sizeBytes === 0 ? new Uint8Array(0) : await store.get(path, { start: 0, end: length })
    if (!magic.equals(bytes.subarray(0, 4))) throw notAvro(path, 'it does not begin with "Obj" and a 1')
    try {
      return parseHeader(path, bytes)
    } catch (error) {
      // Its schema may be longer than what was read.
      if (length === sizeBytes || length >= mostBlockBytes) throw error
    }
  }
}

function parseHeader(path: string, bytes: Uint8Array): AvroHeader {
  const cursor = new AvroCursor(path, bytes)
  cursor.take(magic.length)
  const metadata = new Map<string, string>()
  const text = (): string => {
    const length = cursor.length()
    const start = cursor.take(length)
    return cursor.bytes.toString('utf8', start, start + length)
  }
  for (let count = cursor.items(2); count > 0; count = cursor.items(2))
    for (let i = 0; i < count; i++) metadata.set(text(), text())
  const start = cursor.take(syncBytes)
  const schema = metadata.get('avro.schema')
  if (schema === undefined) throw notAvro(path, 'it has no schema')
  try {
    return {
      schema: JSON.parse(schema) as Json,
      codec: metadata.get('avro.codec') ?? 'null',
      sync: Buffer.from(cursor.bytes.subarray(start, start + syncBytes)),
      endOffset: start + syncBytes,
    }
  } catch {
    throw corruptAvro(path, 'its schema is no JSON')
  }
}

/** The blocks of a file, uncompressed, one after the other; each is valid until the next is asked for. */
export class AvroBlocks {
  readonly #context: ColumnarContext
  readonly #account: MemoryAccount
  readonly #store: ObjectStore
  readonly #path: string
  readonly #sizeBytes: number
  readonly #header: AvroHeader
  #bytes: Uint8Array = new Uint8Array(0)
  /** Where `#bytes` starts in the file. */
  #offset: number

  constructor(
    context: ColumnarContext,
    account: MemoryAccount,
    { store, path, sizeBytes }: { readonly store: ObjectStore; readonly path: string; readonly sizeBytes: number },
    header: AvroHeader,
  ) {
    this.#context = context
    this.#account = account
    this.#store = store
    this.#path = path
    this.#sizeBytes = sizeBytes
    this.#header = header
    this.#offset = header.endOffset
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AvroBlock, void, undefined> {
    while (this.#offset < this.#sizeBytes) {
      const head = new AvroCursor(this.#path, await this.#window(20))
      const [rowCount, length] = [head.long(), head.long()]
      const left = this.#sizeBytes - this.#offset - head.position - syncBytes
      if (rowCount < 0n || length < 0n || length > BigInt(left)) throw this.#damaged('a block goes beyond its end')
      if (length > BigInt(mostBlockBytes)) throw unsupportedAvro(this.#path, `a block of ${length} bytes`)
      const end = head.position + Number(length)
      const whole = await this.#window(end + syncBytes)
      if (!this.#header.sync.equals(whole.subarray(end, end + syncBytes)))
        throw this.#damaged('a block does not end with its mark')
      const compressed = whole.subarray(head.position, end)
      const bytes = this.#uncompressed(compressed)
      this.#account.reserve(bytes.length)
      try {
        yield { rowCount, bytes }
      } finally {
        this.#account.release(bytes.length)
      }
      this.#bytes = whole.subarray(end + syncBytes)
      this.#offset += end + syncBytes
    }
  }

  /** The next bytes of the file, `length` of them or more, or all that are left. */
  async #window(length: number): Promise<Uint8Array> {
    if (this.#bytes.length < length && this.#offset + this.#bytes.length < this.#sizeBytes) {
      const end = Math.min(this.#sizeBytes, this.#offset + Math.max(length, chunkBytes))
      this.#bytes = await this.#store.get(this.#path, { start: this.#offset, end })
    }
    return this.#bytes
  }

  #uncompressed(bytes: Uint8Array): Uint8Array {
    switch (this.#header.codec) {
      case 'null':
        return bytes
      case 'deflate':
        try {
          return inflateRawSync(bytes, { maxOutputLength: mostBlockBytes })
        } catch {
          throw this.#damaged('a compressed block is damaged, or too large')
        }
      case 'snappy':
        return this.#unsnappy(bytes)
      default:
        throw unsupportedAvro(this.#path, `the compression ${this.#header.codec} (null, deflate and snappy are read)`)
    }
  }

  /** Snappy's raw format, and a CRC-32 of what it holds, big endian. */
  #unsnappy(bytes: Uint8Array): Uint8Array {
    const damaged = (): Error => this.#damaged('a snappy block is damaged')
    const body = bytes.subarray(0, bytes.length - 4)
    if (bytes.length < 5) throw damaged()
    const length = snappyLength(body)
    // A copy of 3 bytes makes at most 64.
    if (length > body.length * 22 + 64) throw damaged()
    const arena = new Arena(this.#context.heap, this.#account)
    try {
      const [source, target] = [arena.allocate(body.length), arena.allocate(length)]
      const { heap } = this.#context
      heap.u8.set(body, source)
      if (parquetKernels(this.#context).parquetSnappyUncompress(source, body.length, target, length) !== 0)
        throw damaged()
      const output = heap.u8.slice(target, target + length)
      const sum = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32BE(body.length)
      if (crc32(output) !== sum) throw damaged()
      return output
    } finally {
      arena.close()
    }
  }

  #damaged(what: string): Error {
    return corruptAvro(this.#path, what)
  }
}

function snappyLength(bytes: Uint8Array): number {
  let length = 0
  for (let i = 0; i < Math.min(5, bytes.length); i++) {
    length += (bytes[i]! & 0x7f) * 2 ** (7 * i)
    if (bytes[i]! < 0x80) return length
  }
  return Number.MAX_SAFE_INTEGER
}
