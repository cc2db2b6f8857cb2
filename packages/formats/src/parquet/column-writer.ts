import { byteWidth, type Arena, type Column, type Heap } from '@deltaworks/columnar'
import { nullInRequired } from '../errors.js'
import type { PageCompressor } from './compress.js'
import { DictionaryBuilder } from './dictionary-builder.js'
import type { FileOutput } from './file-output.js'
import { encoding, physical } from './format.js'
import { HeapBuffer, OwnedBuffer } from './heap-buffer.js'
import type { ParquetKernels } from './kernels.js'
import {
  appendCodes,
  appendLevels,
  appendPlain,
  bitWidth,
  dataPageHeader,
  dictionaryPageHeader,
} from './page-encoder.js'
import type { ShreddedLeaf } from './shred.js'
import { BoundsAccumulator, type Bound } from './write-bounds.js'
import type { WriteLeaf } from './write-schema.js'

/** What the footer tells of a written column chunk. */
export interface WrittenChunk {
  readonly leaf: WriteLeaf
  readonly valueCount: number
  readonly nullCount: number
  readonly min: Bound | null
  readonly max: Bound | null
  readonly encodings: readonly number[]
  readonly dictionaryOffset: number | null
  readonly dataOffset: number
  /** With page headers. */
  readonly uncompressedBytes: number
  readonly compressedBytes: number
}

export interface ColumnWriterContext {
  readonly heap: Heap
  readonly kernels: ParquetKernels
  /** Emptied after every row group. */
  readonly arena: Arena
  /** Emptied after every batch. */
  readonly scratch: Arena
  readonly compressor: PageCompressor
  readonly pageRows: number
}

/** Values after which a dictionary is given up that does not pay: where many files are open, those of all columns take much memory. */
const trialValues = 4096

/** Pages are cut before their values pass this. */
const pageBytes = 1_048_576

/**
 * Writes one leaf's chunk of a row group. Values go through a dictionary until that stops paying: if it does not pay on the
 * first values or page, the page is made PLAIN and the dictionary dropped (and not tried in later row groups); if it grows too large
 * later, pages from then on are PLAIN.
 */
export class ColumnWriter {
  readonly leaf: WriteLeaf
  readonly #context: ColumnWriterContext
  /** Bytes of a value while in here: 1 boolean, 4, 8, 16; 0 strings. */
  readonly #width: number
  readonly #bounds: BoundsAccumulator
  readonly #definitions: OwnedBuffer
  readonly #repetitions: OwnedBuffer
  readonly #codes: OwnedBuffer
  readonly #plain: OwnedBuffer
  readonly #dictionary: DictionaryBuilder | null
  #isDictionary: boolean
  /** Whether the dictionary was asked if it pays before its first page ended. */
  #isTried = false
  #pageRows = 0
  #pageLevels = 0
  #pageNulls = 0
  #levelCount = 0
  #nullCount = 0
  readonly #pages: Uint8Array[] = []
  #uncompressedBytes = 0
  #compressedBytes = 0
  #dictionaryPages = 0
  /** The dictionary of the incoming column that `#remap` is for. */
  #source: Column | null = null
  readonly #remap: OwnedBuffer
  /** The dictionary did not pay. */
  gaveUp = false

  constructor(leaf: WriteLeaf, context: ColumnWriterContext, useDictionary: boolean) {
    this.leaf = leaf
    this.#context = context
    this.#width = storageWidth(leaf)
    const { arena, heap, kernels } = context
    this.#bounds = new BoundsAccumulator(heap, kernels, leaf.type)
    this.#isDictionary = useDictionary && leaf.type.kind !== 'boolean' && leaf.type.kind !== 'null'
    this.#definitions = new OwnedBuffer(arena, leaf.definition > 0 ? 256 : 0)
    this.#repetitions = new OwnedBuffer(arena, leaf.repetition > 0 ? 256 : 0)
    this.#codes = new OwnedBuffer(arena, this.#isDictionary ? 1024 : 0)
    this.#plain = new OwnedBuffer(arena, this.#isDictionary ? 0 : 2048)
    this.#remap = new OwnedBuffer(arena, 0)
    this.#dictionary = this.#isDictionary ? new DictionaryBuilder(arena, kernels, this.#width) : null
  }

  /** Bytes that wait or are done, for the size of the row group. */
  get bufferedBytes(): number {
    return this.#compressedBytes + this.#plain.length + this.#codes.length
  }

  /** Appends rows [start, start + count) of a top-level column that is not nested. */
  append(column: Column, start: number, count: number): void {
    let at = start
    const end = start + count
    while (at < end) {
      const rows = this.#rowsThatFit(column, at, end - at)
      this.#appendFlat(column, at, rows)
      at += rows
      this.#pageRows += rows
      this.#finishIfFull()
    }
  }

