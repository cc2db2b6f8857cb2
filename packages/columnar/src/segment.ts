import type { DataType, Schema } from '@deltaworks/schema'
import type { Arena } from './arena.js'
import type { Column } from './column.js'
import type { Heap } from './heap.js'
import { recordBatch, type RecordBatch } from './record-batch.js'
import { absent, decodeSchema, headerWords, projectedSchema } from './segment-header.js'
import { SegmentWriter } from './segment-writer.js'

/*
 * A segment: batches of one schema in a SharedArrayBuffer, to cross threads or to be kept. Copied once on each way.
 *
 *   | header: words (segment-header.ts) | buffers, 16-byte aligned |
 */

/** Copies batches into a new segment: of slices only their rows, and a dictionary that batches share only once. */
export const writeSegment = (heap: Heap, schema: Schema, batches: readonly RecordBatch[]): SharedArrayBuffer =>
  encodeSegment(heap, schema, batches, (bytes) => new SharedArrayBuffer(bytes))

const writer = new SegmentWriter()

/** Like `writeSegment`, into the first bytes of memory that the caller provides (`allocate(bytes)` gives at least so many). */
export function encodeSegment<T extends ArrayBuffer | SharedArrayBuffer>(
  heap: Heap,
  schema: Schema,
  batches: readonly RecordBatch[],
  allocate: (bytes: number) => T,
): T {
  writer.layOut(heap, schema, batches)
  const segment = allocate(writer.sizeBytes)
  writer.copyTo(segment)
  return segment
}

export function segmentInfo(segment: SharedArrayBuffer): {
  readonly schema: Schema
  readonly rowCount: number
  readonly batchCount: number
} {
  const { schema, rowCount, batchCount } = new SegmentReader(segment, 0)
  return { schema, rowCount, batchCount }
}

/** The batches of a segment whose bytes are in the heap already, at a 16-byte aligned address: their columns lie in it. */
export function openSegment(heap: Heap, address: number, columns?: readonly number[]): RecordBatch[] {
  const reader = new SegmentReader(heap.memory.buffer, address)
  const base = address + reader.headerBytes
  return reader.batches(columns, (position) => base + position)
}

/** Copies a segment's batches into the arena. */
export function readSegment(arena: Arena, segment: SharedArrayBuffer, columns?: readonly number[]): RecordBatch[] {
  const reader = new SegmentReader(segment, 0)
  const base = reader.headerBytes
  const source = new Uint8Array(segment)
  return reader.batches(columns, (position, bytes) => {
    const address = arena.allocate(bytes)
    arena.heap.u8.set(source.subarray(base + position, base + position + bytes), address)
    return address
  })
}

/** Of a dictionary's column: it has neither children nor a dictionary. */
const dictionaryWords = 9

/** Gives a buffer's address, by its position from the first one. */
type Load = (position: number, bytes: number) => number

class SegmentReader {
  readonly headerBytes: number
  readonly schema: Schema
  readonly batchCount: number
  readonly rowCount: number
  readonly #words: Uint32Array
  #next: number
  /** Loaded once for all columns that share them, by the position of their offsets. */
  readonly #dictionaries = new Map<number, Column>()

  constructor(buffer: ArrayBufferLike, start: number) {
    const [, headerBytes, schemaBytes, batchCount, rowCount] = new Uint32Array(
      buffer,
      start,
      headerWords,
    ) as unknown as [number, number, number, number, number]
    this.headerBytes = headerBytes
    this.batchCount = batchCount
    this.rowCount = rowCount
    this.schema = decodeSchema(new Uint8Array(buffer, start + headerWords * 4, schemaBytes))
    this.#words = new Uint32Array(buffer, start, headerBytes >>> 2)
    this.#next = headerWords + (schemaBytes >>> 2)
  }

  batches(positions: readonly number[] | undefined, load: Load): RecordBatch[] {
    const { fields } = this.schema
    const schema = projectedSchema(this.schema, positions)
    const starts = new Int32Array(fields.length)
    const batches: RecordBatch[] = []
    for (let batch = 0; batch < this.batchCount; batch++) {
      const rowCount = this.#word()
      for (let i = 0; i < fields.length; i++) {
        starts[i] = this.#next + 1
        this.#next += this.#words[this.#next]!
      }
      const end = this.#next
      const columns = schema.fields.map((field, i) => {
        this.#next = starts[positions === undefined ? i : positions[i]!]!
        return this.#column(field.type, load)
      })
      this.#next = end
      batches.push(recordBatch(schema, rowCount, columns))
    }
    return batches
  }

  #word(): number {
    return this.#words[this.#next++]!
  }

  #buffer(load: Load): number {
    const position = this.#word()
    const bytes = this.#word()
    return position === absent ? 0 : load(position, bytes)
  }

  #column(type: DataType, load: Load): Column {
    const length = this.#word()
    const nullCount = this.#word() | 0
    const validity = this.#buffer(load)
    const values = this.#buffer(load)
    const offsets = this.#buffer(load)
    const dictionary = this.#word() === 1 ? this.#dictionary(type, load) : null
    const children = dictionary === null ? this.#children(type, load) : []
    return { type, length, nullCount, validity, values, offsets, dictionary, children }
  }

  #children(type: DataType, load: Load): Column[] {
    switch (type.kind) {
      case 'struct':
        return type.fields.map((field) => this.#column(field.type, load))
      case 'list':
        return [this.#column(type.element, load)]
      case 'map':
        return [this.#column(type.key, load), this.#column(type.value, load)]
      default:
        return []
    }
  }

  #dictionary(type: DataType, load: Load): Column {
    // Behind its length and nulls, its validity and its values.
    const position = this.#words[this.#next + 6]!
    const known = this.#dictionaries.get(position)
    if (known !== undefined) {
      this.#next += dictionaryWords
      return known
    }
    const dictionary = this.#column(type, load)
    this.#dictionaries.set(position, dictionary)
    return dictionary
  }
}
