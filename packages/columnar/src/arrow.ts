import type { DataType, Field, Schema } from '@deltaworks/schema'
import type * as Arrow from 'apache-arrow'
import { Arena } from './arena.js'
import { byteWidth, type Column } from './column.js'
import { plainColumn } from './copy.js'
import type { Heap } from './heap.js'
import type { RecordBatch } from './record-batch.js'

/*
 * The way out to apache-arrow, for users' results only: its import costs more than a small query, so it is loaded when
 * first asked for. Buffers are copied once (an arena's memory does not outlive its batch).
 *
 * A timestamp is an instant in UTC; timestamp_ntz has no zone; decimals are Decimal128; a variant is its JSON text.
 */

/** Batches of one schema as an Arrow table, a record batch each. */
export async function toArrowTable(heap: Heap, schema: Schema, batches: readonly RecordBatch[]): Promise<Arrow.Table> {
  const arrow = await import('apache-arrow')
  const arrowSchema = new arrow.Schema(schema.fields.map((field) => arrowField(arrow, field)))
  return new arrow.Table(
    arrowSchema,
    batches.map((batch) => recordBatchOf(arrow, heap, batch, arrowSchema)),
  )
}

export async function toArrowBatch(heap: Heap, batch: RecordBatch): Promise<Arrow.RecordBatch> {
  const arrow = await import('apache-arrow')
  const schema = new arrow.Schema(batch.schema.fields.map((field) => arrowField(arrow, field)))
  return recordBatchOf(arrow, heap, batch, schema)
}

/** Batches as they come as an Arrow IPC stream: its bytes, which any Arrow library reads. */
export async function toArrowStream(
  heap: Heap,
  schema: Schema,
  batches: AsyncIterable<RecordBatch>,
): Promise<Uint8Array> {
  const arrow = await import('apache-arrow')
  const arrowSchema = new arrow.Schema(schema.fields.map((field) => arrowField(arrow, field)))
  const copies: Arrow.RecordBatch[] = []
  for await (const batch of batches) copies.push(recordBatchOf(arrow, heap, batch, arrowSchema))
  return arrow.tableToIPC(new arrow.Table(arrowSchema, copies), 'stream')
}

type ArrowModule = typeof Arrow

function recordBatchOf(arrow: ArrowModule, heap: Heap, batch: RecordBatch, schema: Arrow.Schema): Arrow.RecordBatch {
  const children = batch.columns.map((column, i) => dataOf(arrow, heap, column, schema.fields[i]!.type))
  const type = new arrow.Struct(schema.fields)
  return new arrow.RecordBatch(
    schema,
    arrow.makeData({ type, length: batch.rowCount, nullCount: 0, children }) as Arrow.Data<Arrow.Struct>,
  )
}

const arrowField = (arrow: ArrowModule, { name, type, nullable }: Field): Arrow.Field =>
  new arrow.Field(name, arrowType(arrow, type), nullable)

function arrowType(arrow: ArrowModule, type: DataType): Arrow.DataType {
  switch (type.kind) {
    case 'null':
      return new arrow.Null()
    case 'boolean':
      return new arrow.Bool()
    case 'int8':
      return new arrow.Int8()
    case 'int16':
      return new arrow.Int16()
    case 'int32':
      return new arrow.Int32()
    case 'int64':
      return new arrow.Int64()
    case 'float32':
      return new arrow.Float32()
    case 'float64':
      return new arrow.Float64()
    case 'decimal':
      return new arrow.Decimal(type.scale, type.precision, 128)
    case 'string':
    case 'variant':
      return new arrow.Utf8()
    case 'binary':
      return new arrow.Binary()
    case 'date':
      return new arrow.DateDay()
    case 'timestamp':
      return new arrow.TimestampMicrosecond('UTC')
    case 'timestamp_ntz':
      return new arrow.TimestampMicrosecond()
    case 'list':
      return new arrow.List(new arrow.Field('element', arrowType(arrow, type.element), type.elementNullable))
    case 'struct':
      return new arrow.Struct(type.fields.map((field) => arrowField(arrow, field)))
    case 'map': {
      const entries = new arrow.Struct([
        new arrow.Field('key', arrowType(arrow, type.key), false),
        new arrow.Field('value', arrowType(arrow, type.value), type.valueNullable),
      ])
      return new arrow.Map_(new arrow.Field('entries', entries, false) as ConstructorParameters<typeof Arrow.Map_>[0])
    }
  }
}