  /** Appends the levels and values of some whole rows. */
  appendShredded(shredded: ShreddedLeaf, rows: number): void {
    const { heap, scratch } = this.#context
    const { definitions, repetitions, slots, column } = shredded
    this.#addLevels(this.#definitions, definitions, this.leaf.definition > 0)
    this.#addLevels(this.#repetitions, repetitions, this.leaf.repetition > 0)
    this.#countLevels(definitions.length, definitions.length - slots.length)
    if (slots.length > 0) {
      const indexes = scratch.allocate(slots.length * 4)
      heap.i32.set(slots, indexes >>> 2)
      this.#appendSlots(column, indexes, slots.length)
    }
    this.#pageRows += rows
    this.#finishIfFull()
  }

  #finishIfFull(): void {
    if (!this.#isTried && this.#codes.length >= trialValues * 4) {
      this.#isTried = true
      if (!this.#dictionaryPays()) this.#leaveDictionary()
    }
    if (
      this.#pageRows >= this.#context.pageRows ||
      this.#plain.length >= pageBytes ||
      this.#codes.length >= pageBytes
    ) {
      this.#keepPage()
    }
  }

  #rowsThatFit(column: Column, start: number, count: number): number {
    const rows = Math.min(count, Math.max(1, this.#context.pageRows - this.#pageRows))
    if (this.#width !== 0 || column.dictionary !== null || this.#plain.length >= pageBytes) return rows
    const offsets = column.offsets >>> 2
    const { i32 } = this.#context.heap
    const bytes = i32[offsets + start + rows]! - i32[offsets + start]!
    return bytes <= 2 * pageBytes ? rows : Math.max(1, Math.floor((rows * pageBytes) / bytes))
  }

  #countLevels(levels: number, nulls: number): void {
    this.#pageLevels += levels
    this.#levelCount += levels
    this.#pageNulls += nulls
    this.#nullCount += nulls
  }

  #addLevels(buffer: HeapBuffer, levels: Uint8Array, isWanted: boolean): void {
    if (!isWanted) return
    buffer.reserve(levels.length)
    this.#context.heap.u8.set(levels, buffer.end)
    buffer.length += levels.length
  }

