import { Arena, type ColumnarContext, type MemoryAccount, type RecordBatch } from '@deltaworks/columnar'
import type { Schema } from '@deltaworks/schema'
import { ColumnWriter, type WrittenChunk } from './column-writer.js'
import { pageCompressor, type PageCompressor, type ParquetCompression } from './compress.js'
import { FileOutput } from './file-output.js'
import { parquetKernels } from './kernels.js'
import { shred } from './shred.js'
import { leafOptions, type LeafOptions, type ParquetWriteOptions } from './write-options.js'
import { writeSchema, type WriteSchema } from './write-schema.js'

/**
 * A row group that is encoded and waits for its place in a file. Plain data: it may be made on another thread
 * (`postMessage`, with `transferables`) than the file.
 */
export interface EncodedRowGroup {
  readonly rowCount: number
  readonly sizeBytes: number
  /** In order; plain memory. */
  readonly parts: readonly Uint8Array[]
  /** Their offsets are of the first part's start. */
  readonly chunks: readonly WrittenChunk[]
}

/** What `postMessage` may move instead of copying. */
export const transferables = (group: EncodedRowGroup): ArrayBuffer[] => [
  ...new Set(group.parts.map((part) => part.buffer as ArrayBuffer)),
]

/** Rows of nested columns that are shredded at a time. */
const shredRows = 4096

/**
 * Encodes batches into row groups of one schema. Synchronous; batches are encoded at once and may go after `write` returns.
 * Memory: the pages at hand and the dictionaries in the heap, finished pages (compressed) in JavaScript memory.
 */
export class RowGroupEncoder {
  readonly #context: ColumnarContext
  readonly #options: ParquetWriteOptions
  readonly schema: WriteSchema
  readonly #leaves: readonly LeafOptions[]
  readonly #groupArena: Arena
  readonly #fileArena: Arena
  readonly #scratch: Arena
  readonly #compressors = new Map<ParquetCompression, PageCompressor>()
  /** Columns whose dictionaries did not pay. */
  readonly #withoutDictionary = new Set<number>()
  #writers: ColumnWriter[] | null = null
  #rows = 0
  #bufferedBytes = 0

  /** @throws FormatError DW-FORMAT-0006, 0007, 0010, 0011, 0012 */
  constructor(context: ColumnarContext, account: MemoryAccount, schema: Schema, options: ParquetWriteOptions = {}) {
    this.#context = context
    this.#options = options
    this.schema = writeSchema(schema, {
      physicalNames: options.physicalNames ?? null,
      fieldIds: options.fieldIds ?? null,
    })
    this.#leaves = leafOptions(this.schema, options)
    this.#fileArena = new Arena(context.heap, account)
    this.#groupArena = new Arena(context.heap, account)
    this.#scratch = new Arena(context.heap, account)
    try {
      for (const { compression } of this.#leaves) this.#compressorOf(compression)
      this.#startGroup()
    } catch (error) {
      this.close()
      throw error
    }
  }

  #compressorOf(compression: ParquetCompression): PageCompressor {
    const known = this.#compressors.get(compression)
    if (known !== undefined) return known
    const { heap } = this.#context
    const made = pageCompressor(compression, heap, parquetKernels(this.#context), this.#fileArena)
    this.#compressors.set(compression, made)
    return made
  }

  /** Rows of the group at hand. */
  get rowCount(): number {
    return this.#rows
  }

  /** Bytes of the group at hand, as far as they can be told. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Appends rows [start, start + rows) of a batch; its columns are the schema's, in order. */
  write(batch: RecordBatch, start = 0, rows = batch.rowCount - start): void {
    const writers = (this.#writers ??= this.#startGroup())
    let bufferedBytes = 0
    this.schema.nodes.forEach((node, i) => {
      const column = batch.columns[i]!
      if (node.kind === 'leaf') {
        const writer = writers[node.index]!
        writer.append(column, start, rows)
        // Asked while it is at hand: where many files are open, a look at all of them takes as long as the rows.
        bufferedBytes += writer.bufferedBytes
        return
      }
      for (let at = 0; at < rows; at += shredRows) {
        const count = Math.min(shredRows, rows - at)
        for (const leaf of shred(this.#context.heap, node, column, start + at, count)) {
          const writer = writers[leaf.leaf.index]!
          writer.appendShredded(leaf, count)
          if (at + count === rows) bufferedBytes += writer.bufferedBytes
        }
      }
    })
    this.#bufferedBytes = bufferedBytes
    this.#rows += rows
    this.#scratch.reset()
  }

  #startGroup(): ColumnWriter[] {
    const { pageRows = 16_384, pageBytes = 1_048_576, pageVersion = 1 } = this.#options
    const base = {
      heap: this.#context.heap,
      kernels: parquetKernels(this.#context),
      arena: this.#groupArena,
      scratch: this.#scratch,
      pageRows,
      pageBytes,
      pageVersion,
    }
    this.#writers = this.schema.leaves.map((leaf, i) => {
      const { compression, dictionary, encoding, bloomFilter } = this.#leaves[i]!
      return new ColumnWriter(
        leaf,
        { ...base, compressor: this.#compressorOf(compression) },
        { useDictionary: dictionary && !this.#withoutDictionary.has(i), valueEncoding: encoding, bloomFilter },
      )
    })
    return this.#writers
  }

  /** Ends the group at hand and begins another; null if it has no rows. */
  finish(): EncodedRowGroup | null {
    if (this.#writers === null || this.#rows === 0) return null
    const output = new FileOutput(null)
    const chunks = this.#writers.map((writer, i) => {
      const chunk = writer.finish(output)
      if (writer.gaveUp) this.#withoutDictionary.add(i)
      writer.close()
      this.#scratch.reset()
      return chunk
    })
    output.finish()
    const group = { rowCount: this.#rows, sizeBytes: output.sizeBytes, parts: output.parts, chunks }
    this.#writers = null
    this.#rows = 0
    this.#bufferedBytes = 0
    this.#groupArena.reset()
    return group
  }

  /** Frees memory. */
  close(): void {
    this.#writers?.forEach((writer) => writer.close())
    this.#writers = null
    this.#groupArena.close()
    this.#scratch.close()
    this.#fileArena.close()
  }
}
