import type { Schema, Value } from '@deltaworks/schema'
import type { WrittenChunk } from './column-writer.js'
import { FileOutput } from './file-output.js'
import {
  parquetMagic,
  writeFooter,
  type ChunkExtras,
  type WrittenRange,
  type WrittenRowGroup,
} from './footer-writer.js'
import { columnIndex, offsetIndex } from './page-index-writer.js'
import type { ColumnStatistics } from './parquet-metadata.js'
import type { EncodedRowGroup } from './row-group-encoder.js'
import { boundToValue, isLess, type Bound } from './write-bounds.js'
import type { ParquetWriteOptions } from './write-options.js'
import { writeSchema, type WriteLeaf, type WriteSchema } from './write-schema.js'

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

/**
 * Puts row groups that were encoded anywhere (`RowGroupEncoder`, also on other threads, with the same schema and options) into
 * one file, in the order in which they come. Memory: what the footer and the page index need.
 */
export class ParquetAssembler {
  readonly #options: ParquetWriteOptions
  readonly #schema: WriteSchema
  readonly #output: FileOutput
  readonly #groups: WrittenRowGroup[] = []
  readonly #totals: LeafTotals[]
  #rowCount = 0

  /** @throws FormatError DW-FORMAT-0006 */
  constructor(schema: Schema, options: ParquetWriteOptions = {}) {
    this.#options = options
    this.#schema = writeSchema(schema, {
      physicalNames: options.physicalNames ?? null,
      fieldIds: options.fieldIds ?? null,
    })
    this.#totals = this.#schema.leaves.map(() => ({ min: null, max: null, nullCount: 0, isUnknown: false }))
    this.#output = new FileOutput(options.onPart ?? null)
    this.#output.write(parquetMagic)
  }

  get sizeBytes(): number {
    return this.#output.sizeBytes
  }

  append({ rowCount, parts, chunks }: EncodedRowGroup): void {
    const startOffset = this.#output.sizeBytes
    for (const part of parts) this.write(part)
    this.place(rowCount, startOffset, chunks)
  }

  /** Bytes of the row group that is placed next. They must not change any more. */
  write(part: Uint8Array): void {
    this.#output.take(part)
  }

  /** Tells of a row group whose bytes were written; offsets of its chunks are of `startOffset` in the file. */
  place(rowCount: number, startOffset: number, chunks: readonly WrittenChunk[]): void {
    const placed = chunks.map((chunk): WrittenChunk => ({
      ...chunk,
      dataOffset: chunk.dataOffset + startOffset,
      dictionaryOffset: chunk.dictionaryOffset === null ? null : chunk.dictionaryOffset + startOffset,
    }))
    placed.forEach((chunk, i) => addTotals(this.#totals[i]!, chunk))
    this.#groups.push({ rowCount, startOffset, chunks: placed })
    this.#rowCount += rowCount
  }

  /** Ends the file. */
  finish(): ParquetFile {
    const endOfGroups = this.#output.sizeBytes
    const extras = this.#writeExtras()
    this.#output.write(
      writeFooter(this.#schema, this.#groups, (group, chunk) => extras[group]![chunk]!, this.#options.keyValue ?? {}),
    )
    this.#output.finish()
    return {
      parts: this.#output.parts,
      sizeBytes: this.#output.sizeBytes,
      rowCount: this.#rowCount,
      rowGroups: this.#groups.map((group, i) => ({
        rowCount: group.rowCount,
        sizeBytes: (this.#groups[i + 1]?.startOffset ?? endOfGroups) - group.startOffset,
      })),
      statistics: this.#schema.leaves.map((leaf, i) => leafStatistics(leaf, this.#totals[i]!)),
    }
  }

  /** Bloom filters, then column indexes, then offset indexes, each together: a reader fetches them in one request. */
  #writeExtras(): ChunkExtras[][] {
    const isIndexed = (group: WrittenRowGroup): boolean =>
      (this.#options.pageIndex ?? true) && group.chunks.some((chunk) => chunk.pages.length > 1)
    const forAll = (
      make: (chunk: WrittenChunk, group: WrittenRowGroup) => Uint8Array | null,
    ): (WrittenRange | null)[][] =>
      this.#groups.map((group) => group.chunks.map((chunk) => this.#writeRange(make(chunk, group))))
    const bloom = forAll((chunk) => chunk.bloomFilter)
    const bounds = forAll((chunk, group) => (isIndexed(group) ? columnIndex(chunk) : null))
    const places = forAll((chunk, group) => (isIndexed(group) ? offsetIndex(chunk) : null))
    return bloom.map((chunks, g) =>
      chunks.map((bloomFilter, c) => ({
        bloomFilter,
        columnIndex: bounds[g]![c]!,
        offsetIndex: places[g]![c]!,
      })),
    )
  }

  #writeRange(bytes: Uint8Array | null): WrittenRange | null {
    if (bytes === null) return null
    const offset = this.#output.sizeBytes
    this.#output.write(bytes)
    return { offset, length: bytes.length }
  }
}

interface LeafTotals {
  min: Bound | null
  max: Bound | null
  nullCount: number
  /** A row group had values but no bounds. */
  isUnknown: boolean
}

function addTotals(totals: LeafTotals, chunk: WrittenChunk): void {
  totals.nullCount += chunk.nullCount
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
