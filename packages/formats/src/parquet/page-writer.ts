import type { Arena } from '@deltaworks/columnar'
import type { PageCompressor } from './compress.js'
import type { FileOutput } from './file-output.js'
import { HeapBuffer, OwnedBuffer } from './heap-buffer.js'
import { appendLevels, dataPageHeader, dataPageHeaderV2, type PageEncoderContext } from './page-encoder.js'
import type { Bound } from './write-bounds.js'
import type { WriteLeaf } from './write-schema.js'

/** What the page index tells of a written page. */
export interface WrittenPage {
  /** Index in its row group of the first row. */
  readonly firstRow: number
  /** With its header, as in the file. */
  readonly sizeBytes: number
  readonly levelCount: number
  readonly nullCount: number
  readonly min: Bound | null
  readonly max: Bound | null
}

export interface PageWriterContext extends PageEncoderContext {
  /** Emptied after every row group. */
  readonly arena: Arena
  /** Emptied after every batch. */
  readonly scratch: Arena
  readonly compressor: PageCompressor
  readonly pageVersion: 1 | 2
}

/** The values of a page, and how they are put behind its levels. */
export interface PageValues {
  readonly encoding: number
  /** Bytes that may be needed, roughly. */
  readonly sizeBytes: number
  readonly append: (page: HeapBuffer) => void
}

/**
 * A chunk's pages: the levels of the one at hand, and those that are done, which wait for their dictionary (it comes first in
 * the file).
 */
export class PageWriter {
  readonly #leaf: WriteLeaf
  readonly #context: PageWriterContext
  readonly definitions: OwnedBuffer
  readonly repetitions: OwnedBuffer
  /** Of the page at hand. */
  rows = 0
  levels = 0
  nulls = 0
  /** Of the chunk. */
  rowCount = 0
  levelCount = 0
  nullCount = 0
  uncompressedBytes = 0
  compressedBytes = 0
  readonly written: WrittenPage[] = []
  /** Data pages by their encoding. */
  readonly encodings = new Map<number, number>()
  readonly #pages: Uint8Array[] = []

  constructor(leaf: WriteLeaf, context: PageWriterContext) {
    this.#leaf = leaf
    this.#context = context
    this.definitions = new OwnedBuffer(context.arena, leaf.definition > 0 ? 256 : 0)
    this.repetitions = new OwnedBuffer(context.arena, leaf.repetition > 0 ? 256 : 0)
  }

  addLevels(definitions: Uint8Array, repetitions: Uint8Array, nulls: number): void {
    this.#append(this.definitions, definitions, this.#leaf.definition > 0)
    this.#append(this.repetitions, repetitions, this.#leaf.repetition > 0)
    this.countLevels(definitions.length, nulls)
  }

  #append(buffer: HeapBuffer, levels: Uint8Array, isWanted: boolean): void {
    if (!isWanted) return
    buffer.reserve(levels.length)
    this.#context.heap.u8.set(levels, buffer.end)
    buffer.length += levels.length
  }

  countLevels(levels: number, nulls: number): void {
    this.levels += levels
    this.nulls += nulls
  }

  /** Ends the page at hand. */
  finish(values: PageValues, min: Bound | null, max: Bound | null): void {
    const { header, body, bodyBytes } =
      this.#context.pageVersion === 1 ? this.#version1(values) : this.#version2(values)
    const page = unzeroed(header.length + body.length)
    page.set(header)
    page.set(body, header.length)
    this.#pages.push(page)
    this.uncompressedBytes += header.length + bodyBytes
    this.compressedBytes += page.length
    this.encodings.set(values.encoding, (this.encodings.get(values.encoding) ?? 0) + 1)
    this.written.push({
      firstRow: this.rowCount,
      sizeBytes: page.length,
      levelCount: this.levels,
      nullCount: this.nulls,
      min,
      max,
    })
    this.rowCount += this.rows
    this.levelCount += this.levels
    this.nullCount += this.nulls
    this.rows = 0
    this.levels = 0
    this.nulls = 0
    this.definitions.length = 0
    this.repetitions.length = 0
  }

  #version1(values: PageValues): EncodedPage {
    const context = this.#context
    const page = new HeapBuffer(context.scratch, 2 * this.levels + values.sizeBytes + 2048)
    const { definition, repetition } = this.#leaf
    appendLevels(context, page, this.repetitions, this.levels, repetition, false, true)
    appendLevels(context, page, this.definitions, this.levels, definition, this.#isFull(), true)
    values.append(page)
    const body = context.compressor.compress(page.address, page.length)
    const header = dataPageHeader(this.levels, values.encoding, page.length, body.length)
    return { header, body, bodyBytes: page.length }
  }

  /** Levels stand uncompressed before the values, without their lengths, which are in the header. */
  #version2(values: PageValues): EncodedPage {
    const context = this.#context
    const page = new HeapBuffer(context.scratch, 2 * this.levels + values.sizeBytes + 2048)
    const { definition, repetition } = this.#leaf
    appendLevels(context, page, this.repetitions, this.levels, repetition, false, false)
    const repetitionBytes = page.length
    appendLevels(context, page, this.definitions, this.levels, definition, this.#isFull(), false)
    const levelBytes = page.length
    values.append(page)
    const valueBytes = page.length - levelBytes
    const compressed =
      valueBytes === 0 ? new Uint8Array(0) : context.compressor.compress(page.address + levelBytes, valueBytes)
    const body = new Uint8Array(levelBytes + compressed.length)
    body.set(context.heap.u8.subarray(page.address, page.address + levelBytes))
    body.set(compressed, levelBytes)
    const header = dataPageHeaderV2({
      levelCount: this.levels,
      nullCount: this.nulls,
      rowCount: this.rows,
      valueEncoding: values.encoding,
      definitionBytes: levelBytes - repetitionBytes,
      repetitionBytes,
      uncompressedBytes: page.length,
      compressedBytes: body.length,
      isCompressed: context.compressor.codec !== 0 && valueBytes > 0,
    })
    return { header, body, bodyBytes: page.length }
  }

  /** Every level is the leaf's greatest. */
  #isFull(): boolean {
    return this.nulls === 0 && this.#leaf.repetition === 0
  }

  writePages(output: FileOutput): void {
    for (const page of this.#pages) output.take(page)
  }

  close(): void {
    this.definitions.close()
    this.repetitions.close()
  }
}

/** Memory of its own, which is filled at once: zeroing it would write it twice. */
const unzeroed = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)

interface EncodedPage {
  readonly header: Uint8Array
  readonly body: Uint8Array
  readonly bodyBytes: number
}
