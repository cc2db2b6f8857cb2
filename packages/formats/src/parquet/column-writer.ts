import { byteWidth, type Column } from '@deltaworks/columnar'
import { nullInRequired } from '../errors.js'
import { BloomFilterBuilder } from './bloom-filter.js'
import { DictionaryBuilder } from './dictionary-builder.js'
import type { FileOutput } from './file-output.js'
import { encoding, physical } from './format.js'
import { OwnedBuffer, type HeapBuffer } from './heap-buffer.js'
import { appendCodes, bitWidth, dictionaryPageHeader } from './page-encoder.js'
import { PageWriter, type PageWriterContext, type WrittenPage } from './page-writer.js'
import type { ShreddedLeaf } from './shred.js'
import { PlainPages } from './plain-pages.js'
import { plainWidth, type ParquetValueEncoding } from './value-encoding.js'
import { BoundsAccumulator, type Bound } from './write-bounds.js'
import type { WriteLeaf } from './write-schema.js'

/** What the footer tells of a written column chunk. Offsets are of the file, or of the row group that is being made. */
export interface WrittenChunk {
  readonly leaf: WriteLeaf
  readonly codec: number
  readonly valueCount: number
  readonly nullCount: number
  readonly min: Bound | null
  readonly max: Bound | null
  /** Data pages by their encoding. */
  readonly encodings: ReadonlyMap<number, number>
  readonly dictionaryOffset: number | null
  readonly dataOffset: number
  /** With page headers. */
  readonly uncompressedBytes: number
  readonly compressedBytes: number
  readonly pageVersion: 1 | 2
  readonly pages: readonly WrittenPage[]
  /** Header and bits; null: none was asked for. */
  readonly bloomFilter: Uint8Array | null
}

export interface ColumnWriterContext extends PageWriterContext {
  readonly pageRows: number
  readonly pageBytes: number
}

/** How one column is written. */
export interface ColumnPlan {
  readonly useDictionary: boolean
  readonly valueEncoding: ParquetValueEncoding
  /** Rate of false positives; null: no Bloom filter. */
  readonly bloomFilter: number | null
}

/** Values after which a dictionary is given up that does not pay: where many files are open, those of all columns take much memory. */
const trialValues = 4096

/**
 * Writes one leaf's chunk of a row group. Values go through a dictionary until that stops paying: if it does not pay on the
 * first values or page, the page is made PLAIN and the dictionary dropped (and not tried in later row groups); if it grows too large
 * later, pages from then on hold values.
 */
export class ColumnWriter {
  readonly leaf: WriteLeaf
  readonly #context: ColumnWriterContext
  /** Bytes of a value while in here: 1 boolean, 4, 8, 16; 0 strings. */
  readonly #width: number
  /** Of the chunk, and of the page at hand. */
  readonly #bounds: BoundsAccumulator
  readonly #pageBounds: BoundsAccumulator
  readonly #pages: PageWriter
  readonly #codes: OwnedBuffer
  readonly #plain: PlainPages
  readonly #dictionary: DictionaryBuilder | null
  readonly #bloom: BloomFilterBuilder | null
  #isDictionary: boolean
  /** Whether the dictionary was asked if it pays before its first page ended. */
  #isTried = false
  #dictionaryPages = 0
  /** The dictionary of the incoming column that `#remap` is for. */
  #source: Column | null = null
  readonly #remap: OwnedBuffer
  /** The dictionary did not pay. */
  gaveUp = false

  constructor(leaf: WriteLeaf, context: ColumnWriterContext, plan: ColumnPlan) {
    this.leaf = leaf
    this.#context = context
    this.#width = storageWidth(leaf)
    const { arena, heap, kernels } = context
    this.#bounds = new BoundsAccumulator(heap, kernels, leaf.type)
    this.#pageBounds = new BoundsAccumulator(heap, kernels, leaf.type)
    this.#isDictionary = plan.useDictionary && leaf.type.kind !== 'boolean' && leaf.type.kind !== 'null'
    this.#pages = new PageWriter(leaf, context)
    this.#codes = new OwnedBuffer(arena, this.#isDictionary ? 1024 : 0)
    this.#plain = new PlainPages(leaf, context, plan.valueEncoding, this.#isDictionary ? 0 : 2048)
    this.#remap = new OwnedBuffer(arena, 0)
    this.#dictionary = this.#isDictionary ? new DictionaryBuilder(arena, kernels, this.#width) : null
    this.#bloom =
      plan.bloomFilter === null || leaf.type.kind === 'boolean'
        ? null
        : new BloomFilterBuilder(arena, kernels, plan.bloomFilter)
  }

  /** Bytes that wait or are done, for the size of the row group. */
  get bufferedBytes(): number {
    return this.#pages.compressedBytes + this.#plain.length + this.#codes.length
  }