/** A buffer of its own, not shared with the heap. */
const copied = (heap: Heap, address: number, bytes: number): Uint8Array<ArrayBuffer> => {
  const copy = new Uint8Array(bytes)
  copy.set(heap.u8.subarray(address, address + bytes))
  return copy
}

const copiedOffsets = (heap: Heap, { offsets, length }: Column): Int32Array =>
  new Int32Array(copied(heap, offsets, (length + 1) * 4).buffer)

/** `Data` of a column; the Arrow type is that of its field. */
function dataOf(arrow: ArrowModule, heap: Heap, column: Column, type: Arrow.DataType): Arrow.Data {
  const { length } = column
  const base = {
    length,
    nullCount: column.validity === 0 ? 0 : column.nullCount,
    ...(column.validity === 0 ? {} : { nullBitmap: copied(heap, column.validity, (length + 7) >> 3) }),
  }
  const make = (rest: object): Arrow.Data => arrow.makeData({ type, ...base, ...rest } as never)
  switch (column.type.kind) {
    case 'null':
      return arrow.makeData({ type: type as Arrow.Null, length })
    case 'boolean':
      return make({ data: copied(heap, column.values, (length + 7) >> 3) })
    case 'string':
    case 'variant':
    case 'binary': {
      const { offsets, bytes } = texts(heap, column)
      return make({ valueOffsets: offsets, data: bytes })
    }
    case 'decimal':
      return make({ data: decimals(heap, column) })
    case 'struct':
      return make({ children: children(arrow, heap, column.children, type.children) })
    case 'list': {
      const child = dataOf(arrow, heap, column.children[0]!, type.children[0]!.type)
      return make({ valueOffsets: copiedOffsets(heap, column), child })
    }
    case 'map': {
      const entries = type.children[0]!.type as Arrow.Struct
      const child = arrow.makeData({
        type: entries,
        length: column.children[0]!.length,
        nullCount: 0,
        children: children(arrow, heap, column.children, entries.children),
      })
      return make({ valueOffsets: copiedOffsets(heap, column), child })
    }
    default:
      return make({ data: typed(column, copied(heap, column.values, length * byteWidth(column.type))) })
  }
}

const children = (
  arrow: ArrowModule,
  heap: Heap,
  columns: readonly Column[],
  fields: readonly Arrow.Field[],
): Arrow.Data[] => columns.map((column, i) => dataOf(arrow, heap, column, fields[i]!.type))

/** The typed array that Arrow wants for a fixed-width type. */
function typed({ type }: Column, { buffer }: Uint8Array<ArrayBuffer>): ArrayBufferView {
  switch (type.kind) {
    case 'int8':
      return new Int8Array(buffer)
    case 'int16':
      return new Int16Array(buffer)
    case 'float32':
      return new Float32Array(buffer)
    case 'float64':
      return new Float64Array(buffer)
    case 'int32':
    case 'date':
      return new Int32Array(buffer)
    default:
      return new BigInt64Array(buffer)
  }
}

/** 128-bit words; those of up to 18 digits are widened. */
function decimals(heap: Heap, { type, values, length }: Column): Uint32Array {
  if (byteWidth(type) === 16) return new Uint32Array(copied(heap, values, length * 16).buffer)
  return withArena(heap, (arena) => {
    const words = arena.allocate(length * 16)
    const widen = heap.kernels!['parquetWiden128'] as unknown as WidenKernel
    widen(values, length, 1n, 0, words)
    return new Uint32Array(copied(heap, words, length * 16).buffer)
  })
}

type WidenKernel = (source: number, count: number, factor: bigint, unsigned: number, target: number) => void

/** Offsets from 0 and the bytes between them; a dictionary is dissolved. */
function texts(heap: Heap, column: Column): { readonly offsets: Int32Array; readonly bytes: Uint8Array } {
  return withArena(heap, (arena) => {
    const plain = plainColumn(arena, column)
    const offsets = copiedOffsets(heap, plain)
    const first = offsets[0] ?? 0
    const bytes = copied(heap, plain.values + first, (offsets[plain.length] ?? 0) - first)
    if (first !== 0) for (let row = 0; row <= plain.length; row++) offsets[row]! -= first
    return { offsets, bytes }
  })
}

function withArena<T>(heap: Heap, run: (arena: Arena) => T): T {
  const arena = new Arena(heap)
  try {
    return run(arena)
  } finally {
    arena.close()
  }
}
