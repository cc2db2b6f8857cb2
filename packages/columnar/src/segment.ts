import type { DataType, Schema } from '@deltaworks/schema'
import type { Arena } from './arena.js'
import { byteWidth, type Column } from './column.js'
import type { Heap } from './heap.js'
import { recordBatch, type RecordBatch } from './record-batch.js'

/*
 * A segment: batches of one schema in a SharedArrayBuffer, to cross threads or to be kept. Copied once on each way.
 *
 *   | magic u32 | header bytes u32 | header: JSON (schema, batches: columns with buffer positions) | buffers, 16-byte aligned |
 */

const magic = 0x47535744
const align = (n: number): number => (n + 15) & ~15

/** A column as a segment keeps it: buffers by position (from the first buffer) and length; -1 = absent. */
interface StoredColumn {
  readonly n: number
  readonly nulls: number
  readonly validity: readonly [number, number] | null
  readonly values: readonly [number, number] | null
  readonly offsets: readonly [number, number] | null
  readonly dictionary: StoredColumn | null
  readonly children: readonly StoredColumn[]
}

interface Header {
  readonly schema: Schema
  readonly rowCount: number
  readonly batches: readonly { readonly rowCount: number; readonly columns: readonly StoredColumn[] }[]
}

/** A buffer on its way into a segment: bytes as they are, int32 offsets less `first`, or a bitmap from bit `first` on. */
interface Piece {
  readonly kind: 'bytes' | 'offsets' | 'bits'
  readonly source: number
  readonly position: number
  readonly bytes: number
  readonly first: number
}

/** Copies batches into a new segment: of slices only their rows, and a dictionary that batches share only once. */
export const writeSegment = (heap: Heap, schema: Schema, batches: readonly RecordBatch[]): SharedArrayBuffer =>
  encodeSegment(heap, schema, batches, (bytes) => new SharedArrayBuffer(bytes))