  #appendFlat(column: Column, start: number, count: number): void {
    const { heap, kernels } = this.#context
    const { validity } = column
    let present = count
    if (column.type.kind === 'null') present = 0
    if (this.leaf.definition > 0) {
      const buffer = this.#definitions
      buffer.reserve(count + 16)
      if (present === 0) heap.u8.fill(0, buffer.end, buffer.end + count)
      else if (validity === 0) heap.u8.fill(1, buffer.end, buffer.end + count)
      else present = kernels.parquetBitsToLevels(validity, start, count, 1, 0, buffer.end)
      buffer.length += count
    } else if (validity !== 0 && column.nullCount !== 0) this.#refuseNulls(validity, start, count)
    this.#countLevels(count, count - present)
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
    this.#bounds.addFixed(values, this.#width, count)
    this.#copyPlain(values, count)
  }

  #copyPlain(values: number, count: number): void {
    const { heap, kernels } = this.#context
    const fileWidth = this.#width === 16 ? this.leaf.typeLength : this.#width
    this.#plain.reserve(count * fileWidth + 16)
    if (this.#width === 16) kernels.parquetInt128ToFixed(values, fileWidth, count, this.#plain.end)
    else heap.u8.copyWithin(this.#plain.end, values, values + count * fileWidth)
    this.#plain.length += count * fileWidth
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
      const start = this.#remap.address >>> 2
      this.#context.heap.i32.fill(-1, start, start + dictionary.length)
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
    const { heap, kernels, scratch } = this.#context
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
    const size = heap.i32[(offsets >>> 2) + from + count]! - heap.i32[(offsets >>> 2) + from]!
    this.#bounds.addStrings(offsets, values, bitmap, from, count)
    this.#plain.reserve(size + 4 * count + 16)
    this.#plain.length +=
      bitmap === 0
        ? kernels.parquetEncodeByteArrays(offsets, values, from, count, this.#plain.end)
        : kernels.parquetEncodeByteArraysOf(offsets, values, bitmap, from, count, this.#plain.end)
  }

  /** From here on PLAIN: the codes of the page at hand become values again. */
  #leaveDictionary(): void {
    const { kernels, scratch } = this.#context
    const dictionary = this.#dictionary!
    const count = this.#codes.length / 4
    if (count > 0) {
      if (this.#width === 0) {
        const size = kernels.parquetGatheredBytes(this.#codes.address, count, dictionary.offsets)
        this.#plain.reserve(size + 4 * count + 16)
        this.#plain.length += kernels.parquetEncodeByteArraysByCode(
          this.#codes.address,
          count,
          dictionary.offsets,
          dictionary.values,
          this.#plain.end,
        )
      } else {
        const values = scratch.allocate(count * this.#width)
        kernels.parquetGather(this.#codes.address, count, dictionary.values, this.#width, values)
        this.#copyPlain(values, count)
      }
    }
    this.#codes.length = 0
    this.#isDictionary = false
    this.#addDictionaryBounds()
    if (this.#dictionaryPages > 0) return
    this.gaveUp = true
    dictionary.close()
  }

  #addDictionaryBounds(): void {
    const { count, offsets, values } = this.#dictionary!
    if (this.#width === 0) this.#bounds.addStrings(offsets, values, 0, 0, count)
    else this.#bounds.addFixed(values, this.#width, count)
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

  /** Ends a full page; it waits for its dictionary, which comes first in the file. */
  #keepPage(): void {
    const { header, body } = this.#finishPage()
    const page = new Uint8Array(header.length + body.length)
    page.set(header)
    page.set(body, header.length)
    this.#pages.push(page)
  }

  /** What it returns is valid until the next page. */
  #finishPage(): { readonly header: Uint8Array; readonly body: Uint8Array } {
    if (this.#codes.length > 0 && this.#dictionaryPages === 0 && !this.#dictionaryPays()) this.#leaveDictionary()
    const context = this.#context
    const levels = this.#pageLevels
    // A page of nulls has no codes, and nothing to say about the dictionary.
    const isCoded = this.#codes.length > 0
    const page = new HeapBuffer(context.scratch, 2 * levels + this.#codes.length + this.#plain.length + 2048)
    const { definition, repetition } = this.leaf
    appendLevels(context, page, this.#repetitions, levels, repetition, false)
    appendLevels(context, page, this.#definitions, levels, definition, this.#pageNulls === 0 && repetition === 0)
    if (isCoded) appendCodes(context, page, this.#codes, this.#dictionary!.count)
    else appendPlain(context, page, this.#plain, this.leaf.physical === physical.boolean)
    const body = context.compressor.compress(page.address, page.length)
    const header = dataPageHeader(levels, isCoded ? encoding.rleDictionary : encoding.plain, page.length, body.length)
    this.#uncompressedBytes += header.length + page.length
    this.#compressedBytes += header.length + body.length
    if (isCoded) this.#dictionaryPages++
    this.#startPage()
    return { header, body }
  }

  #startPage(): void {
    this.#pageRows = 0
    this.#pageLevels = 0
    this.#pageNulls = 0
    this.#definitions.length = 0
    this.#repetitions.length = 0
    this.#codes.length = 0
    this.#plain.length = 0
  }

  /** Writes the chunk and tells what the footer needs. The writer is done then. */
  finish(output: FileOutput): WrittenChunk {
    const last = this.#pageLevels > 0 ? this.#finishPage() : null
    const start = output.sizeBytes
    let dictionaryOffset: number | null = null
    // The last page's body stands in the compressor's buffer, where the dictionary's will.
    const kept = last === null ? null : { header: last.header, body: last.body.slice() }
    if (this.#dictionaryPages > 0) {
      dictionaryOffset = start
      this.#writeDictionary(output)
      if (this.#isDictionary) this.#addDictionaryBounds()
    }
    const dataOffset = output.sizeBytes
    for (const page of this.#pages) output.take(page)
    if (kept !== null) {
      output.write(kept.header)
      output.take(kept.body)
    }
    const encodings: number[] = [encoding.plain, encoding.rle]
    if (this.#dictionaryPages > 0) encodings.push(encoding.rleDictionary)
    const hasValues = this.#levelCount > this.#nullCount
    return {
      leaf: this.leaf,
      valueCount: this.#levelCount,
      nullCount: this.#nullCount,
      min: hasValues ? this.#bounds.min : null,
      max: hasValues ? this.#bounds.max : null,
      encodings,
      dictionaryOffset,
      dataOffset,
      uncompressedBytes: this.#uncompressedBytes,
      compressedBytes: this.#compressedBytes,
    }
  }

  /** Gives its memory back; what lies in the arena goes with that. */
  close(): void {
    for (const buffer of [this.#definitions, this.#repetitions, this.#codes, this.#plain, this.#remap]) buffer.close()
    this.#dictionary?.close()
  }

  #writeDictionary(output: FileOutput): void {
    const { scratch, kernels, compressor } = this.#context
    const dictionary = this.#dictionary!
    const { count } = dictionary
    let source = dictionary.values
    let size = count * this.#width
    if (this.#width === 0) {
      size = dictionary.plainBytes
      source = scratch.allocate(size)
      kernels.parquetEncodeByteArrays(dictionary.offsets, dictionary.values, 0, count, source)
    } else if (this.#width === 16) {
      size = count * this.leaf.typeLength
      source = scratch.allocate(size)
      kernels.parquetInt128ToFixed(dictionary.values, this.leaf.typeLength, count, source)
    }
    const body = compressor.compress(source, size)
    const header = dictionaryPageHeader(count, size, body.length)
    output.write(header)
    output.write(body)
    this.#uncompressedBytes += header.length + size
    this.#compressedBytes += header.length + body.length
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
