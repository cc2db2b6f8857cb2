import { Arena, type ColumnarContext, type MemoryAccount, type RecordBatch } from '@deltaworks/columnar'
import type { Schema, Value } from '@deltaworks/schema'
import { ColumnWriter, type ColumnWriterContext } from './column-writer.js'
import { pageCompressor, type PageCompressor, type ParquetCompression } from './compress.js'
import { FileOutput } from './file-output.js'
import { parquetMagic, writeFooter, type WrittenRowGroup } from './footer-writer.js'
import { parquetKernels } from './kernels.js'
import type { ColumnStatistics } from './parquet-metadata.js'
import { shred } from './shred.js'
import { boundToValue, isLess, type Bound } from './write-bounds.js'
import { writeSchema, type WriteLeaf, type WriteSchema } from './write-schema.js'

export interface ParquetWriteOptions {
  /** Default snappy. */
  readonly compression?: ParquetCompression
  /** Rows a row group at most; default 1,048,576. */
  readonly rowGroupRows?: number
  /** Compressed bytes after which a row group ends; default 128 MiB. */
  readonly rowGroupBytes?: number
  /** Rows a page; default 16,384. */
  readonly pageRows?: number
  /** Whether to try dictionaries; default true. */
  readonly dictionary?: boolean
  /** Dotted logical path → field id. */
  readonly fieldIds?: Readonly<Record<string, number>> | null
  /** Dotted logical path → name in the file. */
  readonly physicalNames?: Readonly<Record<string, string>> | null
  /** Key-value metadata of the footer. */
  readonly keyValue?: Readonly<Record<string, string>>
  /** Gets the file's parts as they are made, instead of `ParquetFile.parts`. */
  readonly onPart?: (part: Uint8Array) => void
}

/** A finished file. */
export interface ParquetFile {
  /** In order; plain memory, ready for `ObjectStore.put`. Empty if there was an `onPart`. */
  readonly parts: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly rowCount: number
  readonly rowGroups: readonly { readonly rowCount: number; readonly sizeBytes: number }[]
  /** Exact, of all rows, one a leaf; paths are logical names. */
  readonly statistics: readonly ColumnStatistics[]
}

/** Rows of nested columns that are shredded at a time. */
const shredRows = 4096

/**
 * Writes one Parquet file. Synchronous; batches are encoded at once and may go after `write` returns. Memory: the pages at
 * hand and the dictionaries in the heap, finished pages (compressed) in JavaScript memory until their row group ends.
 */
export class ParquetWriter {
  readonly #context: ColumnarContext
  readonly #schema: WriteSchema
  readonly #options: ParquetWriteOptions
  readonly #output: FileOutput
  readonly #groupArena: Arena
  readonly #fileArena: Arena
  readonly #scratch: Arena
  readonly #compressor: PageCompressor
  readonly #groups: WrittenRowGroup[] = []
  readonly #totals: LeafTotals[]
  readonly #rowGroupRows: number
  readonly #rowGroupBytes: number
  #writers: ColumnWriter[] | null = null
  #groupRows = 0
  #rowCount = 0