  /** Appends rows [start, start + count) of a top-level column that is not nested. */
  append(column: Column, start: number, count: number): void {
    let at = start
    const end = start + count
    while (at < end) {
      const rows = this.#rowsThatFit(column, at, end - at)
      this.#appendFlat(column, at, rows)
      at += rows
      this.#pages.rows += rows
      this.#finishIfFull()
    }
  }

  /** Appends the levels and values of some whole rows. */
  appendShredded(shredded: ShreddedLeaf, rows: number): void {
    const { heap, scratch } = this.#context
    const { definitions, repetitions, slots, column } = shredded
    this.#pages.addLevels(definitions, repetitions, definitions.length - slots.length)
    if (slots.length > 0) {
      const indexes = scratch.allocate(slots.length * 4)
      heap.i32.set(slots, indexes >>> 2)
      this.#appendSlots(column, indexes, slots.length)
    }
    this.#pages.rows += rows
    this.#finishIfFull()
  }

  #finishIfFull(): void {
    if (!this.#isTried && this.#codes.length >= trialValues * 4) {
      this.#isTried = true
      if (!this.#dictionaryPays()) this.#leaveDictionary()
    }
    const { pageRows, pageBytes } = this.#context
    if (this.#pages.rows >= pageRows || this.#plain.length >= pageBytes || this.#codes.length >= pageBytes) {
      this.#finishPage()
    }
  }

  #rowsThatFit(column: Column, start: number, count: number): number {
    const { pageBytes } = this.#context
    const rows = Math.min(count, Math.max(1, this.#context.pageRows - this.#pages.rows))
    if (this.#width !== 0 || column.dictionary !== null || this.#plain.length >= pageBytes) return rows
    const offsets = column.offsets >>> 2
    const { i32 } = this.#context.heap
    const bytes = i32[offsets + start + rows]! - i32[offsets + start]!
    return bytes <= 2 * pageBytes ? rows : Math.max(1, Math.floor((rows * pageBytes) / bytes))
  }

  #appendFlat(column: Column, start: number, count: number): void {
    const { heap, kernels } = this.#context
    const { validity } = column
    let present = count
    if (column.type.kind === 'null') present = 0
    if (this.leaf.definition > 0) {
      const buffer = this.#pages.definitions
      buffer.reserve(count + 16)
      if (present === 0) heap.fill(buffer.end, 0, count)
      else if (validity === 0) heap.fill(buffer.end, 1, count)
      else present = kernels.parquetBitsToLevels(validity, start, count, 1, 0, buffer.end)
      buffer.length += count
    } else if (validity !== 0 && column.nullCount !== 0) this.#refuseNulls(validity, start, count)
    this.#pages.countLevels(count, count - present)
    if (present === 0) return
    const bitmap = present === count ? 0 : validity
    if (this.#width === 0) this.#appendStrings(column, bitmap, start, count, present)
    else this.#appendDense(...this.#denseOf(column, bitmap, start, count), present)
  }

  #refuseNulls(validity: number, start: number, count: number): void {
    const { kernels, scratch } = this.#context
    const levels = scratch.allocate(count + 16)
    if (kernels.parquetBitsToLevels(validity, start, count, 1, 0, levels) !== count) {
      throw nullInRequired(this.leaf.path.join('.'))
    }
  }

  /** Values of a fixed-width column without nulls. @returns their address, and their width in the column */
  #denseOf(column: Column, bitmap: number, start: number, count: number): [number, number] {
    const { kernels, scratch } = this.#context
    if (column.type.kind === 'boolean') {
      const bytes = scratch.allocate(count + 16)
      kernels.parquetBitsToBytes(column.values, start, count, bytes)
      if (bitmap === 0) return [bytes, 1]
      const dense = scratch.allocate(count + 16)
      kernels.parquetCompact(bytes - start, 1, bitmap, start, count, dense)
      return [dense, 1]
    }
    const width = byteWidth(column.type)
    if (bitmap === 0) return [column.values + start * width, width]
    const dense = scratch.allocate(count * width + 16)
    kernels.parquetCompact(column.values, width, bitmap, start, count, dense)
    return [dense, width]
  }

