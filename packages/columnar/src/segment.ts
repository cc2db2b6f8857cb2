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

interface Piece {
  readonly source: number
  readonly position: number
  readonly bytes: number
}

/** Copies batches into a new segment. */
export function writeSegment(heap: Heap, schema: Schema, batches: readonly RecordBatch[]): SharedArrayBuffer {
  const pieces: Piece[] = []
  let end = 0
  const store = (source: number, bytes: number): readonly [number, number] => {
    const position = end
    pieces.push({ source, position, bytes })
    end = align(end + bytes)
    return [position, bytes]
  }
  const header: Header = {
    schema,
    rowCount: batches.reduce((sum, batch) => sum + batch.rowCount, 0),
    batches: batches.map((batch) => ({
      rowCount: batch.rowCount,
      columns: batch.columns.map((column) => storeColumn(heap, column, store)),
    })),
  }
  const text = new TextEncoder().encode(JSON.stringify(header))
  const base = align(8 + text.length)
  const segment = new SharedArrayBuffer(base + end)
  const bytes = new Uint8Array(segment)
  new Uint32Array(segment, 0, 2).set([magic, text.length])
  bytes.set(text, 8)
  const { u8 } = heap
  for (const piece of pieces) bytes.set(u8.subarray(piece.source, piece.source + piece.bytes), base + piece.position)
  return segment
}

function storeColumn(
  heap: Heap,
  column: Column,
  store: (source: number, bytes: number) => readonly [number, number],
): StoredColumn {
  const { type, length, dictionary } = column
  const bitmapBytes = (length + 7) >> 3
  const variable = dictionary === null && column.offsets !== 0
  return {
    n: length,
    nulls: column.nullCount,
    validity: column.validity === 0 ? null : store(column.validity, bitmapBytes),
    values: valueBytes(heap, column) < 0 ? null : store(column.values, valueBytes(heap, column)),
    offsets: variable ? store(column.offsets, (length + 1) * 4) : null,
    dictionary: dictionary === null ? null : storeColumn(heap, dictionary, store),
    children:
      type.kind === 'list' || type.kind === 'map' || type.kind === 'struct'
        ? column.children.map((c) => storeColumn(heap, c, store))
        : [],
  }
}

/** Bytes of `values`, or -1 if the column has none. A slice's text is stored from its `values` address on, so that its offsets stay. */
function valueBytes(heap: Heap, column: Column): number {
  const { type, length, dictionary, offsets } = column
  if (dictionary !== null) return length * 4
  switch (type.kind) {
    case 'null':
    case 'list':
    case 'map':
    case 'struct':
      return -1
    case 'boolean':
      return (length + 7) >> 3
    case 'string':
    case 'binary':
    case 'variant':
      return heap.i32[(offsets >>> 2) + length]!
    default:
      return length * byteWidth(type)
  }
}

function readHeader(segment: SharedArrayBuffer): { readonly header: Header; readonly base: number } {
  const [, bytes] = new Uint32Array(segment, 0, 2) as unknown as [number, number]
  const text = Buffer.from(segment, 8, bytes).toString('utf8')
  return { header: JSON.parse(text) as Header, base: align(8 + bytes) }
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
  const positions = columns ?? header.schema.fields.map((_, i) => i)
  const schema = { fields: positions.map((i) => header.schema.fields[i]!) }
  return header.batches.map((batch) =>
    recordBatch(
      schema,
      batch.rowCount,
      positions.map((i) => loadColumn(header.schema.fields[i]!.type, batch.columns[i]!, load)),
    ),
  )
}

function loadColumn(
  type: DataType,
  stored: StoredColumn,
  load: (piece: readonly [number, number] | null) => number,
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
    dictionary: stored.dictionary === null ? null : loadColumn(type, stored.dictionary, load),
    children: stored.children.map((child, i) => loadColumn(childTypes[i]!, child, load)),
  }
}
