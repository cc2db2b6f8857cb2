import { Arena, unlimited, type ColumnarContext } from '@deltaworks/columnar'
import { corruptParquet } from '../errors.js'
import type { WrittenChunk } from './column-writer.js'
import { pageCompressor, type PageCompressor, type ParquetCompression } from './compress.js'
import { corruptColumn, type DecodeContext } from './decode-context.js'
import { decompress } from './decompress.js'
import { codec, encoding, pageType, physical } from './format.js'
import { parquetKernels, type ParquetKernels } from './kernels.js'
import { dataPageHeader } from './page-encoder.js'
import { readPageHeader, type PageHeader } from './page-header.js'
import type { RepackedChunk, SpliceSource } from './splice-source.js'
import { ThriftError } from './thrift-reader.js'

export interface RepackedPages {
  /** Offsets are of the chunk's start. */
  readonly written: WrittenChunk
  readonly parts: readonly Uint8Array[]
}

interface Page {
  /** With its header. */
  readonly bytes: Uint8Array
  readonly uncompressedBytes: number
}

const compressions: Readonly<Record<number, ParquetCompression>> = {
  [codec.none]: 'none',
  [codec.snappy]: 'snappy',
  [codec.gzip]: 'gzip',
}

/**
 * Writes chunks anew page by page: pages of DELTA_BINARY_PACKED become PLAIN ones, with the same levels and codec; others stay as
 * they are. No batch, dictionary or bounds are made on the way. Memory: a chunk as it was, and as it becomes.
 */
export class ChunkRepacker {
  readonly #context: ColumnarContext
  readonly #kernels: ParquetKernels
  readonly #chunkArena: Arena
  readonly #pageArena: Arena
  readonly #fileArena: Arena
  readonly #compressors = new Map<ParquetCompression, PageCompressor>()

  constructor(context: ColumnarContext) {
    this.#context = context
    this.#kernels = parquetKernels(context)
    this.#chunkArena = new Arena(context.heap, unlimited)
    this.#pageArena = new Arena(context.heap, unlimited)
    this.#fileArena = new Arena(context.heap, unlimited)
  }

  /** @throws StorageError; FormatError DW-FORMAT-0002, 0003 */
  async repack({ file, footers }: SpliceSource, { range, chunk, node }: RepackedChunk): Promise<RepackedPages> {
    const { heap } = this.#context
    const size = range.end - range.start
    this.#chunkArena.reset()
    const start = this.#chunkArena.allocate(size)
    const { content } = await footers.open(file.store, file.path, file.sizeBytes)
    if (content !== null) heap.u8.set(content.subarray(range.start, range.end), start)
    else {
      const read = await file.store.getInto(file.path, range.start, heap.u8.subarray(start, start + size))
      if (read !== size) throw corruptParquet(file.path, 'it is shorter than was expected')
    }
    const decoding = { heap, kernels: this.#kernels, path: file.path, node }
    try {
      return this.#pages(decoding, chunk, start, start + size)
    } catch (error) {
      if (error instanceof ThriftError) throw corruptColumn(decoding, error.message)
      throw error
    }
  }

  #pages(context: DecodeContext, chunk: WrittenChunk, start: number, end: number): RepackedPages {
    const { heap } = context
    const parts: Uint8Array[] = []
    const encodings = new Map<number, number>()
    let [uncompressedBytes, compressedBytes, values, dataOffset] = [0, 0, 0, -1]
    for (let at = start; at < end;) {
      const header = readPageHeader(heap.u8, at, end)
      const body = at + header.headerBytes
      const next = body + header.compressedBytes
      if (next > end) throw corruptColumn(context, 'a page is longer than its column')
      const isData = header.type === pageType.data
      if (isData && dataOffset < 0) dataOffset = compressedBytes
      const isDelta = isData && header.encoding === encoding.deltaBinaryPacked
      const page = isDelta
        ? this.#plainPage(context, chunk.codec, header, body)
        : { bytes: heap.u8.slice(at, next), uncompressedBytes: header.headerBytes + header.uncompressedBytes }
      parts.push(page.bytes)
      compressedBytes += page.bytes.length
      uncompressedBytes += page.uncompressedBytes
      if (isData) {
        const used = isDelta ? encoding.plain : header.encoding
        encodings.set(used, (encodings.get(used) ?? 0) + 1)
        values += header.valueCount
      }
      at = next
    }
    if (values !== chunk.valueCount)
      throw corruptColumn(context, 'its pages have another number of values than the footer says')
    return { written: { ...chunk, encodings, dataOffset, uncompressedBytes, compressedBytes }, parts }
  }

  /** Levels as they are, and behind them the values. */
  #plainPage(context: DecodeContext, codecId: number, header: PageHeader, body: number): Page {
    const arena = this.#pageArena
    arena.reset()
    const { heap, kernels, node } = context
    const { compressedBytes, uncompressedBytes, valueCount } = header
    const source = decompress(context, codecId, body, compressedBytes, uncompressedBytes, arena)
    const levelBytes = node.definition > 0 ? levelBytesAt(context, source, uncompressedBytes) : 0
    const length = uncompressedBytes - levelBytes
    const width = node.physical === physical.int64 ? 8 : 4
    const count = kernels.parquetDeltaCount(source + levelBytes, length)
    if (count < 0 || count > valueCount || (node.definition === 0 && count !== valueCount))
      throw corruptColumn(context, 'a DELTA_BINARY_PACKED page has another number of values than its header says')
    const plainBytes = levelBytes + count * width
    const target = arena.allocate(plainBytes)
    heap.copy(target, source, levelBytes)
    if (kernels.parquetDecodeDelta(source + levelBytes, length, count, width, target + levelBytes) < 0)
      throw corruptColumn(context, 'a DELTA_BINARY_PACKED page is damaged')
    const compressor = this.#compressor(codecId)
    const compressed =
      width === 8 && compressor.compress64 !== undefined
        ? compressor.compress64(target, plainBytes, levelBytes)
        : compressor.compress(target, plainBytes)
    const head = dataPageHeader(valueCount, encoding.plain, plainBytes, compressed.length)
    const bytes = Buffer.allocUnsafeSlow(head.length + compressed.length)
    bytes.set(head)
    bytes.set(compressed, head.length)
    return { bytes, uncompressedBytes: head.length + plainBytes }
  }

  #compressor(codecId: number): PageCompressor {
    const compression = compressions[codecId]!
    const known = this.#compressors.get(compression)
    if (known !== undefined) return known
    const made = pageCompressor(compression, this.#context.heap, this.#kernels, this.#fileArena)
    this.#compressors.set(compression, made)
    return made
  }

  /** Frees memory. */
  close(): void {
    this.#chunkArena.close()
    this.#pageArena.close()
    this.#fileArena.close()
  }
}

/** Bytes of the definition levels of a page of a column that does not repeat, with their length before them. */
function levelBytesAt(context: DecodeContext, source: number, pageBytes: number): number {
  if (pageBytes < 4) throw corruptColumn(context, 'a page ends before its levels')
  const { u8 } = context.heap
  const size = u8[source]! + u8[source + 1]! * 256 + u8[source + 2]! * 65_536 + u8[source + 3]! * 16_777_216
  if (size > pageBytes - 4) throw corruptColumn(context, 'the levels of a page are longer than it')
  return 4 + size
}