/** Like `writeSegment`, into the first bytes of memory that the caller provides (`allocate(bytes)` gives at least so many). */
export function encodeSegment<T extends ArrayBuffer | SharedArrayBuffer>(
  heap: Heap,
  schema: Schema,
  batches: readonly RecordBatch[],
  allocate: (bytes: number) => T,
): T {
  const writer = new SegmentWriter(heap)
  const header: Header = {
    schema,
    rowCount: batches.reduce((sum, batch) => sum + batch.rowCount, 0),
    batches: batches.map((batch) => ({
      rowCount: batch.rowCount,
      columns: batch.columns.map((column) => writer.column(column, 0, column.length)),
    })),
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const base = align(8 + text.length)
  const segment = allocate(base + writer.sizeBytes)
  new Uint32Array(segment, 0, 2).set([magic, text.length])
  new Uint8Array(segment, 8, text.length).set(text)
  writer.copyTo(segment, base)
  if (segment instanceof SharedArrayBuffer) knownHeaders.set(segment, { header, base })
  return segment
}

interface PlacedHeader {
  readonly header: Header
  readonly base: number
}
/** Of segments that this thread made or read: a table in memory is read many times. */
const knownHeaders = new WeakMap<SharedArrayBuffer, PlacedHeader>()

/** Lays out columns' buffers one behind the other, then copies them. */
class SegmentWriter {
  readonly #heap: Heap
  readonly #pieces: Piece[] = []
  readonly #dictionaries = new Map<string, StoredColumn>()
  #end = 0

  constructor(heap: Heap) {
    this.#heap = heap
  }

  get sizeBytes(): number {
    return this.#end
  }

  #store(kind: Piece['kind'], source: number, bytes: number, first = 0): readonly [number, number] {
    const position = this.#end
    this.#pieces.push({ kind, source, position, bytes, first })
    this.#end = align(this.#end + bytes)
    return [position, bytes]
  }

  #bits(source: number, start: number, end: number): readonly [number, number] {
    return this.#store('bits', source + (start >>> 3), (end - start + 7) >> 3, start & 7)
  }

  /** Rows [start, end) of a column. */
  column(column: Column, start: number, end: number): StoredColumn {
    const { type, validity } = column
    const whole = start === 0 && end === column.length
    const stored: StoredColumn = {
      n: end - start,
      nulls: whole ? column.nullCount : validity === 0 ? 0 : -1,
      validity: validity === 0 ? null : this.#bits(validity, start, end),
      values: null,
      offsets: null,
      dictionary: null,
      children: [],
    }
    if (column.dictionary !== null) {
      const values = this.#store('bytes', column.values + start * 4, (end - start) * 4)
      return { ...stored, values, dictionary: this.#dictionary(column.dictionary) }
    }
    switch (type.kind) {
      case 'null':
        return stored
      case 'boolean':
        return { ...stored, values: this.#bits(column.values, start, end) }
      case 'struct':
        return { ...stored, children: column.children.map((child) => this.column(child, start, end)) }
      case 'string':
      case 'binary':
      case 'variant':
      case 'list':
      case 'map': {
        const { i32 } = this.#heap
        const first = i32[(column.offsets >>> 2) + start]!
        const last = i32[(column.offsets >>> 2) + end]!
        const offsets = this.#store('offsets', column.offsets + start * 4, (end - start + 1) * 4, first)
        return type.kind === 'list' || type.kind === 'map'
          ? { ...stored, offsets, children: column.children.map((child) => this.column(child, first, last)) }
          : { ...stored, offsets, values: this.#store('bytes', column.values + first, last - first) }
      }
      default: {
        const width = byteWidth(type)
        return { ...stored, values: this.#store('bytes', column.values + start * width, (end - start) * width) }
      }
    }
  }

  #dictionary(dictionary: Column): StoredColumn {
    const key = `${dictionary.values}|${dictionary.offsets}|${dictionary.length}`
    let stored = this.#dictionaries.get(key)
    if (stored === undefined) {
      stored = this.column(dictionary, 0, dictionary.length)
      this.#dictionaries.set(key, stored)
    }
    return stored
  }

  copyTo(segment: ArrayBuffer | SharedArrayBuffer, base: number): void {
    const target = new Uint8Array(segment)
    const { u8, i32 } = this.#heap
    for (const { kind, source, position, bytes, first } of this.#pieces) {
      const to = base + position
      if (kind === 'bits' && first > 0) {
        for (let i = 0; i < bytes; i++)
          target[to + i] = (u8[source + i]! >> first) | (u8[source + i + 1]! << (8 - first))
      } else if (kind === 'offsets' && first !== 0) {
        const offsets = new Int32Array(segment, to, bytes >>> 2)
        for (let i = 0; i < offsets.length; i++) offsets[i] = i32[(source >>> 2) + i]! - first
      } else target.set(u8.subarray(source, source + bytes), to)
    }
  }
}

function readHeader(segment: SharedArrayBuffer): PlacedHeader {
  const known = knownHeaders.get(segment)
  if (known !== undefined) return known
  const [, bytes] = new Uint32Array(segment, 0, 2) as unknown as [number, number]
  const text = Buffer.from(segment, 8, bytes).toString('utf8')
  const read = { header: JSON.parse(text) as Header, base: align(8 + bytes) }
  knownHeaders.set(segment, read)
  return read
}

/** The batches of a segment whose bytes are in the heap already, at a 16-byte aligned address: their columns lie in it. */
export function openSegment(heap: Heap, address: number, columns?: readonly number[]): RecordBatch[] {
  const bytes = heap.u32[(address >>> 2) + 1]!
  const text = Buffer.from(heap.memory.buffer, address + 8, bytes).toString('utf8')
  const base = address + align(8 + bytes)
  return loadBatches(JSON.parse(text) as Header, columns, (piece) => (piece === null ? 0 : base + piece[0]))
}

export function segmentInfo(segment: SharedArrayBuffer): {
  readonly schema: Schema
  readonly rowCount: number
  readonly batchCount: number
} {
  const { header } = readHeader(segment)
  return { schema: header.schema, rowCount: header.rowCount, batchCount: header.batches.length }
}

/** Copies a segment's batches into the arena. */
export function readSegment(arena: Arena, segment: SharedArrayBuffer, columns?: readonly number[]): RecordBatch[] {
  const { header, base } = readHeader(segment)
  const source = new Uint8Array(segment)
  const load = (piece: readonly [number, number] | null): number => {
    if (piece === null) return 0
    const [position, bytes] = piece
    const address = arena.allocate(bytes)
    arena.heap.u8.set(source.subarray(base + position, base + position + bytes), address)
    return address
  }
  return loadBatches(header, columns, load)
}

function loadBatches(
  header: Header,
  columns: readonly number[] | undefined,
  load: (piece: readonly [number, number] | null) => number,
): RecordBatch[] {
  const dictionaries = new Map<number, Column>()
  const positions = columns ?? header.schema.fields.map((_, i) => i)
  const schema = { fields: positions.map((i) => header.schema.fields[i]!) }
  return header.batches.map((batch) =>
    recordBatch(
      schema,
      batch.rowCount,
      positions.map((i) => loadColumn(header.schema.fields[i]!.type, batch.columns[i]!, load, dictionaries)),
    ),
  )
}

function loadColumn(
  type: DataType,
  stored: StoredColumn,
  load: (piece: readonly [number, number] | null) => number,
  dictionaries: Map<number, Column>,
): Column {
  const childTypes =
    type.kind === 'struct'
      ? type.fields.map((f) => f.type)
      : type.kind === 'list'
        ? [type.element]
        : type.kind === 'map'
          ? [type.key, type.value]
          : []
  return {
    type,
    length: stored.n,
    nullCount: stored.nulls,
    validity: load(stored.validity),
    values: load(stored.values),
    offsets: load(stored.offsets),
    dictionary: stored.dictionary === null ? null : loadDictionary(type, stored.dictionary, load, dictionaries),
    children: stored.children.map((child, i) => loadColumn(childTypes[i]!, child, load, dictionaries)),
  }
}

/** A dictionary, loaded once for all columns that share it: by the place of its offsets. */
function loadDictionary(
  type: DataType,
  stored: StoredColumn,
  load: (piece: readonly [number, number] | null) => number,
  dictionaries: Map<number, Column>,
): Column {
  const [position] = stored.offsets!
  const known = dictionaries.get(position)
  if (known !== undefined) return known
  const dictionary = loadColumn(type, stored, load, dictionaries)
  dictionaries.set(position, dictionary)
  return dictionary
}
