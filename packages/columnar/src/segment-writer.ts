import type { Schema } from '@deltaworks/schema'
import { byteWidth, type Column } from './column.js'
import type { Heap } from './heap.js'
import type { RecordBatch } from './record-batch.js'
import { absent, encodeSchema, segmentMagic, WordList } from './segment-header.js'

const align = (n: number): number => (n + 15) & ~15

/** How a buffer gets into a segment: bytes as they are, int32 offsets less `first`, or a bitmap from bit `first` on. */
const asBytes = 0
const asOffsets = 1
const asBits = 2
/** Words of a piece: kind, source, position, bytes, first. */
const pieceWords = 5

/** Lays out columns' buffers one behind the other and writes the header to them, then copies them. One a thread. */
export class SegmentWriter {
  #heap: Heap | null = null
  readonly #header = new WordList()
  readonly #pieces = new WordList()
  /** Of dictionaries in this segment: address of values, of offsets, length; then the words of their column, from and to. */
  readonly #dictionaries = new WordList()
  #end = 0

  /** Of the segment that `layOut` planned: all of it. */
  get sizeBytes(): number {
    return this.#headerBytes() + this.#end
  }

  /** Plans a segment: of slices only their rows, and a dictionary that batches share only once. */
  layOut(heap: Heap, schema: Schema, batches: readonly RecordBatch[]): void {
    this.#heap = heap
    this.#end = 0
    for (const words of [this.#header, this.#pieces, this.#dictionaries]) words.clear()
    this.#begin(schema, batches)
    const header = this.#header
    for (const { rowCount, columns } of batches) {
      header.push(rowCount)
      for (const column of columns) {
        const start = header.length
        header.push(0)
        this.#column(column, 0, column.length)
        header.set(start, header.length - start)
      }
    }
    header.set(1, this.#headerBytes())
  }

  #begin(schema: Schema, batches: readonly RecordBatch[]): void {
    const text = encodeSchema(schema)
    const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0)
    this.#header.push(segmentMagic, 0, text.length, batches.length, rowCount)
    for (let i = 0; i < text.length; i += 4) {
      this.#header.push(text[i]! | (text[i + 1]! << 8) | (text[i + 2]! << 16) | (text[i + 3]! << 24))
    }
  }

  #headerBytes(): number {
    return align(this.#header.length * 4)
  }

  #store(kind: number, source: number, bytes: number, first = 0): void {
    this.#pieces.push(kind, source, this.#end, bytes, first)
    this.#header.push(this.#end, bytes)
    this.#end = align(this.#end + bytes)
  }

  #absent(): void {
    this.#header.push(absent, 0)
  }

  #bits(source: number, start: number, end: number): void {
    this.#store(asBits, source + (start >>> 3), (end - start + 7) >> 3, start & 7)
  }

  /** Rows [start, end) of a column. */
  #column(column: Column, start: number, end: number): void {
    const { validity, dictionary } = column
    const whole = start === 0 && end === column.length
    this.#header.push(end - start, whole ? column.nullCount : validity === 0 ? 0 : -1)
    if (validity === 0) this.#absent()
    else this.#bits(validity, start, end)
    if (dictionary !== null) {
      this.#store(asBytes, column.values + start * 4, (end - start) * 4)
      this.#absent()
      this.#header.push(1)
      this.#dictionary(dictionary)
    } else this.#plain(column, start, end)
  }

  /** Values, offsets, no dictionary, and children. */
  #plain(column: Column, start: number, end: number): void {
    const { type } = column
    switch (type.kind) {
      case 'null':
      case 'struct':
        this.#absent()
        this.#absent()
        break
      case 'string':
      case 'binary':
      case 'variant':
      case 'list':
      case 'map':
        return this.#ofOffsets(column, start, end)
      case 'boolean':
        this.#bits(column.values, start, end)
        this.#absent()
        break
      default: {
        const width = byteWidth(type)
        this.#store(asBytes, column.values + start * width, (end - start) * width)
        this.#absent()
      }
    }
    this.#header.push(0)
    for (const child of column.children) this.#column(child, start, end)
  }

  #ofOffsets(column: Column, start: number, end: number): void {
    const { i32 } = this.#heap!
    const first = i32[(column.offsets >>> 2) + start]!
    const last = i32[(column.offsets >>> 2) + end]!
    if (column.type.kind === 'list' || column.type.kind === 'map') this.#absent()
    else this.#store(asBytes, column.values + first, last - first)
    this.#store(asOffsets, column.offsets + start * 4, (end - start + 1) * 4, first)
    this.#header.push(0)
    for (const child of column.children) this.#column(child, first, last)
  }

  #dictionary(dictionary: Column): void {
    const { values, offsets, length } = dictionary
    const known = this.#dictionaries
    for (let i = 0; i < known.length; i += 5) {
      if (known.at(i) === values && known.at(i + 1) === offsets && known.at(i + 2) === length) {
        return this.#header.repeat(known.at(i + 3), known.at(i + 4))
      }
    }
    const start = this.#header.length
    this.#column(dictionary, 0, length)
    known.push(values, offsets, length, start, this.#header.length)
  }

  /** Into the first `sizeBytes` bytes. */
  copyTo(segment: ArrayBuffer | SharedArrayBuffer): void {
    const base = this.#headerBytes()
    new Uint32Array(segment, 0, this.#header.length).set(this.#header.view())
    const target = new Uint8Array(segment)
    const { u8, i32 } = this.#heap!
    const pieces = this.#pieces
    for (let i = 0; i < pieces.length; i += pieceWords) {
      const [source, bytes, first] = [pieces.at(i + 1), pieces.at(i + 3), pieces.at(i + 4)]
      const kind = pieces.at(i)
      const to = base + pieces.at(i + 2)
      if (kind === asBits && first > 0) {
        for (let k = 0; k < bytes; k++)
          target[to + k] = (u8[source + k]! >> first) | (u8[source + k + 1]! << (8 - first))
      } else if (kind === asOffsets && first !== 0) {
        const offsets = new Int32Array(segment, to, bytes >>> 2)
        for (let k = 0; k < offsets.length; k++) offsets[k] = i32[(source >>> 2) + k]! - first
      } else target.set(u8.subarray(source, source + bytes), to)
    }
  }
}
