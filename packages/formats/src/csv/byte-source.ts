import { Arena, type Heap, type MemoryAccount } from '@deltaworks/columnar'
import type { ObjectStore } from '@deltaworks/storage'
import { notText, unknownEncoding } from '../errors.js'
import { keepDigest } from '../content-digest.js'
import type { FileScan, ScanMetrics } from '../file-scan.js'
import { nulIn } from './nul-byte.js'

/** A file's text as UTF-8, front to back. */
export interface ByteSource {
  /** Offset in the file of the next byte; in the UTF-8 text if the file is in another encoding. */
  readonly offset: number
  /** Fills `target` from its start. @returns bytes written; fewer than asked only at the end */
  read(target: Uint8Array): Promise<number>
  /** Gives back what it holds. */
  close?(): void
}

/** Reads a UTF-8 file from an offset. */
export class FileSource implements ByteSource {
  readonly #store: ObjectStore
  readonly #path: string
  readonly #metrics: ScanMetrics | undefined
  offset: number

  constructor(store: ObjectStore, path: string, offset: number, metrics: ScanMetrics | undefined) {
    this.#store = store
    this.#path = path
    this.offset = offset
    this.#metrics = metrics
  }

  async read(target: Uint8Array): Promise<number> {
    const count = await this.#store.getInto(this.#path, this.offset, target)
    this.offset += count
    if (this.#metrics !== undefined) this.#metrics.bytesRead += count
    return count
  }
}

/** A file below this size is read at once; of a larger one, so much tells what it is and has its header. */
export const smallFileBytes = 256 * 1024
const headBytes = 64 * 1024

/** Reads a file from its start. Its first bytes are there before: they tell what it is, and are read from the store once. */
export class HeadSource implements ByteSource {
  readonly #heap: Heap
  readonly #arena: Arena
  readonly #address: number
  readonly #length: number
  /** Null: the head is all that there is. */
  readonly #rest: FileSource | null
  offset = 0

  private constructor(arena: Arena, address: number, length: number, rest: FileSource | null) {
    this.#heap = arena.heap
    this.#arena = arena
    this.#address = address
    this.#length = length
    this.#rest = rest
  }

  static async open(
    heap: Heap,
    account: MemoryAccount,
    { store, path, sizeBytes, digest }: Pick<FileScan, 'store' | 'path' | 'sizeBytes' | 'digest'>,
    metrics: ScanMetrics | undefined,
  ): Promise<HeadSource> {
    // One more than there is tells the end.
    const wanted = sizeBytes < smallFileBytes ? sizeBytes + 1 : headBytes
    const arena = new Arena(heap, account)
    try {
      const address = arena.allocate(wanted)
      const source = new FileSource(store, path, 0, metrics)
      const length = await source.read(heap.u8.subarray(address, address + wanted))
      const isWhole = length < wanted
      if (isWhole) keepDigest({ digest }, heap.u8.subarray(address, address + length))
      return new HeadSource(arena, address, length, isWhole ? null : source)
    } catch (error) {
      arena.close()
      throw error
    }
  }

  /** Bytes of the head, at most so many. Valid until memory is allocated. */
  head(limit: number): Uint8Array {
    return this.#heap.u8.subarray(this.#address, this.#address + Math.min(limit, this.#length))
  }

  async read(target: Uint8Array): Promise<number> {
    const { offset } = this
    const count = Math.max(0, Math.min(target.byteLength, this.#length - offset))
    if (count > 0) target.set(this.#heap.u8.subarray(this.#address + offset, this.#address + offset + count))
    const more = count < target.byteLength && this.#rest !== null ? await this.#rest.read(target.subarray(count)) : 0
    this.offset += count + more
    return count + more
  }

  close(): void {
    this.#arena.close()
  }
}

/** Reads a file of another encoding from its start, as UTF-8. */
export class TranscodingSource implements ByteSource {
  readonly #source: ByteSource
  readonly #decoder: TextDecoder
  readonly #encoder = new TextEncoder()
  readonly #chunk = new Uint8Array(256 * 1024)
  #pending = new Uint8Array(0)
  #ended = false
  offset = 0

  constructor(source: ByteSource, encoding: string) {
    this.#source = source
    this.#decoder = textDecoder(encoding)
  }

  close(): void {
    this.#source.close?.()
  }

  async read(target: Uint8Array): Promise<number> {
    let written = 0
    while (written < target.byteLength) {
      if (this.#pending.byteLength === 0) {
        if (this.#ended) break
        const count = await this.#source.read(this.#chunk)
        this.#ended = count < this.#chunk.byteLength
        const text = this.#decoder.decode(this.#chunk.subarray(0, count), { stream: !this.#ended })
        this.#pending = this.#encoder.encode(text)
        continue
      }
      const part = this.#pending.subarray(0, target.byteLength - written)
      target.set(part, written)
      written += part.byteLength
      this.#pending = this.#pending.subarray(part.byteLength)
    }
    this.offset += written
    return written
  }
}

function textDecoder(encoding: string): TextDecoder {
  try {
    return new TextDecoder(
      encoding === 'utf-16be' || encoding === 'utf-16' ? encoding.replace(/16$/, '16le') : encoding,
    )
  } catch {
    throw unknownEncoding(encoding)
  }
}

/** Starts of files that are surely no text, and what they are. */
const signatures: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0x50, 0x41, 0x52, 0x31], 'it is a Parquet file'],
  [[0x1f, 0x8b], 'it is compressed with gzip'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'it is compressed with zstd'],
  [[0x50, 0x4b, 0x03, 0x04], 'it is a zip archive (or a spreadsheet)'],
  [[0x25, 0x50, 0x44, 0x46], 'it is a PDF document'],
]

export interface TextStart {
  readonly encoding: string
  /** Bytes of the byte order mark. */
  readonly skip: number
}

/**
 * Looks at a file's first bytes. @returns its encoding (a byte order mark wins over what was declared)
 * @throws FormatError DW-FORMAT-0033 if it is no text
 */
export function detectText(path: string, kind: string, head: Uint8Array, declared: string): TextStart {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return { encoding: 'utf-8', skip: 3 }
  if (head[0] === 0xff && head[1] === 0xfe) return { encoding: 'utf-16le', skip: 2 }
  if (head[0] === 0xfe && head[1] === 0xff) return { encoding: 'utf-16be', skip: 2 }
  for (const [bytes, what] of signatures) {
    if (bytes.every((byte, i) => head[i] === byte)) throw notText(path, kind, what)
  }
  const encoding = declared === 'utf8' ? 'utf-8' : declared === 'latin1' ? 'iso-8859-1' : declared
  if (encoding.startsWith('utf-16')) return { encoding, skip: 0 }
  const nul = nulIn(head)
  if (nul >= 0) throw notText(path, kind, `byte ${nul} is NUL, so it is binary or in another encoding than ${encoding}`)
  return { encoding, skip: 0 }
}

export const isUtf8 = (encoding: string): boolean =>
  encoding === 'utf-8' || encoding === 'us-ascii' || encoding === 'ascii'
