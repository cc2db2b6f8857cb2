import { unlimited, type ColumnarContext } from '@deltaworks/columnar'
import type { ByteRange } from '@deltaworks/storage'
import { fileScan } from '../file-scan.js'
import { ChunkRepacker, type RepackedPages } from './chunk-repacker.js'
import type { WrittenChunk } from './column-writer.js'
import { ParquetAssembler } from './parquet-assembler.js'
import { RowGroupEncoder, type EncodedRowGroup } from './row-group-encoder.js'
import { scanParquet } from './scan-parquet.js'
import type { SpliceRowGroup, SpliceSource } from './splice-source.js'
import { writeSchema, type WriteLeaf } from './write-schema.js'

/** Bytes that are read at a time; the next ones come while these are written. */
const pieceBytes = 4 * 1024 * 1024

export interface SplicedFile {
  readonly sizeBytes: number
  readonly rowCount: number
}

/**
 * Puts row groups of files into one file: bytes of chunks are copied and not decoded, integers in DELTA_BINARY_PACKED are
 * repacked page by page, columns that the files do not have (so) are written anew, and a new footer says where everything is.
 * Bounds and page indexes are left out. Memory: two pieces, the footer, the columns of a row group that are written anew, and a
 * chunk that is repacked.
 */
export class ParquetSplicer {
  readonly nulls: string
  readonly #context: ColumnarContext
  readonly #emit: (part: Uint8Array) => Promise<void>
  readonly #assembler: ParquetAssembler
  readonly #leaves: readonly WriteLeaf[]
  readonly #repacker: ChunkRepacker
  #pending: Uint8Array[] = []
  #rowCount = 0

  /** @param emit gets the file's bytes in order; each call is awaited before more is read */
  constructor(context: ColumnarContext, { schema, nulls }: SpliceSource, emit: (part: Uint8Array) => Promise<void>) {
    this.nulls = nulls
    this.#context = context
    this.#emit = emit
    this.#repacker = new ChunkRepacker(context)
    this.#leaves = writeSchema(schema, { physicalNames: null, fieldIds: null }).leaves
    const onPart = (part: Uint8Array): void => void this.#pending.push(part)
    this.#assembler = new ParquetAssembler(schema, { pageIndex: false, onPart })
  }

  get sizeBytes(): number {
    return this.#assembler.sizeBytes
  }

  /** @throws StorageError; TypeError for a source that must not stand in this file, which is a bug */
  async append(source: SpliceSource, group: SpliceRowGroup): Promise<void> {
    if (source.nulls !== this.nulls) throw new TypeError('the files allow nulls in different columns')
    const startOffset = this.sizeBytes
    const made = await this.#make(source, group)
    const placed: WrittenChunk[] = []
    let offset = 0
    // Chunks that stand together in the file are read together.
    let run: ByteRange | null = null
    for (const [i, chunk] of group.chunks.entries()) {
      const isCopied = chunk?.kind === 'spliced'
      const { written, parts } = isCopied
        ? { written: chunk.chunk, parts: [] }
        : chunk === null
          ? made.shift()!
          : await this.#repacker.repack(source, chunk)
      placed.push({ ...movedBy(written, offset), leaf: this.#leaves[i]! })
      offset += written.compressedBytes
      if (isCopied && run?.end === chunk.range.start) run = { start: run.start, end: chunk.range.end }
      else {
        if (run !== null) await this.#copy(source, run)
        run = isCopied ? chunk.range : null
      }
      for (const part of parts) await this.#write(part)
    }
    if (run !== null) await this.#copy(source, run)
    this.#assembler.place(group.rowCount, startOffset, placed)
    this.#rowCount += group.rowCount
  }

  /** Frees memory; after `finish`, or when it is given up. */
  close(): void {
    this.#repacker.close()
  }

  async finish(): Promise<SplicedFile> {
    this.#assembler.finish()
    await this.#drain()
    return { sizeBytes: this.sizeBytes, rowCount: this.#rowCount }
  }

  async #copy({ file, footers }: SpliceSource, { start, end }: ByteRange): Promise<void> {
    const { content } = await footers.open(file.store, file.path, file.sizeBytes)
    if (content !== null) return this.#write(content.subarray(start, end))
    const read = (from: number): Promise<Uint8Array> =>
      file.store.get(file.path, { start: from, end: Math.min(from + pieceBytes, end) })
    let reading = read(start)
    for (let at = start; at < end;) {
      const piece = await reading
      at += piece.length
      if (at < end) {
        reading = read(at)
        // Its failure is told when it is awaited.
        reading.catch(() => undefined)
      }
      await this.#write(piece)
    }
  }

  async #write(part: Uint8Array): Promise<void> {
    this.#assembler.write(part)
    await this.#drain()
  }

  async #drain(): Promise<void> {
    const parts = this.#pending
    this.#pending = []
    for (const part of parts) await this.#emit(part)
  }

  /** Chunks of the columns that are written anew, in order. */
  async #make(
    { made, withoutDictionary, file, footers }: SpliceSource,
    { index }: SpliceRowGroup,
  ): Promise<RepackedPages[]> {
    if (made.fields.length === 0) return []
    const rowGroups = { first: index, end: index + 1 }
    const scan = fileScan({ ...file, schema: made, rowGroups, footers })
    const columns = Object.fromEntries(withoutDictionary.map((name) => [name, { dictionary: false }]))
    const encoder = new RowGroupEncoder(this.#context, unlimited, made, { encoding: 'plain', columns })
    try {
      for await (const batch of scanParquet(this.#context, unlimited, scan)) encoder.write(batch)
      return madeChunks(encoder.finish()!)
    } finally {
      encoder.close()
    }
  }
}

function madeChunks({ parts, chunks }: EncodedRowGroup): RepackedPages[] {
  const all = Buffer.concat(parts)
  return chunks.map((chunk) => {
    const start = chunk.dictionaryOffset ?? chunk.dataOffset
    return { written: movedBy(chunk, -start), parts: [all.subarray(start, start + chunk.compressedBytes)] }
  })
}

const movedBy = (chunk: WrittenChunk, bytes: number): WrittenChunk => ({
  ...chunk,
  dataOffset: chunk.dataOffset + bytes,
  dictionaryOffset: chunk.dictionaryOffset === null ? null : chunk.dictionaryOffset + bytes,
})