  /** @throws FormatError DW-FORMAT-0006, 0007 */
  constructor(context: ColumnarContext, account: MemoryAccount, schema: Schema, options: ParquetWriteOptions = {}) {
    this.#context = context
    this.#options = options
    this.#schema = writeSchema(schema, {
      physicalNames: options.physicalNames ?? null,
      fieldIds: options.fieldIds ?? null,
    })
    this.#rowGroupRows = Math.max(1, options.rowGroupRows ?? 1_048_576)
    this.#rowGroupBytes = options.rowGroupBytes ?? 134_217_728
    this.#fileArena = new Arena(context.heap, account)
    this.#groupArena = new Arena(context.heap, account)
    this.#scratch = new Arena(context.heap, account)
    const kernels = parquetKernels(context)
    this.#compressor = pageCompressor(options.compression ?? 'snappy', context.heap, kernels, this.#fileArena)
    this.#totals = this.#schema.leaves.map(() => ({
      min: null,
      max: null,
      nullCount: 0,
      isUnknown: false,
      gaveUp: false,
    }))
    this.#output = new FileOutput(options.onPart ?? null)
    this.#output.write(parquetMagic)
  }

  get rowCount(): number {
    return this.#rowCount
  }

  /** Bytes of the file so far, as far as they can be told: to end a file at a size. */
  get estimatedBytes(): number {
    return this.#output.sizeBytes + this.#bufferedBytes()
  }

  #bufferedBytes(): number {
    return this.#writers?.reduce((sum, writer) => sum + writer.bufferedBytes, 0) ?? 0
  }

  /** Appends a batch; its columns are the schema's, in order. */
  write(batch: RecordBatch): void {
    let at = 0
    while (at < batch.rowCount) {
      const rows = Math.min(batch.rowCount - at, this.#rowGroupRows - this.#groupRows)
      this.#writers ??= this.#startGroup()
      this.#append(batch, at, rows)
      at += rows
      this.#groupRows += rows
      this.#rowCount += rows
      this.#scratch.reset()
      if (this.#groupRows >= this.#rowGroupRows || this.#bufferedBytes() >= this.#rowGroupBytes) this.#endGroup()
    }
  }

  #append(batch: RecordBatch, start: number, rows: number): void {
    const writers = this.#writers!
    this.#schema.nodes.forEach((node, i) => {
      const column = batch.columns[i]!
      if (node.kind === 'leaf') {
        writers[node.index]!.append(column, start, rows)
        return
      }
      for (let at = 0; at < rows; at += shredRows) {
        const count = Math.min(shredRows, rows - at)
        for (const leaf of shred(this.#context.heap, node, column, start + at, count)) {
          writers[leaf.leaf.index]!.appendShredded(leaf, count)
        }
      }
    })
  }

  #startGroup(): ColumnWriter[] {
    const writing: ColumnWriterContext = {
      heap: this.#context.heap,
      kernels: parquetKernels(this.#context),
      arena: this.#groupArena,
      scratch: this.#scratch,
      compressor: this.#compressor,
      pageRows: Math.max(1, this.#options.pageRows ?? 16_384),
    }
    const isWanted = this.#options.dictionary ?? true
    return this.#schema.leaves.map((leaf, i) => new ColumnWriter(leaf, writing, isWanted && !this.#totals[i]!.gaveUp))
  }

  #endGroup(): void {
    if (this.#writers === null) return
    const startOffset = this.#output.sizeBytes
    const chunks = this.#writers.map((writer, i) => {
      const chunk = writer.finish(this.#output)
      addTotals(this.#totals[i]!, chunk, writer.gaveUp)
      writer.close()
      return chunk
    })
    this.#groups.push({ rowCount: this.#groupRows, startOffset, chunks })
    this.#writers = null
    this.#groupRows = 0
    this.#groupArena.reset()
    this.#scratch.reset()
  }

  /** Ends the file. The writer's memory is free then. */
  finish(): ParquetFile {
    this.#endGroup()
    this.#output.write(writeFooter(this.#schema, this.#groups, this.#compressor.codec, this.#options.keyValue ?? {}))
    this.#output.finish()
    this.close()
    return {
      parts: this.#output.parts,
      sizeBytes: this.#output.sizeBytes,
      rowCount: this.#rowCount,
      rowGroups: this.#groups.map((group, i) => ({
        rowCount: group.rowCount,
        sizeBytes: (this.#groups[i + 1]?.startOffset ?? this.#output.sizeBytes) - group.startOffset,
      })),
      statistics: this.#schema.leaves.map((leaf, i) => leafStatistics(leaf, this.#totals[i]!)),
    }
  }

  /** Frees memory without ending the file. */
  close(): void {
    this.#writers?.forEach((writer) => writer.close())
    this.#writers = null
    this.#groupArena.close()
    this.#scratch.close()
    this.#fileArena.close()
  }
}

interface LeafTotals {
  min: Bound | null
  max: Bound | null
  nullCount: number
  /** A row group had values but no bounds. */
  isUnknown: boolean
  gaveUp: boolean
}

function addTotals(
  totals: LeafTotals,
  chunk: { min: Bound | null; max: Bound | null; nullCount: number; valueCount: number },
  gaveUp: boolean,
): void {
  totals.nullCount += chunk.nullCount
  totals.gaveUp ||= gaveUp
  if (chunk.min === null || chunk.max === null) {
    totals.isUnknown ||= chunk.valueCount > chunk.nullCount
    return
  }
  if (totals.min === null || isLess(chunk.min, totals.min)) totals.min = chunk.min
  if (totals.max === null || isLess(totals.max, chunk.max)) totals.max = chunk.max
}

function leafStatistics(leaf: WriteLeaf, totals: LeafTotals): ColumnStatistics {
  const value = (bound: Bound | null): Value => (totals.isUnknown ? null : boundToValue(leaf.type, bound))
  return { path: leaf.path, min: value(totals.min), max: value(totals.max), nullCount: totals.nullCount }
}