  /** Values of a nested leaf by their slots. */
  #appendSlots(column: Column, slots: number, count: number): void {
    const { kernels, scratch } = this.#context
    if (column.dictionary !== null) {
      const codes = scratch.allocate(count * 4)
      kernels.parquetGather(slots, count, column.values, 4, codes)
      this.#appendStrings({ ...column, values: codes, validity: 0, length: count }, 0, 0, count, count)
      return
    }
    if (this.#width === 0) {
      const size = kernels.parquetGatheredBytes(slots, count, column.offsets)
      const offsets = scratch.allocate((count + 1) * 4)
      const bytes = scratch.allocate(size)
      kernels.parquetGatherStrings(slots, count, column.offsets, column.values, 0, offsets, bytes)
      this.#appendStrings({ ...column, offsets, values: bytes, validity: 0, length: count }, 0, 0, count, count)
      return
    }
    let { values } = column
    let width = byteWidth(column.type)
    if (column.type.kind === 'boolean') {
      values = scratch.allocate(column.length + 16)
      width = 1
      kernels.parquetBitsToBytes(column.values, 0, column.length, values)
    }
    const dense = scratch.allocate(count * width)
    kernels.parquetGather(slots, count, values, width, dense)
    this.#appendDense(dense, width, count)
  }

  /** Brings values to their width in the file, then into the dictionary or the page. */
  #appendDense(source: number, from: number, count: number): void {
    const { kernels, scratch } = this.#context
    let values = source
    if (from !== this.#width) {
      values = scratch.allocate(count * this.#width)
      kernels.parquetResize(source, from, this.#width, 0, count, values)
    }
    let done = 0
    if (this.#isDictionary) {
      this.#codes.reserve(count * 4)
      done = this.#dictionary!.insertFixed(values, count, this.#codes.end)
      this.#codes.length += done * 4
      if (done < count) this.#leaveDictionary()
    }
    if (done < count) this.#addPlain(values + done * this.#width, count - done)
  }

  #addPlain(values: number, count: number): void {
    this.#pageBounds.addFixed(values, this.#width, count)
    this.#plain.addFixed(values, this.#width, count)
  }

  #appendStrings(column: Column, bitmap: number, start: number, count: number, present: number): void {
    let done = 0
    if (this.#isDictionary) {
      this.#codes.reserve(present * 4)
      const { passed, written } = this.#insertStrings(column, bitmap, start, count)
      this.#codes.length += written * 4
      done = passed
      if (done < count) this.#leaveDictionary()
    }
    if (done < count) this.#addPlainStrings(column, bitmap, start + done, count - done)
  }

  #insertStrings(
    column: Column,
    bitmap: number,
    start: number,
    count: number,
  ): { readonly passed: number; readonly written: number } {
    const { dictionary } = column
    const builder = this.#dictionary!
    if (dictionary === null) {
      return builder.insertStrings(column.offsets, column.values, bitmap, start, count, this.#codes.end)
    }
    if (this.#source !== dictionary) {
      this.#source = dictionary
      this.#remap.reserve(dictionary.length * 4)
      this.#context.heap.fill(this.#remap.address, 0xff, dictionary.length * 4)
    }
    const { offsets, values } = dictionary
    return builder.insertCodes(
      column.values,
      this.#remap.address,
      offsets,
      values,
      bitmap,
      start,
      count,
      this.#codes.end,
    )
  }

  #addPlainStrings(column: Column, bitmap: number, start: number, count: number): void {
    const { kernels, scratch } = this.#context
    let { offsets, values } = column
    let from = start
    if (column.dictionary !== null) {
      // Codes under nulls are valid, so all slots can be looked up.
      const { dictionary } = column
      const codes = column.values + 4 * start
      if (dictionary.length === 0) return
      const size = kernels.parquetGatheredBytes(codes, count, dictionary.offsets)
      offsets = scratch.allocate((start + count + 1) * 4)
      values = scratch.allocate(size)
      kernels.parquetGatherStrings(codes, count, dictionary.offsets, dictionary.values, 0, offsets + 4 * start, values)
      from = start
    }
    this.#pageBounds.addStrings(offsets, values, bitmap, from, count)
    this.#plain.addStrings(offsets, values, bitmap, from, count)
  }

  /** From here on values: the codes of the page at hand become them again. */
  #leaveDictionary(): void {
    const { kernels, scratch } = this.#context
    const dictionary = this.#dictionary!
    const count = this.#codes.length / 4
    if (count > 0) {
      this.#addCodedBounds()
      if (this.#width === 0) this.#plain.addCoded(this.#codes.address, count, dictionary)
      else {
        const values = scratch.allocate(count * this.#width)
        kernels.parquetGather(this.#codes.address, count, dictionary.values, this.#width, values)
        this.#plain.addFixed(values, this.#width, count)
      }
    }
    this.#codes.length = 0
    this.#isDictionary = false
    if (this.#dictionaryPages > 0) return
    this.gaveUp = true
    dictionary.close()
  }

  /** Bounds of the codes of the page at hand. */
  #addCodedBounds(): void {
    const { kernels, scratch } = this.#context
    const { address } = this.#codes
    const count = this.#codes.length / 4
    const { count: entries, offsets, values } = this.#dictionary!
    if (this.#width === 0) {
      this.#pageBounds.addCoded(address, count, offsets, values, entries, scratch.allocate(entries + 16))
      return
    }
    const gathered = scratch.allocate(count * this.#width)
    kernels.parquetGather(address, count, values, this.#width, gathered)
    this.#pageBounds.addFixed(gathered, this.#width, count)
  }

  /** Whether codes and dictionary are smaller than the values that were seen. */
  #dictionaryPays(): boolean {
    const dictionary = this.#dictionary!
    const codes = this.#codes.length / 4
    const codeBytes = (codes * bitWidth(dictionary.count)) / 8
    let plainBytes = codes * this.#width
    if (this.#width === 0) {
      plainBytes =
        4 * codes + this.#context.kernels.parquetGatheredBytes(this.#codes.address, codes, dictionary.offsets)
    }
    return dictionary.plainBytes + codeBytes < plainBytes || plainBytes < 0
  }

  #finishPage(): void {
    if (this.#codes.length > 0 && this.#dictionaryPages === 0 && !this.#dictionaryPays()) this.#leaveDictionary()
    const context = this.#context
    // A page of nulls has no codes, and nothing to say about the dictionary.
    const isCoded = this.#codes.length > 0
    if (isCoded) this.#addCodedBounds()
    const bounds = this.#pageBounds
    if (isCoded) {
      const codes = {
        encoding: encoding.rleDictionary,
        sizeBytes: this.#codes.length,
        append: (page: HeapBuffer) => appendCodes(context, page, this.#codes, this.#dictionary!.count),
      }
      this.#pages.finish(codes, bounds.min, bounds.max)
      this.#dictionaryPages++
      this.#codes.length = 0
    } else {
      this.#plain.addTo(this.#bloom)
      this.#pages.finish(this.#plain.values(), bounds.min, bounds.max)
      this.#plain.clear()
    }
    this.#bounds.addAll(bounds)
    bounds.reset()
  }

  /** Writes the chunk and tells what the footer needs. The writer is done then. */
  finish(output: FileOutput): WrittenChunk {
    if (this.#pages.levels > 0) this.#finishPage()
    const start = output.sizeBytes
    let dictionaryOffset: number | null = null
    let { uncompressedBytes, compressedBytes } = this.#pages
    if (this.#dictionaryPages > 0) {
      dictionaryOffset = start
      uncompressedBytes += this.#writeDictionary(output)
      compressedBytes += output.sizeBytes - start
    }
    const dataOffset = output.sizeBytes
    this.#pages.writePages(output)
    const hasValues = this.#pages.levelCount > this.#pages.nullCount
    return {
      leaf: this.leaf,
      codec: this.#context.compressor.codec,
      valueCount: this.#pages.levelCount,
      nullCount: this.#pages.nullCount,
      min: hasValues ? this.#bounds.min : null,
      max: hasValues ? this.#bounds.max : null,
      encodings: this.#pages.encodings,
      dictionaryOffset,
      dataOffset,
      uncompressedBytes,
      compressedBytes,
      pageVersion: this.#context.pageVersion,
      pages: this.#pages.written,
      bloomFilter: this.#bloom?.finish(this.#context.scratch) ?? null,
    }
  }

  /** Gives its memory back; what lies in the arena goes with that. */
  close(): void {
    for (const part of [this.#pages, this.#codes, this.#plain, this.#remap]) part.close()
    this.#dictionary?.close()
    this.#bloom?.close()
  }

  /** @returns its bytes uncompressed, with the page's header */
  #writeDictionary(output: FileOutput): number {
    const { scratch, kernels, compressor } = this.#context
    const dictionary = this.#dictionary!
    const { count } = dictionary
    const width = plainWidth(this.leaf)
    let source = dictionary.values
    let size = count * width
    if (width === 0) {
      size = dictionary.plainBytes
      source = scratch.allocate(size)
      kernels.parquetEncodeByteArrays(dictionary.offsets, dictionary.values, 0, count, source)
    } else if (this.#width === 16) {
      source = scratch.allocate(size)
      kernels.parquetInt128ToFixed(dictionary.values, width, count, source)
    }
    this.#bloom?.add(source, width, count)
    const body = compressor.compress(source, size)
    const header = dictionaryPageHeader(count, size, body.length)
    output.write(header)
    output.write(body)
    return header.length + size
  }
}

function storageWidth(leaf: WriteLeaf): number {
  switch (leaf.physical) {
    case physical.boolean:
      return 1
    case physical.int32:
    case physical.float:
      return 4
    case physical.int64:
    case physical.double:
      return 8
    case physical.fixed:
      return 16
    default:
      return 0
  }
}
